"""Answers that stand: said again while nothing behind them changed, and never once something did."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.accounts.models import ApiToken, Membership, Person
from registry.compositions.models import Composition, CompositionState, Model, RepositoryFile
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import ExpertVersion, VersionState
from registry.hub import standing
from registry.policy.models import PolicySet
from tests.factories import CY, EVE, make_token
from tests.repositories import published_stage

ASKED = [
    ("get", "/api/models/library/stage"),
    ("get", "/api/models/library/stage/tree/main?recursive=true&expand=false"),
    ("head", "/library/stage/resolve/main/config.json"),
    ("head", "/library/stage/resolve/main/expert-00.safetensors"),
]
each = pytest.mark.parametrize(("method", "address"), ASKED)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Composition:
    monkeypatch.setattr(standing, "SECONDS", 1000.0)
    standing._kept.clear()
    return published_stage()[0]


def client() -> Client:
    return Client(headers={"authorization": f"Bearer {make_token(CY)}"})


@each
def test_what_was_answered_is_said_again_for_one_query(stage: Composition, method: str, address: str) -> None:
    cy = client()
    first = getattr(cy, method)(address)

    with CaptureQueriesContext(connection) as asked:
        again = getattr(cy, method)(address)

    assert len(asked) <= 2  # the stamp; and now and then the clock
    assert again.content == first.content
    own = {"X-Request-Id"}
    assert {k: v for k, v in again.items() if k not in own} == {k: v for k, v in first.items() if k not in own}
    assert again["X-Request-Id"] != first["X-Request-Id"]


@each
def test_another_reader_of_the_same_model_has_it_too(stage: Composition, method: str, address: str) -> None:
    first = getattr(client(), method)(address)
    other = client()

    with CaptureQueriesContext(connection) as asked:
        again = getattr(other, method)(address)

    assert len(asked) <= 2
    assert again.content == first.content


CHANGES: dict[str, Callable[[], object]] = {
    "the click": lambda: ExpertVersion.objects.update(state=VersionState.WITHDRAWN),
    "a pause": lambda: ExpertVersion.objects.update(state=VersionState.PAUSED),
    "a consent that ends": lambda: ConsentRecord.objects.update(valid_until=timezone.now() - timedelta(hours=1)),
    "a consent for other things": lambda: ConsentRecord.objects.update(purposes=["teaching"]),
    "a licence that ends": lambda: LicenceTerms.objects.update(valid_until=timezone.now() - timedelta(hours=1)),
    "a signature that is none": lambda: Provenance.objects.update(signature_verified=False),
    "a set of policies that permits nothing": lambda: PolicySet.objects.filter(active=True).update(
        text='@id("permit.nothing") permit(principal, action, resource) when { false };'
    ),
    "a revision that is blocked": lambda: Composition.objects.update(state=CompositionState.WITHDRAWN),
    "a main that is cleared": lambda: Model.objects.update(main=None),
    "a token that is revoked": lambda: ApiToken.objects.update(revoked_at=timezone.now()),
    "a token that ended": lambda: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
    "a person who left": lambda: Person.objects.update(is_active=False),
    "a role that was taken": lambda: Membership.objects.all().delete(),
}


@each
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_nothing_is_said_again_after_a_change(
    stage: Composition, change: Callable[[], object], method: str, address: str
) -> None:
    cy = client()
    before = getattr(cy, method)(address)
    change()

    after = getattr(cy, method)(address)

    assert before.status_code == 200
    assert after.status_code in {401, 404}


def test_a_digest_that_is_known_by_now_is_told(stage: Composition) -> None:
    address = "/api/models/library/stage/tree/main?recursive=true"
    cy = client()
    cy.get(address)
    RepositoryFile.objects.filter(path="expert-00.safetensors").update(sha256="5" * 64)

    after = {entry["path"]: entry for entry in cy.get(address).json()}

    assert after["expert-00.safetensors"]["lfs"]["oid"] == "5" * 64


@each
def test_a_stranger_is_not_told_what_others_were(stage: Composition, method: str, address: str) -> None:
    getattr(client(), method)(address)
    eve = Client(headers={"authorization": f"Bearer {make_token(EVE)}"})

    answer = getattr(eve, method)(address)

    assert answer["X-Error-Code"] == "RepoNotFound"


@each
def test_what_depends_on_the_time_is_not_said_for_long(
    stage: Composition, method: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "SECONDS", -1.0)
    cy = client()
    ConsentRecord.objects.update(valid_until=timezone.now() + timedelta(hours=1))
    assert getattr(cy, method)(address).status_code == 200
    true = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: true() + timedelta(hours=2))

    assert getattr(cy, method)(address).status_code == 404
