"""How an expert's weights stand to the public expert's, and to another expert's: by samples, so within a few per cent.

An expert begins as a copy of the public one (paper section 3.2), so what tells experts apart is what they changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from flexcore.samples import Measured, Values

FAR = 8.0  # times the public tensor's largest value
WIDE = 2.0  # times its root mean square, or less than one half of it
NAMED = 5  # outliers told by name; the rest are counted

Measures = Mapping[str, Measured]  # by tensor, in the order of the file


@dataclass(frozen=True, slots=True)
class Outlier:
    """A tensor that is not what training beside the anchor makes of the public one."""

    tensor: str
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expert beside the public expert."""

    change: float  # the norm of the difference, as a share of the public expert's norm
    by_layer: tuple[float, ...]  # the same, a layer at a time
    outliers: tuple[Outlier, ...]


def compare(expert: Measures, public: Measures) -> Comparison:
    """Both measured with the same layout (`read_weights`); ValueError when they are not."""
    if list(expert) != list(public):
        raise ValueError("These experts do not have the same tensors; compare experts of one anchor.")
    layers: dict[str, list[str]] = {}
    for name in expert:
        layers.setdefault(name.split(".")[1], []).append(name)
    return Comparison(
        change=_change(expert, public, list(expert)),
        by_layer=tuple(_change(expert, public, names) for names in layers.values()),
        outliers=tuple(_outliers(expert, public)),
    )


def similarity(one: Values, other: Values, public: Values) -> float:
    """The cosine between what two experts changed, from -1 to 1; 0 where one of them changed nothing.

    Each is the joined samples of all tensors (`joined`). Experts trained apart lie near 0 to one half; the same
    training gone on for a little, or noise put on a copy, lies near 1.
    """
    a, b = one.astype(np.float64) - public, other.astype(np.float64) - public
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms else 0.0


def joined(measures: Measures) -> Values:
    """The samples of all tensors, one after another."""
    return np.concatenate([measured.sample for measured in measures.values()])


def _change(expert: Measures, public: Measures, names: list[str]) -> float:
    moved = sum(_square(expert[name].sample - public[name].sample) for name in names)
    there = sum(_square(public[name].sample) for name in names)
    return float(np.sqrt(moved / there)) if there else 0.0


def _outliers(expert: Measures, public: Measures) -> list[Outlier]:
    found = []
    for name, measured in expert.items():
        before = public[name]
        mine, theirs = _spread(measured.sample), _spread(before.sample)
        if measured.largest > FAR * before.largest:
            why = f"its largest value is {measured.largest:.3g}, the public expert's {before.largest:.3g}"
        elif not theirs / WIDE <= mine <= theirs * WIDE:
            why = f"its values spread {mine:.3g} wide, the public expert's {theirs:.3g}"
        else:
            continue
        found.append(Outlier(name, why))
    return found


def _spread(values: Values) -> float:
    return float(np.sqrt(_square(values) / len(values)))


def _square(values: Values) -> float:
    wide = values.astype(np.float64)
    return float(wide @ wide)
