"""The part of docs/experiments.md between its two marks, and the pictures beside it: made of the kept results alone."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from experiments.paper.figures import Figure, Json, by_method, closed_mean, merge_gap, pairs_of, public_regress
from experiments.paper.pictures import draw_pictures
from experiments.paper.recipe import DOMAINS, PUBLIC, RECIPES, TABLE_1
from experiments.paper.training import Workshop

BEGIN, END = "<!-- made by make experiment: begin -->", "<!-- made by make experiment: end -->"
NAMES = {  # in the order of the tables: what a row is called, and the paper's averages in Table 1 and Table 2
    "anchor": ("anchor alone", "36.9", "42.4"),
    "soup": ("soup, uniform", "39.6", ""),
    "soup, weighted": ("soup, weighted by the text's likelihood", "42.2", ""),
    "BTM": ("BTM, top 2, sees the whole text", "43.4", "47.6"),
    "BTM, from the past": ("BTM, sees only what came before", "", ""),
    "classifier": ("classifier routing", "", ""),
    "prompt": ("prompt routing", "40.8", ""),
    "BTX": ("BTX", "40.0", ""),
    "soup, feed-forwards": ("soup, feed-forwards alone trained", "", ""),
    "classifier, feed-forwards": ("classifier routing, feed-forwards alone trained", "", ""),
    "no coordination": ("FlexOlmo, no coordination", "38.8", ""),
    "random": ("FlexOlmo, paper's recipe, random first row", "44.4 (and no bias)", ""),
    "hidden": ("FlexOlmo, paper's recipe, first row from hidden states", "43.5 (Table 3)", ""),
    "paper": ("FlexOlmo, paper's recipe (no bias)", "45.8", ""),
    "bias": ("FlexOlmo, paper's recipe, bias learnt", "", "51.3"),
    "paper, tuned": ("  no bias, rows tuned", "47.8 (with bias)", "52.4 (with bias)"),
    "replay": ("FlexOlmo, paper's recipe and replay", "", ""),
    "closed": ("FlexOlmo, paper's recipe and rows in closed form", "", ""),
    "text": ("FlexOlmo, replay and rows in closed form", "", ""),
    "answers": ("  its replay is the anchor's answers", "", ""),
    "routing": ("  and a routing loss", "", ""),
    "ours": ("**FlexOlmo, ours (and most of its public text unusual)**", "", ""),
    "ours, tuned": ("  and its rows tuned", "", ""),
    "unrestricted": ("unrestricted MoE (joint data)", "46.3", ""),
}
QUESTIONS_OF = {
    "Table 1": ("table-1", "table-1-trained", "table-1-tuned", "table-1-ablations", "feed-forwards"),
    "Table 2": ("table-2", "table-2-trained", "table-2-tuned"),
}
TUNED_AND_CALIBRATED = ("table-1", "table-1-ablations", "table-1-calibrated")


def collect(shop: Workshop, results: Path) -> Path:
    """Everything a seed was asked, in one file."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted((shop.folder / "measured").glob("*.json"))}
    results.mkdir(parents=True, exist_ok=True)
    out = results / f"{shop.recipe.name}-{shop.seed}.json"
    facts = {"recipe": asdict(shop.recipe), "seed": shop.seed, "measured": found}
    out.write_text(json.dumps(facts, indent=1) + "\n")
    return out


def write_report(results: Path, page: Path) -> None:
    """What a person wrote around the marks stays."""
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    parts = []
    for name in RECIPES:
        seeds = [json.loads(path.read_text()) for path in sorted(results.glob(f"{name}-*.json"))]
        if seeds:
            parts += list(_sections(name, seeds, page.parent / "experiments"))
    page.write_text(before + BEGIN + "\n\n" + "\n".join(parts) + "\n" + END + after)


def _sections(name: str, seeds: Sequence[Json], pictures: Path) -> Iterator[str]:
    recipe, said = seeds[0]["recipe"], ", ".join(str(seed["seed"]) for seed in seeds)
    size = recipe["size"]
    yield (
        f"## The {name} run, seed {said}\n\nAnchor: width {size['hidden_size']}, {size['layers']} layers, "
        f"{recipe['anchor_steps']} steps; experts and dense models {recipe['expert_steps']} steps each; "
        f"{recipe['batch']} windows of {size['positions']} tokens a step; {recipe['top_k']} experts a token; at most "
        f"{recipe['test_bytes'] // 1000} kB of each held-out text.\n"
    )
    for title, domains in (("Table 1", TABLE_1), ("Table 2", DOMAINS)):
        questions = QUESTIONS_OF[title]
        if all(questions[0] in seed["measured"] for seed in seeds):
            yield from _table(title, domains, seeds, questions)
    for section in (_scaling, _calibration, _single_domains, _several_at_once, _extraction, _privacy, _tasks):
        yield from section(seeds)
    for title, picture in draw_pictures(name, seeds, pictures):
        yield f"### {title}\n\n![{title}](experiments/{picture.name})\n"


