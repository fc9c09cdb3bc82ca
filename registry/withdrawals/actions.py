"""Taking versions back. This room stands above all that a withdrawal touches.

The click denies: states flip and the policies refuse, in one transaction however many models are hit. All else follows
step by step, each said once, however often it is tried.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from registry.accounts.models import Person, Role
from registry.accounts.queries import demand_role, get_organisation, has_role, person_id_of
from registry.actors import CONSOLE, Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.actions import block_compositions_with, request_composition
from registry.compositions.models import Composition, Paper, TunedRouter
from registry.errors import NotAllowed, NotFound, WrongState
from registry.experts.models import ROADS, ExpertVersion, VersionState, WeightSample
from registry.experts.queries import get_expert, lock_version
from registry.jobs import Job, after_commit
from registry.withdrawals.destruction import held
from registry.withdrawals.models import (
    Cause,
    Certificate,
    DestroyedObject,
    LegalBasis,
    LegalHold,
    Step,
    Withdrawal,
    WithdrawalStep,
)
from registry.withdrawals.receipts import issue_end_receipt

EVENT_OF = {
    Step.BLOCK: Event.WITHDRAWAL_BLOCKED,
    Step.ANNOUNCE: Event.WITHDRAWAL_ANNOUNCED,
    Step.RECOMPOSE: Event.WITHDRAWAL_PROPAGATED,
    Step.DESTROY: Event.WITHDRAWAL_DESTROYED,
    Step.CHECK: Event.WITHDRAWAL_CHECKED,
}
BY_ITSELF = {Cause.CONSENT_EXPIRED: "The consent behind it ended.", Cause.LICENCE_EXPIRED: "Its licence ended."}


@transaction.atomic
def withdraw_version(
    version_id: UUID, *, by: Actor, reason: str, legal_basis: str = LegalBasis.OTHER, password: str = ""
) -> Withdrawal:
    """Take a version out of use for good: nothing new is built on it, and nothing that holds it is served.

    A second click finds the first one's withdrawal. With the clicker's password the destruction of the stored bytes
    is confirmed too; a wrong one leaves it unconfirmed, and denies all the same.
    """
    version = lock_version(version_id)
    _demand_owner(by, version)
    withdrawal = _withdraw([version], by=by, reason=reason, legal_basis=legal_basis)[0]
    if password and _is_password_of(by, password):
        _confirm([withdrawal], by=by)
    return withdrawal


@transaction.atomic
def withdraw_expert(
    full_name: str, *, by: Actor, reason: str, legal_basis: str = LegalBasis.OTHER, password: str = ""
) -> list[Withdrawal]:
    """Every version of an expert that can be in use, at once."""
    expert = get_expert(full_name)
    demand_role(by, Role.OWNER, expert.organisation)
    found = _withdraw(_in_use(expert=expert), by=by, reason=reason, legal_basis=legal_basis)
    if password and _is_password_of(by, password):
        _confirm(found, by=by)
    return found


@transaction.atomic
def withdraw_organisation(
    slug: str, *, by: Actor, reason: str, legal_basis: str = LegalBasis.OTHER, password: str = ""
) -> list[Withdrawal]:
    """Every version of all of an organisation's experts, at once."""
    owner = get_organisation(slug)
    demand_role(by, Role.OWNER, owner)
    found = _withdraw(_in_use(expert__organisation=owner), by=by, reason=reason, legal_basis=legal_basis)
    if password and _is_password_of(by, password):
        _confirm(found, by=by)
    return found


@transaction.atomic
def expire_version(version_id: UUID, *, cause: Cause, by: Actor) -> Withdrawal:
    """What the consent or the licence itself said has come: the same road, without a click."""
    if by.person_id is not None:
        raise NotAllowed("This is done by the service, when the time has come.")
    version = lock_version(version_id)
    [withdrawal] = _withdraw(
        [version], by=by, reason=BY_ITSELF[cause], legal_basis=LegalBasis.LICENCE_ENDED, cause=cause
    )
    # The term was agreed beforehand, and everybody was told: nobody has to confirm it. An owner's own withdrawal that
    # came before is still theirs to confirm.
    if withdrawal.cause != Cause.OWNER:
        _confirm([withdrawal], by=by)
    return withdrawal


def _demand_owner(by: Actor, version: ExpertVersion) -> None:
    """Its owner; or the console, which denies again what a restored database has forgotten."""
    if by != CONSOLE:
        demand_role(by, Role.OWNER, version.expert.organisation)


def _in_use(**which: Any) -> list[ExpertVersion]:
    able = [state for state in VersionState.values if VersionState.WITHDRAWN in ROADS[state]]
    ids = ExpertVersion.objects.filter(state__in=able, **which).order_by("id").values_list("id", flat=True)
    locked = [lock_version(version_id) for version_id in ids]
    return [version for version in locked if version.state in able]


