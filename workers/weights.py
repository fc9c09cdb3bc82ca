"""An expert's weights beside the public expert's and the other experts': what is odd about them, named.

Nothing here refuses an expert. Training gives odd weights too; whether these are is for a reviewer to ask.
"""

from collections.abc import Mapping

from flexcore.config import Architecture
from flexcore.layout import expert_layout
from flexcore.likeness import NAMED, Comparison, compare, joined, similarity
from flexcore.package import Contents, measure_expert
from flexcore.samples import Measured, Values, packed, unpacked
from registry.experts.models import Anchor, ExpertVersion
from registry.experts.queries import neighbours_of
from registry.experts.verifying import keep_anchor_sample
from workers.announced import stored
from workers.findings import Remark

ALIKE = 0.95  # from here on two experts learned the same
TOLD = 3  # neighbours named in the report
UNKNOWN = "a version that is not public"


def weights_beside(version: ExpertVersion, contents: Contents) -> tuple[dict[str, object], Remark]:
    """Figures for the report, and what they say in words."""
    public = _public_measures(version.expert.anchor)
    found = compare(contents.measured, public)
    near = _nearest(version, joined(contents.measured), joined(public))
    figures = {
        "change": round(found.change, 6),
        "by_layer": [round(change, 6) for change in found.by_layer],
        "outliers": [{"tensor": odd.tensor, "why": odd.why} for odd in found.outliers[:NAMED]],
        "outliers_in_all": len(found.outliers),
        "nearest": [{"version": name, "similarity": round(alike, 4)} for alike, name, _ in near],
    }
    return figures, _in_words(found, near)


def _public_measures(anchor: Anchor) -> Mapping[str, Measured]:
    """Measured at the first version of an anchor, and kept."""
    layout = expert_layout(Architecture(**anchor.architecture).dimensions)
    kept = getattr(anchor, "weight_sample", None)
    if kept is not None:
        return unpacked(bytes(kept.data), layout)
    file = stored(anchor.files.get(path="expert.safetensors"))
    measured = measure_expert(file, Architecture(**anchor.architecture).dimensions)
    keep_anchor_sample(anchor.id, packed(measured))
    return measured


def _nearest(version: ExpertVersion, mine: Values, public: Values) -> list[tuple[float, str, bool]]:
    """The experts that learned most nearly the same: how nearly, their names, and whether they are the owner's own."""
    found = []
    layout = expert_layout(Architecture(**version.expert.anchor.architecture).dimensions)
    for other, sample in neighbours_of(version):
        alike = similarity(mine, joined(unpacked(sample, layout)), public)
        own = other.expert.organisation_id == version.expert.organisation_id
        name = str(other) if other.approved_at or other.expert_id == version.expert_id else UNKNOWN
        found.append((alike, name, own))
    return sorted(found, reverse=True)[:TOLD]


def _in_words(found: Comparison, near: list[tuple[float, str, bool]]) -> Remark:
    said, odd = [f"Differs from the public expert by {found.change:.1%} of its norm."], False
    if not found.change:
        said, odd = ["Holds the values of the public expert: nothing was learned."], True
    if found.outliers:
        named = "; ".join(f"{one.tensor}: {one.why}" for one in found.outliers[:NAMED])
        more = f"; and {len(found.outliers) - NAMED} more" if len(found.outliers) > NAMED else ""
        said.append(f"Unusual: {named}{more}.")
        odd = True
    twins = [(name, own) for alike, name, own in near if alike >= ALIKE]
    if twins:
        said.append(f"Learned nearly the same as {', '.join(name for name, _ in twins)}.")
        odd = odd or not all(own for _, own in twins)
    return Remark(" ".join(said), attention=odd)
