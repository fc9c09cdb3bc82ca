"""What is trained: the anchor, experts beside it in several ways, dense experts, BTX and the joint model.

Each goes into a folder or file of its own, appears when it is whole, and is left alone when it is there.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

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
from flexcore.training.expert import BESIDE_PUBLIC_TEXT, NEW, PAPER, Aims, ExpertOrder, make_expert, train_expert
from flexcore.training.first_rows import TOKENS, discriminant_rows, first_tokens
from flexcore.training.loop import Plan, bf16_helps, training_facts
from flexcore.training.packages import save_expert
from flexcore.training.privacy import Privacy
from flexcore.training.tokenizer import load_tokenizer
from flexcore.training.varied import LOOKED_AT, Varied

FEED_FORWARDS = "feed-forwards"
DELTA = 1e-5


@dataclass(frozen=True, slots=True)
class Way:
    """How an expert is trained beside the anchor: its share of public text, where its rows come from, what it aims at.

    Rows of a "discriminant" are set in closed form and stay; the others ("embedding", "random", "hidden") learn.
    Most of `varied` public text is unusual.
    """

    replay: float
    rows: str = "embedding"
    bias: bool = False
    aims: Aims = PAPER
    varied: bool = False


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

    def dense(self, domain: str, part: str = "whole") -> Path:
        """`part` is what moved: the whole model, or its feed-forwards alone."""
        return self.folder / "dense" / part / f"{domain}.safetensors"

    def private(self, epsilon: str) -> Path:
        return self.folder / "private" / epsilon

    def texts(self, domain: str, part: str = "train") -> list[str]:
        return read_documents(self.corpora / domain / f"{part}.jsonl")

    def ways(self) -> dict[str, Way]:
        share = self.recipe.replay
        return {
            "ours": Way(share, "discriminant", aims=BESIDE_PUBLIC_TEXT, varied=True),
            "routing": Way(share, "discriminant", aims=BESIDE_PUBLIC_TEXT),
            "answers": Way(share, "discriminant", aims=replace(BESIDE_PUBLIC_TEXT, routing=0.0)),
            "text": Way(share, "discriminant"),
            "replay": Way(share),
            "closed": Way(0.0, "discriminant"),
            "paper": Way(0.0),
            "bias": Way(0.0, bias=True),
            "random": Way(0.0, "random"),
            "hidden": Way(0.0, "hidden"),
        }

    def plan(self, steps: int, *, rate: float, decay: float = 0.0) -> Plan:
        r = self.recipe
        return Plan(
            steps=steps,
            batch=r.batch,
            positions=r.size.positions,
            learning_rate=rate,
            warmup=min(40, max(1, steps // 10)),
            weight_decay=decay,
            seed=self.seed,
            bf16=bf16_helps(),
        )


def train_the_anchor(shop: Workshop) -> None:
    plan = shop.plan(shop.recipe.anchor_steps, rate=shop.recipe.anchor_rate, decay=WEIGHT_DECAY)
    make_anchor(AnchorOrder(shop.corpora / PUBLIC / "train.jsonl", shop.anchor, shop.recipe.size, plan))


def train_an_expert(shop: Workshop, domain: str, way: str) -> None:
    chosen, out = shop.ways()[way], shop.expert(domain, way)
    anchor, public = load_beside(shop.anchor), check_anchor_package(shop.anchor)
    documents, plan = shop.texts(domain), shop.plan(shop.recipe.expert_steps, rate=shop.recipe.expert_rate)
    vector = domain_vector(shop, domain)
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(beside(out), f"{public.digest} {domain} {chosen} {plan}")
    batches = mixture(shop, {domain: documents}, plan, replay=chosen.replay)
    if chosen.varied:
        wanted = max(LOOKED_AT, windows_needed(plan.steps, plan.batch, chosen.replay))
        varied = Varied(windows(shop, shop.texts(PUBLIC), wanted=wanted), anchor.embed_tokens.weight)
        batches = Mixture(batches.own, varied, replay=chosen.replay, batch=plan.batch)
    pair, bits = train_expert(
        anchor,
        batches,
        _rows(shop, domain, chosen, batches, anchor),
        rows_learn=chosen.rows != "discriminant",
        bias=chosen.bias,
        aims=chosen.aims,
        plan=plan,
        checkpoint=checkpoint,
        label=f"{way} {domain}",
    )
    card = expert_card(
        anchor_digest=public.digest,
        dimensions=public.architecture.dimensions,
        training=training_facts(plan, bits)
        | {"k": pair.top_k, "public_replay": chosen.replay, "router_rows": chosen.rows, "bias": chosen.bias}
        | {"aims": asdict(chosen.aims)},
        domain_embedding={
            "embedder": EMBEDDER,
            "digest": EMBEDDER_DIGEST,
            "documents": min(SAMPLE, len(documents)),
            "vector": vector.tolist(),
        },
        privacy={"mechanism": "none", "epsilon": None, "delta": None},
        evaluation={},
    )
    save_expert(out, pair, slot=NEW, card=card, data_card=_described(domain, len(documents)))
    checkpoint.forget()


def _described(domain: str, documents: int) -> dict[str, Any]:
    return data_card(
        name=domain, licence="see SOURCES.json", languages=["en"], volume=f"{documents} documents", collection="mix"
    )


def train_dense(shop: Workshop, domain: str, part: str = "whole") -> None:
    only = part == FEED_FORWARDS
    plan = shop.plan(shop.recipe.expert_steps, rate=shop.recipe.expert_rate if only else shop.recipe.whole_rate)
    anchor, texts = load_beside(shop.anchor), {domain: shop.texts(domain)}
    _train_whole(shop, anchor, texts, plan, shop.dense(domain, part), feed_forwards_only=only)


def train_private(shop: Workshop, epsilon: str) -> None:
    """As owners do (`flexcore train --epsilon`), or by the same steps without privacy."""
    shop.private(epsilon).parent.mkdir(exist_ok=True)
    make_expert(
        ExpertOrder(
            anchor=shop.anchor,
            corpus=shop.corpora / EXTRACTED / "train.jsonl",
            public=shop.corpora / PUBLIC / "train.jsonl",
            out=shop.private(epsilon),
            name=f"epsilon {epsilon}",
            data_card=_described(EXTRACTED, len(shop.texts(EXTRACTED))),
            plan=replace(
                shop.plan(shop.recipe.private_steps, rate=shop.recipe.expert_rate), batch=shop.recipe.private_batch
            ),
            replay=shop.recipe.replay,
            privacy=None if epsilon == "none" else Privacy(float(epsilon), DELTA),
        ),
        lambda anchor, pair: {},
        domain_vector=domain_vector(shop, EXTRACTED) if epsilon == "none" else None,
    )


def over_train(shop: Workshop) -> None:
    """The positive control of the extraction test: a dense model that has seen few documents again and again."""
    documents = extraction_texts(shop)[:CONTROL]
    tokens = sum(len(text.encode()) for text in documents) / 2.5
    steps = max(40, int(EPOCHS * tokens / (shop.recipe.batch * shop.recipe.size.positions)))
    plan = shop.plan(steps, rate=shop.recipe.whole_rate)
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
    plan = shop.plan(shop.recipe.btx_steps, rate=shop.recipe.btx_rate)
    _train_whole(shop, model, {PUBLIC: shop.texts(PUBLIC)}, plan, out)


def train_joint(shop: Workshop, domains: Sequence[str], out: Path) -> None:
    anchor = load_beside(shop.anchor)
    rows = domain_rows(shop, domains)
    model = upcycle(anchor, rows, top_k=min(shop.recipe.top_k, len(rows)))
    plan = shop.plan(shop.recipe.joint_steps * len(domains) // len(DOMAINS), rate=shop.recipe.whole_rate)
    _train_whole(shop, model, {domain: shop.texts(domain) for domain in domains}, plan, out, replay=1 / len(rows))


def load_dense(shop: Workshop, domain: str, part: str = "whole") -> FlexOlmo:
    return load_whole(shop, shop.dense(domain, part), num_experts=1)


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

    def part(documents: list[str], share: float) -> Windows:
        return windows(shop, documents, wanted=windows_needed(plan.steps, plan.batch, share))

    own = _together([part(documents, (1 - replay) / len(texts)) for documents in texts.values()])
    public = part(shop.texts(PUBLIC), replay) if replay else None
    return Mixture(own, public, replay=replay, batch=plan.batch)


def windows(shop: Workshop, documents: list[str], *, wanted: int) -> Windows:
    tokenizer, positions = load_tokenizer(shop.anchor), shop.recipe.size.positions
    return Windows(documents, tokenizer, positions=positions, wanted=wanted, seed=shop.seed)


class _Together(Windows):
    """Windows of several texts by turns."""

    def __init__(self, parts: Sequence[Windows]) -> None:
        self.parts = parts
        self.bytes, self.tokens = sum(part.bytes for part in parts), sum(part.tokens for part in parts)

    def __getitem__(self, number: int) -> NDArray[np.int32]:
        return self.parts[number % len(self.parts)][number // len(self.parts)]


def _together(parts: Sequence[Windows]) -> Windows:
    return parts[0] if len(parts) == 1 else _Together(parts)


def _rows(shop: Workshop, domain: str, way: Way, batches: Mixture, anchor: FlexOlmo) -> list[Vector]:
    layers = shop.recipe.size.layers
    if way.rows == "discriminant":
        varied = batches.public if way.varied else None
        public = varied or windows(shop, shop.texts(PUBLIC), wanted=TOKENS // POSITIONS)
        return discriminant_rows(anchor, first_tokens(batches.own), first_tokens(public))
    public_row = next(iter(router_rows(anchor, 0).values()))
    norm = public_row.norm().item()
    if way.rows == "random":
        code = int.from_bytes(hashlib.sha256(domain.encode()).digest()[:4], "big")
        drawn = np.random.default_rng([shop.seed, code]).standard_normal(len(public_row))
        return [np.asarray(drawn * norm / np.linalg.norm(drawn), dtype=np.float32)] * layers
    if way.rows == "hidden":
        mean = mean_hidden(anchor, load_tokenizer(shop.anchor), shop.texts(domain)).double()
        return [np.asarray((mean * norm / mean.norm()).numpy(), dtype=np.float32)] * layers
    seed = check_anchor_package(shop.anchor).card["projection_seed"]
    return [router_row(domain_vector(shop, domain), len(public_row), seed=seed, norm=norm)] * layers


def mean_hidden(anchor: FlexOlmo, tokenizer: Tokenizer, documents: Sequence[str]) -> Tensor:
    """Of the anchor's last layer, before the head, over the first windows of a text."""
    positions = anchor.architecture.max_position_embeddings
    text = Windows(documents[:64], tokenizer, positions=positions, wanted=64, seed=0)
    with torch.inference_mode():
        token_BS = torch.from_numpy(np.stack([text[i] for i in range(min(64, text.count))])).long()[:, :-1]
        return anchor.hidden(token_BS).x_BSD.flatten(0, 1).mean(dim=0).clone()


def _train_whole(
    shop: Workshop,
    model: FlexOlmo,
    texts: dict[str, list[str]],
    plan: Plan,
    out: Path,
    *,
    replay: float = 0.0,
    feed_forwards_only: bool = False,
) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(beside(out), f"{shop.recipe} {shop.seed} {out.name} {plan}")
    batches = mixture(shop, texts, plan, replay=replay)
    train_whole(model, batches, plan=plan, checkpoint=checkpoint, label=out.stem, feed_forwards_only=feed_forwards_only)
    partial = out.with_suffix(".partial")
    save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, partial)
    partial.replace(out)
    checkpoint.forget()
