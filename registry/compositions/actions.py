"""Requesting models, and moving their builds from state to state. Each move and its event land together.

What workers call may be called again: in the state that it leads to, it changes and records nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
from registry.compositions.builds import (
    block,
    cancel,
    cancel_running,
    clear_main,
    lock_composition,
    lock_model,
    lock_versions,
    move,
    move_main,
    start_build,
)
from registry.compositions.models import (
    RUNNING,
    SERVED,
    Composition,
    CompositionState,
    Inclusion,
    Model,
    OnWithdrawal,
    RepositoryFile,
    Shard,
)
from registry.compositions.queries import compositions_with, get_composition, versions_in
from registry.compositions.requests import (
    Answer,
    Ask,
    ask_policies,
    read_wish,
    recipe_of,
    refused_recipe,
    same_wish,
    versions_meant,
)
from registry.compositions.rules import Wish, check_model_name, top_k_of
from registry.digests import canonical
from registry.errors import WrongState
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.experts.queries import approved_versions_of
from registry.jobs import Job, after_commit
from registry.policy.models import Decision
from registry.policy.queries import COMPOSE, judge

S = CompositionState


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a composed repository, as a worker placed it."""

    path: str
    size: int
    digest: str
    sha256: str  # hex, of the whole file; empty where it is not known yet
    key: str


@transaction.atomic
def request_model(
    organisation: str,
    name: str,
    *,
    anchor: str,
    experts: Sequence[str],
    purpose: str,
    top_k: int | None = None,
    on_withdrawal: str = OnWithdrawal.RECOMPOSE,
    by: Actor,
) -> Composition:
    """Ask for a model, for the first time or in another shape. The same request again is the same build.

    When the policies refuse, the build that comes back is `refused` and says why; a model that stands already stays
    as it was.
    """
    owner = get_organisation(organisation)
    demand_role(by, Role.CONSUMER, owner)
    check_model_name(name)
    wish, beside, rows = read_wish(
        anchor=anchor, experts=experts, purpose=purpose, top_k=top_k, on_withdrawal=on_withdrawal, by=by
    )
    versions = lock_versions(version.id for version in versions_meant(rows, by=by))
    fields = {"purpose": purpose, "top_k": wish.top_k, "on_withdrawal": on_withdrawal, "anchor": beside}
    found, new = Model.objects.get_or_create(
        organisation=owner, name=name, defaults=fields | {"created_by_id": by.person_id}
    )
    model = lock_model(found.id)
    if new:
        model.experts.set(rows)
        record(Event.MODEL_REQUESTED, about=f"model:{model}", by=by, facts=_told(wish))
    asked = Ask(versions=versions, anchor=beside, purpose=purpose, top_k=wish.top_k)
    if not new and same_wish(model, wish):
        standing = _standing_build(model, asked)
        if standing is not None:
            return standing
    answer = ask_policies(asked, consumer=owner, by=by)
    if answer.refusals:
        return _refuse(model, asked, answer, by=by)
    if not same_wish(model, wish):
        _change_wish(model, wish, beside, rows, by=by)
    return _build_or_bring_back(model, asked, answer.decisions, by=by)


@transaction.atomic
def request_composition(model_id: UUID, *, by: Actor) -> Composition | None:
    """Build a model again from what is left: its experts that still have an approved version and are still allowed.

    None when nothing is left. What the consumer asked for stays written down as it was.
    """
    newest = [approved_versions_of(expert).first() for expert in Model.objects.get(id=model_id).experts.all()]
    versions = lock_versions(version.id for version in newest if version is not None)
    model = lock_model(model_id)
    asked = Ask(versions=versions, anchor=model.anchor, purpose=model.purpose, top_k=model.top_k)
    answer = ask_policies(asked, consumer=model.organisation, by=by)
    left = answer.allowed
    if not left:
        facts = {"left_out": [str(version) for version in versions], "experts": []}
        record(Event.MODEL_REQUESTED, about=f"model:{model}", by=by, facts=facts)
        return None
    top_k = top_k_of(model.top_k, experts=len(left))
    rest = Ask(versions=left, anchor=model.anchor, purpose=model.purpose, top_k=top_k)
    return _build_or_bring_back(model, rest, [d for d in answer.decisions if d.allowed], by=by)


def _told(wish: Wish) -> dict[str, Any]:
    return {
        "anchor": wish.anchor,
        "experts": list(wish.experts),
        "purpose": wish.purpose,
        "top_k": wish.top_k,
        "on_withdrawal": str(wish.on_withdrawal),
    }


def _change_wish(model: Model, wish: Wish, anchor: Anchor, experts: Sequence[Expert], *, by: Actor) -> None:
    model.anchor = anchor
    model.purpose = wish.purpose
    model.top_k = wish.top_k
    model.on_withdrawal = wish.on_withdrawal
    model.save(update_fields=["anchor", "purpose", "top_k", "on_withdrawal"])
    model.experts.set(experts)
    record(Event.MODEL_CHANGED, about=f"model:{model}", by=by, facts=_told(wish))


