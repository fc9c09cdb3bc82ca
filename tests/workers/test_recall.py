"""Recalls: what was rejected after all, or no longer goes together, is blocked; holders are told; models go on."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from registry.actors import PROPAGATOR
from registry.audit.queries import first_broken
from registry.compositions.licensing import revisions_to_ask_again
from registry.compositions.models import Composition, CompositionState, Model
from registry.evidence import combining
from registry.evidence.models import LicenceTerms
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.statuses import packed_statuses
from registry.notices.models import Delivery
from registry.replay.queries import audit_differences
from registry.reviews.actions import reclassify_licence, review_version, suspend_version
from registry.reviews.models import ReviewNotice, Verdict
from registry.withdrawals import recalls
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.models import Recall, RecallCause, Step, Withdrawal
from registry.withdrawals.recalls import open_recall, versions_to_recall
from tests.factories import (
    ADA,
    BEN,
    CY,
    IN_ORDER,
    api,
    log,
    make_expert,
    make_revision,
    make_token,
    make_version,
    request,
)
from tests.workers.queue import waiting
from workers.reviewed import carry_on_recall, follow_review, mind_the_licences
from workers.sweeps import sweep
from workers.withdrawing import carry_on_withdrawal

WHY = "Somebody says that the plays are stolen."
HOUSE = "LicenseRef-guildhall-revocable-1.0"  # share-alike cannot reach it
S = CompositionState


def rejected(version: ExpertVersion) -> ExpertVersion:
    suspend_version(version.id, reason=WHY, by=BEN)
    follow_review(str(version.id))
    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="They are stolen indeed.")
    return version


def approved_again(version: ExpertVersion) -> None:
    review_version(version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.")


def two() -> tuple[ExpertVersion, ExpertVersion]:
    return make_version(), make_version(make_expert("code", organisation="codeworks"))


def kinds(organisation: str) -> list[str]:
    rows = Delivery.objects.filter(organisation__slug=organisation).order_by("created_at", "kind")
    return list(rows.values_list("kind", flat=True))


def told() -> list[str]:
    return [entry.event for entry in log().filter(event__startswith="recall.")]


def resolve(revision: str) -> str:
    client = Client(headers={"authorization": f"Bearer {make_token(CY)}"})
    answer = client.get(f"/library/reader/resolve/{revision}/config.json")
    assert (answer.status_code, answer["X-Error-Code"]) == (404, "RevisionNotFound")
    return str(answer["X-Error-Message"])


def test_a_model_that_holds_it_is_composed_again_without_it() -> None:
    drama, code = two()
    lost = make_revision(drama, code)

    follow_review(str(rejected(drama).id))

    [again] = Composition.objects.filter(state=S.DECIDED)
    lost.refresh_from_db()
    assert lost.state == S.WITHDRAWN
    assert [entry["name"] for entry in again.recipe["experts"]] == ["codeworks/code"]
    assert again.requested_by == str(PROPAGATOR)
    assert told() == ["recall.opened", "recall.blocked", "recall.announced", "recall.ended"]


def test_a_model_that_is_to_fail_closed_stays_without_a_main() -> None:
    drama, code = two()
    make_revision(drama, code, on_withdrawal="close")

    follow_review(str(rejected(drama).id))

    assert Model.objects.get().main is None
    assert not Composition.objects.filter(state=S.DECIDED).exists()
    assert Recall.objects.get().ended_at is not None


def test_a_model_that_went_on_without_it_keeps_its_main() -> None:
    drama, code = two()
    older = make_revision(drama, code)
    main = make_revision(code)

    follow_review(str(rejected(drama).id))

    older.refresh_from_db()
    assert older.state == S.WITHDRAWN
    assert Model.objects.get().main == main
    assert not Composition.objects.filter(state=S.DECIDED).exists()


def test_the_hub_and_the_signed_list_say_that_it_was_rejected() -> None:
    drama, code = two()
    revision = make_revision(drama, code).revision

    follow_review(str(rejected(drama).id))

    drama.refresh_from_db()
    place = drama.status_index or 0
    assert "playhouse/drama@1 was rejected, and so was every revision that holds it" in resolve(revision)
    assert "playhouse/drama@1 was rejected and library/reader has no revision without it yet" in resolve("main")
    assert packed_statuses()[place >> 2] >> ((place & 3) << 1) & 3 == 1


def test_owner_and_holders_are_told_each_step_once() -> None:
    drama, code = two()
    make_revision(drama, code)
    rejected(drama)

    for _ in range(3):
        follow_review(str(drama.id))
        sweep()

    assert sorted(kinds("playhouse")) == ["version.rejected", "version.suspended"]
    assert sorted(kinds("library")) == ["version.rejected", "version.suspended"]
    assert kinds("codeworks") == []
    assert Delivery.objects.get(organisation__slug="library", kind="version.rejected").asks
    assert told() == ["recall.opened", "recall.blocked", "recall.announced", "recall.ended"]


def test_holders_are_told_when_it_is_approved_again() -> None:
    drama, code = two()
    make_revision(drama, code)
    suspend_version(drama.id, reason=WHY, by=BEN)
    follow_review(str(drama.id))
    approved_again(drama)

    for _ in range(2):
        follow_review(str(drama.id))

    assert sorted(kinds("library")) == ["version.approved", "version.suspended"]
    assert sorted(kinds("playhouse")) == ["version.approved", "version.suspended"]
    assert Recall.objects.count() == 0


def test_who_never_heard_of_the_doubt_does_not_hear_of_its_end() -> None:
    drama = make_version()
    make_revision(drama)
    suspend_version(drama.id, reason=WHY, by=BEN)
    approved_again(drama)

    follow_review(str(drama.id))

    assert kinds("library") == []
    assert ReviewNotice.objects.count() == 0


def test_what_was_never_approved_is_not_recalled() -> None:
    version = make_version(state=VersionState.VERIFIED)
    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="They are stolen indeed.")

    follow_review(str(version.id))

    assert Recall.objects.count() == 0
    assert list(versions_to_recall()) == []


def test_a_lost_message_is_found_by_the_sweep(settings: Any) -> None:
    settings.STUCK_SECONDS = 0
    drama, code = two()
    make_revision(drama, code)
    rejected(drama)

    sweep()

    assert ("follow_review", [str(drama.id)]) in waiting("default")


@pytest.mark.parametrize("killed_in", ["record", "announce"])
def test_killed_anywhere_it_goes_on_where_it_was(killed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drama, code = two()
    make_revision(drama, code)
    rejected(drama)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    open_recall(drama.id, by=PROPAGATOR)
    with monkeypatch.context() as patch:
        patch.setattr(recalls, killed_in, die)
        with pytest.raises(Killed):
            follow_review(str(drama.id))
    follow_review(str(drama.id))

    assert told() == ["recall.opened", "recall.blocked", "recall.announced", "recall.ended"]
    assert Composition.objects.filter(state=S.DECIDED).count() == 1
    assert kinds("library").count("version.rejected") == 1


def test_a_model_that_meets_trouble_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drama, code = two()
    make_revision(drama, code)
    rejected(drama)

    def trouble(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("workers.reviewed.request_composition", trouble)
        follow_review(str(drama.id))
    before = Recall.objects.get().ended_at
    carry_on_recall(str(Recall.objects.get().id))

    assert before is None
    assert Recall.objects.get().ended_at is not None
    assert Composition.objects.filter(state=S.DECIDED).count() == 1


def test_its_owner_can_still_withdraw_it_and_have_its_bytes_destroyed() -> None:
    drama, code = two()
    revision = make_revision(drama, code).revision
    follow_review(str(rejected(drama).id))

    withdrawal = withdraw_version(drama.id, by=ADA, reason="The plays were not ours to give.")
    carry_on_withdrawal(str(withdrawal.id))

    done = Withdrawal.objects.get().steps.exclude(done_at=None).values_list("name", flat=True)
    assert set(done) >= {Step.DENY, Step.BLOCK, Step.ANNOUNCE}
    assert "was withdrawn" in resolve(revision)
    assert "version.withdrawn" in kinds("library")


def test_withdrawn_before_the_recall_it_is_told_as_a_withdrawal_only() -> None:
    drama, code = two()
    make_revision(drama, code)
    recall = open_recall(rejected(drama).id, by=PROPAGATOR)
    assert recall is not None
    withdraw_version(drama.id, by=ADA, reason="The plays were not ours to give.")

    carry_on_recall(str(recall.id))

    assert "version.rejected" not in kinds("library")
    assert Recall.objects.get().ended_at is not None


def test_the_log_tells_the_same_as_the_rows() -> None:
    drama, code = two()
    make_revision(drama, code)
    before = set(audit_differences())

    follow_review(str(rejected(drama).id))

    assert {line for line in set(audit_differences()) - before if "recall" in line} == set()
    assert first_broken() is None


def clashing_revision() -> Composition:
    """Articles under share-alike beside plays whose licence is read otherwise since."""
    articles = make_version(make_expert("articles", organisation="encyclopaedia"), licence="CC-BY-SA-4.0")
    drama = make_version()
    build = make_revision(articles, drama)
    LicenceTerms.objects.filter(version=drama).update(concluded=HOUSE)
    return build


def test_a_revision_whose_licences_are_read_otherwise_is_asked_about_again_and_recalled() -> None:
    build = clashing_revision()

    mind_the_licences()

    recall = Recall.objects.get()
    carry_on_recall(str(recall.id))
    build.refresh_from_db()
    assert (recall.cause, recall.composition_id, build.state) == (RecallCause.LICENCES, build.id, S.WITHDRAWN)
    assert "leave one of them out" in resolve(build.revision)
    assert "no other revision yet" in resolve("main")
    assert kinds("library") == ["revision.recalled"]
    assert told() == ["recall.opened", "recall.blocked", "recall.announced", "recall.ended"]


def test_nothing_is_asked_again_while_nothing_has_changed() -> None:
    make_revision(*two())

    assert revisions_to_ask_again() == []


def test_another_release_has_everything_asked_again_and_what_holds_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    build = make_revision(*two())
    monkeypatch.setattr("registry.compositions.licensing.RULES", combining.RULES + 1)
    asked = revisions_to_ask_again()

    mind_the_licences()

    build.refresh_from_db()
    assert asked == [build.id]
    assert revisions_to_ask_again() == []
    assert build.state == S.PUBLISHED
    assert Recall.objects.count() == 0


def test_the_other_reading_of_a_composition_has_everything_asked_again(settings: Any) -> None:
    settings.COMPOSITION_COUNTS_AS = "collection"
    articles = make_version(make_expert("articles", organisation="encyclopaedia"), licence="CC-BY-SA-4.0")
    build = make_revision(articles, make_version(licence=HOUSE))
    settings.COMPOSITION_COUNTS_AS = "derivative"

    sweep()

    build.refresh_from_db()
    assert build.state == S.WITHDRAWN


def test_a_licence_concluded_in_the_new_round_counts_for_what_is_served() -> None:
    articles = make_version(make_expert("articles", organisation="encyclopaedia"), licence="CC-BY-SA-4.0")
    drama = make_version()
    build = make_revision(articles, drama)
    reclassify_licence(drama.id, licence=HOUSE, reason="The text beside it says so.", by=BEN)
    LicenceTerms.objects.filter(version=drama).update(text="You may do what we say.")
    approved_again(drama)

    follow_review(str(drama.id))

    build.refresh_from_db()
    assert build.state == S.WITHDRAWN


def test_a_build_that_runs_is_not_recalled_for_its_licences() -> None:
    articles = make_version(make_expert("articles", organisation="encyclopaedia"), licence="CC-BY-SA-4.0")
    drama = make_version()
    build = request(articles, drama)

    mind_the_licences()

    build.refresh_from_db()
    assert build.state == S.DECIDED


def test_a_rejection_over_http_says_what_follows() -> None:
    drama, code = two()
    make_revision(drama, code)
    suspend_version(drama.id, reason=WHY, by=BEN)
    cache.clear()

    shown = api(ADA).get(f"/api/v1/versions/{rejected_over_http(drama)}").json()

    assert (shown["state"], shown["may"]["withdraw"]) == ("rejected", True)


def rejected_over_http(version: ExpertVersion) -> str:
    ben = api(BEN)
    seen = ben.get(f"/api/v1/versions/{version.id}")["ETag"]
    body = {"verdict": "reject", "reason": "They are stolen indeed."}
    assert ben.post(f"/api/v1/versions/{version.id}/reviews", body, headers={"If-Match": seen}).status_code == 200
    return str(version.id)
