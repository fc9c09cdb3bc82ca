"""Which step may follow which. Pure."""

from collections.abc import Collection

from registry.withdrawals.models import Step

NEEDS: dict[Step, frozenset[Step]] = {
    Step.DENY: frozenset(),
    Step.BLOCK: frozenset({Step.DENY}),
    Step.ANNOUNCE: frozenset({Step.BLOCK}),
    Step.RECOMPOSE: frozenset({Step.BLOCK}),
    # Nothing is destroyed while a build that may still read it is under way, or before those who have it were told.
    Step.DESTROY: frozenset({Step.ANNOUNCE, Step.RECOMPOSE}),
    Step.CHECK: frozenset({Step.DESTROY}),
    Step.CERTIFY: frozenset({Step.CHECK}),
}


def next_steps(done: Collection[str]) -> list[Step]:
    """The steps that can be tried now, in their order."""
    return [step for step in Step if step not in done and NEEDS[step] <= {Step(name) for name in done}]
