"""A run's figures out of its kept results: by method and domain, their mean over seeds and how far they spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from experiments.paper.recipe import PUBLIC

Json = Mapping[str, Any]
Bits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, as several seeds gave it."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.values)

    def text(self, spelled: str = ".3f") -> str:
        spread = (max(self.values) - min(self.values)) / 2
        return f"{self.mean:{spelled}}" + (f" ± {spread:{spelled.lstrip('+')}}" if len(self.values) > 1 else "")


def closed_mean(bits: Bits) -> float:
    return fmean(value for domain, value in bits.items() if domain != PUBLIC)


def public_regress(bits: Bits, anchor: Bits) -> float:
    """How much worse than the anchor on public text; a share of the anchor's bits."""
    return bits[PUBLIC] / anchor[PUBLIC] - 1


def merge_gap(bits: Bits, pairs: Mapping[str, Bits], way: str) -> float:
    """How much worse than each expert's own pair on its domain, on average over the domains."""
    return fmean(bits[domain] / pairs[f"{way} {domain}"][domain] - 1 for domain in bits if domain != PUBLIC)


def pairs_of(results: Sequence[Json], questions: Sequence[str]) -> list[dict[str, Bits]]:
    """For each seed each expert beside the anchor alone, under its way and domain."""
    return _together(results, questions, "pairs")


def by_method(results: Sequence[Json], questions: Sequence[str]) -> list[dict[str, Bits]]:
    """For each seed the bits of every method that these questions are about; a question not asked adds nothing."""
    return _together(results, questions, "bits")


def _together(results: Sequence[Json], questions: Sequence[str], kind: str) -> list[dict[str, Bits]]:
    found: list[dict[str, Bits]] = []
    for result in results:
        methods: dict[str, Bits] = {}
        for question in questions:
            methods |= result["measured"].get(question, {}).get(kind, {})
        found.append(methods)
    return found
