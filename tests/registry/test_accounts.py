"""Making organisations, people and roles: an operator's work, told by the log without naming anybody."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from registry.accounts.actions import create_organisation, create_person, grant_role
from registry.accounts.models import Organisation, Person, Role
from registry.accounts.queries import demand_role, has_role, reach_of, roles_of
from registry.audit.models import Entry
from registry.errors import Invalid, NotAllowed, NotFound, Taken
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, PASSWORD, api, give_role, log, make_organisation, make_person


def test_an_operator_creates_an_organisation_and_the_log_says_so() -> None:
    create_organisation("codeworks", name="Codeworks", jurisdiction="DE", by=OTTO)

    entry = Entry.objects.get(event="organisation.created")
    assert (entry.about, entry.actor) == ("organisation:codeworks", str(OTTO))


@pytest.mark.parametrize("slug", ["", "-a", "a-", "Große", "a b", "../x", "a" * 41, "api", "a\n"])
def test_a_slug_that_will_not_do_is_refused(slug: str) -> None:
    with pytest.raises(Invalid):
        create_organisation(slug, name="X", by=OTTO)


def test_a_slug_is_given_once() -> None:
    with pytest.raises(Taken):
        create_organisation("playhouse", name="X", by=OTTO)


@pytest.mark.parametrize("actor", [ADA, BEN, CY, OLGA, EVE])
def test_nobody_else_creates_organisations_people_or_roles(actor: object) -> None:
    client = api(actor)  # type: ignore[arg-type]
    person = {"email": "x@y.example", "name": "X", "password": PASSWORD, "roles": []}

    answers = [
        client.post("/api/v1/organisations", {"slug": "new", "name": "New"}),
        client.post("/api/v1/people", person),
        client.get("/api/v1/people"),
        client.post("/api/v1/organisations/guildhall/roles", {"email": "eve@elsewhere.example", "role": "operator"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    assert not has_role(EVE, Role.OPERATOR)


def test_a_person_is_made_with_roles_and_the_log_names_nobody() -> None:
    body = {
        "email": "Dora@Library.example",
        "name": "Dora Doe",
        "password": PASSWORD,
        "roles": [{"organisation": "library", "role": "consumer"}],
    }

    answer = api(OTTO).post("/api/v1/people", body)

    assert answer.status_code == 201
    dora = Person.objects.get(email="dora@library.example")
    assert roles_of(dora.id) == {("library", Role.CONSUMER)}
    leaves = [bytes(entry.leaf) for entry in log()]
    assert len(leaves) == 2
    assert not any(b"ora" in leaf.replace(b"organisation", b"") for leaf in leaves)


def test_a_weak_password_is_refused_and_nobody_is_made() -> None:
    answer = api(OTTO).post("/api/v1/people", {"email": "a@b.example", "name": "A", "password": "short", "roles": []})

    assert answer.status_code == 400
    assert not Person.objects.filter(email="a@b.example").exists()


def test_a_role_in_an_organisation_that_is_not_there_makes_nobody() -> None:
    with pytest.raises(NotFound):
        create_person("a@b.example", name="A", password=PASSWORD, roles=[("nowhere", Role.OWNER)], by=OTTO)

    assert not Person.objects.filter(email="a@b.example").exists()
    assert not log().exists()


def test_granting_a_role_twice_is_told_once() -> None:
    for _ in range(2):
        grant_role("eve@elsewhere.example", organisation="library", role=Role.CONSUMER, by=OTTO)

    assert Entry.objects.filter(event="role.granted").count() == 1
    assert has_role(EVE, Role.CONSUMER, "library")


def test_a_role_counts_only_where_it_is_held() -> None:
    make_organisation("codeworks")

    with pytest.raises(NotAllowed, match="owner in codeworks"):
        demand_role(ADA, Role.OWNER, "codeworks")

    demand_role(ADA, Role.OWNER, "playhouse")
    demand_role(ADA, Role.OWNER)


@pytest.mark.parametrize(("actor", "everything"), [(ADA, False), (BEN, True), (CY, False), (OLGA, True), (EVE, False)])
def test_only_those_who_check_see_everything(actor: object, everything: bool) -> None:
    assert reach_of(actor).everything is everything  # type: ignore[arg-type]


def test_operators_page_through_people() -> None:
    for _ in range(60):
        make_person()
    client = api(OTTO)

    first = client.get("/api/v1/people").json()
    second = client.get(first["next"]).json()

    seen = [person["id"] for person in first["results"] + second["results"]]
    assert len(seen) == len(set(seen)) == Person.objects.count()
    assert second["next"] is None


def test_organisations_are_listed_for_who_is_signed_in() -> None:
    answer = api(EVE).get("/api/v1/organisations")

    assert [row["slug"] for row in answer.json()] == sorted(Organisation.objects.values_list("slug", flat=True))


def test_the_first_operator_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUILDHALL_OPERATOR_PASSWORD", PASSWORD)

    for _ in range(2):
        call_command("ensure_operator", email="First@guildhall.example", name="First", stdout=StringIO())

    first = Person.objects.get(email="first@guildhall.example")
    assert roles_of(first.id) == {("guildhall", Role.OPERATOR)}
    assert Entry.objects.filter(event="person.created").count() == 1
    assert first.check_password(PASSWORD)


def test_somebody_who_lost_the_operator_role_gets_it_back() -> None:
    make_person("first@guildhall.example")

    call_command("ensure_operator", email="first@guildhall.example", name="First", stdout=StringIO())

    first = Person.objects.get(email="first@guildhall.example")
    assert roles_of(first.id) == {("guildhall", Role.OPERATOR)}


def test_without_a_password_there_is_no_first_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUILDHALL_OPERATOR_PASSWORD", raising=False)

    with pytest.raises(CommandError, match="GUILDHALL_OPERATOR_PASSWORD"):
        call_command("ensure_operator", email="first@guildhall.example", name="First")


def test_a_role_of_one_organisation_says_nothing_of_another() -> None:
    give_role(EVE, "codeworks", Role.OWNER)

    answer = api(EVE).post("/api/v1/organisations/playhouse/keys", {"name": "k", "public_key": "x"})

    assert answer.status_code == 403