def _table(title: str, domains: Sequence[str], seeds: Sequence[Json], questions: Sequence[str]) -> Iterator[str]:
    found = by_method(seeds, questions)
    pairs = pairs_of(seeds, questions)
    column = 1 if title == "Table 1" else 2
    paper_says = "paper's average (higher is better)"
    lines = [
        f"### {title}: anchor and {len(domains)} experts, bits per byte (lower is better)\n",
        f"| | {PUBLIC} | {' | '.join(domains)} | mean of closed | public regress | merge gap | {paper_says} |",
        "|---" * (len(domains) + 6) + "|",
    ]
    for method, label in NAMES.items():
        if all(method in methods for methods in found):
            way = method.split(",")[0]
            gap = (
                _over((merge_gap(one[method], own, way) for one, own in zip(found, pairs, strict=True)), "+.1%")
                if f"{way} {domains[0]}" in pairs[0]
                else ""
            )
            cells = [
                label[0],
                *(_over(one[method][domain] for one in found) for domain in (PUBLIC, *domains)),
                _over(closed_mean(one[method]) for one in found),
                _over((public_regress(one[method], one["anchor"]) for one in found), "+.1%"),
                gap,
                label[column],
            ]
            lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines) + "\n"
    chosen = [seed["measured"][questions[0]]["chosen"] for seed in seeds]
    right = {name: _over((one[name]["right"] for one in chosen), ".0%") for name in ("classifier", "prompt")}
    yield (
        f"The classifier sends {right['classifier']} of validation texts to the model of their own domain, "
        f"the prompt {right['prompt']}.\n"
    )


def _calibration(seeds: Sequence[Json]) -> Iterator[str]:
    if not all(question in seed["measured"] for question in TUNED_AND_CALIBRATED for seed in seeds):
        return
    found, pairs = by_method(seeds, TUNED_AND_CALIBRATED), pairs_of(seeds, TUNED_AND_CALIBRATED)
    lines = [
        f"### Rows calibrated on public text before the merge, {len(TABLE_1)} experts, no joint data\n",
        "| | public regress | merge gap | mean of closed |",
        "|---|---|---|---|",
    ]
    for method in found[0]:
        way = method.split(",")[0]
        if way in ("ours", "replay", "paper"):
            cells = [
                method,
                _over((public_regress(one[method], one["anchor"]) for one in found), "+.2%"),
                _over((merge_gap(one[method], own, way) for one, own in zip(found, pairs, strict=True)), "+.2%"),
                _over(closed_mean(one[method]) for one in found),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines) + "\n"


def _single_domains(seeds: Sequence[Json]) -> Iterator[str]:
    """Each dense model and each pair on its own text and on public text: what a merge can hope for."""
    table = next((name for name in ("table-2", "table-1") if all(name in seed["measured"] for seed in seeds)), None)
    if table is None:
        return
    found = [seed["measured"][table] for seed in seeds]
    part = [seed["measured"].get("feed-forwards", {}).get("alone", {}) for seed in seeds]
    lines = [
        "### One domain at a time\n",
        "| domain | anchor | dense, own text | dense, feed-forwards alone trained, own text | pair of ours, own text "
        "| pair of the paper's recipe, own text | dense, public text | pair of ours, public "
        "| pair of the paper's, public |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for domain in found[0]["domains"]:
        cells = [
            _over(one["bits"]["anchor"][domain] for one in found),
            _over(one["bits"][f"dense {domain}"][domain] for one in found),
            _over(one[f"dense {domain}"][domain] for one in part)
            if all(f"dense {domain}" in one for one in part)
            else "",
            _over(one["pairs"][f"ours {domain}"][domain] for one in found),
            _over(one["pairs"][f"paper {domain}"][domain] for one in found),
            _over(one["bits"][f"dense {domain}"][PUBLIC] for one in found),
            _over(one["pairs"][f"ours {domain}"][PUBLIC] for one in found),
            _over(one["pairs"][f"paper {domain}"][PUBLIC] for one in found),
        ]
        lines.append(f"| {domain} | {' | '.join(cells)} |")
    yield "\n".join(lines) + "\n"


def _scaling(seeds: Sequence[Json]) -> Iterator[str]:
    """Each merge against the anchor on public text, and on its own members' domains against their pairs."""
    if not all({"table-2", "scaling"} <= set(seed["measured"]) for seed in seeds):
        return
    found, alone = by_method(seeds, ("table-2", "scaling")), pairs_of(seeds, ("table-2",))
    lines = [
        "### From two experts to seven\n",
        "| experts | public regress, ours | merge gap, ours | public regress, the paper's | merge gap, the paper's |",
        "|---|---|---|---|---|",
    ]
    for count in range(2, len(DOMAINS) + 1):
        cells = [str(count)]
        for way in ("ours", "paper"):
            merges = [{domain: one[f"{way} {count}"][domain] for domain in (PUBLIC, *DOMAINS[:count])} for one in found]
            regress = (public_regress(bits, one["anchor"]) for bits, one in zip(merges, found, strict=True))
            gap = (merge_gap(bits, pairs, way) for bits, pairs in zip(merges, alone, strict=True))
            cells += [_over(regress, "+.1%"), _over(gap, "+.1%")]
        lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines) + "\n"


