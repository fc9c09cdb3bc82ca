"""Models, their builds and their revisions, read; who may see which starts here."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from flexcore.manifest import TEXT_PATH
from registry import storage
from registry.accounts.models import Organisation
from registry.accounts.queries import reach_of
from registry.actors import Actor
from registry.compositions.credits import AnchorCredit, Described, ExpertCredit
from registry.compositions.models import (
    RUNNING,
    SERVED,
    Composition,
    CompositionState,
    Inclusion,
    Model,
    RepositoryFile,
    Shard,
    Tag,
)
from registry.compositions.rules import MAIN, REVISION
from registry.compositions.selectors import experts_selected, selector_of
from registry.compositions.texts import repository_texts_of
from registry.digests import sha256
from registry.errors import Invalid, NotFound
from registry.evidence.models import LicenceTerms, Provenance
from registry.evidence.rules import PURPOSES
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.experts.queries import visible_experts, visible_versions
from registry.policy.queries import COMPOSE, DOWNLOAD, explain_all
from registry.policy.rules import Verdict

SHARDS = "shards/"  # where composed weights lie, by the digest of the data
FILES = "files/"  # where small composed files lie, by digest
OUT_FOR_GOOD = {VersionState.WITHDRAWN: "withdrawn", VersionState.REJECTED: "rejected"}


class RevisionNotFound(NotFound):
    """The model has no such revision, or has it no longer; `withdrawn` names what was taken out of it."""

    code = "revision-not-found"
    title = "There is no such revision"

    def __init__(self, detail: str, *, withdrawn: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.withdrawn = tuple(withdrawn)


def models_seen_by(actor: Actor) -> QuerySet[Model]:
    """The models of the actor's organisations, or all for those whose work is to look; `newest_builds` has one each."""
    newest_build = Composition.objects.order_by("model", "-created_at", "id").distinct("model")
    return (
        Model.objects.filter(reach_of(actor).rows())
        .select_related("organisation", "anchor", "main")
        .prefetch_related("experts__organisation", Prefetch("compositions", newest_build, to_attr="newest_builds"))
        .order_by("-created_at", "id")
    )


def find_models(actor: Actor, *, organisation: str = "", q: str = "") -> QuerySet[Model]:
    """Those that the actor sees, narrowed down: each word of `q` stands in the organisation's name or the model's."""
    rows = models_seen_by(actor)
    if organisation:
        rows = rows.filter(organisation__slug=organisation)
    for word in q.replace("/", " ").split():
        rows = rows.filter(Q(name__icontains=word) | Q(organisation__slug__icontains=word))
    return rows


def compositions_seen_by(actor: Actor) -> QuerySet[Composition]:
    rows = Composition.objects.filter(reach_of(actor).rows("model__organisation"))
    return rows.select_related("model__organisation", "model__anchor")


def get_model(organisation: str, name: str, *, seen_by: Actor) -> Model:
    model = models_seen_by(seen_by).filter(organisation__slug=organisation, name=name).first()
    if model is None:
        raise NotFound(f"There is no model called {organisation}/{name} that you may see.")
    return model


def get_composition(composition_id: UUID, *, seen_by: Actor | None = None) -> Composition:
    """A build by its id; `seen_by` narrows it to what this person may know of."""
    rows = Composition.objects.select_related("model__organisation", "model__anchor")
    if seen_by is not None:
        rows = compositions_seen_by(seen_by)
    composition = rows.filter(id=composition_id).first()
    if composition is None:
        raise NotFound("There is no such composition.")
    return composition


def get_revision(model: Model, revision: str) -> Composition:
    """What `main`, a tag or a revision of 40 hex digits stands for now; RevisionNotFound says what became of it."""
    revision = _untagged(model, revision)
    rows = Composition.objects.filter(model=model)
    if revision == MAIN:
        found = rows.filter(id=model.main_id, state__in=SERVED).first() if model.main_id else None
    else:
        rows = rows.filter(revision=revision) if revision else rows.none()
        found = rows.filter(state__in=SERVED).first()
    if found is not None:
        found.model = model  # with its organisation and anchor, as it was fetched
        return found
    gone = rows.filter(state=CompositionState.WITHDRAWN).order_by("-created_at").first()
    if gone is None:
        raise RevisionNotFound(f"{model} has no revision {revision[:40]}.")
    raise RevisionNotFound(_why_gone(gone, model, is_main=revision == MAIN), withdrawn=map(str, withdrawn_from(gone)))


def _why_gone(gone: Composition, model: Model, *, is_main: bool) -> str:
    held = [version for _, version in versions_in(gone)]
    for state, word in OUT_FOR_GOOD.items():
        if names := " and ".join(str(version) for version in held if version.state == state):
            if is_main:
                return f"{names} was {word} and {model} has no revision without it yet."
            return f"{names} was {word}, and so was every revision that holds it; load main instead."
    why = gone.failure or "An expert was withdrawn."
    return f"{why} {model} has no other revision yet." if is_main else f"{why} Load main instead."


