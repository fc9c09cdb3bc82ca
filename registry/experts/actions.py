"""Making anchors, experts and versions, and moving them along: draft, submitted, verified or failed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from registry.accounts.models import Role, SigningKey
from registry.accounts.queries import demand_role, get_organisation, person_id_of
from registry.accounts.rules import check_slug
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.digests import digest_of
from registry.errors import Invalid, Taken, WrongState
from registry.experts.models import Anchor, AnchorState, Expert, ExpertVersion, UploadedFile, VersionState, WeightSample
from registry.experts.queries import get_anchor, lock_anchor, lock_version
from registry.experts.rules import ANCHOR_FILES, PACKAGE_FILES, check_domain, missing_files
from registry.jobs import Job, after_commit

MAX_FAILURE = 2_000


@transaction.atomic
def create_anchor(slug: str, *, name: str, licence: str, description: str = "", by: Actor) -> Anchor:
    """A public model to be; its files are brought next. `licence` is a normalised SPDX expression."""
    demand_role(by, Role.OPERATOR)
    check_slug(slug, what="The slug")
    if Anchor.objects.filter(slug=slug).exists():
        raise Taken(f"There is an anchor called {slug} already.")
    anchor = Anchor.objects.create(
        slug=slug, name=name, licence=licence, description=description, created_by_id=person_id_of(by)
    )
    record(Event.ANCHOR_CREATED, about=str(anchor), by=by, facts={"anchor": str(anchor.id), "licence": licence})
    return anchor


@transaction.atomic
def create_expert(
    organisation: str, *, name: str, anchor: str, title: str, domain: str, description: str = "", by: Actor
) -> Expert:
    """A name for versions to come, for one anchor for good."""
    owner = get_organisation(organisation)
    demand_role(by, Role.OWNER, owner)
    check_slug(name, what="The name")
    check_domain(domain)
    beside = get_anchor(anchor)
    if beside.state != AnchorState.VERIFIED:
        raise WrongState(f"The anchor {anchor} is {beside.state}; experts are made for a verified anchor.")
    if Expert.objects.filter(organisation=owner, name=name).exists():
        raise Taken(f"{owner} has an expert called {name} already.")
    expert = Expert.objects.create(
        organisation=owner,
        name=name,
        anchor=beside,
        title=title,
        domain=domain,
        description=description,
        created_by_id=person_id_of(by),
    )
    facts = {"expert": str(expert.id), "anchor_digest": beside.digest, "domain": domain}
    record(Event.EXPERT_CREATED, about=f"expert:{expert}", by=by, facts=facts)
    return expert


@transaction.atomic
def draft_version(expert_id: UUID, *, notes: str = "", by: Actor) -> ExpertVersion:
    """The next number of an expert, still without files. Evidence belongs to it: see evidence.actions."""
    expert = Expert.objects.select_for_update(of=("self",)).select_related("organisation", "anchor").get(id=expert_id)
    demand_role(by, Role.OWNER, expert.organisation)
    last = expert.versions.aggregate(last=Max("number"))["last"] or 0
    version = ExpertVersion.objects.create(expert=expert, number=last + 1, notes=notes, created_by_id=person_id_of(by))
    record(Event.VERSION_DRAFTED, about=str(version), by=by, facts={"version": str(version.id)})
    return version


@transaction.atomic
def submit_version(version_id: UUID, *, by: Actor) -> ExpertVersion:
    """Close the draft: its files are fixed from here on, and a worker reads them."""
    version = lock_version(version_id)
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state == VersionState.SUBMITTED:
        raise WrongState(f"{version} is submitted already; wait for its verification.")
    _demand_files(version, PACKAGE_FILES)
    version.move_to(VersionState.SUBMITTED)
    version.submitted_at = timezone.now()
    version.submitted_by_id = person_id_of(by)
    version.save(update_fields=["state", "submitted_at", "submitted_by", "changed_at"])
    record(Event.VERSION_SUBMITTED, about=str(version), by=by, facts={"files": _declared(version)})
    after_commit(Job.VERIFY_VERSION, version.id)
    return version


@transaction.atomic
def submit_anchor(anchor_id: UUID, *, by: Actor) -> Anchor:
    anchor = lock_anchor(anchor_id)
    demand_role(by, Role.OPERATOR)
    if anchor.state == AnchorState.SUBMITTED:
        raise WrongState(f"{anchor} is submitted already; wait for its verification.")
    _demand_files(anchor, ANCHOR_FILES)
    anchor.move_to(AnchorState.SUBMITTED)
    anchor.submitted_at = timezone.now()
    anchor.save(update_fields=["state", "submitted_at"])
    record(Event.ANCHOR_SUBMITTED, about=str(anchor), by=by, facts={"files": _declared(anchor)})
    after_commit(Job.VERIFY_ANCHOR, anchor.id)
    return anchor


@transaction.atomic
def mark_anchor_verified(
    anchor_id: UUID,
    *,
    digest: str,
    data_digest: str,
    architecture: Mapping[str, Any],
    card: Mapping[str, Any],
    by: Actor,
) -> Anchor:
    """The files are what an anchor must be. Taken: the same anchor is here under another name."""
    anchor = lock_anchor(anchor_id)
    same = Anchor.objects.filter(digest=digest, state=AnchorState.VERIFIED).exclude(id=anchor.id).first()
    if same is not None:
        raise Taken(f"This anchor is here already, as {same.slug}.")
    anchor.move_to(AnchorState.VERIFIED)
    anchor.digest, anchor.data_digest = digest, data_digest
    anchor.architecture, anchor.card = dict(architecture), dict(card)
    anchor.save(update_fields=["state", "digest", "data_digest", "architecture", "card"])
    facts = {"digest": digest, "data_digest": data_digest}
    record(Event.ANCHOR_VERIFIED, about=str(anchor), by=by, facts=facts)
    return anchor


@transaction.atomic
def keep_public_text(anchor_id: UUID, *, digest: str, key: str, by: Actor) -> Anchor:
    """Documents that everybody may have, on which routers beside this anchor may be tuned; they lie in the store."""
    anchor = lock_anchor(anchor_id)
    if anchor.state != AnchorState.VERIFIED:
        raise WrongState(f"{anchor} is {anchor.state}; a public text is kept for a verified anchor.")
    if anchor.public_text_digest != digest:
        anchor.public_text_digest, anchor.public_text_key = digest, key
        anchor.save(update_fields=["public_text_digest", "public_text_key"])
        record(Event.ANCHOR_TEXT_KEPT, about=str(anchor), by=by, facts={"public_text": digest})
    return anchor


@transaction.atomic
def fail_anchor(anchor_id: UUID, *, failure: str, by: Actor) -> Anchor:
    anchor = lock_anchor(anchor_id)
    anchor.move_to(AnchorState.FAILED)
    anchor.failure = failure[:MAX_FAILURE]
    anchor.save(update_fields=["state", "failure"])
    record(Event.ANCHOR_FAILED, about=str(anchor), by=by, facts={}, private={"failure": anchor.failure})
    return anchor


@dataclass(frozen=True, slots=True)
class Reading:
    """What a version's files said of themselves, all of it checked, and whose key signed them (its fingerprint)."""

    data_digest: str
    router_digest: str
    card: Mapping[str, Any]
    data_card: Mapping[str, Any]
    fingerprint: str

    @property
    def facts(self) -> dict[str, str]:
        return {
            "data_digest": self.data_digest,
            "router_digest": self.router_digest,
            "signed_with": self.fingerprint,
        }


