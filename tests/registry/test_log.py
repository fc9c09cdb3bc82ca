"""The log: one writer, in the caller's transaction; nothing in it changes; anybody signed in reads it in order."""

import pytest
from django.db import DatabaseError, connection, transaction

from registry.actors import CONSOLE
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.queries import first_broken
from tests.factories import ADA, OLGA, api, log

FACTS = {"expert": "1", "anchor_digest": "sha256:0", "domain": "drama"}


def write(about: str = "expert:playhouse/drama", event: Event = Event.EXPERT_CREATED) -> int:
    facts = FACTS if event == Event.EXPERT_CREATED else {"from": None, "to": "0"}
    with transaction.atomic():
        return record(event, about=about, by=ADA, facts=facts)


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        record(Event.EXPERT_CREATED, about="x", by=CONSOLE, facts={})

    assert not log().exists()


def test_a_deed_that_fails_leaves_no_record() -> None:
    def deed() -> None:
        with transaction.atomic():
            write()
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        deed()

    assert not log().exists()


@pytest.mark.parametrize("change", ["UPDATE registry_entry SET about = 'y'", "DELETE FROM registry_entry"])
def test_the_database_refuses_to_change_it(change: str) -> None:
    write()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert log().count() == 1


def test_a_changed_entry_is_found() -> None:
    write()
    second = write()
    write()
    assert first_broken() is None

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_entry DISABLE TRIGGER the_log_is_append_only")
        cursor.execute("UPDATE registry_entry SET about = 'y' WHERE id = %s", [second])

    assert first_broken() == second


def test_a_leaf_too_long_for_the_tile_format_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"), transaction.atomic():
        record(Event.EXPERT_CREATED, about="x", by=ADA, facts=FACTS | {"domain": "x" * 70_000})


def test_it_is_read_in_order_with_names_for_pseudonyms() -> None:
    first, second = write("expert:playhouse/drama"), write("expert:playhouse/verse")

    oldest = api(OLGA).get("/api/v1/log", {"event": "expert.created"}).json()["results"]
    asked = {"event": "expert.created", "order": "newest"}
    newest = api(OLGA).get("/api/v1/log", asked).json()["results"]

    assert [e["id"] for e in oldest] == [first, second]
    assert [e["id"] for e in newest] == [second, first]
    assert (oldest[0]["actor"], oldest[0]["actor_name"], oldest[0]["facts"]) == (str(ADA), "Ada", FACTS)


def test_it_is_filtered_by_what_it_speaks_of_and_by_event() -> None:
    write("a")
    write("b", Event.MAIN_MOVED)

    by_about = api(OLGA).get("/api/v1/log", {"about": "a"}).json()["results"]
    by_event = api(OLGA).get("/api/v1/log", {"event": "main.moved"}).json()["results"]

    assert [e["about"] for e in by_about] == ["a"]
    assert [e["about"] for e in by_event] == ["b"]


def test_it_goes_out_in_pages() -> None:
    for n in range(60):
        write(str(n))

    page = api(OLGA).get("/api/v1/log", {"event": "expert.created"}).json()
    rest = api(OLGA).get(page["next"]).json()

    assert [e["about"] for e in page["results"] + rest["results"]] == [str(n) for n in range(60)]
    assert rest["next"] is None


@pytest.mark.parametrize("query", [{"event": "no.such"}, {"about": "a\x00b"}, {"cursor": "cD1ub3QtYS1udW1iZXI="}])
def test_a_question_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    answer = api(OLGA).get("/api/v1/log", query)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_stranger_reads_nothing() -> None:
    assert api().get("/api/v1/log").status_code == 401
