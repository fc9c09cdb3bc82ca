"""The place in the status list: given at the first approval, once, and never to two."""

from registry.audit.queries import entries, told
from registry.experts.models import VersionState
from registry.reviews.actions import review_version
from registry.reviews.models import Verdict
from tests.factories import BEN, IN_ORDER, make_version


def test_approval_gives_a_version_its_place_and_the_log_says_which() -> None:
    version = make_version(state=VersionState.VERIFIED)

    review_version(
        version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="The licence and the consent agree."
    )

    version.refresh_from_db()
    assert version.status_index is not None
    [entry] = entries(event="version.approved")
    assert told(entry).facts["status_index"] == version.status_index


def test_what_is_not_approved_has_no_place() -> None:
    version = make_version(state=VersionState.VERIFIED)

    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="The licence and the consent disagree.")

    version.refresh_from_db()
    assert version.status_index is None


def test_no_two_versions_have_the_same_place() -> None:
    versions = [make_version(state=VersionState.VERIFIED) for _ in range(3)]

    for version in versions:
        review_version(
            version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="The licence and the consent agree."
        )
        version.refresh_from_db()

    assert len({version.status_index for version in versions}) == 3
