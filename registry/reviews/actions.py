"""Deciding on a version, and having it decided on again.

Approving gives the expert its place beside the anchor, once and for all. What was approved and is called into question
is suspended in the same transaction: the policies refuse it everywhere until enough approvals are in again.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from registry.accounts.actions import revoke_key
from registry.accounts.models import Role, SigningKey
from registry.accounts.queries import demand_role, person_id_of
from registry.actors import CONSOLE, Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Invalid, NotAllowed, Stale, WrongState
from registry.evidence.licences import normalised_licence
from registry.evidence.models import LicenceTerms
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.experts.numbering import next_status_index
from registry.experts.queries import lock_version
from registry.jobs import Job, after_commit
from registry.notices.actions import announce
from registry.reviews.checklists import Answers, check_answers
from registry.reviews.models import Review, ReviewClaim, Suspension, SuspensionCause, Verdict
from registry.reviews.queries import AWAITING, approvals_of, as_seen, demand_reviewer, demand_unclaimed, round_of

LIVING = {VersionState.APPROVED, VersionState.PAUSED}
SAYS = {
    SuspensionCause.KEY_REVOKED: "the key that signed it was revoked",
    SuspensionCause.LICENCE_RECLASSIFIED: "compliance has concluded another licence for it",
    SuspensionCause.DEMANDED: "compliance has asked for it",
    SuspensionCause.POLICY: "a rule of the policies that decide asks for it",
}


@transaction.atomic
def review_version(
    version_id: UUID,
    *,
    by: Actor,
    verdict: Verdict,
    reason: str,
    answers: Answers | None = None,
    concluded_licence: str = "",
    seen: str = "",
) -> ExpertVersion:
    """Write a decision down; enough approvals of this round, or one rejection, settle the version."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    if seen and seen != as_seen(version):
        raise Stale(f"{version} changed since you read it; read it again before you decide.")
    if version.state not in AWAITING:
        raise WrongState(f"{version} is {version.state}; only a verified or suspended version waits for a decision.")
    demand_unclaimed(by, version)
    number = round_of(version)
    if Review.objects.filter(version=version, round=number, reviewer=by.person_id).exists():
        raise WrongState(f"You have decided on {version} already; the next approval is somebody else's.")
    answers = answers or Answers()
    check_answers(answers, approving=verdict == Verdict.APPROVE)
    if concluded_licence:
        _conclude_licence(version, concluded_licence, by=by)
    review = _write(version, number, verdict, reason, answers, by=by)
    if verdict == Verdict.REJECT:
        version.move_to(VersionState.REJECTED)
        record(Event.VERSION_REJECTED, about=str(version), by=by, facts={}, private={"reason": reason})
        after_commit(Job.FOLLOW_SELECTORS)
    elif approvals_of(version, number) >= settings.REQUIRED_APPROVALS:
        _approve(version, number, by=by)
    version.save()  # also when one approval of several is in: what others have read is stale now
    if number > 1 and version.state not in AWAITING:
        _tell_owner_of_the_end(version, review, by=by)
        after_commit(Job.FOLLOW_REVIEW, version.id)
    return version


@transaction.atomic
def suspend_version(
    version_id: UUID, *, reason: str, cause: SuspensionCause = SuspensionCause.DEMANDED, by: Actor
) -> ExpertVersion:
    """Have an approved version decided on again; from now on until then it is denied everywhere.

    Any compliance officer may, also of the owner's organisation: a denial needs no second pair of eyes. One that is
    suspended already gets one more cause.
    """
    version = lock_version(version_id)
    if by != CONSOLE:
        demand_role(by, Role.COMPLIANCE)
    _suspend(version, cause=cause, reason=reason, by=by)
    return version


@transaction.atomic
def suspend_by_policy(version_id: UUID, *, policy: str, reason: str, by: Actor) -> ExpertVersion:
    """A rule of the policies that decide sends it back to review: the service does that, nobody's role is asked."""
    if by.person_id is not None:
        raise NotAllowed("The policies send a version back to review by themselves; ask for it with a reason instead.")
    version = lock_version(version_id)
    _suspend(version, cause=SuspensionCause.POLICY, policy=policy, reason=reason, by=by)
    return version