def _several_at_once(seeds: Sequence[Json]) -> Iterator[str]:
    if not all("several-at-once" in seed["measured"] for seed in seeds):
        return
    found = [seed["measured"]["several-at-once"]["bits"] for seed in seeds]
    lines = [
        f"### A passage of public text and of each of {len(TABLE_1)} domains in every window\n",
        "| | bits per byte |",
        "|---|---|",
    ]
    lines += [
        f"| {label[0]} | {_over(one[method] for one in found)} |"
        for method, label in NAMES.items()
        if all(method in one for one in found)
    ]
    yield "\n".join(lines) + "\n"


def _extraction(seeds: Sequence[Json]) -> Iterator[str]:
    found = [seed["measured"]["extraction"] for seed in seeds if "extraction" in seed["measured"]]
    if not found:
        return
    says = {"anchor": "0.1%", f"dense {found[0]['domain']}": "1.6%", "FlexOlmo": "0.7%", "over-trained": "60%"}
    lines = [
        f"### Extraction, training texts of {found[0]['domain']}\n",
        "| model | documents | extracted | nearest sample | paper |",
        "|---|---|---|---|---|",
    ]
    for model, told in found[0]["models"].items():
        share = _extracted(one["models"][model] for one in found)
        nearest = max(one["models"][model]["nearest"] for one in found)
        lines.append(f"| {model} | {told['documents']} | {share} | {nearest:.2f} | {says.get(model, '')} |")
    yield "\n".join(lines) + "\n"


def _privacy(seeds: Sequence[Json]) -> Iterator[str]:
    found = [seed["measured"]["privacy"] for seed in seeds if "privacy" in seed["measured"]]
    if not found:
        return
    recipe, domain = seeds[0]["recipe"], found[0]["domain"]
    lines = [
        f"### Privacy: one expert of {domain}, {recipe['private_steps']} steps of {recipe['private_batch']} windows\n",
        f"| epsilon (delta 1e-5, a document) | {domain} | public | extracted | nearest sample |",
        "|---|---|---|---|---|",
    ]
    anchor = [_over(one["anchor"][name] for one in found) for name in (domain, PUBLIC)]
    lines.append(f"| anchor | {' | '.join(anchor)} | | |")
    for epsilon in found[0]["bits"]:
        cells = [
            {"none": "no privacy, the same steps"}.get(epsilon, epsilon),
            _over(one["bits"][epsilon][domain] for one in found),
            _over(one["bits"][epsilon][PUBLIC] for one in found),
            _extracted(one["extraction"][epsilon] for one in found),
            f"{max(one['extraction'][epsilon]['nearest'] for one in found):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines) + "\n"


def _extracted(seeds: Iterable[Json]) -> str:
    told = list(seeds)
    return f"{sum(one['extracted'] for one in told) / sum(one['documents'] for one in told):.1%}"


def _tasks(seeds: Sequence[Json]) -> Iterator[str]:
    """One seed's: a few dozen questions each."""
    found = next((seed["measured"]["tasks"] for seed in seeds if "tasks" in seed["measured"]), None)
    if found is None:
        return
    names = list(next(iter(found.values())))
    lines = [f"### Tasks, share answered rightly\n\n| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for model, tasks in found.items():
        right = [tasks[name].get("acc,none", tasks[name].get("exact_match,behind-the-marks")) for name in names]
        lines.append(f"| {model} | {' | '.join(f'{share:.0%}' for share in right)} |")
    yield "\n".join(lines) + "\n"


def _over(seeds: Iterable[float], spelled: str = ".3f") -> str:
    return Figure(tuple(seeds)).text(spelled)