def _untagged(model: Model, revision: str) -> str:
    """The revision that a tag names; anything else is what it was."""
    if revision == MAIN or REVISION.fullmatch(revision):
        return revision
    tag = Tag.objects.select_related("composition").filter(model=model, name=revision).first()
    return tag.composition.revision if tag else revision


def revisions_of(model: Model) -> QuerySet[Composition]:
    """All that were ever published, also what has been withdrawn since; each with its experts and its tags."""
    experts = Inclusion.objects.select_related("version__expert__organisation").order_by("slot")
    tags = Tag.objects.order_by("name")
    return model.compositions.exclude(published_at=None).prefetch_related(
        Prefetch("inclusions", experts), Prefetch("tags", tags)
    )


def get_published(model: Model, revision: str) -> Composition:
    """What was published under this revision, tag or `main`, whether or not it is still served."""
    rows = revisions_of(model)
    if revision == MAIN:
        found = rows.filter(id=model.main_id).first() if model.main_id else None
    else:
        found = rows.filter(revision=_untagged(model, revision)).order_by("-published_at").first()
    if found is None:
        raise RevisionNotFound(f"{model} has no revision {revision[:40]}.")
    return found


def tags_of(model: Model) -> QuerySet[Tag]:
    """Those whose revision is served."""
    return model.tags.filter(composition__state__in=SERVED).select_related("composition").order_by("name")


def shards_of(data_digest: str) -> str:
    """Where in the store all shards of these weights lie, of whichever slot."""
    return f"{SHARDS}{data_digest.removeprefix('sha256:')}/"


def is_shard(key: str) -> bool:
    return Shard.objects.filter(key=key).exists()


def withdrawn_from(composition: Composition) -> list[ExpertVersion]:
    """The withdrawn versions that a build holds."""
    return [version for _, version in versions_in(composition) if version.state == VersionState.WITHDRAWN]


def versions_in(composition: Composition) -> list[tuple[int, ExpertVersion]]:
    """The expert versions of a build with their slots (from 1), as its recipe names them, published or not."""
    entries = composition.recipe.get("experts", [])
    wanted = Q(pk__in=[])
    for entry in entries:
        organisation, _, expert = entry["name"].partition("/")
        wanted |= Q(expert__organisation__slug=organisation, expert__name=expert, number=entry["version"])
    found = {
        (str(version.expert), version.number): version
        for version in ExpertVersion.objects.filter(wanted).select_related("expert__organisation", "expert__anchor")
    }
    return [(slot, found[(entry["name"], entry["version"])]) for slot, entry in enumerate(entries, start=1)]


def repository_texts(composition: Composition) -> dict[str, bytes]:
    """Credits, licences in full, bill of materials, how to load. They follow from the recipe and the evidence alone."""
    anchor = composition.model.anchor
    credit = AnchorCredit(name=anchor.name, licence=anchor.licence, digest=anchor.digest)
    experts = [_credit(slot, version) for slot, version in versions_in(composition)]
    recipe = composition.recipe
    return repository_texts_of(
        credit, experts, top_k=recipe["top_k"], recipe_digest=composition.recipe_digest, tuned="tuning" in recipe
    )


def content_of(file: RepositoryFile) -> bytes:
    """All bytes of a small file."""
    if not file.key:
        return bytes(file.paper.data)
    return b"".join(storage.stream(file.key)) if file.size else b""


def twin_of(composition: Composition) -> Composition | None:
    """Another model's living build of the same recipe and the same texts, put together already: its files are ours."""
    assembled = {CompositionState.VALIDATING, CompositionState.PROVING} | SERVED
    twins = Composition.objects.filter(recipe_digest=composition.recipe_digest, state__in=assembled)
    twin = twins.exclude(id=composition.id).order_by("created_at").first()
    if twin is None:
        return None
    theirs = {path: digest for path, digest in twin.files.values_list("path", "digest") if TEXT_PATH.fullmatch(path)}
    ours = {path: sha256(text) for path, text in repository_texts(composition).items()}
    return twin if theirs == ours else None


def _credit(slot: int, version: ExpertVersion) -> ExpertCredit:
    terms = LicenceTerms.objects.get(version=version)
    return ExpertCredit(
        slot=slot,
        name=str(version.expert),
        version=version.number,
        title=version.expert.title,
        owner=version.expert.organisation.name,
        declared=terms.declared,
        concluded=terms.concluded,
        attribution=terms.attribution,
        licence_text=terms.text,
        data_digest=version.data_digest,
        described=_described(version),
    )


def _described(version: ExpertVersion) -> Described:
    stated = Provenance.objects.filter(version=version).first()
    statement, card = stated.statement if stated else {}, version.data_card
    return Described(
        trained_by=str(statement.get("trained_by", "")),
        code=str(statement.get("code", "")),
        dataset=str(statement.get("dataset", "")),
        data_name=str(card.get("name", "")),
        languages=", ".join(map(str, card.get("inLanguage", []))),
        personal_data=tuple(map(str, card.get("rai:personalSensitiveInformation", []))),
        signed_with=stated.key_fingerprint if stated and stated.signature_verified else "",
    )