def _withdraw(
    versions: Iterable[ExpertVersion], *, by: Actor, reason: str, legal_basis: str, cause: Cause = Cause.OWNER
) -> list[Withdrawal]:
    batch, found = uuid4(), []
    for version in versions:
        if version.state == VersionState.WITHDRAWN:
            found.append(Withdrawal.objects.get(version=version))
            continue
        given = version.state != VersionState.DRAFT  # the consent of a draft was given to nobody
        version.move_to(VersionState.WITHDRAWN)
        version.save()
        now = clock.now()
        withdrawal = Withdrawal.objects.create(
            version=version,
            batch=batch,
            cause=cause,
            reason=reason,
            legal_basis=legal_basis,
            requested_by=str(by),
            destroy_after=now + timedelta(hours=settings.DESTRUCTION_GRACE_HOURS),
        )
        facts = {"batch": str(batch), "cause": str(cause), "legal_basis": str(legal_basis)}
        record(Event.WITHDRAWAL_REQUESTED, about=str(version), by=by, facts=facts, private={"reason": reason})
        told = {"data_digest": version.data_digest, "status_index": version.status_index}
        record(Event.VERSION_WITHDRAWN, about=str(version), by=by, facts=told)
        if given:
            issue_end_receipt(withdrawal, by=by)
        WithdrawalStep.objects.bulk_create(
            WithdrawalStep(withdrawal=withdrawal, name=step, done_at=now if step == Step.DENY else None)
            for step in Step
        )
        after_commit(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)
        found.append(withdrawal)
    return found


@transaction.atomic
def pause_version(version_id: UUID, *, by: Actor, reason: str) -> ExpertVersion:
    """Deny a version until it is resumed: nothing is blocked, nothing is destroyed. One that is paused stays so."""
    version = lock_version(version_id)
    _demand_owner(by, version)
    if version.state != VersionState.PAUSED:
        version.move_to(VersionState.PAUSED)
        version.save()
        record(Event.VERSION_PAUSED, about=str(version), by=by, facts={}, private={"reason": reason})
        after_commit(Job.FOLLOW_SELECTORS)
    return version


@transaction.atomic
def resume_version(version_id: UUID, *, by: Actor) -> ExpertVersion:
    """What was paused may be used again, as far as the policies allow."""
    version = lock_version(version_id)
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state == VersionState.PAUSED:
        version.move_to(VersionState.APPROVED)
        version.save()
        record(Event.VERSION_RESUMED, about=str(version), by=by, facts={})
        after_commit(Job.FOLLOW_SELECTORS)
    elif version.state != VersionState.APPROVED:
        raise WrongState(f"{version} is {version.state}; only a paused version is resumed.")
    return version


@transaction.atomic
def confirm_destruction(withdrawal_id: UUID, *, password: str, by: Actor) -> Withdrawal:
    """Step up: whoever lets the bytes be destroyed says once more, with their password, that it is they."""
    withdrawal = _locked(withdrawal_id)
    demand_role(by, Role.OWNER, withdrawal.version.expert.organisation)
    if not _is_password_of(by, password):
        raise NotAllowed("The password is not yours; nothing is destroyed. The version stays withdrawn.")
    _confirm([withdrawal], by=by)
    after_commit(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)
    return withdrawal


def _confirm(withdrawals: Iterable[Withdrawal], *, by: Actor) -> None:
    for withdrawal in withdrawals:
        if withdrawal.destruction_confirmed_at is None:
            withdrawal.destruction_confirmed_at = clock.now()
            withdrawal.destruction_confirmed_by = str(by)
            withdrawal.save(update_fields=["destruction_confirmed_at", "destruction_confirmed_by"])
            record(Event.DESTRUCTION_CONFIRMED, about=str(withdrawal.version), by=by, facts={})


def _is_password_of(by: Actor, password: str) -> bool:
    return Person.objects.get(id=person_id_of(by)).check_password(password)


@transaction.atomic
def place_hold(version_id: UUID, *, reason: str, by: Actor) -> LegalHold:
    """Keep the bytes of a version, whatever is withdrawn. Compliance and operators do; one that lies there stays."""
    version = lock_version(version_id)
    _demand_keeper(by)
    hold, new = LegalHold.objects.get_or_create(
        version=version, lifted_at=None, defaults={"reason": reason, "placed_by": str(by)}
    )
    if new:
        record(Event.HOLD_PLACED, about=str(version), by=by, facts={}, private={"reason": reason})
    return hold


@transaction.atomic
def lift_hold(version_id: UUID, *, by: Actor) -> LegalHold:
    version = lock_version(version_id)
    _demand_keeper(by)
    hold = LegalHold.objects.select_for_update().filter(version=version, lifted_at=None).first()
    if hold is None:
        raise NotFound(f"{version} is under no hold.")
    hold.lifted_at, hold.lifted_by = clock.now(), str(by)
    hold.save(update_fields=["lifted_at", "lifted_by"])
    record(Event.HOLD_LIFTED, about=str(version), by=by, facts={})
    for withdrawal in Withdrawal.objects.filter(version=version, ended_at=None):
        after_commit(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)
    return hold


def _demand_keeper(by: Actor) -> None:
    if not has_role(by, Role.OPERATOR):
        demand_role(by, Role.COMPLIANCE)


