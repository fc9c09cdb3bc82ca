"""What the hub does not answer, and that it says so in the protocol's headers, as JSON, whatever is asked."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from registry.accounts.models import ApiToken, Role
from registry.actors import Actor
from registry.compositions.models import Composition, CompositionState
from registry.evidence.models import ConsentRecord
from registry.experts.models import ExpertVersion, VersionState
from registry.usage.models import Download
from tests.factories import ADA, CY, EVE, OLGA, give_role, make_token
from tests.repositories import make_model, publish, published_stage

ADDRESSES = [
    "/api/models/library/stage",
    "/api/models/library/stage/revision/main",
    "/api/models/library/stage/tree/main?recursive=true",
    "/api/models/library/stage/commits/main",
    "/library/stage/resolve/main/config.json",
    "/library/stage/resolve/main/expert-00.safetensors",
]
BESIDE = ["/api/models/library/stage/refs", "/api/models/library/stage/auth-check"]


@pytest.fixture
def cy() -> Client:
    return Client(headers={"authorization": f"Bearer {make_token(CY)}"})


@pytest.fixture
def stage() -> Composition:
    return publish(make_model())


def test_without_a_token_it_asks_for_one(stage: Composition) -> None:
    answers = [Client().get(address) for address in [*ADDRESSES, *BESIDE, "/api/whoami-v2"]]

    for answer in answers:
        assert answer.status_code == 401
        assert "HF_TOKEN" in answer["X-Error-Message"]
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/json"


def test_a_bad_token_is_named_in_the_words_clients_know(stage: Composition) -> None:
    client = Client(headers={"authorization": "Bearer gh_nobodys"})

    answers = [client.get(address) for address in [*ADDRESSES, "/api/whoami-v2"]]

    told = {(answer.status_code, answer["X-Error-Message"]) for answer in answers}
    assert told == {(401, "Invalid credentials in Authorization header")}


def test_a_revoked_token_is_a_bad_one(cy: Client, stage: Composition) -> None:
    ApiToken.objects.update(revoked_at=stage.created_at)

    assert cy.get(ADDRESSES[0])["X-Error-Message"] == "Invalid credentials in Authorization header"


@pytest.mark.parametrize("stranger", [EVE, ADA], ids=["eve", "ada"])
def test_for_whoever_does_not_consume_it_there_is_no_model(stage: Composition, stranger: Actor) -> None:
    client = Client(headers={"authorization": f"Bearer {make_token(stranger)}"})

    answers = [client.get(address) for address in [*ADDRESSES, *BESIDE]]

    assert {(answer.status_code, answer["X-Error-Code"]) for answer in answers} == {(404, "RepoNotFound")}
    assert not Download.objects.exists()


def test_an_auditor_sees_what_is_there_and_reads_none_of_it(stage: Composition) -> None:
    olga = Client(headers={"authorization": f"Bearer {make_token(OLGA)}"})
    path = f"/{stage.model}/resolve/main/config.json"

    seen = olga.get(f"/api/models/{stage.model}")
    read = olga.get(path)

    assert seen.json()["sha"] == stage.revision
    assert olga.head(path).status_code == 200
    assert (read.status_code, read["X-Error-Code"]) == (404, "RepoNotFound")
    assert not Download.objects.exists()


def test_a_consumer_of_another_house_is_a_stranger(stage: Composition) -> None:
    give_role(ADA, "playhouse", Role.CONSUMER)
    client = Client(headers={"authorization": f"Bearer {make_token(ADA)}"})

    assert client.get(ADDRESSES[0])["X-Error-Code"] == "RepoNotFound"


def test_a_withdrawn_main_is_a_revision_not_found(cy: Client) -> None:
    """Of all answers only this one stops a client that has the model in its cache."""
    composition, version = published_stage()
    _withdraw(composition, version)

    answers = [cy.get(address) for address in ADDRESSES]

    for answer in answers:
        assert answer.status_code == 404
        assert answer["X-Error-Code"] == "RevisionNotFound"
        assert str(version) in answer["X-Error-Message"]
        assert "/models/library/stage" in answer["X-Error-Message"]
    assert not Download.objects.exists()


def test_a_cleared_main_is_a_revision_not_found(cy: Client) -> None:
    composition, version = published_stage()
    _withdraw(composition, version)
    composition.model.main = None
    composition.model.save(update_fields=["main"])

    answers = [cy.get(address) for address in ADDRESSES]

    for answer in answers:
        assert answer.status_code == 404
        assert answer["X-Error-Code"] == "RevisionNotFound"
        assert "withdrawn" in answer["X-Error-Message"]


def test_the_withdrawn_revision_stays_away_when_main_has_moved(cy: Client) -> None:
    first, version = published_stage()
    publish(first.model, {"config.json": b"2"})
    _withdraw(first, version)

    old = cy.get(f"/library/stage/resolve/{first.revision}/config.json")
    new = cy.get("/library/stage/resolve/main/config.json")

    assert old["X-Error-Code"] == "RevisionNotFound"
    assert str(version) in old["X-Error-Message"]
    assert new.content == b"2"


@pytest.mark.parametrize("state", [CompositionState.VALIDATING, CompositionState.FAILED, CompositionState.CANCELLED])
def test_what_is_not_published_is_not_served(cy: Client, state: CompositionState) -> None:
    unpublished = publish(make_model(), state=state)

    by_name = cy.get("/library/stage/resolve/main/config.json")
    by_commit = cy.get(f"/library/stage/resolve/{unpublished.revision}/config.json")

    assert by_name["X-Error-Code"] == by_commit["X-Error-Code"] == "RevisionNotFound"


def test_a_model_that_was_never_composed_has_no_main(cy: Client) -> None:
    make_model()

    answer = cy.get("/api/models/library/stage")

    assert answer["X-Error-Code"] == "RevisionNotFound"
    assert "no revision main" in answer["X-Error-Message"]


@pytest.mark.parametrize("revision", ["dev", "v1", "0" * 40, "ABCDEF" + "0" * 34, "refs/pr/1", "main2", "a" * 4000])
def test_an_unknown_revision_is_not_found(cy: Client, stage: Composition, revision: str) -> None:
    for address in (
        f"/api/models/library/stage/revision/{quote(revision, safe='')}",
        f"/library/stage/resolve/{revision.replace('/', '-')}/config.json",
    ):
        answer = cy.get(address)

        assert answer.status_code == 404
        assert answer["X-Error-Code"] == "RevisionNotFound"


def test_a_consent_that_ended_since_stops_metadata_and_files_alike(cy: Client) -> None:
    _, version = published_stage()
    ConsentRecord.objects.filter(version=version).update(valid_until=timezone.now() - timedelta(minutes=1))

    answers = [cy.get(address) for address in ADDRESSES]

    for answer in answers:
        assert answer["X-Error-Code"] == "RevisionNotFound"
        assert "forbid.consent-expired" in answer["X-Error-Message"]
    assert not Download.objects.exists()


HOSTILE = [
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "a%00b",
    "x" * 6000,
    "é/ü",
    "%ff%fe",
    "a\\b",
    "%0d%0aSet-Cookie:%20a=b",
    "'; DROP TABLE registry_model; --",
    "%u0041",
    "%E2%80%AEgnp.exe",
    "//",
    "%F0%9F%98%80",
]
WHERE = [
    "/api/models/{}/stage",
    "/api/models/library/{}",
    "/api/models/library/stage/revision/{}",
    "/api/models/library/stage/tree/{}",
    "/api/models/library/stage/tree/main/{}",
    "/library/stage/resolve/main/{}",
    "/library/stage/resolve/{}/config.json",
    "/{}/stage/resolve/main/config.json",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_refused_as_json(cy: Client, stage: Composition, text: str) -> None:
    answers = [cy.get(address.format(text)) for address in WHERE]

    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert answer["Content-Type"] in {"application/json", "application/problem+json"}
        assert "Set-Cookie" not in answer
        assert answer.json()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_written(cy: Client, stage: Composition, method: str) -> None:
    answer = getattr(cy, method)("/library/stage/resolve/main/config.json")

    assert answer.status_code == 405
    assert answer.json()["error"]


def test_the_callers_request_id_comes_back_if_it_is_a_plain_one(cy: Client, stage: Composition) -> None:
    plain = cy.get(ADDRESSES[0], headers={"x-request-id": "abc-123"})
    strange = cy.get(ADDRESSES[0], headers={"x-request-id": "a b\tc<script>"})

    assert plain["X-Request-Id"] == "abc-123"
    assert "script" not in strange["X-Request-Id"]


def _withdraw(composition: Composition, version: ExpertVersion) -> None:
    version.state = VersionState.WITHDRAWN
    version.save(update_fields=["state"])
    composition.state = CompositionState.WITHDRAWN
    composition.blocked_at = composition.published_at
    composition.save(update_fields=["state", "blocked_at"])