def _standing_build(model: Model, asked: Ask) -> Composition | None:
    """The build that answers this request already, when the policies would still allow it."""
    verdicts = [
        judge(version, consumer=model.organisation, action=COMPOSE, purpose=asked.purpose, anchor=asked.anchor)
        for version in asked.versions
    ]
    if not all(verdict.allowed for verdict in verdicts):
        return None
    living = _living_build(model, recipe_of(asked)[1])
    return living if living and (living.state in RUNNING or living.id == model.main_id) else None


def _living_build(model: Model, recipe_digest: str) -> Composition | None:
    return Composition.objects.filter(model=model, recipe_digest=recipe_digest, state__in=RUNNING | SERVED).first()


def _build_or_bring_back(model: Model, asked: Ask, decisions: Sequence[Decision], *, by: Actor) -> Composition:
    """The living build of this recipe, back in its place; else a new one. Any other that still runs is cancelled."""
    recipe, digest = recipe_of(asked)
    living = _living_build(model, digest)
    cancel_running(model, reason="A newer request took its place.", but=living, by=by)
    if living is None:
        composition = start_build(
            model, recipe=recipe, recipe_digest=digest, decisions=decisions, purpose=asked.purpose, by=by
        )
        move(composition, S.DECIDED, by=by)
        after_commit(Job.COMPOSE, composition.id)
        return composition
    composition = lock_composition(living.id)
    composition.decisions.add(*decisions)
    if composition.state in SERVED:
        if composition.state == S.SUPERSEDED:
            move(composition, S.PUBLISHED, by=by, facts={"revision": composition.revision})
        move_main(model, composition, by=by)
    return composition


def _refuse(model: Model, asked: Ask, answer: Answer, *, by: Actor) -> Composition:
    """Keep the refusal. The same one to the same request, when it is the last word already, is not kept twice."""
    recipe, digest = refused_recipe(asked)
    latest = Composition.objects.filter(model=model).order_by("-created_at").first()
    last_word = (latest.state, latest.recipe_digest, latest.refusals) if latest else None
    if latest is not None and last_word == (S.REFUSED, digest, answer.refusals):
        return latest
    composition = start_build(
        model, recipe=recipe, recipe_digest=digest, decisions=answer.decisions, purpose=asked.purpose, by=by
    )
    composition.refusals = answer.refusals
    move(composition, S.REFUSED, by=by, facts={"refusals": answer.refusals})
    return composition


@transaction.atomic
def start_assembly(composition_id: UUID, *, by: Actor) -> Composition:
    composition = lock_composition(composition_id)
    if composition.state != S.ASSEMBLING:
        move(composition, S.ASSEMBLING, by=by)
    return composition


@transaction.atomic
def record_shard(data_digest: str, slot: int, *, digest: str, size: int, key: str, by: Actor) -> Shard:
    """A shard lies whole under its key. Whoever was first has recorded it."""
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
    RepositoryFile.objects.bulk_create(
        RepositoryFile(composition=composition, path=f.path, size=f.size, digest=f.digest, sha256=f.sha256, key=f.key)
        for f in files
    )
    move(composition, S.VALIDATING, by=by, facts={"revision": composition.revision})
    after_commit(Job.VALIDATE_COMPOSITION, composition.id)
    return composition


@transaction.atomic
def publish_composition(composition_id: UUID, *, validation: dict[str, Any], by: Actor) -> Composition:
    """Serve it: inclusions, their records and the move of `main` in one transaction.

    A build whose expert was withdrawn in the meantime is cancelled instead.
    """
    found = get_composition(composition_id)
    slots = {version.id: slot for slot, version in versions_in(found)}
    versions = lock_versions(slots)
    model = lock_model(found.model_id)
    composition = lock_composition(composition_id)
    if composition.state in SERVED:
        return composition
    unfit = [str(version) for version in versions if version.state != VersionState.APPROVED]
    if unfit and composition.state in RUNNING:
        cancel(composition, reason=f"{' and '.join(unfit)} was withdrawn while the model was built.", by=by)
        return composition
    composition.validation = validation
    composition.published_at = timezone.now()
    composition.progress = {}
    facts = {"revision": composition.revision, "data_digests": [version.data_digest for version in versions]}
    move(composition, S.PUBLISHED, by=by, facts=facts)
    for version in versions:
        _include(composition, version, slots[version.id], by=by)
    move_main(model, composition, by=by)
    return composition


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
        move(composition, S.FAILED, by=by, facts={"reason": reason})
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
def block_compositions_with(version_id: UUID, *, reason: str, by: Actor) -> list[Composition]:
    """Take everything that holds this version out of use: builds that run, revisions that are served, `main`.

    What comes back is what was hit, each with its model as it is now.
    """
    [version] = lock_versions([version_id])
    builds = compositions_with(version)
    hit = []
    for model in [lock_model(model_id) for model_id in sorted(set(builds.values_list("model_id", flat=True)))]:
        for build in builds.filter(model=model).order_by("created_at"):
            composition = lock_composition(build.id)
            composition.model = model
            if composition.state in RUNNING:
                cancel(composition, reason=reason, by=by)
            elif composition.state in SERVED:
                block(composition, reason=reason, by=by)
            if model.main_id == composition.id:
                clear_main(model, reason=reason, by=by)
            hit.append(composition)
    return hit
