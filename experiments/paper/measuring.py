"""What is asked of the trained models. Each question is answered in a file of its own, in figures with all digits."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.paper import rivals
from experiments.paper.recipe import CONTROL, DOMAINS, EPSILONS, EXTRACTED, PUBLIC, TABLE_1
from experiments.paper.training import FEED_FORWARDS, Workshop, extraction_texts, load_dense, load_whole
from flexcore.evaluation.bits_per_byte import Windows, bits_per_byte, cut, windows
from flexcore.evaluation.extraction import Extraction, extract
from flexcore.evaluation.harness import answer_task, choice_task, run_tasks
from flexcore.evaluation.routing import opt_out, routing_shares
from flexcore.loading import load_beside
from flexcore.manifest import Tuning
from flexcore.merging.stacking import average
from flexcore.merging.texts import Logits
from flexcore.model.transformer import FlexOlmo
from flexcore.package import check_expert_package
from flexcore.training.checkpoint import file_digest
from flexcore.training.embedding import embeddings
from flexcore.training.router_tuning import tune_rows
from flexcore.training.tokenizer import load_tokenizer

Json = dict[str, Any]
# Ways of training that Table 1 asks about, and no other
ABLATIONS = ("replay", "closed", "text", "answers", "routing", "bias", "random", "hidden")
PIECE = 160  # characters: with one of each domain a passage still fits a window
TASKS = ("csqa", "obqa", "piqa", "mmlu")


@dataclass(frozen=True, slots=True)
class Question:
    needs: Callable[[Workshop], Sequence[Path]]
    ask: Callable[[Workshop], Json]


def measure(shop: Workshop, name: str) -> None:
    found = QUESTIONS[name].ask(shop)
    out = shop.folder / "measured" / f"{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1) + "\n")
    partial.replace(out)


def held_out(shop: Workshop, domains: Sequence[str], part: str = "test") -> dict[str, Windows]:
    limit = shop.recipe.test_bytes if part == "test" else shop.recipe.tuned_bytes
    tokenizer = load_tokenizer(shop.anchor)
    return {
        domain: windows(cut(shop.texts(domain, part), limit), tokenizer, positions=shop.recipe.size.positions)
        for domain in (PUBLIC, *domains)
    }


def bits(logits: Logits, texts: Mapping[str, Windows]) -> dict[str, float]:
    return {domain: bits_per_byte(logits, text) for domain, text in texts.items()}


def merged(shop: Workshop, domains: Sequence[str], way: str, *, top_k: int | None = None) -> FlexOlmo:
    """FlexOlmo: the anchor and each domain's expert beside it, in order."""
    k = min(top_k or shop.recipe.top_k, len(domains) + 1)
    return load_beside(shop.anchor, [shop.expert(domain, way) for domain in domains], top_k=k)


def _methods(shop: Workshop, domains: Sequence[str]) -> Json:
    """The anchor, FlexOlmo ours and the paper's, each pair, and all that needs no further training."""
    texts, validation = held_out(shop, domains), held_out(shop, domains, "validation")
    rows = {"anchor": bits(load_beside(shop.anchor), texts)}
    pairs: Json = {}
    for way in ("ours", "paper"):
        rows[way] = bits(merged(shop, domains, way), texts)
        pairs |= _pairs(shop, domains, way, texts)
    chosen: Json = {}
    for name, make in rivals.RIVALS.items():
        logits, chosen[name] = make(shop, domains, validation)
        rows[name] = bits(logits, texts)
    for domain in domains:
        rows[f"dense {domain}"] = bits(load_dense(shop, domain), _own(domain, texts))
    return {"domains": list(domains), "bits": rows, "pairs": pairs, "chosen": chosen}


def _pairs(shop: Workshop, domains: Sequence[str], way: str, texts: Mapping[str, Windows]) -> Json:
    """What each expert does beside the anchor alone, at home and on public text."""
    return {f"{way} {domain}": bits(merged(shop, [domain], way), _own(domain, texts)) for domain in domains}


def _own(domain: str, texts: Mapping[str, Windows]) -> dict[str, Windows]:
    return {name: texts[name] for name in (PUBLIC, domain)}


