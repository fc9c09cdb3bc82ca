"""Usage: counted from the published log alone, by hand, by the service and by the client's own code alike."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from client.verify.owners import Usage as Recount
from client.verify.owners import compare, read_statement
from registry.accounts.models import Role
from registry.actors import ASSEMBLER, Actor, person
from registry.audit.queries import published_leaves
from registry.compositions.actions import cancel_composition, include_composition
from registry.compositions.models import Composition
from registry.errors import Invalid
from registry.usage.actions import answer_download
from registry.usage.queries import recipients_of, usage_of
from registry.usage.statements import Line, statement_of
from registry.withdrawals.actions import withdraw_version
from tests.factories import (
    ADA,
    CY,
    EVE,
    OLGA,
    OTTO,
    api,
    assemble,
    catch_up,
    give_role,
    make_expert,
    make_organisation,
    make_person,
    make_revision,
    make_version,
    request,
    row_of,
)

ADDRESS = "/api/v1/organisations/playhouse/usage"
THIS_MONTH = datetime.now(UTC).strftime("%Y-%m")


def download(composition: Composition, *, by: Actor = CY) -> None:
    for file in composition.files.all()[:2]:
        assert answer_download(composition, file, by=by) == ()


def another_reader() -> Actor:
    return person(make_person(roles=[("library", Role.CONSUMER)]).id)


@pytest.fixture
def a_month_of_use() -> None:
    """By hand: drama 2 inclusions and 3 downloads; code 1 and 1; opera is of a cancelled build; law is another's."""
    drama, code, opera = (make_version(make_expert(name)) for name in ("drama", "code", "opera"))
    law = make_version(make_expert("law", organisation="court"))
    both = make_revision(drama, code, name="both")
    alone = make_revision(drama, law, name="alone")
    download(both)
    download(both)  # once a person and revision
    download(alone)
    download(alone, by=another_reader())
    cancelled = assemble(request(opera, name="never"))
    include_composition(cancelled.id, validation={"finite": True}, by=ASSEMBLER)
    cancel_composition(cancelled.id, by=CY)
    withdraw_version(code.id, by=ADA, reason="The licence was not ours to give.")
    catch_up()


BY_HAND = (
    Line("playhouse/code", "library", inclusions=1, downloads=1),
    Line("playhouse/drama", "library", inclusions=2, downloads=3),
)


@pytest.mark.usefixtures("a_month_of_use")
@pytest.mark.parametrize("month", [None, THIS_MONTH])
def test_it_is_what_one_counts_by_hand(month: str | None) -> None:
    statement = usage_of(make_organisation("playhouse"), month=month)

    assert statement.lines == BY_HAND
    assert usage_of(make_organisation("court"), month=month).lines == (Line("court/law", "library", 1, 2),)
    assert usage_of(make_organisation("library"), month=month).lines == ()


@pytest.mark.usefixtures("a_month_of_use")
@pytest.mark.parametrize("month", [None, THIS_MONTH, "2001-01"])
def test_the_clients_own_count_of_the_log_agrees(month: str | None) -> None:
    answer = api(ADA).get(ADDRESS, {"month": month} if month else {})

    told = read_statement(answer.content)
    recount = Recount("playhouse", month=month, until=told.size)
    for index, leaf in published_leaves():
        recount.visit(index, leaf)
    compare(recount.lines(), told.lines)
    assert len(told.lines) == (0 if month == "2001-01" else 2)


@pytest.mark.usefixtures("a_month_of_use")
def test_what_is_not_published_yet_does_not_count() -> None:
    before = usage_of(make_organisation("playhouse"))
    download(Composition.objects.get(model__name="alone"), by=another_reader())

    unpublished = usage_of(make_organisation("playhouse"))
    catch_up()
    published = usage_of(make_organisation("playhouse"))

    assert unpublished == before
    assert published.lines[1].downloads == before.lines[1].downloads + 1
    assert published.size > before.size


def leaf(event: str, about: str, at: str, **facts: object) -> dict[str, object]:
    return {"event": event, "about": about, "at": at, "actor": "person:x", "facts": facts}


