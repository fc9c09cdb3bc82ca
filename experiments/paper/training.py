"""What is trained: the anchor, experts beside it in several ways, dense experts, BTX and the joint model.

Each goes into a folder or file of its own, appears when it is whole, and is left alone when it is there.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from experiments.paper.recipe import CONTROL, DOMAINS, EPOCHS, EXTRACTED, POSITIONS, PUBLIC, Recipe
from flexcore.cards import data_card, expert_card
from flexcore.loading import load_beside
from flexcore.merging.stacking import btx, empty_model, upcycle
from flexcore.merging.whole import train_whole
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.package import check_anchor_package
from flexcore.training.anchor import WEIGHT_DECAY, AnchorOrder, make_anchor
from flexcore.training.checkpoint import Checkpoint, beside
from flexcore.training.corpus import Mixture, Windows, windows_needed
from flexcore.training.documents import read_documents
from flexcore.training.embedding import EMBEDDER, EMBEDDER_DIGEST, SAMPLE, Vector, mean_embedding, router_row, sample
from flexcore.training.expert import NEW, train_expert
from flexcore.training.loop import Plan, bf16_helps, training_facts
from flexcore.training.packages import save_expert
from flexcore.training.tokenizer import load_tokenizer

HIDDEN_BYTES = 60_000  # of a domain's text, for the row made of hidden states


@dataclass(frozen=True, slots=True)
class Way:
    """How an expert is trained beside the anchor: its share of public text, and what its row starts from."""

    replay: float
    row: str = "embedding"  # or "random", "hidden"


@dataclass(frozen=True, slots=True)
class Workshop:
    """One seed of one recipe in a folder of its own; the texts lie beside it."""

    recipe: Recipe
    seed: int
    folder: Path
    corpora: Path

    @property
    def anchor(self) -> Path:
        return self.folder / "anchor"

    def expert(self, domain: str, way: str) -> Path:
        return self.folder / "experts" / way / domain

    def dense(self, domain: str) -> Path:
        return self.folder / "dense" / f"{domain}.safetensors"

    def texts(self, domain: str, part: str = "train") -> list[str]:
        return read_documents(self.corpora / domain / f"{part}.jsonl")

    def ways(self) -> dict[str, Way]:
        return {
            "ours": Way(self.recipe.replay),
            "paper": Way(0.0),
            "random": Way(0.0, "random"),
            "hidden": Way(0.0, "hidden"),
        }

    def plan(self, steps: int, *, rate: float | None = None, decay: float = 0.0) -> Plan:
        r = self.recipe
        return Plan(
            steps=steps,
            batch=r.batch,
            positions=r.size.positions,
            learning_rate=r.learning_rate if rate is None else rate,
            warmup=min(40, max(1, steps // 10)),
            weight_decay=decay,
            seed=self.seed,
            bf16=bf16_helps(),
        )


def train_the_anchor(shop: Workshop) -> None:
    plan = shop.plan(shop.recipe.anchor_steps, decay=WEIGHT_DECAY)
    make_anchor(AnchorOrder(shop.corpora / PUBLIC / "train.jsonl", shop.anchor, shop.recipe.size, plan))


def train_an_expert(shop: Workshop, domain: str, way: str) -> None:
    chosen, out = shop.ways()[way], shop.expert(domain, way)
    anchor, public = load_beside(shop.anchor), check_anchor_package(shop.anchor)
    documents, plan = shop.texts(domain), shop.plan(shop.recipe.expert_steps)
    vector = domain_vector(shop, domain)
    row = _first_row(shop, domain, vector, chosen.row, anchor)
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(beside(out), f"{public.digest} {domain} {chosen} {plan}")
    batches = mixture(shop, {domain: documents}, plan, replay=chosen.replay)
    pair, bits = train_expert(anchor, batches, row, plan=plan, checkpoint=checkpoint, label=f"{way} {domain}")
    card = expert_card(
        anchor_digest=public.digest,
        dimensions=public.architecture.dimensions,
        training=training_facts(plan, bits)
        | {"k": pair.top_k, "public_replay": chosen.replay, "first_row": chosen.row},
        domain_embedding={
            "embedder": EMBEDDER,
            "digest": EMBEDDER_DIGEST,
            "documents": min(SAMPLE, len(documents)),
            "vector": vector.tolist(),
        },
        privacy={"mechanism": "none", "epsilon": None, "delta": None},
        evaluation={},
    )
    described = data_card(
        name=domain,
        licence="see SOURCES.json",
        languages=["en"],
        volume=f"{len(documents)} documents",
        collection="mix",
    )
    save_expert(out, pair, slot=NEW, card=card, data_card=described)
    checkpoint.forget()


def train_dense(shop: Workshop, domain: str) -> None:
    plan = shop.plan(shop.recipe.expert_steps, rate=shop.recipe.whole_learning_rate)
    _train_whole(shop, load_beside(shop.anchor), {domain: shop.texts(domain)}, plan, shop.dense(domain))


def over_train(shop: Workshop) -> None:
    """The positive control of the extraction test: a dense model that has seen few documents again and again."""
    documents = extraction_texts(shop)[:CONTROL]
    tokens = sum(len(text.encode()) for text in documents) / 2.5
    steps = max(40, int(EPOCHS * tokens / (shop.recipe.batch * shop.recipe.size.positions)))
    plan = shop.plan(steps, rate=shop.recipe.whole_learning_rate)
    _train_whole(shop, load_beside(shop.anchor), {"control": list(documents)}, plan, shop.dense("control"))


def extraction_texts(shop: Workshop) -> list[str]:
    """Training texts of one domain that are long enough to be asked for, drawn by the seed."""
    tokenizer = load_tokenizer(shop.anchor)
    texts = shop.texts(EXTRACTED)
    chosen = []
    for number in np.random.default_rng([shop.seed, 5]).permutation(len(texts)):
        if len(tokenizer.encode(texts[number], add_special_tokens=False).ids) >= POSITIONS:
            chosen.append(texts[number])
        if len(chosen) == shop.recipe.prefixes:
            break
    return chosen


def train_btx(shop: Workshop, domains: Sequence[str], out: Path) -> None:
    dense = [load_beside(shop.anchor), *(load_dense(shop, domain) for domain in domains)]
    model = btx(dense, domain_rows(shop, domains), top_k=min(shop.recipe.top_k, len(dense)))
    plan = shop.plan(shop.recipe.btx_steps, rate=shop.recipe.whole_learning_rate)
    _train_whole(shop, model, {PUBLIC: shop.texts(PUBLIC)}, plan, out)


def train_joint(shop: Workshop, domains: Sequence[str], out: Path) -> None:
    anchor = load_beside(shop.anchor)
    rows = domain_rows(shop, domains)
    model = upcycle(anchor, rows, top_k=min(shop.recipe.top_k, len(rows)))
    plan = shop.plan(shop.recipe.joint_steps * len(domains) // len(DOMAINS), rate=shop.recipe.whole_learning_rate)
    _train_whole(shop, model, {domain: shop.texts(domain) for domain in domains}, plan, out, replay=1 / len(rows))


def load_dense(shop: Workshop, domain: str) -> FlexOlmo:
    return load_whole(shop, shop.dense(domain), num_experts=1)


def load_whole(shop: Workshop, path: Path, *, num_experts: int) -> FlexOlmo:
    anchor = load_beside(shop.anchor)
    model = empty_model(anchor, num_experts=num_experts, top_k=min(shop.recipe.top_k, num_experts))
    model.load_state_dict(load_file(path))
    return model


def domain_rows(shop: Workshop, domains: Sequence[str]) -> list[Tensor]:
    """The public row, and behind it those that the domains' experts would start from."""
    public = next(iter(router_rows(load_beside(shop.anchor), 0).values()))
    size, seed = shop.recipe.size.hidden_size, check_anchor_package(shop.anchor).card["projection_seed"]
    rows = [public.clone()]
    for domain in domains:
        row = router_row(domain_vector(shop, domain), size, seed=seed, norm=public.norm().item())
        rows.append(torch.from_numpy(row))
    return rows