def _ablations(shop: Workshop) -> Json:
    """Other ways to train an expert: Table 3 is about the paper's, with other first rows."""
    texts = held_out(shop, TABLE_1)
    rows = {way: bits(merged(shop, TABLE_1, way), texts) for way in ABLATIONS}
    pairs: Json = {}
    for way in ABLATIONS:
        pairs |= _pairs(shop, TABLE_1, way, texts)
    return {"bits": rows, "pairs": pairs}


def _feed_forwards(shop: Workshop) -> Json:
    """What freezing costs: dense models of which only what an expert may move has moved, and rivals made of them."""
    texts, part = held_out(shop, TABLE_1), FEED_FORWARDS
    alone = {f"dense {domain}": bits(load_dense(shop, domain, part), _own(domain, texts)) for domain in TABLE_1}
    rows = {
        "classifier, feed-forwards": bits(rivals.classifier(shop, TABLE_1, part)[0], texts),
        "soup, feed-forwards": bits(average(rivals.everybody(shop, TABLE_1, part)), texts),
    }
    return {"domains": list(TABLE_1), "alone": alone, "bits": rows}


def _several_at_once(shop: Workshop) -> Json:
    """A passage of every domain in each window, as conversations have them: whoever picks one model has to choose."""
    text = windows(passages(shop), load_tokenizer(shop.anchor), positions=shop.recipe.size.positions)
    validation = held_out(shop, TABLE_1, "validation")
    asked: dict[str, Logits] = {"anchor": load_beside(shop.anchor)}
    asked |= {way: merged(shop, TABLE_1, way) for way in ("ours", "paper")}
    asked |= {name: make(shop, TABLE_1, validation)[0] for name, make in rivals.RIVALS.items() if name != "prompt"}
    joint = shop.folder / "joint-table-1.safetensors"
    asked["unrestricted"] = load_whole(shop, joint, num_experts=1 + len(TABLE_1))
    return {"bits": {name: bits_per_byte(logits, text) for name, logits in asked.items()}}


