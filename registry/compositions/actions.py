"""Requesting models, and moving their builds from state to state. Each move and its event land together.

What workers call may be called again: in the state that it leads to, it changes and records nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from flexcore.manifest import read_manifest
from registry.accounts.models import Role
from registry.accounts.queries import demand_role, get_organisation
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.queries import is_published
from registry.compositions.builds import (
    block_all,
    cancel,
    cancelled_as_unfit,
    lock_builds,
    lock_composition,
    lock_model,
    lock_models,
    lock_versions,
    move,
    move_main,
)
from registry.compositions.licensing import digest_now
from registry.compositions.models import (
    RUNNING,
    SERVED,
    Composition,
    CompositionState,
    Inclusion,
    Model,
    OnWithdrawal,
    Paper,
    RepositoryFile,
    Shard,
    Tag,
)
from registry.compositions.queries import compositions_with, get_composition, get_revision, versions_in
from registry.compositions.requests import (
    Ask,
    ask_policies,
    build_or_bring_back,
    change_wish,
    clashes_in,
    fields_of,
    narrowed,
    read_wish,
    refuse,
    same_wish,
    standing_build,
    still_allowed,
    told,
    versions_meant,
    would_be_built,
)
from registry.compositions.rules import MAX_EXPERTS, check_model_name, check_tag_name
from registry.compositions.selectors import is_closed, selector_of, supply_of, versions_selected
from registry.digests import canonical, digest_of
from registry.errors import Invalid, NotFound, WrongState
from registry.experts.models import STILL_WANTED, ExpertVersion, VersionState
from registry.experts.queries import approved_versions_of
from registry.jobs import Job, after_commit

S = CompositionState
MAX_TAGS = 1000  # of a model


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a composed repository: in the store, as a worker placed it, or a paper with its bytes."""

    path: str
    size: int
    digest: str
    sha256: str  # hex, of the whole file; empty where it is not known yet
    key: str = ""
    data: bytes | None = None


@transaction.atomic
def request_model(
    organisation: str,
    name: str,
    *,
    anchor: str,
    experts: Sequence[str] | None = None,
    selector: Mapping[str, Sequence[str]] | None = None,
    purpose: str,
    top_k: int | None = None,
    on_withdrawal: str = OnWithdrawal.RECOMPOSE,
    tuning: bool = False,
    by: Actor,
) -> Composition:
    """Ask for a model, for the first time or in another shape. The same request again is the same build.

    When the policies refuse an expert that was named, or the licences do not let the experts stand together, the build
    that comes back is `refused` and says why; a model that stands already stays as it was. A selector means only what
    the policies allow, now and whenever that changes.
    """
    owner = get_organisation(organisation)
    demand_role(by, Role.CONSUMER, owner)
    check_model_name(name)
    wish, beside, rows = read_wish(
        anchor=anchor,
        experts=experts,
        selector=selector,
        purpose=purpose,
        top_k=top_k,
        on_withdrawal=on_withdrawal,
        tuning=tuning,
        by=by,
    )
    supply = supply_of(beside.id) if wish.selector else ""  # before the versions: what comes between is seen later
    versions = lock_versions(version.id for version in versions_meant(wish, beside, rows, by=by))
    asked = Ask(versions=versions, anchor=beside, purpose=purpose, top_k=wish.top_k, tuning=tuning)
    asked = narrowed(asked, wish, consumer=owner)
    found, new = Model.objects.get_or_create(
        organisation=owner, name=name, defaults=fields_of(wish, beside) | {"created_by_id": by.person_id}
    )
    model = lock_model(found.id)
    if new:
        model.experts.set(rows)
        record(Event.MODEL_REQUESTED, about=f"model:{model}", by=by, facts=told(wish))
    if not new and same_wish(model, wish) and would_be_built(asked, consumer=owner):
        standing = standing_build(model, asked)
        if standing is not None:
            return standing
    answer = ask_policies(asked, consumer=owner, by=by)
    if answer.refusals:
        return refuse(model, asked, answer, by=by)
    if not same_wish(model, wish):
        change_wish(model, wish, beside, rows, by=by)
    _note_supply(model, supply)
    return build_or_bring_back(model, asked, answer.decisions, by=by)


