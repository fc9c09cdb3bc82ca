"""The state as the tables have it, in the words of the log."""

from collections.abc import Callable
from datetime import UTC

from registry.accounts.models import ApiToken, Invitation, Membership, Organisation, Person, SigningKey
from registry.actors import person
from registry.compositions.models import Composition, Inclusion, Model
from registry.digests import digest_of
from registry.evidence.models import ConsentReceipt, ConsentRecord, EvidenceFile, LicenceTerms, Provenance
from registry.experts.models import Anchor, Expert, ExpertVersion, UploadedFile
from registry.notices.models import Delivery, Webhook
from registry.policy.models import PolicySet, Quarantine
from registry.replay.from_log import review_name
from registry.replay.state import State
from registry.reviews.models import Question, Review, ReviewClaim, Suspension
from registry.usage.models import Download
from registry.withdrawals.models import Certificate, LegalHold, Recall, Withdrawal

VERSION = ("version__expert__organisation",)


def state_from_rows() -> State:
    state = State()
    for fill in FILLERS:
        fill(state)
    return state


def _people(state: State) -> None:
    for organisation in Organisation.objects.all():
        state.of("organisation", organisation.slug)["jurisdiction"] = organisation.jurisdiction
    for somebody in Person.objects.all():
        state.of("person", str(somebody.id))["active"] = somebody.is_active
    for held in Membership.objects.select_related("organisation"):
        roles = state.of("person", str(held.person_id)).setdefault("roles", [])
        roles.append(f"{held.role} in {held.organisation.slug}")
        roles.sort()
    for token in ApiToken.objects.all():
        facts = {"person": f"person:{token.person_id}", "revoked": token.revoked_at is not None}
        state.of("token", str(token.id)).update(facts)
    for invitation in Invitation.objects.select_related("organisation"):
        settled = "accepted" if invitation.accepted_at else "revoked" if invitation.revoked_at else "open"
        facts = {"organisation": invitation.organisation.slug, "role": invitation.role, "state": settled}
        state.of("invitation", str(invitation.id)).update(facts)
    for key in SigningKey.objects.select_related("organisation"):
        facts = {"organisation": key.organisation.slug, "fingerprint": key.fingerprint}
        state.of("signing key", str(key.id)).update(facts, revoked=key.revoked_at is not None)


def _experts(state: State) -> None:
    for anchor in Anchor.objects.all():
        facts = {"licence": anchor.licence, "state": anchor.state}
        if anchor.digest:
            facts |= {"digest": anchor.digest, "data_digest": anchor.data_digest}
        state.of("anchor", anchor.slug).update(facts)
    for expert in Expert.objects.select_related("organisation", "anchor"):
        facts = {"anchor_digest": expert.anchor.digest, "domain": expert.domain}
        state.of("expert", str(expert)).update(facts)
    for version in ExpertVersion.objects.select_related("expert__organisation", "signed_with"):
        _version(state, version)
    for file in UploadedFile.objects.select_related("anchor", "version__expert__organisation"):
        told = "complete" if file.completed_at else "under way"
        state.of("files", str(file.version or file.anchor))[file.path] = f"{file.sha256} {told}"


def _version(state: State, version: ExpertVersion) -> None:
    facts = state.of("version", str(version))
    facts["state"] = version.state
    if version.data_digest:
        facts |= {"data_digest": version.data_digest, "router_digest": version.router_digest}
    if version.signed_with:
        facts["signed_with"] = version.signed_with.fingerprint
    if version.approved_at:
        facts["registration"] = version.expert.registration


def _evidence(state: State) -> None:
    for terms in LicenceTerms.objects.select_related(*VERSION):
        facts = state.of("licence", str(terms.version))
        facts["declared"] = terms.declared
        if terms.valid_until is not None:
            facts["valid_until"] = terms.valid_until.astimezone(UTC).isoformat()
        if terms.concluded:
            facts["concluded"] = terms.concluded
    for consent in ConsentRecord.objects.select_related(*VERSION):
        names = ("legal_basis", "purposes", "recipients", "jurisdictions")
        state.of("consent", str(consent.version)).update({name: getattr(consent, name) for name in names})
    for provenance in Provenance.objects.select_related(*VERSION):
        facts = state.of("provenance", str(provenance.version))
        facts["statement_digest"] = digest_of(provenance.statement)
        if provenance.signature_verified:
            facts |= {"signature_verified": True, "key": provenance.key_fingerprint}
    for review in Review.objects.select_related(*VERSION):
        name = review_name(str(person(review.reviewer_id)), review.round)
        state.of("reviews", str(review.version))[name] = review.verdict