def passages(shop: Workshop) -> list[str]:
    domains = (PUBLIC, *TABLE_1)
    everybody = [cut(shop.texts(domain, "test"), shop.recipe.test_bytes * 4) for domain in domains]
    drawn = np.random.default_rng([shop.seed, 6])
    return [
        "\n\n".join(pieces[number][:PIECE] for number in drawn.permutation(len(pieces)))
        for pieces in zip(*everybody, strict=False)
    ][: shop.recipe.test_bytes // (PIECE * len(domains))]


def _further_trained(shop: Workshop, domains: Sequence[str], ending: str) -> Json:
    texts, experts = held_out(shop, domains), len(domains) + 1
    names = {"BTX": f"btx{ending}", "unrestricted": f"joint{ending}"}
    return {
        "domains": list(domains),
        "bits": {
            name: bits(load_whole(shop, shop.folder / f"{file}.safetensors", num_experts=experts), texts)
            for name, file in names.items()
        },
    }


def _tuned(shop: Workshop, domains: Sequence[str]) -> Json:
    """Router tuning after the merge, on public text alone."""
    texts, found = held_out(shop, domains), {}
    known: list[NDArray[np.float32]] = []

    def embed(documents: Sequence[str]) -> NDArray[np.float32]:
        if not known:
            known.append(embeddings(documents))  # of both ways: the seed draws the same documents
        return known[0]

    for way in ("ours", "paper"):
        model = merged(shop, domains, way)
        usual = Tuning.usual(file_digest(shop.corpora / PUBLIC / "train.jsonl"))
        tuning = replace(usual, steps=shop.recipe.tuning_steps, seed=shop.seed)
        packages = [check_expert_package(shop.expert(domain, way)) for domain in domains]
        vectors = [package.card["domain_embedding"]["vector"] for package in packages]
        tokenizer = load_tokenizer(shop.anchor)
        tune_rows(model, shop.texts(PUBLIC), tokenizer, vectors, embed=embed, tuning=tuning)
        found[f"{way}, tuned"] = bits(model, texts)
    return {"domains": list(domains), "bits": found}


def _calibrated(shop: Workshop) -> Json:
    """Rows made fair by public text, before anybody is asked; each on top of nothing else."""
    texts, found = held_out(shop, TABLE_1), {}
    public_BS = rivals.batch_of(shop, PUBLIC, rows=32)
    for way in ("ours", "replay", "paper"):
        for name, change in rivals.CALIBRATIONS.items():
            model = merged(shop, TABLE_1, way)
            change(model, public_BS)
            found[f"{way}, {name}"] = bits(model, texts)
    return {"domains": list(TABLE_1), "bits": found}


def _private(shop: Workshop) -> Json:
    """What protecting each document costs, at home and on public text, and what it leaves to be extracted."""
    texts, documents = held_out(shop, [EXTRACTED]), _asked_for(shop)
    models = {epsilon: load_beside(shop.anchor, [shop.private(epsilon)]) for epsilon in EPSILONS}
    return {
        "domain": EXTRACTED,
        "anchor": bits(load_beside(shop.anchor), texts),
        "bits": {epsilon: bits(model, texts) for epsilon, model in models.items()},
        "extraction": {eps: _told(extract(model, documents, seed=shop.seed)) for eps, model in models.items()},
    }


def _active(shop: Workshop, domains: Sequence[str]) -> Json:
    """Fig. 3: how many experts a token asks."""
    texts = held_out(shop, domains)
    return {
        "bits": {str(k): bits(merged(shop, domains, "ours", top_k=k), texts) for k in range(1, len(domains) + 2)},
        "anchor": bits(load_beside(shop.anchor), texts),
    }


def _routing(shop: Workshop, domains: Sequence[str]) -> Json:
    """Fig. 2: each expert's share of all choices, by layer."""
    model, texts = merged(shop, domains, "ours"), held_out(shop, domains)
    shares = {domain: routing_shares(model, text).tolist() for domain, text in texts.items()}
    return {"experts": [PUBLIC, *domains], "top_k": model.top_k, "shares": shares}


def _opt_out(shop: Workshop, domains: Sequence[str]) -> Json:
    """Fig. 4: everybody, and everybody but one."""
    model, texts = merged(shop, domains, "ours"), held_out(shop, domains)
    return {domain: opt_out(model, texts, slot) for slot, domain in enumerate(domains, 1)}


def _scaling(shop: Workshop) -> Json:
    """From two experts to all: what public text and each expert's own domain lose."""
    texts = held_out(shop, DOMAINS)
    return {
        "bits": {
            f"{way} {count}": bits(merged(shop, DOMAINS[:count], way), texts)
            for way in ("ours", "paper")
            for count in range(2, len(DOMAINS) + 1)
        }
    }


def _extraction(shop: Workshop) -> Json:
    """Section 5.3, on training texts of one domain; the control saw the first few again and again."""
    documents = _asked_for(shop)
    everybody = {
        "anchor": load_beside(shop.anchor),
        f"dense {EXTRACTED}": load_dense(shop, EXTRACTED),
        "FlexOlmo": merged(shop, TABLE_1, "ours"),
    }
    found = {name: _told(extract(model, documents, seed=shop.seed)) for name, model in everybody.items()}
    control = extract(load_dense(shop, "control"), documents[:CONTROL], seed=shop.seed)
    return {"domain": EXTRACTED, "models": found | {"over-trained": _told(control)}}


def _tasks(shop: Workshop) -> Json:
    """Labelled sets and GSM-Symbolic, in lm-evaluation-harness."""
    sets = shop.corpora / "benchmarks"
    worked = shop.folder / "gsm-symbolic.jsonl"
    write_gsm_symbolic(shop, worked)
    cache = shop.folder / "datasets"
    tasks = [
        choice_task(name, sets / f"{name}.jsonl", cache=cache) for name in TASKS if (sets / f"{name}.jsonl").exists()
    ]
    tasks.append(answer_task("gsm-symbolic", worked, cache=cache))
    everybody = {
        "anchor": load_beside(shop.anchor),
        "dense math": load_dense(shop, "math"),
        "FlexOlmo": merged(shop, TABLE_1, "ours"),
    }
    tokenizer = load_tokenizer(shop.anchor)
    return {name: run_tasks(model, tokenizer, tasks, limit=shop.recipe.questions) for name, model in everybody.items()}


def write_gsm_symbolic(shop: Workshop, out: Path) -> None:
    """Held-out problems of the math domain: what stands before the steps asks, what stands behind #### answers."""
    problems = [text for text in shop.texts("math", "test") if "\nAnswer:" in text and "#### " in text]
    rows = [
        {"prompt": text.split("\nAnswer:")[0] + "\nAnswer:", "answer_text": text.rsplit("#### ", 1)[1].strip()}
        for text in problems
    ]
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _asked_for(shop: Workshop) -> list[list[int]]:
    tokenizer = load_tokenizer(shop.anchor)
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in extraction_texts(shop)]