@transaction.atomic
def block_some(withdrawal_id: UUID, *, by: Actor) -> list[Composition]:
    """Block the revisions and builds of some of the models that hold the version; empty when none is left."""
    withdrawal = Withdrawal.objects.select_related("version__expert__organisation").get(id=withdrawal_id)
    return block_compositions_with(
        withdrawal.version_id,
        by=by,
        reason=f"{withdrawal.version} was withdrawn.",
        models_at_once=settings.BLOCK_AT_ONCE,
    )


@transaction.atomic
def recompose_model(model_id: UUID, *, by: Actor) -> Composition | None:
    """Ask for the model again from what is left of its experts; None when nothing is left."""
    return request_composition(model_id, by=by)


@transaction.atomic
def finish_step(withdrawal_id: UUID, step: Step, *, facts: Mapping[str, Any], by: Actor) -> Withdrawal:
    """A step is done, and the log says so. Said once, however often it is called."""
    withdrawal = _locked(withdrawal_id)
    row = withdrawal.steps.get(name=step)
    if row.done_at is not None:
        return withdrawal
    row.done_at, row.facts, row.failure = clock.now(), dict(facts), ""
    row.save()
    if step == Step.RECOMPOSE:
        withdrawal.propagated_at = row.done_at
        withdrawal.save(update_fields=["propagated_at"])
    record(EVENT_OF[step], about=str(withdrawal.version), by=by, facts=dict(facts))
    return withdrawal


@transaction.atomic
def note_trouble(withdrawal_id: UUID, step: Step, *, failure: str, by: Actor) -> None:
    """A step could not be done; it will be tried again. The log hears of it when it is news."""
    withdrawal = _locked(withdrawal_id)
    row = withdrawal.steps.get(name=step)
    if row.done_at is not None:
        return
    news = row.failure != failure
    row.failure, row.attempts = failure, row.attempts + 1
    row.save(update_fields=["failure", "attempts"])
    if news:
        facts = {"step": str(step)}
        record(
            Event.WITHDRAWAL_DELAYED, about=str(withdrawal.version), by=by, facts=facts, private={"failure": failure}
        )


@transaction.atomic
def reopen_destruction(withdrawal_id: UUID, *, remnants: int, by: Actor) -> None:
    """The check found something: it is destroyed again, and checked again."""
    withdrawal = _locked(withdrawal_id)
    row = withdrawal.steps.get(name=Step.DESTROY)
    if row.done_at is not None and withdrawal.ended_at is None:
        row.done_at = None
        row.save(update_fields=["done_at"])
        facts = {"remnants": remnants}
        record(Event.WITHDRAWAL_REOPENED, about=str(withdrawal.version), by=by, facts=facts)


@transaction.atomic
def note_destroyed(withdrawal_id: UUID, gone: Iterable[tuple[str, str, int]], *, by: Actor) -> None:
    """These objects (key, version, size) are being deleted, and the papers of the builds, the sample of the weights and
    rows that were tuned with it now. The log hears of all objects at the end, by their digest."""
    withdrawal = _locked(withdrawal_id)
    WeightSample.objects.filter(version=withdrawal.version).delete()
    TunedRouter.objects.filter(participants=withdrawal.version).delete()
    Paper.objects.filter(file__composition__in=held(withdrawal.version)).delete()
    rows = [DestroyedObject(withdrawal=withdrawal, key=key, version_id=v, size=size) for key, v, size in gone]
    known = set(withdrawal.destroyed.values_list("key", "version_id"))
    new = [row for row in rows if (row.key, row.version_id) not in known]
    DestroyedObject.objects.bulk_create(new)
    if new:
        record(Event.OBJECTS_DESTROYED, about=str(withdrawal.version), by=by, facts={"objects": len(new)})


@transaction.atomic
def certify(withdrawal_id: UUID, *, envelope: Mapping[str, Any], digest: str, vkey: str, by: Actor) -> Certificate:
    """The end: what was signed is kept, and its digest goes on record. There is one certificate of a withdrawal."""
    withdrawal = _locked(withdrawal_id)
    known = Certificate.objects.filter(withdrawal=withdrawal).first()
    if known is not None:
        return known
    facts = {
        "statement_digest": digest,
        "version": str(withdrawal.version),
        "data_digest": withdrawal.version.data_digest,
    }
    entry = record(Event.WITHDRAWAL_CERTIFIED, about=str(withdrawal.version), by=by, facts=facts)
    certificate = Certificate.objects.create(
        withdrawal=withdrawal, envelope=dict(envelope), digest=digest, vkey=vkey, entry=entry
    )
    withdrawal.ended_at = clock.now()
    withdrawal.save(update_fields=["ended_at"])
    withdrawal.steps.filter(name=Step.CERTIFY).update(done_at=withdrawal.ended_at, failure="")
    return certificate


def _locked(withdrawal_id: UUID) -> Withdrawal:
    rows = Withdrawal.objects.select_for_update(of=("self",)).select_related("version__expert__organisation")
    withdrawal = rows.filter(id=withdrawal_id).first()
    if withdrawal is None:
        raise NotFound("There is no such withdrawal.")
    return withdrawal