def tried_before(composition: Composition) -> dict[str, object] | None:
    """What the trial of the same revision found, of this model or another: the same name is the same bytes."""
    same = Composition.objects.filter(recipe_digest=composition.recipe_digest, revision=composition.revision)
    rows = same.exclude(included_entry=None)
    found = rows.exclude(id=composition.id).exclude(validation={}).values_list("validation", flat=True).first()
    return dict(found) if found else None


def stuck_compositions(older_than: timedelta) -> QuerySet[Composition]:
    """Builds that should be running and that nobody has touched for a while."""
    return Composition.objects.filter(state__in=RUNNING, changed_at__lt=timezone.now() - older_than).order_by(
        "changed_at"
    )


def compositions_with(version: ExpertVersion) -> QuerySet[Composition]:
    """Builds with this version in them: those that run, and those that are served."""
    published = Inclusion.objects.filter(version=version).values("composition")
    running = Q(state__in=RUNNING, decisions__version=version)
    return Composition.objects.filter(Q(state__in=SERVED, id__in=published) | running).distinct()


def affected_models(version: ExpertVersion) -> QuerySet[Model]:
    """Models with a running or served build that holds this version."""
    return Model.objects.filter(id__in=compositions_with(version).values("model")).select_related(
        "organisation", "main"
    )


def candidates(experts: Iterable[Expert], *, seen_by: Actor) -> dict[UUID, ExpertVersion]:
    """Of each expert the version that a request means: the newest approved one, else the newest that the actor may
    know of. In the experts' order; one that has nothing to offer is not in it.
    """
    wanted = [expert.id for expert in experts]
    rows = visible_versions(seen_by).filter(expert__in=wanted).exclude(state=VersionState.DRAFT).order_by("number")
    newest: dict[UUID, ExpertVersion] = {}
    approved: dict[UUID, ExpertVersion] = {}
    for version in rows:
        newest[version.expert_id] = version
        if version.state == VersionState.APPROVED:
            approved[version.expert_id] = version
    found = newest | approved
    return {expert: found[expert] for expert in wanted if expert in found}


def experts_beside(anchor: Anchor, *, seen_by: Actor) -> QuerySet[Expert]:
    """What there is to choose from for a model of this anchor."""
    return visible_experts(seen_by).filter(anchor=anchor).order_by("organisation__slug", "name")


def explain(
    *, consumer: Organisation, anchor: Anchor, purpose: str, seen_by: Actor
) -> list[tuple[ExpertVersion, Verdict]]:
    """Each expert of the anchor with what the policies would say of it now. Nothing is stored."""
    if purpose not in PURPOSES:
        raise Invalid(f'"{purpose[:40]}" is not a purpose we know; choose one of {", ".join(PURPOSES)}.')
    experts = experts_beside(anchor, seen_by=seen_by)
    return verdicts_on(experts, consumer=consumer, anchor=anchor, purpose=purpose, seen_by=seen_by)


def verdicts_on(
    experts: Iterable[Expert],
    *,
    consumer: Organisation,
    anchor: Anchor,
    purpose: str,
    seen_by: Actor,
    together: bool = False,
) -> list[tuple[ExpertVersion, Verdict]]:
    """What the policies would say now of the version that each expert would come with, and what would change that.

    Each as if it were asked for alone, unless they are meant `together`.
    """
    versions = list(candidates(experts, seen_by=seen_by).values())
    verdicts = explain_all(
        versions,
        consumer=consumer,
        action=COMPOSE,
        purpose=purpose,
        anchor=anchor,
        experts=None if together else 1,
    )
    return list(zip(versions, verdicts, strict=True))


def explain_revision(composition: Composition) -> list[tuple[ExpertVersion, Verdict]]:
    """What the policies would say now to a download of this revision, of each expert in it."""
    model, versions = composition.model, [version for _, version in versions_in(composition)]
    verdicts = explain_all(versions, consumer=model.organisation, action=DOWNLOAD, purpose=model.purpose)
    return list(zip(versions, verdicts, strict=True))


def explain_model(model: Model, *, seen_by: Actor) -> list[tuple[ExpertVersion, Verdict]]:
    """The same for what a model asks for: which of it there is in the model, and why not the rest."""
    selector = selector_of(model)
    experts: Iterable[Expert] = model.experts.select_related("organisation").order_by("organisation__slug", "name")
    if selector is not None:
        meant = experts_selected(selector, model.anchor)
        experts = experts_beside(model.anchor, seen_by=seen_by).filter(**meant)
    return verdicts_on(
        experts,
        consumer=model.organisation,
        anchor=model.anchor,
        purpose=model.purpose,
        seen_by=seen_by,
        together=selector is None,
    )