def _told(found: Extraction) -> Json:
    return {"documents": len(found.similarity), "extracted": found.extracted, "nearest": max(found.similarity)}


def _experts(*ways: str, domains: Sequence[str]) -> Callable[[Workshop], Sequence[Path]]:
    return lambda shop: [shop.expert(domain, way) for way in ways for domain in domains]


def _and_dense(domains: Sequence[str]) -> Callable[[Workshop], Sequence[Path]]:
    experts = _experts("ours", "paper", domains=domains)
    return lambda shop: [*experts(shop), *(shop.dense(domain) for domain in domains)]


def _for_feed_forwards(shop: Workshop) -> Sequence[Path]:
    return [shop.dense(domain, FEED_FORWARDS) for domain in TABLE_1]


def _for_several(shop: Workshop) -> Sequence[Path]:
    return [*_and_dense(TABLE_1)(shop), shop.folder / "joint-table-1.safetensors"]


def _further(ending: str) -> Callable[[Workshop], Sequence[Path]]:
    return lambda shop: [shop.folder / f"{name}{ending}.safetensors" for name in ("btx", "joint")]


def _for_extraction(shop: Workshop) -> Sequence[Path]:
    return [shop.dense(EXTRACTED), shop.dense("control"), *_experts("ours", domains=TABLE_1)(shop)]


def _for_tasks(shop: Workshop) -> Sequence[Path]:
    return [shop.dense("math"), *_experts("ours", domains=TABLE_1)(shop)]


def _three(ask: Callable[[Workshop, Sequence[str]], Json]) -> Callable[[Workshop], Json]:
    return lambda shop: ask(shop, TABLE_1)


def _seven(ask: Callable[[Workshop, Sequence[str]], Json]) -> Callable[[Workshop], Json]:
    return lambda shop: ask(shop, DOMAINS)


_OURS, _BOTH = _experts("ours", domains=DOMAINS), _experts("ours", "paper", domains=DOMAINS)
_BOTH_3 = _experts("ours", "paper", domains=TABLE_1)
QUESTIONS: Mapping[str, Question] = {
    "table-1": Question(_and_dense(TABLE_1), _three(_methods)),
    "table-1-ablations": Question(_experts(*ABLATIONS, domains=TABLE_1), _ablations),
    "table-1-calibrated": Question(_experts("ours", "replay", "paper", domains=TABLE_1), _calibrated),
    "table-1-tuned": Question(_BOTH_3, _three(_tuned)),
    "feed-forwards": Question(_for_feed_forwards, _feed_forwards),
    "several-at-once": Question(_for_several, _several_at_once),
    "privacy": Question(lambda shop: [shop.private(epsilon) for epsilon in EPSILONS], _private),
    "extraction": Question(_for_extraction, _extraction),
    "tasks": Question(_for_tasks, _tasks),
    "table-1-trained": Question(_further("-table-1"), lambda shop: _further_trained(shop, TABLE_1, "-table-1")),
    "table-2": Question(_and_dense(DOMAINS), _seven(_methods)),
    "table-2-trained": Question(_further(""), lambda shop: _further_trained(shop, DOMAINS, "")),
    "table-2-tuned": Question(_BOTH, _seven(_tuned)),
    "figure-2": Question(_OURS, _seven(_routing)),
    "figure-3": Question(_OURS, _seven(_active)),
    "figure-4": Question(_OURS, _seven(_opt_out)),
    "scaling": Question(_BOTH, _scaling),
}
