"""What the main job must show, as pure judgements over figures: bits per byte, lower is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]

GAIN = 0.12  # the composed model beats the anchor on a closed domain by at least this
LOSS = 0.03  # and is no worse than this on public text


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to be so, whether it was, and what was seen."""

    name: str
    passed: bool
    seen: str


def check_composed(composed: Figures, anchor: Figures, *, closed: Sequence[str], public: str) -> list[Check]:
    """Better on what the experts were trained for, hardly worse on what everybody has."""
    checks = [_gain(composed, anchor, domain) for domain in closed]
    change = composed[public] / anchor[public] - 1
    loss = Check(f"composed is at most {LOSS:.0%} worse than the anchor on {public}", change <= LOSS, f"{change:+.1%}")
    return [*checks, loss]


def check_fallback(before: Figures, after: Figures, anchor: Figures, *, lost: str, kept: str) -> list[Check]:
    """The withdrawn expert's gain is gone, the other's is not."""
    return [
        Check(
            f"{lost} falls back after the withdrawal",
            after[lost] > before[lost] and 1 - after[lost] / anchor[lost] < GAIN,
            f"{before[lost]:.3f} -> {after[lost]:.3f}, anchor {anchor[lost]:.3f}",
        ),
        Check(
            f"{kept} keeps its gain after the withdrawal",
            1 - after[kept] / anchor[kept] >= GAIN,
            f"{before[kept]:.3f} -> {after[kept]:.3f}, anchor {anchor[kept]:.3f}",
        ),
    ]


def check_same_figures(recomposed: Figures, without: Figures) -> Check:
    """To the last digit: the floats are equal, not near."""
    differing = [domain for domain in recomposed if recomposed[domain] != without.get(domain)]
    return Check(
        "every figure equals that of a model composed without the expert from the start, to the last digit",
        set(recomposed) == set(without) and not differing,
        f"differs on {', '.join(differing)}" if differing else ", ".join(repr(recomposed[each]) for each in recomposed),
    )


def check_same_files(recomposed: Mapping[str, str], without: Mapping[str, str]) -> Check:
    differing = sorted(path for path in {*recomposed, *without} if recomposed.get(path) != without.get(path))
    return Check(
        "every file of the two has the same digest",
        bool(recomposed) and not differing,
        f"differs in {', '.join(differing)}" if differing else f"{len(recomposed)} files",
    )


def _gain(composed: Figures, anchor: Figures, domain: str) -> Check:
    gain = 1 - composed[domain] / anchor[domain]
    return Check(f"composed is at least {GAIN:.0%} better than the anchor on {domain}", gain >= GAIN, f"{gain:.1%}")
