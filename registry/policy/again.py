"""Deciding again from what was stored, the set's text by its hash and the inputs: the same answer, or a sentence."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from registry.digests import digest_of, sha256
from registry.errors import NotFound
from registry.policy.cedar import Cedar
from registry.policy.models import Decision, PolicySet
from registry.policy.rules import Facts, Verdict


@dataclass(frozen=True, slots=True)
class Again:
    """A stored decision, and what comes out today of all it was made from."""

    decision: Decision
    verdict: Verdict | None  # None: it cannot be decided again
    fault: str  # empty: the same

    @property
    def same(self) -> bool:
        return not self.fault


def decisions() -> QuerySet[Decision]:
    """The newest first."""
    rows = Decision.objects.select_related("consumer", "version__expert__organisation", "person")
    return rows.order_by("-created_at", "id")


def get_decision(decision_id: UUID) -> Decision:
    found = decisions().filter(id=decision_id).first()
    if found is None:
        raise NotFound("There is no such decision.")
    return found


def decide_again(decision: Decision, texts: dict[str, str] | None = None) -> Again:
    """`texts` are those of the sets by hash, where many decisions are looked at; they are filled as they are needed."""
    texts = {} if texts is None else texts
    if decision.set_hash not in texts:
        row = PolicySet.objects.filter(hash=decision.set_hash).first()
        texts[decision.set_hash] = row.text if row else ""
    text = texts[decision.set_hash]
    if sha256(text.encode()) != decision.set_hash:
        return Again(decision, None, f"The policy set {decision.set_hash} is not on file as it was.")
    if digest_of(decision.inputs) != decision.inputs_digest:
        return Again(decision, None, f"The inputs of {decision} are not those that were decided on.")
    verdict = Cedar().decide(text, Facts.read(decision.inputs))  # one that remembers nothing
    reasons = [{"policy": reason.policy, "reason": reason.reason} for reason in verdict.reasons]
    if (verdict.allowed, reasons) != (decision.allowed, decision.reasons):
        return Again(decision, verdict, f"{decision} comes out otherwise now than it was stored.")
    return Again(decision, verdict, "")
