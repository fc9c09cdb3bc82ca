"""Withdrawing in the middle of everything else: denied and blocked at once, and the rest ends when it can."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from registry import storage
from registry.audit.queries import first_broken
from registry.compositions.models import Composition, CompositionState, Model
from registry.errors import Denied, WrongState
from registry.experts.actions import submit_version
from registry.experts.models import ExpertVersion, VersionState
from registry.policy.models import PolicySet
from registry.reviews.actions import review_version
from registry.reviews.models import Verdict
from registry.usage.grants import grant_download
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.models import Step, Withdrawal
from tests.factories import ADA, BEN, CY, IN_ORDER, catch_up, make_active, make_token
from tests.workers.packages import Home, bring_anchor, bring_both, bring_version, requested
from tests.workers.withdrawals import (
    REASON,
    assembled,
    built,
    carried,
    doomed,
    left_of,
    published,
    step,
    uploads_of,
    version_of,
    withdrawn,
)
from workers.assembly import compose
from workers.publishing import publish
from workers.validation import validate_composition
from workers.verification import verify_version
from workers.withdrawing import carry_on_withdrawal


@pytest.fixture
def forgetting_the_store() -> Iterator[None]:
    """The next word to the store goes to where the settings point then."""
    yield
    storage._store.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_of_one_model_leave_it_closed_and_both_are_propagated(home: Home) -> None:
    bring_both(home)
    lost = published()
    ids = [version_of(name).id for name in ("drama", "code")]

    def click(version_id: object) -> Withdrawal:
        try:
            withdrawal = withdraw_version(version_id, by=ADA, reason=REASON)  # type: ignore[arg-type]
            carry_on_withdrawal(str(withdrawal.id))
            return withdrawal
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(click, ids))
    ended = [carried(withdrawal) for withdrawal in both]

    assert all(withdrawal.propagated_at for withdrawal in ended)
    assert Composition.objects.get(id=lost.id).state == CompositionState.WITHDRAWN
    assert Model.objects.get().main is None
    assert first_broken() is None


@pytest.mark.parametrize("far", ["decided", "assembling", "validating", "proving"])
def test_a_build_on_its_way_is_cancelled_and_composed_again(home: Home, far: str) -> None:
    bring_both(home)
    build = requested() if far in {"decided", "assembling"} else assembled()
    if far == "assembling":
        Composition.objects.filter(id=build.id).update(state=CompositionState.ASSEMBLING)
    if far == "proving":
        validate_composition(str(build.id))
    before = Composition.objects.get(id=build.id).state

    withdrawal = withdrawn("drama")
    carry_on_withdrawal(str(withdrawal.id))
    catch_up()
    for late in (compose, validate_composition, publish):
        late(str(build.id))
    ended = carried(withdrawal)

    assert before == far
    assert Composition.objects.get(id=build.id).state == CompositionState.CANCELLED
    main = Model.objects.get().main
    assert main is not None
    assert [entry["name"] for entry in main.recipe["experts"]] == ["playhouse/code"]
    assert ended.propagated_at is not None


def test_a_click_in_the_middle_of_a_build_that_nobody_blocked_yet_publishes_nothing(home: Home) -> None:
    bring_both(home)
    build = assembled(on_withdrawal="close")

    withdrawn("drama")
    built(build)

    assert Composition.objects.get(id=build.id).state != CompositionState.PUBLISHED
    assert Model.objects.get().main is None


def test_between_two_files_of_a_download_the_second_is_refused(home: Home) -> None:
    bring_both(home)
    build = published()
    cy = Client(headers={"authorization": f"Bearer {make_token(CY)}"})
    address = f"/{build.model}/resolve/{build.revision}"

    first = cy.get(f"{address}/config.json")
    withdrawn("drama")
    second = cy.get(f"{address}/tokenizer.json")

    assert first.status_code == 200
    assert (second.status_code, second["X-Error-Code"]) == (404, "RevisionNotFound")
    with pytest.raises(Denied):
        grant_download(build, build.files.get(path="config.json"), by=CY)


def test_an_upload_on_its_way_is_withdrawn_and_never_submitted(home: Home) -> None:
    draft = bring_version(home.drama.folder, bring_anchor(home), state=VersionState.DRAFT)
    key = uploads_of(draft)[0]
    storage.begin_upload(key)

    ended = carried(doomed("drama"))

    with pytest.raises(WrongState):
        submit_version(draft.id, by=ADA)
    assert left_of(uploads_of(draft)) == []
    assert ended.ended_at is not None


def test_a_version_that_is_being_verified_stays_withdrawn(home: Home) -> None:
    version = bring_version(home.drama.folder, bring_anchor(home), state=VersionState.SUBMITTED)

    withdrawn("drama")
    verify_version(str(version.id))

    version.refresh_from_db()
    assert version.state == VersionState.WITHDRAWN


def test_a_review_that_comes_after_the_click_approves_nothing(home: Home) -> None:
    version = bring_version(home.drama.folder, bring_anchor(home), state=VersionState.VERIFIED)

    withdrawn("drama")

    with pytest.raises(WrongState):
        review_version(version.id, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="It is what it says.", by=BEN)
    assert ExpertVersion.objects.get(id=version.id).state == VersionState.WITHDRAWN


def test_a_policy_activated_meanwhile_lets_nothing_through(home: Home) -> None:
    bring_both(home)
    build = published(on_withdrawal="close")
    withdrawal = withdrawn("drama")

    make_active(PolicySet.objects.get(active=True).text + "\n// reviewed again\n")
    ended = carried(withdrawal)

    assert ended.propagated_at is not None
    with pytest.raises(Denied):
        grant_download(build, build.files.get(path="config.json"), by=CY)


@pytest.mark.usefixtures("forgetting_the_store")
def test_while_the_store_is_away_it_is_denied_and_blocked_and_the_rest_ends_later(
    home: Home, settings: Settings
) -> None:
    bring_both(home)
    build = assembled(on_withdrawal="close")
    there = settings.S3_ENDPOINT_URL
    storage._store.cache_clear()
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"

    withdrawal = doomed("drama")
    carry_on_withdrawal(str(withdrawal.id))
    away = {row.name: (row.done_at is not None, row.failure) for row in withdrawal.steps.all()}
    build.refresh_from_db()
    storage._store.cache_clear()
    settings.S3_ENDPOINT_URL = there
    ended = carried(withdrawal)

    assert version_of("drama").state == VersionState.WITHDRAWN
    assert build.state == CompositionState.CANCELLED
    assert away[Step.BLOCK] == (True, "")
    assert away[Step.DESTROY][0] is False
    assert away[Step.DESTROY][1].startswith("The step destroy met trouble")
    assert left_of(uploads_of(version_of("drama"))) == []
    assert step(ended, Step.CERTIFY).done_at is not None