@transaction.atomic
def request_composition(model_id: UUID, *, by: Actor) -> Composition | None:
    """Build a model again from what there is: its experts, or those that its selector matches, that have an approved
    version and are still allowed.

    None when that is nothing, or too much, or what the licences do not let stand together: then only the consumer can
    say what to leave out. What the consumer asked for stays written down as it was.
    """
    before = Model.objects.select_related("anchor").get(id=model_id)
    supply = supply_of(before.anchor_id) if before.selector else ""
    versions = lock_versions(version.id for version in _newest_of(before))
    model = lock_model(model_id)
    if (model.selector, model.anchor_id) != (before.selector, before.anchor_id) or _stays_closed(model):
        return None  # its consumer has asked for something else in the meantime, or must do so
    _note_supply(model, supply)
    asked = Ask(versions, model.anchor, model.purpose, model.top_k, model.tuning)
    meant_alone = model.selector is not None
    allowed = asked.without_all_but(still_allowed(asked, consumer=model.organisation, each_alone=meant_alone))
    if len(allowed.versions) > MAX_EXPERTS:
        return None
    standing = standing_build(model, allowed)
    if standing is not None:
        return standing
    # What a selector does not get is not meant; what was named and is refused is on record.
    answer = ask_policies(allowed if model.selector else asked, consumer=model.organisation, by=by)
    rest = asked.without_all_but(answer.allowed)
    if not rest.versions or clashes_in(rest):
        return None
    return build_or_bring_back(model, rest, [d for d in answer.decisions if d.allowed], by=by)


def _note_supply(model: Model, supply: str) -> None:
    """What there was to choose from when its selector was looked up: as long as it is the same, so is the answer."""
    if model.followed != supply:
        model.followed = supply
        model.save(update_fields=["followed"])


def _newest_of(model: Model) -> list[ExpertVersion]:
    selector = selector_of(model)
    if selector is not None:
        return versions_selected(selector, model.anchor)
    newest = [approved_versions_of(expert).first() for expert in model.experts.all()]
    return [version for version in newest if version is not None]


def _stays_closed(model: Model) -> bool:
    return model.selector is not None and is_closed(model)


@transaction.atomic
def set_tag(model_id: UUID, tag: str, *, revision: str, by: Actor) -> Tag:
    """Name a served revision. A tag that stands elsewhere is moved; one that stands there already stays."""
    check_tag_name(tag)
    model = lock_model(model_id)
    demand_role(by, Role.CONSUMER, model.organisation)
    composition = get_revision(model, revision)
    known = model.tags.filter(name=tag).first()
    if known is not None and known.composition_id == composition.id:
        return known
    if known is None and model.tags.count() >= MAX_TAGS:
        raise Invalid(f"{model} has {MAX_TAGS} tags, and no model has more; remove one first.")
    row = known or Tag(model=model, name=tag)
    row.composition = composition
    row.save()
    facts = {"tag": tag, "revision": composition.revision}
    record(Event.TAG_SET, about=f"model:{model}", by=by, facts=facts)
    return row


@transaction.atomic
def remove_tag(model_id: UUID, tag: str, *, by: Actor) -> None:
    model = lock_model(model_id)
    demand_role(by, Role.CONSUMER, model.organisation)
    row = model.tags.filter(name=tag).select_related("composition").first()
    if row is None:
        raise NotFound(f"{model} has no tag {tag[:40]}.")
    facts = {"tag": tag, "revision": row.composition.revision}
    row.delete()
    record(Event.TAG_REMOVED, about=f"model:{model}", by=by, facts=facts)


@transaction.atomic
def start_assembly(composition_id: UUID, *, by: Actor) -> Composition:
    composition = lock_composition(composition_id)
    if composition.state != S.ASSEMBLING:
        move(composition, S.ASSEMBLING, by=by)
    return composition


@transaction.atomic
def record_shard(data_digest: str, slot: int, *, digest: str, size: int, key: str, by: Actor) -> Shard:
    """A shard lies whole under its key. Whoever was first has recorded it. WrongState when they are withdrawn."""
    states = set(ExpertVersion.objects.filter(data_digest=data_digest).values_list("state", flat=True))
    if VersionState.WITHDRAWN in states and not states & STILL_WANTED:
        raise WrongState(f"The weights {data_digest} were withdrawn; nothing is made of them.")
    shard, new = Shard.objects.get_or_create(
        data_digest=data_digest,
        slot=slot,
        defaults={"digest": digest, "size": size, "key": key, "made_at": timezone.now()},
    )
    if new:
        facts = {"data_digest": data_digest, "slot": slot, "size": size}
        record(Event.SHARD_MADE, about=f"shard:{digest}", by=by, facts=facts)
    return shard