def test_a_month_begins_and_ends_in_utc() -> None:
    at = ["2026-10-31T23:59:59.999999+00:00", "2026-11-01T00:00:00.000000+00:00", "2026-11-30T23:59:59.999999+00:00"]
    leaves = [leaf("download.granted", "composition:1", one, consumer="c", versions=["o/e@1"]) for one in at]

    statement = statement_of(leaves, organisation="o", month="2026-11", size=3)

    assert statement.lines == (Line("o/e", "c", 0, 2),)


def test_an_inclusion_is_one_however_often_it_is_written_and_none_when_its_build_failed() -> None:
    at = "2026-11-01T00:00:00.000000+00:00"
    twice = [leaf("inclusion.recorded", "o/e@1", at, composition="1", consumer="c")] * 2
    failed = [
        leaf("inclusion.recorded", "o/e@1", at, composition="2", consumer="c"),
        leaf("composition.failed", "composition:2", at),
    ]

    statement = statement_of([*twice, *failed], organisation="o", month=None, size=4)

    assert statement.lines == (Line("o/e", "c", 1, 0),)


def test_a_name_that_begins_alike_is_another_organisation() -> None:
    at = "2026-11-01T00:00:00.000000+00:00"
    leaves = [
        leaf("inclusion.recorded", "playhouses/e@1", at, composition="1", consumer="c"),
        leaf("download.granted", "composition:1", at, consumer="c", versions=["playhouses/e@1"]),
    ]

    assert statement_of(leaves, organisation="playhouse", month=None, size=2).lines == ()


@pytest.mark.usefixtures("a_month_of_use")
@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")])
def test_it_comes_as_a_table_too(query: str, accept: str) -> None:
    answer = api(ADA).get(f"{ADDRESS}{query}", headers={"Accept": accept})

    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows == [
        ["month", "expert", "consumer", "inclusions", "downloads"],
        ["", "playhouse/code", "library", "1", "1"],
        ["", "playhouse/drama", "library", "2", "3"],
    ]


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026", "26-11", "0000-01", "9999-12", "2026-11-01", "next"])
def test_what_is_no_month_is_refused_in_one_sentence(month: str) -> None:
    with pytest.raises(Invalid, match=r"^month: write it as 2026-11\.$"):
        usage_of(make_organisation("playhouse"), month=month)


def test_a_refusal_stays_a_problem_where_a_table_was_asked_for() -> None:
    answer = api(ADA).get(ADDRESS, {"format": "csv", "month": "soon"})

    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert json.loads(answer.content)["detail"] == "month: write it as 2026-11."


def test_it_is_for_the_owner_and_auditors() -> None:
    give_role(EVE, "elsewhere", Role.OWNER)

    statuses = {actor: api(actor).get(ADDRESS).status_code for actor in (ADA, OLGA, CY, EVE, OTTO)}

    assert statuses == {ADA: 200, OLGA: 200, CY: 403, EVE: 403, OTTO: 403}


@pytest.mark.usefixtures("a_month_of_use")
def test_recipients_are_all_who_hold_or_held_it_and_all_who_fetched_it() -> None:
    drama = Composition.objects.get(model__name="alone").inclusions.order_by("slot").first()
    assert drama is not None
    version = next(
        one.version
        for one in Composition.objects.get(model__name="both").inclusions.select_related("version__expert")
        if one.version.expert.name == "drama"
    )

    found = recipients_of(version)

    assert [home.slug for home in found.organisations] == ["library"]
    assert set(found.revisions[make_organisation("library")]) == set(
        Composition.objects.filter(model__name__in=["both", "alone"]).values_list("revision", flat=True)
    )
    assert len(found.people) == 2
    assert (row_of(CY), make_organisation("library")) in found.people


def test_whoever_never_held_it_is_no_recipient() -> None:
    make_revision(make_version(make_expert("drama")))

    found = recipients_of(make_version(make_expert("code")))

    assert (found.organisations, found.people) == ([], [])