def _documents(state: State) -> None:
    for file in EvidenceFile.objects.select_related(*VERSION):
        facts = {name: getattr(file, name) for name in ("kind", "media_type", "size", "sha256")}
        state.of("evidence file", str(file.id)).update(facts, about=str(file.version))
    for receipt in ConsentReceipt.objects.select_related("consent__version__expert__organisation"):
        state.of("receipts", str(receipt.consent.version))[receipt.state] = receipt.digest


def _reviews(state: State) -> None:
    for claim in ReviewClaim.objects.select_related(*VERSION):
        facts = {"by": str(person(claim.reviewer_id)), "until": claim.until.astimezone(UTC).isoformat()}
        state.of("review claim", str(claim.version)).update(facts)
    for question in Question.objects.select_related(*VERSION):
        answered = question.answered_at is not None
        state.of("question", str(question.id)).update(about=str(question.version), answered=answered)
    for row in Suspension.objects.select_related(*VERSION):
        causes = state.of("suspensions", str(row.version)).setdefault("causes", [])
        causes.append(f"{row.cause} in round {row.round}")
        causes.sort()


def _models(state: State) -> None:
    active = PolicySet.objects.filter(active=True).first()
    if active:
        state.of("policies", "active")["hash"] = active.hash
    for proposed in PolicySet.objects.exclude(proposed_by=None):
        facts = {"hash": proposed.hash, "by": f"person:{proposed.proposed_by_id}"}
        state.of("policy proposal", str(proposed)).update(facts)
    for held in Quarantine.objects.select_related(*VERSION, "organisation").order_by("placed_at", "id"):
        state.of("quarantine", str(held))["placed"] = held.lifted_at is None
    for model in Model.objects.select_related("organisation", "anchor", "main").prefetch_related(
        "experts__organisation", "tags__composition"
    ):
        state.of("model", str(model)).update(
            anchor=model.anchor.slug,
            experts=sorted(str(expert) for expert in model.experts.all()),
            selector=model.selector,
            tuning=model.tuning,
            purpose=model.purpose,
            top_k=model.top_k,
            on_withdrawal=model.on_withdrawal,
            main=model.main.revision if model.main else None,
            tags={tag.name: tag.composition.revision for tag in model.tags.all()},
        )
    for build in Composition.objects.select_related("model__organisation"):
        facts = {"state": build.state, "model": str(build.model), "recipe_digest": build.recipe_digest}
        state.of("composition", str(build.id)).update(facts)
        if build.revision:
            state.of("composition", str(build.id))["revision"] = build.revision
    for inclusion in Inclusion.objects.select_related(*VERSION):
        state.of("inclusions", str(inclusion.composition_id))[str(inclusion.version)] = inclusion.slot
    for build_id, reader in Download.objects.values_list("composition", "person").distinct():
        readers = state.of("downloads", str(build_id)).setdefault("readers", [])
        readers.append(str(person(reader)))
        readers.sort()


def _notices(state: State) -> None:
    for webhook in Webhook.objects.select_related("organisation"):
        facts = {"organisation": webhook.organisation.slug, "disabled": webhook.disabled_at is not None}
        state.of("webhook", str(webhook.id)).update(facts)
    for sent in Delivery.objects.select_related("organisation"):
        home = sent.organisation.slug
        facts = {"kind": sent.kind, "about": sent.about, "organisation": home, "channel": sent.channel}
        state.of("delivery", str(sent.id)).update(facts, state=sent.state)
        if sent.acknowledged_at is not None:
            state.of("acknowledgement", f"{home} of {sent.kind} {sent.about}")["by"] = sent.acknowledged_by


def _withdrawals(state: State) -> None:
    certificates = dict(Certificate.objects.values_list("withdrawal", "digest"))
    for withdrawal in Withdrawal.objects.select_related("version__expert__organisation").prefetch_related("steps"):
        facts = state.of("withdrawal", str(withdrawal.version))
        facts["steps"] = sorted(step.name for step in withdrawal.steps.all() if step.done_at)
        facts["confirmed"] = withdrawal.destruction_confirmed_at is not None
        if withdrawal.id in certificates:
            facts["certificate"] = certificates[withdrawal.id]
    for recall in Recall.objects.select_related("version__expert__organisation", "composition"):
        done = {"blocked": recall.blocked_at, "announced": recall.announced_at, "ended": recall.ended_at}
        steps = ["opened", *(name for name, at in done.items() if at is not None)]
        state.of("recall", recall.about)["steps"] = sorted(steps)
    for hold in LegalHold.objects.select_related("version__expert__organisation").order_by("placed_at"):
        state.of("version", str(hold.version))["held"] = hold.lifted_at is None


FILLERS: tuple[Callable[[State], None], ...] = (
    _people,
    _experts,
    _evidence,
    _documents,
    _reviews,
    _models,
    _notices,
    _withdrawals,
)
