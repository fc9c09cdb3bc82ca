"""What another set, or other facts, would have answered to the questions that were asked lately. Nothing is stored.

The questions are the stored inputs of decisions, so what is compared is what was really asked, at the time it was.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from registry.errors import Invalid
from registry.policy.cedar import Cedar
from registry.policy.models import Decision
from registry.policy.rules import Facts, Verdict

DECISIONS = 10_000
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A question that would be answered otherwise."""

    consumer: str
    action: str
    purpose: str
    version: str
    allowed: bool  # as it would be
    rules: tuple[str, ...]  # that would refuse and did not, or did and would not


@dataclass(frozen=True, slots=True)
class Shadow:
    """What came of it, the same question counted once among `otherwise` and as often as it was asked in `changed`."""

    looked_at: int
    changed: int
    since: datetime | None
    otherwise: tuple[Otherwise, ...] = ()
    by_rule: dict[str, int] = field(default_factory=dict)  # refusals that come (or, negative, go), by rule
    sent_back: tuple[str, ...] = ()  # versions that it would send back to review

    @property
    def let_in(self) -> list[str]:
        """Consumers who would get something that they were refused."""
        return sorted({one.consumer for one in self.otherwise if one.allowed})

    @property
    def kept_out(self) -> list[str]:
        return sorted({one.consumer for one in self.otherwise if not one.allowed})

    @property
    def sentence(self) -> str:
        return f"{self._of_decisions} {sent_back_in_words(self.sent_back)}".strip()

    @property
    def _of_decisions(self) -> str:
        if not self.looked_at:
            return "Nothing has been decided yet."
        if not self.changed:
            return f"All of the last {self.looked_at} decisions would be the same."
        who = [
            *([f"let {_counted(self.let_in, 'consumer')} in"] if self.let_in else []),
            *([f"keep {_counted(self.kept_out, 'consumer')} out"] if self.kept_out else []),
        ]
        return f"{self.changed} of the last {self.looked_at} decisions would be otherwise: {' and '.join(who)}."


def sent_back_in_words(versions: Sequence[str]) -> str:
    if not versions:
        return ""
    return f"It sends {_counted(versions, 'approved version')} back to review."


def _counted(things: Sequence[Any], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def as_it_is(facts: Facts) -> Facts:
    return facts


def shadow_run(
    before: str,
    after: str,
    *,
    change: Callable[[Facts], Facts] = as_it_is,
    among: QuerySet[Decision] | None = None,
    decisions: int = DECISIONS,
) -> Shadow:
    """The newest decisions answered by the one text as the facts were, and by the other as `change` makes them."""
    if not 1 <= decisions <= MOST:
        raise Invalid(f"A shadow run looks at 1 to {MOST} decisions, not at {decisions}.")
    rows = Decision.objects.all() if among is None else among
    newest = list(rows.order_by("-created_at", "id").values_list("inputs", "created_at")[:decisions])
    facts = [Facts.read(inputs) for inputs, _ in newest]
    changed = facts if change is as_it_is else [change(one) for one in facts]
    engine = Cedar()  # one of its own: what was remembered of today's questions stays, and this is let go of
    pairs = zip(facts, engine.decide_all(before, facts), engine.decide_all(after, changed), strict=True)
    by_rule: Counter[str] = Counter()
    otherwise: dict[Otherwise, None] = {}
    count = 0
    for one, was, would in pairs:
        if was is would or was.reasons == would.reasons:
            continue
        moved = _moved(was, would, by_rule)
        if was.allowed != would.allowed:
            count += 1
            otherwise[_otherwise(one, would, moved)] = None
    since = newest[-1][1] if newest else None
    told = {rule: number for rule, number in sorted(by_rule.items()) if number}
    return Shadow(len(newest), count, since, tuple(otherwise), told)


def _moved(was: Verdict, would: Verdict, by_rule: Counter[str]) -> tuple[str, ...]:
    then, now = {r.policy for r in was.reasons}, {r.policy for r in would.reasons}
    by_rule.update(now - then)
    by_rule.subtract(then - now)
    return tuple(sorted(then ^ now))


def _otherwise(facts: Facts, would: Verdict, rules: tuple[str, ...]) -> Otherwise:
    subject = facts.subject.name
    return Otherwise(facts.consumer.slug, facts.action, facts.purpose, subject, would.allowed, rules)
