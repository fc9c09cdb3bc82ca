"""What a deed would change, before it is done: which models would lose or gain which experts, and which consumers
would be answered otherwise.

Computed by the engine that decides, over the models that stand and the decisions of late. Nothing is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from registry.audit import clock
from registry.compositions.models import Inclusion, Model
from registry.compositions.queries import affected_models
from registry.compositions.selectors import experts_selected, selector_of, versions_selected
from registry.errors import Invalid, WrongState
from registry.evidence.licences import terms_of
from registry.experts.models import Expert, ExpertVersion, VersionState
from registry.experts.queries import get_version
from registry.policy.models import Decision
from registry.policy.queries import (
    COMPOSE,
    DOWNLOAD,
    ENGINE,
    Evidence,
    active_set,
    evidence_of,
    facts_for,
    may_be_composed,
)
from registry.policy.rereview import approved_versions, demands
from registry.policy.rules import Facts
from registry.policy.sets import get_policy_set
from registry.policy.shadow import DECISIONS, Shadow, as_it_is, sent_back_in_words, shadow_run
from registry.reviews.queries import AWAITING


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model that would no longer be what it is. What it loses is refused to it from then on, by these rules."""

    model: Model
    loses: tuple[str, ...]
    gains: tuple[str, ...]
    rules: tuple[str, ...]

    @property
    def by_itself(self) -> bool:
        """It follows a selector, or loses something; otherwise it changes when it is asked for again."""
        return self.model.selector is not None or bool(self.loses)


@dataclass(frozen=True, slots=True)
class Foresight:
    models: tuple[ModelChange, ...]
    decisions: Shadow
    sent_back: tuple[str, ...] = ()  # approved versions that would be reviewed again

    @property
    def sentence(self) -> str:
        count = len(self.models)
        models = f"This changes {count} model{'' if count == 1 else 's'}" if count else "This changes no model"
        owners = len({change.model.organisation_id for change in self.models})
        whose = f" of {owners} consumer{'' if owners == 1 else 's'}" if count else ""
        return f"{models}{whose}. {self.decisions.sentence} {sent_back_in_words(self.sent_back)}".strip()


@dataclass(frozen=True, slots=True)
class Deed:
    """What is thought of: the text that would decide, what becomes of the facts, and whose past is looked at."""

    text: str
    change: Callable[[Facts], Facts] = as_it_is
    version: ExpertVersion | None = None  # the one that would be new
    recalls: ExpertVersion | None = None  # the one that would be taken out of the models that hold it


def approving(version_id: UUID) -> Deed:
    version = _awaited(version_id, "approved")

    def change(facts: Facts) -> Facts:
        if facts.subject.name != str(version):
            return facts
        return replace(facts, subject=replace(facts.subject, state=VersionState.APPROVED.value))

    return Deed(active_set().text, change, version)


def rejecting(version_id: UUID) -> Deed:
    """What holds it, where it was approved once, is blocked; nothing holds what is verified for the first time."""
    version = _awaited(version_id, "rejected")
    return Deed(active_set().text, recalls=version)


def _awaited(version_id: UUID, become: str) -> ExpertVersion:
    version = get_version(version_id)
    if version.state not in AWAITING:
        raise WrongState(f"{version} is {version.state}; only a verified or suspended version can be {become}.")
    return version


def activating(number: int) -> Deed:
    return Deed(get_policy_set(number).text)


def reclassifying(licence: str, *, into: str) -> Deed:
    """As if compliance concluded `into` wherever `licence` counts now."""
    terms = terms_of(into)
    if not licence.strip():
        raise Invalid("Name the licence that would be reclassified, as the versions have it.")

    def change(facts: Facts) -> Facts:
        if facts.subject.licence != licence:
            return facts
        return replace(
            facts,
            subject=replace(
                facts.subject,
                licence=into,
                licence_known=terms.known,
                commercial_use=terms.commercial_use,
                derivatives=may_be_composed(terms),
            ),
        )

    return Deed(active_set().text, change)