@transaction.atomic
def note_reading(
    version_id: UUID,
    reading: Reading,
    *,
    sample: bytes,
    weights: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    by: Actor,
) -> ExpertVersion:
    """The files were read to their end and are an expert of this anchor; next it is asked about public text."""
    version = lock_version(version_id)
    if version.state != VersionState.SUBMITTED:
        raise WrongState(f"{version} is {version.state}; only what is submitted is read.")
    if not version.reading:
        version.reading, version.report = asdict(reading), {"weights": dict(weights)}
        version.checks = [dict(check) for check in checks]
        version.save(update_fields=["reading", "report", "checks", "changed_at"])
        WeightSample.objects.create(version=version, data=sample)
        record(Event.VERSION_READ, about=str(version), by=by, facts=reading.facts)
    after_commit(Job.PROBE_VERSION, version.id)
    return version


@transaction.atomic
def mark_version_verified(
    version_id: UUID,
    reading: Reading,
    *,
    report: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    by: Actor,
) -> ExpertVersion:
    """The files are an expert of this anchor, signed with a living key, and fit to be asked. Review is next."""
    version = lock_version(version_id)
    key = SigningKey.objects.filter(
        organisation=version.expert.organisation, fingerprint=reading.fingerprint, revoked_at=None
    ).first()
    if key is None:
        raise Invalid(f"The key {reading.fingerprint} is not one that {version.expert.organisation} has registered.")
    version.move_to(VersionState.VERIFIED)
    version.data_digest, version.router_digest = reading.data_digest, reading.router_digest
    version.card, version.data_card = dict(reading.card), dict(reading.data_card)
    version.checks, version.report, version.reading = [dict(check) for check in checks], dict(report), {}
    version.signed_with = key
    version.verified_at = timezone.now()
    version.save()
    facts = reading.facts | {"report_digest": digest_of(version.report)}
    record(Event.VERSION_VERIFIED, about=str(version), by=by, facts=facts)
    return version


@transaction.atomic
def fail_version(
    version_id: UUID, *, failure: str, checks: Sequence[Mapping[str, Any]] = (), by: Actor
) -> ExpertVersion:
    """The files are not what they should be; the owner reads why, and drafts another version."""
    version = lock_version(version_id)
    version.move_to(VersionState.FAILED)
    version.failure = failure[:MAX_FAILURE]
    version.checks, version.reading = [dict(check) for check in checks], {}
    version.save(update_fields=["state", "failure", "checks", "reading", "changed_at"])
    WeightSample.objects.filter(version=version).delete()
    record(Event.VERSION_FAILED, about=str(version), by=by, facts={}, private={"failure": version.failure})
    return version


def _demand_files(home: ExpertVersion | Anchor, needed: tuple[str, ...]) -> None:
    files = list(home.files.all())
    half = sorted(file.path for file in files if file.completed_at is None)
    if half:
        raise WrongState(f"{', '.join(half)} has not arrived in full; complete it, then submit.")
    if missing := missing_files({file.path for file in files}, allowed=needed):
        raise WrongState(f"{', '.join(missing)} is missing; bring it, then submit.")


def _declared(home: ExpertVersion | Anchor) -> dict[str, str]:
    rows: list[UploadedFile] = list(home.files.order_by("path"))
    return {file.path: file.sha256 for file in rows}