@transaction.atomic
def reclassify_licence(version_id: UUID, *, licence: str, reason: str, by: Actor) -> ExpertVersion:
    """Conclude another licence for a version that was approved under one; it is decided on again."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    before = LicenceTerms.objects.filter(version=version).values_list("concluded", flat=True).first()
    if version.state not in LIVING | {VersionState.SUSPENDED}:
        raise WrongState(f"{version} is {version.state}; conclude its licence with the decision on it.")
    if _conclude_licence(version, licence, by=by) == before:
        raise Invalid(f"{version} is under {before} already; nothing changes.")
    _suspend(version, cause=SuspensionCause.LICENCE_RECLASSIFIED, reason=reason, by=by)
    return version


@transaction.atomic
def revoke_key_and_review_again(key_id: UUID, *, by: Actor) -> SigningKey:
    """Nothing new is accepted under this key, and what was approved under it is denied until it is decided on again.

    What waits for a decision changes too, so that nobody decides without having seen it.
    """
    signed = ExpertVersion.objects.filter(signed_with=key_id, state__in=LIVING | AWAITING).order_by("id")
    versions = [lock_version(version_id) for version_id in signed.values_list("id", flat=True)]
    was_live = SigningKey.objects.filter(id=key_id, revoked_at=None).exists()
    key = revoke_key(key_id, by=by)
    for version in versions if was_live else ():
        if version.state == VersionState.VERIFIED:
            version.save(update_fields=["changed_at"])
        elif version.state in LIVING | AWAITING:
            reason = f"The key {key.fingerprint} was revoked."
            _suspend(version, cause=SuspensionCause.KEY_REVOKED, reason=reason, by=by)
    return key


def _tell_owner_of_the_end(version: ExpertVersion, review: Review, *, by: Actor) -> None:
    """What was called into question is settled; who holds it is told from above (`withdrawals`)."""
    rejected = version.state == VersionState.REJECTED
    what = "rejected" if rejected else "approved again"
    follows = (
        "It is denied for good: the revisions that hold it are blocked, and their models composed again without it. "
        "You can still withdraw it, to have its stored data destroyed."
        if rejected
        else "The revisions that hold it are served again, as far as the policies allow and it is not paused."
    )
    told = {
        "title": f"{version} was {what}",
        "text": f"{version} was {what} in a new review. {follows} What was said is on its page: "
        f"{settings.GUILDHALL_URL}/versions/{version.id}",
        "version": str(version),
    }
    kind = f"version.{'rejected' if rejected else 'approved'}"
    announce(kind, {version.expert.organisation: told}, about=f"review:{review.id}", asks=False, by=by)


def _write(
    version: ExpertVersion, number: int, verdict: Verdict, reason: str, answers: Answers, *, by: Actor
) -> Review:
    review = Review.objects.create(
        version=version,
        round=number,
        reviewer_id=person_id_of(by),
        verdict=verdict,
        reason=reason,
        checklist=answers.checklist if answers.said else None,
        answers=answers.value(),
    )
    ReviewClaim.objects.filter(version=version).delete()
    facts = {"verdict": str(verdict), "round": number, "checklist": answers.checklist, "answers": answers.said}
    private: dict[str, object] = {"reason": reason}
    if answers.notes:
        private["notes"] = answers.notes
    record(Event.REVIEW_DECIDED, about=str(version), by=by, facts=facts, private=private)
    return review


def _approve(version: ExpertVersion, number: int, *, by: Actor) -> None:
    paused = Suspension.objects.filter(version=version, round=number, was_paused=True).exists()
    version.move_to(VersionState.APPROVED)
    version.last_approved_at = clock.now()
    version.approved_at = version.approved_at or version.last_approved_at
    if version.status_index is None:
        version.status_index = next_status_index()
    facts = {
        "registration": _register(version.expert_id),
        "data_digest": version.data_digest,
        "status_index": version.status_index,
    }
    record(Event.VERSION_APPROVED, about=str(version), by=by, facts=facts)
    if paused:
        version.move_to(VersionState.PAUSED)
        why = "Its owner had paused it before it was suspended."
        record(Event.VERSION_PAUSED, about=str(version), by=by, facts={}, private={"reason": why})
    after_commit(Job.FOLLOW_SELECTORS)


def _suspend(version: ExpertVersion, *, cause: SuspensionCause, reason: str, policy: str = "", by: Actor) -> None:
    again = version.state == VersionState.SUSPENDED
    number = round_of(version) + (0 if again else 1)
    was_paused = version.state == VersionState.PAUSED
    if not again:
        version.move_to(VersionState.SUSPENDED)
    version.save()
    suspension = Suspension.objects.create(
        version=version,
        round=number,
        cause=cause,
        policy=policy,
        reason=reason,
        was_paused=was_paused,
        suspended_at=clock.now(),
        suspended_by=str(by),
    )
    facts = {"cause": str(cause), "round": number} | ({"policy": policy} if policy else {})
    record(Event.VERSION_SUSPENDED, about=str(version), by=by, facts=facts, private={"reason": reason})
    told = {
        "title": f"{version} is reviewed again",
        "text": f"{version} is denied everywhere until it is decided on again: {SAYS[cause]}. "
        f"What was said is on its page: {settings.GUILDHALL_URL}/versions/{version.id}",
        "version": str(version),
        "cause": str(cause),
    }
    announce(
        "version.suspended", {version.expert.organisation: told}, about=f"suspension:{suspension.id}", asks=False, by=by
    )
    after_commit(Job.FOLLOW_SELECTORS)
    after_commit(Job.FOLLOW_REVIEW, version.id)


def _register(expert_id: UUID) -> int:
    """The expert's number among the anchor's experts: the next free one, never given again."""
    expert = Expert.objects.select_for_update().get(id=expert_id)
    if expert.registration is None:
        anchor = Anchor.objects.select_for_update().get(id=expert.anchor_id)
        expert.registration = anchor.next_registration
        anchor.next_registration += 1
        anchor.save(update_fields=["next_registration"])
        expert.save(update_fields=["registration"])
    return expert.registration


def _conclude_licence(version: ExpertVersion, expression: str, *, by: Actor) -> str:
    """The expression as it was taken, in its normal form."""
    terms = LicenceTerms.objects.select_for_update().filter(version=version).first()
    if terms is None:
        raise Invalid(f"{version} declares no licence, so none can be concluded.")
    terms.concluded = normalised_licence(expression, text=terms.text)
    terms.concluded_by_id = by.person_id
    terms.save(update_fields=["concluded", "concluded_by"])
    facts = {"declared": terms.declared, "concluded": terms.concluded}
    record(Event.LICENCE_CONCLUDED, about=str(version), by=by, facts=facts)
    return str(terms.concluded)