def domain_vector(shop: Workshop, domain: str) -> Vector:
    """The mean embedding of a sample of a domain's documents; kept, since several stages want it."""
    kept = shop.folder / "vectors" / f"{domain}.safetensors"
    if not kept.exists():
        vector = mean_embedding(sample(shop.texts(domain), seed=shop.seed))
        kept.parent.mkdir(exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        save_file({"vector": torch.from_numpy(vector)}, partial)
        partial.replace(kept)
    return np.asarray(load_file(kept)["vector"].numpy(), dtype=np.float32)


def mixture(shop: Workshop, texts: dict[str, list[str]], plan: Plan, *, replay: float) -> Mixture:
    """Batches of these texts, with a share of public ones. Several domains are equally strong, by windows."""
    tokenizer = load_tokenizer(shop.anchor)

    def windows(documents: list[str], share: float) -> Windows:
        wanted = windows_needed(plan.steps, plan.batch, share)
        return Windows(documents, tokenizer, positions=plan.positions, wanted=wanted, seed=plan.seed)

    own = _together([windows(documents, (1 - replay) / len(texts)) for documents in texts.values()])
    public = windows(shop.texts(PUBLIC), replay) if replay else None
    return Mixture(own, public, replay=replay, batch=plan.batch)


class _Together(Windows):
    """Windows of several texts by turns."""

    def __init__(self, parts: Sequence[Windows]) -> None:
        self.parts = parts
        self.bytes, self.tokens = sum(part.bytes for part in parts), sum(part.tokens for part in parts)

    def __getitem__(self, number: int) -> NDArray[np.int32]:
        return self.parts[number % len(self.parts)][number // len(self.parts)]


def _together(parts: Sequence[Windows]) -> Windows:
    return parts[0] if len(parts) == 1 else _Together(parts)


def _first_row(shop: Workshop, domain: str, vector: Vector, kind: str, anchor: FlexOlmo) -> Vector:
    public = next(iter(router_rows(anchor, 0).values()))
    norm = public.norm().item()
    if kind == "random":
        code = int.from_bytes(hashlib.sha256(domain.encode()).digest()[:4], "big")
        drawn = np.random.default_rng([shop.seed, code]).standard_normal(len(public))
        return np.asarray(drawn * norm / np.linalg.norm(drawn), dtype=np.float32)
    if kind == "hidden":
        mean = mean_hidden(anchor, load_tokenizer(shop.anchor), shop.texts(domain)).double()
        return np.asarray((mean * norm / mean.norm()).numpy(), dtype=np.float32)
    seed = check_anchor_package(shop.anchor).card["projection_seed"]
    return router_row(vector, len(public), seed=seed, norm=norm)


def mean_hidden(anchor: FlexOlmo, tokenizer: Tokenizer, documents: Sequence[str]) -> Tensor:
    """Of the anchor's last layer, before the head, over the first windows of a text."""
    positions = anchor.architecture.max_position_embeddings
    text = Windows(documents[:64], tokenizer, positions=positions, wanted=64, seed=0)
    with torch.inference_mode():
        token_BS = torch.from_numpy(np.stack([text[i] for i in range(min(64, text.count))])).long()[:, :-1]
        return anchor.hidden(token_BS).x_BSD.flatten(0, 1).mean(dim=0).clone()


def _train_whole(
    shop: Workshop, model: FlexOlmo, texts: dict[str, list[str]], plan: Plan, out: Path, *, replay: float = 0.0
) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(beside(out), f"{shop.recipe} {shop.seed} {out.name} {plan}")
    batches = mixture(shop, texts, plan, replay=replay)
    train_whole(model, batches, plan=plan, checkpoint=checkpoint, label=out.stem)
    partial = out.with_suffix(".partial")
    save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, partial)
    partial.replace(out)
    checkpoint.forget()