def foresee(deed: Deed, *, decisions: int = DECISIONS) -> Foresight:
    before = active_set().text
    about = deed.version or deed.recalls
    among = Decision.objects.filter(version=about) if about is not None else None
    past = shadow_run(before, deed.text, change=deed.change, among=among, decisions=decisions)
    sent_back = [] if deed.text == before else demands(deed.text, approved_versions())
    models = _models_recalled(deed.recalls) if deed.recalls is not None else _models_changed(before, deed)
    return Foresight(tuple(models), past, tuple(str(one.version) for one in sent_back))


def _models_recalled(version: ExpertVersion) -> list[ModelChange]:
    models = affected_models(version).order_by("organisation__slug", "name")
    return [ModelChange(model, loses=(str(version),), gains=(), rules=()) for model in models]


def _models_changed(before: str, deed: Deed) -> list[ModelChange]:
    models = list(Model.objects.select_related("organisation", "anchor").order_by("organisation__slug", "name"))
    held = _held_by([model.main_id for model in models if model.main_id is not None])
    meant = {model.id: _would_mean(model, deed.version) for model in models}
    versions = {version.id: version for group in (*held.values(), *meant.values()) for version in group}
    evidence = evidence_of(list(versions.values()))
    changes = []
    for model in models:
        holds = held.get(model.main_id, []) if model.main_id else []
        others = [version for version in meant[model.id] if version not in holds]
        change = _change_of(model, holds=holds, others=others, before=before, deed=deed, evidence=evidence)
        if change is not None:
            changes.append(change)
    return changes


def _held_by(builds: Sequence[UUID]) -> dict[UUID, list[ExpertVersion]]:
    held: dict[UUID, list[ExpertVersion]] = {}
    rows = Inclusion.objects.filter(composition__in=builds).select_related(
        "version__expert__organisation", "version__expert__anchor"
    )
    for row in rows.order_by("composition", "slot"):
        held.setdefault(row.composition_id, []).append(row.version)
    return held


def _would_mean(model: Model, version: ExpertVersion | None) -> list[ExpertVersion]:
    """What it asks for beside what it holds: what its selector matches, and the version that would be new."""
    selector = selector_of(model)
    found = versions_selected(selector, model.anchor) if selector is not None else []
    if version is None:
        return found
    if selector is not None:
        wanted = Expert.objects.filter(**experts_selected(selector, model.anchor), id=version.expert_id).exists()
    else:
        wanted = model.experts.filter(id=version.expert_id).exists()
    return [*found, version] if wanted else found


def _change_of(
    model: Model,
    *,
    holds: Sequence[ExpertVersion],
    others: Sequence[ExpertVersion],
    before: str,
    deed: Deed,
    evidence: Evidence,
) -> ModelChange | None:
    loses: list[str] = []
    gains: list[str] = []
    rules: set[str] = set()
    questions = [(holds, DOWNLOAD, max(1, len(holds))), (holds, COMPOSE, max(1, len(holds))), (others, COMPOSE, 1)]
    for versions, action, experts in questions:
        facts = facts_for(
            versions,
            consumer=model.organisation,
            action=action,
            purpose=model.purpose,
            anchor=model.anchor,
            experts=experts,
            now=clock.now(),
            evidence=evidence,
        )
        was = ENGINE.decide_all(before, facts)
        would = ENGINE.decide_all(deed.text, [deed.change(one) for one in facts])
        for version, then, now in zip(versions, was, would, strict=True):
            if then.allowed == now.allowed:
                continue
            (gains if now.allowed else loses).append(str(version))
            rules |= {reason.policy for reason in (then if now.allowed else now).reasons}
    if not loses and not gains:
        return None
    return ModelChange(model, tuple(dict.fromkeys(loses)), tuple(dict.fromkeys(gains)), tuple(sorted(rules)))
