"""Router tuning: after the merge only the experts' router rows learn, on public text alone (paper, appendix A.2).

The owners' text is nowhere near. What stands for it are *proxies*: of the public documents, those that look most like
an owner's data by the mean embedding which the owner's package carries. All else keeps its bits, and that is checked.

The public row stays as it is: only differences between rows matter, so one row may be held, and it is everybody's.

Shapes: N documents, V dimensions of the embedder, B batch, S positions.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from flexcore.headers import encode_header
from flexcore.layout import gate_layout
from flexcore.manifest import Tuning
from flexcore.model.names import router_rows
from flexcore.model.transformer import DTYPES, FlexOlmo
from flexcore.training.checkpoint import Checkpoint, bits_of, weights_digest
from flexcore.training.corpus import Batch, Mixture, Windows, windows_needed
from flexcore.training.embedding import EXCERPT, Vector
from flexcore.training.expert import PUBLIC, Z_LOSS, z_loss
from flexcore.training.loop import Plan, train
from flexcore.training.surprise import nats_by_frozen_head, next_token_nats
from flexcore.untrusted import Malformed

WARMUP = 4  # steps
DOCUMENTS = 1024  # of the public text, drawn by the seed
PROXIES = 48  # documents for each expert
PUBLIC_SHARE = 0.5  # of each batch, whatever the document
MEASURED = 32  # windows of proxies that are asked before and after

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The model's router.safetensors with the tuned rows, and bits per byte of the proxies."""

    router: bytes
    before: float
    after: float


def choose_proxies(embedding_NV: NDArray[np.float32], domains: Sequence[Vector], *, count: int) -> list[list[int]]:
    """For each domain the documents on its side of public text, the clearest first.

    A linear classifier between two means: a document's score is its product with the domain's mean less the public one.
    """
    public_V = embedding_NV.mean(axis=0)
    found = []
    for domain in domains:
        score_N = embedding_NV @ (np.asarray(domain, dtype=np.float32) - public_V)
        found.append([int(i) for i in np.argsort(-score_N, kind="stable")[:count]])
    return found


def tune_rows(
    model: FlexOlmo,
    documents: Sequence[str],
    tokenizer: Tokenizer,
    domains: Sequence[Vector],
    *,
    embed: Embed,
    tuning: Tuning,
    watch: Watch = lambda step: None,
) -> Tuned:
    """Tune a composed model in place, on the device where it is; `domains` are those of slots 1 and up, in order.

    The same model, documents and numbers of `tuning` give the same rows on the same kind of machine. `watch` hears of
    each step before it is made, and may raise to stop. Malformed: a domain has not the dimensions of the embedder.
    """
    plan = _plan(tuning, model)
    drawn = np.random.default_rng([plan.seed, 3]).permutation(len(documents))[:DOCUMENTS]
    texts = [documents[i] for i in sorted(drawn)]
    embedding_NV = embed([text[:EXCERPT] for text in texts])
    for slot, domain in enumerate(domains, start=1):
        if len(domain) != embedding_NV.shape[1]:
            raise Malformed(
                f"The expert in slot {slot} tells of its data in {len(domain)} dimensions, not in the "
                f"{embedding_NV.shape[1]} of the embedder that tuning needs; ask without tuning."
            )
    count = max(1, min(PROXIES, len(texts) // 2))
    chosen = choose_proxies(embedding_NV, domains, count=count)
    proxies = [texts[i] for i in sorted({i for one in chosen for i in one})]

    batches = _mixture(proxies, texts, tokenizer, plan)
    dtype = DTYPES[model.architecture.dtype]
    model.float()  # steps this small would be lost in BF16
    before = _bits(model, batches.own)
    _train(model, batches, plan, watch)
    for slot in range(1, model.num_experts):
        for row in router_rows(model, slot).values():
            row.copy_(row.to(dtype))  # what is measured is what is written
    after = _bits(model, batches.own)
    return Tuned(_router(model, dtype), before, after)


def _plan(tuning: Tuning, model: FlexOlmo) -> Plan:
    return Plan(
        steps=tuning.steps,
        batch=tuning.batch,
        positions=min(tuning.positions, model.architecture.max_position_embeddings),
        learning_rate=float(tuning.learning_rate),
        warmup=WARMUP,
        seed=tuning.seed,
    )


def _router(model: FlexOlmo, dtype: torch.dtype) -> bytes:
    d = model.architecture.dimensions
    rows = [list(router_rows(model, slot).values()) for slot in range(model.num_experts)]
    data = [bytes(bits_of(row.to(dtype).cpu())) for layer in zip(*rows, strict=True) for row in layer]
    return encode_header(gate_layout(d, model.num_experts), d.dtype) + b"".join(data)


def _mixture(proxies: Sequence[str], texts: Sequence[str], tokenizer: Tokenizer, plan: Plan) -> Mixture:
    def stream(documents: Sequence[str], share: float) -> Windows:
        wanted = windows_needed(plan.steps, plan.batch, share)
        return Windows(documents, tokenizer, positions=plan.positions, wanted=wanted, seed=plan.seed)

    own, public = stream(proxies, 1 - PUBLIC_SHARE), stream(texts, PUBLIC_SHARE)
    return Mixture(own, public, replay=PUBLIC_SHARE, batch=plan.batch)


@torch.inference_mode()
def _bits(model: FlexOlmo, text: Windows) -> float:
    """Bits per byte over the first windows of a stream, each asked alone."""
    device, count = model.embed_tokens.weight.device, min(MEASURED, text.count)
    nats = 0.0
    for number in range(count):
        token_BS = torch.from_numpy(text[number]).long()[None].to(device)
        nats += float(next_token_nats(model(token_BS[:, :-1]), token_BS))
    return nats / count / math.log(2) * text.tokens / text.bytes


def _train(model: FlexOlmo, batches: Mixture, plan: Plan, watch: Watch) -> None:
    model.requires_grad_(False)
    device = model.embed_tokens.weight.device
    moving: dict[str, nn.Parameter] = {}
    for slot in range(PUBLIC + 1, model.num_experts):
        for name, row in router_rows(model, slot).items():
            row.requires_grad_(True)
            moving[f"{slot}.{name}"] = row  # type: ignore[assignment]  # the model's own parameters
    known = {id(row) for row in moving.values()}
    frozen = {name: weight for name, weight in model.named_parameters() if id(weight) not in known}
    digest = weights_digest(_on_processor(frozen))
    made = 0

    def loss_of(batch: Batch) -> tuple[Tensor, Tensor]:
        nonlocal made
        watch(made)
        made += 1
        token_BS = batch.token_BS.to(device)
        hidden = model.hidden(token_BS[:, :-1])
        nats = nats_by_frozen_head(hidden.x_BSD, model.lm_head.weight, token_BS)
        return nats + Z_LOSS * z_loss(hidden.logits_TA), nats.detach()

    model.train()
    with TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "rows", "router")
        train(moving, loss_of, batches, plan=plan, checkpoint=checkpoint, label="router", pause=float("inf"))
    model.requires_grad_(False).eval()
    if weights_digest(_on_processor(frozen)) != digest:
        raise RuntimeError("a frozen weight has moved while router rows were tuned; nothing of it is used")


def _on_processor(weights: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    return {name: weight.detach().cpu() for name, weight in weights.items()}