@transaction.atomic
def record_assembled(
    composition_id: UUID, *, manifest: dict[str, Any], files: Sequence[FileRow], by: Actor
) -> Composition:
    """All files are placed: the build has its revision, and waits to be tried."""
    composition = lock_composition(composition_id)
    if composition.state == S.VALIDATING:
        return composition
    read = read_manifest(canonical(manifest))
    if read.recipe.value() != composition.recipe:
        raise WrongState(f"{composition} was assembled from another recipe than its own; assemble it again.")
    composition.manifest = manifest
    composition.revision = read.revision()
    _add_files(composition, files)
    move(composition, S.VALIDATING, by=by, facts={"revision": composition.revision})
    after_commit(Job.VALIDATE_COMPOSITION, composition.id)
    return composition


@transaction.atomic
def include_composition(
    composition_id: UUID,
    *,
    validation: dict[str, Any],
    papers: Sequence[FileRow] = (),
    sha256: Mapping[str, str] = MappingProxyType({}),
    by: Actor,
) -> Composition:
    """It was tried and is sound: its inclusions go on record, with the digests of its papers. It is served once the
    published log shows them.

    `sha256` are the plain digests (hex) of its files, as far as they came to be known. A build whose expert was
    withdrawn in the meantime is cancelled instead.
    """
    composition, slots, versions, _ = _lock_for_publication(composition_id)
    if composition.state in SERVED | {S.PROVING} or cancelled_as_unfit(composition, versions, by=by):
        return composition
    composition.validation = validation
    composition.progress = {}
    _add_files(composition, papers)
    _note_sha256(composition, sha256)
    for version in versions:
        _include(composition, version, slots[version.id], by=by)
    facts: dict[str, Any] = {
        "consumer": composition.model.organisation.slug,
        "purpose": composition.model.purpose,
        "revision": composition.revision,
        "manifest_digest": digest_of(composition.manifest),
        "inclusions": [
            {
                "version": str(version),
                "slot": slots[version.id],
                "data_digest": version.data_digest,
                "status_index": version.status_index,
            }
            for version in versions
        ],
    }
    if papers:
        facts["papers"] = {paper.path: paper.digest for paper in papers}
    composition.included_entry = move(composition, S.PROVING, by=by, facts=facts)
    composition.save(update_fields=["included_entry"])
    after_commit(Job.PUBLISH_COMPOSITION, composition.id)
    return composition


@transaction.atomic
def publish_composition(
    composition_id: UUID,
    *,
    proof: Sequence[FileRow],
    sha256: Mapping[str, str] = MappingProxyType({}),
    by: Actor,
) -> Composition:
    """Serve it, with the proof of its inclusion and the signature beside its files, and move `main`. No proof, no
    download: WrongState while its inclusions are not under a published checkpoint.
    """
    composition, _, versions, model = _lock_for_publication(composition_id)
    if composition.state in SERVED or cancelled_as_unfit(composition, versions, by=by):
        return composition
    if composition.included_entry is None or not is_published(composition.included_entry):
        raise WrongState(f"The inclusions of {composition} are not in the published log yet.")
    _add_files(composition, proof)
    _note_sha256(composition, sha256)
    composition.published_at = timezone.now()
    facts = {"revision": composition.revision, "data_digests": [version.data_digest for version in versions]}
    move(composition, S.PUBLISHED, by=by, facts=facts)
    move_main(model, composition, by=by)
    return composition


def _lock_for_publication(
    composition_id: UUID,
) -> tuple[Composition, dict[UUID, int], list[ExpertVersion], Model]:
    found = get_composition(composition_id)
    slots = {version.id: slot for slot, version in versions_in(found)}
    versions = lock_versions(slots)
    model = lock_model(found.model_id)
    return lock_composition(composition_id), slots, versions, model


