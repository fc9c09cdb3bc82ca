"""The paper's figures as small SVG files. The same results give the same bytes: no date, no random names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from experiments.paper.figures import Json, closed_mean, public_regress
from experiments.paper.recipe import DOMAINS, PUBLIC

Axes = Any  # matplotlib's own types say less than its pictures
SETTINGS: Any = {"svg.hashsalt": "experiments", "font.size": 8, "svg.fonttype": "none", "axes.spines.top": False}


def draw_pictures(run: str, seeds: Sequence[Json], folder: Path) -> Iterator[tuple[str, Path]]:
    """Title and file of each picture whose figures are there."""
    for question, title, draw in (
        ("figure-2", "Fig. 2: who is asked, by domain and layer", _routing),
        ("figure-3", "Fig. 3: bits per byte by experts asked", _active),
        ("figure-4", "Fig. 4: what leaving one expert out costs", _opt_out),
        ("scaling", "From two experts to seven", _scaling),
    ):
        found = [seed["measured"][question] for seed in seeds if question in seed["measured"]]
        if found:
            folder.mkdir(parents=True, exist_ok=True)
            yield title, _save(folder / f"{run}-{question}.svg", found, draw)


def _save(path: Path, found: Sequence[Json], draw: Any) -> Path:
    import matplotlib as mpl  # noqa: PLC0415  (only who draws needs it)

    mpl.use("svg")
    from matplotlib import pyplot  # noqa: PLC0415

    with pyplot.rc_context(SETTINGS):
        picture = draw(pyplot, found)
        picture.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(picture)
    return path


def _routing(pyplot: Axes, found: Sequence[Json]) -> Any:
    """One seed's shares: a square for each layer, texts down, experts across."""
    experts, shares = found[0]["experts"], found[0]["shares"]
    layers = len(shares[PUBLIC])
    shown = sorted({0, layers // 2, layers - 1})
    picture, panels = pyplot.subplots(1, len(shown), figsize=(3.0 * len(shown), 2.8), squeeze=False)
    for axes, layer in zip(panels[0], shown, strict=True):
        axes.imshow([shares[text][layer] for text in experts], vmin=0, cmap="Blues")
        axes.set_title(f"layer {layer + 1}")
        axes.set_xticks(range(len(experts)), experts, rotation=90)
        axes.set_yticks(range(len(experts)), experts if layer == shown[0] else [])
        for down, text in enumerate(experts):
            for across, share in enumerate(shares[text][layer]):
                colour = "white" if share > 0.7 * max(shares[text][layer]) else "black"
                axes.text(across, down, f"{100 * share:.0f}", ha="center", va="center", fontsize=5, color=colour)
    return picture


def _active(pyplot: Axes, found: Sequence[Json]) -> Any:
    picture, axes = pyplot.subplots(figsize=(4, 2.6))
    counts = [int(count) for count in found[0]["bits"]]
    axes.plot(counts, [fmean(closed_mean(one["bits"][str(k)]) for one in found) for k in counts], "o-", label="closed")
    axes.plot(counts, [fmean(one["bits"][str(k)][PUBLIC] for one in found) for k in counts], "s-", label=PUBLIC)
    axes.axhline(fmean(one["anchor"][PUBLIC] for one in found), ls=":", c="grey", label="anchor, public")
    axes.set_xlabel("experts asked for each token")
    axes.set_ylabel("bits per byte")
    axes.legend(frameon=False)
    return picture


def _opt_out(pyplot: Axes, found: Sequence[Json]) -> Any:
    picture, axes = pyplot.subplots(figsize=(6, 2.8))
    left_out = list(found[0])
    texts = [PUBLIC, *left_out]
    cost = [
        [100 * fmean(one[expert][text]["without"] / one[expert][text]["with"] - 1 for one in found) for text in texts]
        for expert in left_out
    ]
    shown = axes.imshow(cost, cmap="Reds", vmin=0)
    axes.set_xticks(range(len(texts)), texts, rotation=45)
    axes.set_yticks(range(len(left_out)), [f"without {expert}" for expert in left_out])
    for down, row in enumerate(cost):
        for across, value in enumerate(row):
            colour = "white" if value > 0.6 * max(map(max, cost)) else "black"
            axes.text(across, down, f"{value:+.1f}", ha="center", va="center", fontsize=6, color=colour)
    picture.colorbar(shown, label="more bits, %")
    return picture


def _scaling(pyplot: Axes, found: Sequence[Json]) -> Any:
    """What public text loses as experts are added, against a merge of two."""
    picture, panels = pyplot.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
    counts = range(2, len(DOMAINS) + 1)
    for way, mark in (("ours", "o-"), ("paper", "s--")):
        merges = [[one["bits"][f"{way} {count}"] for one in found] for count in counts]
        first = [one["bits"][f"{way} 2"] for one in found]
        regress = [100 * fmean(map(public_regress, many, first)) for many in merges]
        panels[0].plot(counts, regress, mark, label=way)
        panels[1].plot(counts, [fmean(closed_mean(bits) for bits in many) for many in merges], mark, label=way)
    panels[0].set_ylabel("public text, % over a merge of two")
    panels[1].set_ylabel("closed domains, bits per byte")
    for axes in panels:
        axes.set_xlabel("experts")
        axes.legend(frameon=False)
    return picture
