"""The anchor: the small public model that every expert is trained beside. Made of public text alone, then frozen.

Shapes: B batch, S positions, T = B*S tokens, V vocabulary.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from flexcore.cards import anchor_card
from flexcore.checkpoints import Checkpoint as CheckpointFiles
from flexcore.config import Architecture
from flexcore.model.names import router_rows
from flexcore.model.transformer import DTYPES, FlexOlmo
from flexcore.package import AnchorContents
from flexcore.splitting import Origin, split_anchor
from flexcore.training.checkpoint import Checkpoint, beside, bits_of, run_digest
from flexcore.training.corpus import Batch, Mixture, Windows, windows_needed
from flexcore.training.documents import corpus_digest, read_documents
from flexcore.training.embedding import EMBEDDER, EMBEDDER_DIGEST, Vector, mean_embedding, router_row, sample
from flexcore.training.loop import Plan, train, training_facts
from flexcore.training.packages import refuse_existing, save_anchor
from flexcore.training.surprise import next_token_nats
from flexcore.training.tokenizer import END_ID, FILES, PAD_ID, read_tokenizer, save_tokenizer, train_tokenizer

WEIGHT_DECAY = 0.1
PROJECTION_SEED = 2507


@dataclass(frozen=True, slots=True)
class Size:
    """About 2.6 million weights by default, the embedding counted once: minutes on two cores."""

    vocab_size: int = 4096
    hidden_size: int = 192
    intermediate_size: int = 512
    layers: int = 4
    heads: int = 6
    positions: int = 256

    def architecture(self) -> Architecture:
        return Architecture(
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            max_position_embeddings=self.positions,
            rms_norm_eps=1e-6,
            rope_theta=10_000.0,
            pad_token_id=PAD_ID,
            eos_token_id=END_ID,
            dtype="F32",
        )


@dataclass(frozen=True, slots=True)
class AnchorOrder:
    """What to make of which public text. `projection_seed` fixes how every later domain becomes a router row."""

    corpus: Path
    out: Path
    size: Size
    plan: Plan
    projection_seed: int = PROJECTION_SEED

    def run(self) -> str:
        return run_digest({**asdict(replace(self, corpus=Path(), out=Path())), "corpus": corpus_digest(self.corpus)})


def make_anchor(order: AnchorOrder, *, public_vector: Vector | None = None) -> AnchorContents:
    """From public text to an anchor package; started again after a kill, it goes on where it was.

    The embedder is asked for the public vector unless one is given.
    """
    refuse_existing(order.out)
    documents = read_documents(order.corpus)
    checkpoint = Checkpoint(beside(order.out), order.run())
    tokenizer_files = make_tokenizer(documents, order.size)
    batches = _batches(order, documents, tokenizer_files)
    model, bits = train_anchor(order.size, batches, plan=order.plan, checkpoint=checkpoint)
    vector = mean_embedding(sample(documents, seed=order.projection_seed)) if public_vector is None else public_vector
    row = router_row(vector, order.size.hidden_size, seed=order.projection_seed)
    for weight in router_rows(model, 0).values():
        weight.copy_(torch.from_numpy(row))
    card = anchor_card(
        dimensions=model.architecture.dimensions,
        embedder=EMBEDDER,
        embedder_digest=EMBEDDER_DIGEST,
        projection_seed=order.projection_seed,
        public_vector=vector.tolist(),
        training=training_facts(order.plan, bits) | {"corpus": corpus_digest(order.corpus), "tied_embeddings": True},
    )
    contents = save_anchor(order.out, model, tokenizer=tokenizer_files, card=card)
    checkpoint.forget()
    return contents


def import_anchor(
    checkpoint: CheckpointFiles, out: Path, *, documents: Sequence[str] | None, public_vector: Vector | None = None
) -> AnchorContents:
    """An anchor out of a checkpoint of `transformers`. A dense one needs public text, or its vector, for its row.

    Experts that are trained beside it later get their rows from our embedder and projection.
    """
    refuse_existing(out)
    a, row = checkpoint.architecture, None
    if public_vector is None and documents is not None:
        public_vector = mean_embedding(sample(documents, seed=PROJECTION_SEED))
    if not checkpoint.num_experts and public_vector is not None:
        drawn = torch.from_numpy(router_row(public_vector, a.hidden_size, seed=PROJECTION_SEED))
        row = bytes(bits_of(drawn.to(DTYPES[a.dtype])))
    vector = checkpoint.row_numbers(0) if public_vector is None else public_vector.tolist()
    return split_anchor(checkpoint, out, Origin(EMBEDDER, EMBEDDER_DIGEST, PROJECTION_SEED, vector), row=row)


def make_tokenizer(documents: Sequence[str], size: Size) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as draft:
        tokenizer = train_tokenizer(documents, vocab_size=size.vocab_size)
        save_tokenizer(tokenizer, Path(draft), positions=size.positions)
        return {name: (Path(draft) / name).read_bytes() for name in FILES}


def _batches(order: AnchorOrder, documents: Sequence[str], tokenizer_files: Mapping[str, bytes]) -> Mixture:
    plan = order.plan
    windows = Windows(
        documents,
        read_tokenizer(tokenizer_files[FILES[0]]),
        positions=plan.positions,
        wanted=windows_needed(plan.steps, plan.batch, 1.0),
        seed=plan.seed,
    )
    return Mixture(windows, None, replay=0.0, batch=plan.batch)


def train_anchor(size: Size, batches: Mixture, *, plan: Plan, checkpoint: Checkpoint) -> tuple[FlexOlmo, float]:
    """A one-expert model, and its last bits per byte in training. Its router row is still zero."""
    model = fresh_model(size.architecture(), seed=plan.seed)
    model.lm_head.weight = model.embed_tokens.weight  # tied while it trains: half the weights to learn
    rows = {id(row) for row in router_rows(model, 0).values()}
    weights = {
        name: weight
        for name, weight in model.named_parameters()
        if id(weight) not in rows and not name.endswith("router_bias")
    }

    def loss_of(batch: Batch) -> tuple[Tensor, Tensor]:
        nats = next_token_nats(model(batch.token_BS[:, :-1]), batch.token_BS)
        return nats, nats.detach()

    model.train()
    bits = train(weights, loss_of, batches, plan=plan, checkpoint=checkpoint, label="anchor")
    model.lm_head.weight = nn.Parameter(model.embed_tokens.weight.detach().clone())
    return model.requires_grad_(False).eval(), bits


def fresh_model(architecture: Architecture, *, seed: int) -> FlexOlmo:
    """Products keep the size of what goes in, so no norm starts near its epsilon."""
    model = FlexOlmo(architecture, num_experts=1, top_k=1)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim < 2:
                continue
            spread = 0.02 if name.startswith(("embed_tokens", "lm_head")) else 1 / math.sqrt(weight.shape[1])
            weight.normal_(0.0, spread, generator=generator)
    return model