def _add_files(composition: Composition, files: Sequence[FileRow]) -> None:
    rows = RepositoryFile.objects.bulk_create(
        RepositoryFile(composition=composition, path=f.path, size=f.size, digest=f.digest, sha256=f.sha256, key=f.key)
        for f in files
    )
    papers = [Paper(file=row, data=f.data) for row, f in zip(rows, files, strict=True) if f.data is not None]
    Paper.objects.bulk_create(papers)


def _note_sha256(composition: Composition, sha256: Mapping[str, str]) -> None:
    """What came to be known of a file is known of it in every build that shares it. Rows are taken in one order."""
    unknown = composition.files.filter(sha256="", path__in=sha256)
    by_key = {key: sha256[path] for path, key in unknown.values_list("path", "key")}
    shards = list(Shard.objects.select_for_update().filter(sha256="", key__in=by_key).order_by("key"))
    files = list(RepositoryFile.objects.select_for_update().filter(sha256="", key__in=by_key).order_by("key", "id"))
    rows: list[Shard | RepositoryFile] = [*shards, *files]
    for row in rows:
        row.sha256 = by_key[row.key]
    Shard.objects.bulk_update(shards, ["sha256"], batch_size=500)
    RepositoryFile.objects.bulk_update(files, ["sha256"], batch_size=500)


def _include(composition: Composition, version: ExpertVersion, slot: int, *, by: Actor) -> None:
    Inclusion.objects.create(composition=composition, version=version, slot=slot)
    facts = {
        "composition": str(composition.id),
        "revision": composition.revision,
        "model": str(composition.model),
        "consumer": composition.model.organisation.slug,
        "purpose": composition.model.purpose,
        "slot": slot,
        "data_digest": version.data_digest,
    }
    record(Event.INCLUSION_RECORDED, about=str(version), by=by, facts=facts)


@transaction.atomic
def fail_composition(composition_id: UUID, *, reason: str, by: Actor) -> Composition:
    """Give up a build, with the reason. One that has ended stays as it ended."""
    composition = lock_composition(composition_id)
    if composition.state in RUNNING:
        composition.failure = reason
        move(composition, S.FAILED, by=by, private={"reason": reason})
    return composition


@transaction.atomic
def cancel_composition(composition_id: UUID, *, by: Actor) -> Composition:
    """Stop a build that runs, at the wish of whoever may request it."""
    composition = lock_composition(composition_id)
    demand_role(by, Role.CONSUMER, composition.model.organisation)
    if composition.state != S.CANCELLED:
        cancel(composition, reason="It was cancelled on request.", by=by)
    return composition


@transaction.atomic
def block_compositions_with(
    version_id: UUID, *, reason: str, by: Actor, models_at_once: int | None = None
) -> list[Composition]:
    """Take what holds this version out of use: builds that run, revisions that are served, `main`.

    What comes back is what was hit, each with its model as it is now. Of many models it does `models_at_once`; call
    again until nothing comes back.
    """
    [version] = lock_versions([version_id])
    builds = compositions_with(version)
    wanted = builds.order_by("model_id").values_list("model_id", flat=True).distinct()
    models = {model.id: model for model in lock_models(wanted[:models_at_once])}
    hit = lock_builds(builds.filter(model__in=models).values_list("id", flat=True))
    for composition in hit:
        composition.model = models[composition.model_id]
    block_all(hit, reason=reason, by=by)
    return hit


@transaction.atomic
def block_clashing(composition_id: UUID, *, by: Actor) -> tuple[Composition | None, str]:
    """Ask the licences of a served revision again, and block it when they no longer go together; with the sentence."""
    composition, _, versions, model = _lock_for_publication(composition_id)
    if composition.state not in SERVED:
        return None, ""
    asked = Ask(versions, model.anchor, model.purpose, model.top_k, model.tuning)
    found = list(dict.fromkeys(clash["reason"] for clash in clashes_in(asked)))
    if not found:
        composition.terms_digest = digest_now(versions, anchor=model.anchor, purpose=model.purpose)
        composition.save(update_fields=["terms_digest"])
        return None, ""
    sentence = f"The licences in revision {composition.revision[:12]} no longer go together. {' '.join(found)}"
    composition.model = model
    block_all([composition], reason=sentence, by=by)
    return composition, sentence
