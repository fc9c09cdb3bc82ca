"""An expert: trained beside the frozen anchor, at its owner's home, on the owner's text and a share of public text.

Only the new feed-forwards move, and their router rows where those are not set in closed form. All else is the anchor's,
bit for bit, and that is checked.

Beyond the paper, where there is public text (`Aims`): on public text the pair is to answer as the anchor does, and the
expert is to leave in the residual stream what the routers of later layers tell its domain by.

Shapes: B batch, S positions, T = B*S tokens, A active experts (two: the public one and the new one).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flexcore.cards import expert_card
from flexcore.loading import load_beside, with_expert
from flexcore.model.names import expert_weights, has_bias, router_biases, router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.package import AnchorContents, Contents, check_anchor_package, check_expert_package
from flexcore.training import sharding
from flexcore.training.checkpoint import Checkpoint, beside, run_digest, weights_digest
from flexcore.training.corpus import Batch, Mixture, Windows, windows_needed
from flexcore.training.documents import check_enough, corpus_digest, read_documents
from flexcore.training.embedding import EMBEDDER, EMBEDDER_DIGEST, Vector, mean_embedding, router_row, sample
from flexcore.training.first_rows import MARGIN, SHRINKAGE, TOKENS, discriminant_rows, first_tokens
from flexcore.training.loop import SECONDS_BETWEEN_CHECKPOINTS, Gradients, LossOf, Plan, train, training_facts
from flexcore.training.packages import refuse_existing, save_expert
from flexcore.training.privacy import (
    Budget,
    Privacy,
    PrivateGradients,
    encoded,
    private_vector,
    public_rows,
    released_once,
)
from flexcore.training.surprise import divergence_by_frozen_head, nats_by_frozen_head
from flexcore.training.tokenizer import load_tokenizer
from flexcore.training.varied import LOOKED_AT, TURN, UNUSUAL, Varied
from flexcore.untrusted import Malformed

Z_LOSS = 1e-3
BIAS = -0.1  # where a learnt bias starts
ROUTING_PUBLIC = 0.75  # of the routing loss: what public text loses, every merge loses, and it is the smaller part
PUBLIC, NEW = 0, 1


@dataclass(frozen=True, slots=True)
class Aims:
    """What a step is to reach besides the next tokens of its text: weights of what is added to their surprise.

    Both need a share of public text. `answers` weighs how far the pair's answers on it are from the anchor's, in place
    of its next tokens; `routing`, how surprised each router but the first is by whose text a token is from.
    """

    answers: float = 0.0
    routing: float = 0.0


PAPER = Aims()
BESIDE_PUBLIC_TEXT = Aims(answers=15.0, routing=0.3)


@dataclass(frozen=True, slots=True)
class ExpertOrder:
    """What to train beside which anchor. `replay` is the share of public text in every batch."""

    anchor: Path
    corpus: Path
    public: Path | None
    out: Path
    name: str
    data_card: Mapping[str, Any]
    plan: Plan
    replay: float = 0.25
    bias: bool = False  # whether the router learns what to take off the new expert's logits, layer by layer
    privacy: Privacy | None = None  # for the owner's documents

    @property
    def closed_form(self) -> bool:
        """Whether the router rows are set, by public text, rather than learnt."""
        return self.public is not None and self.replay > 0 and self.privacy is None

    @property
    def aims(self) -> Aims:
        return BESIDE_PUBLIC_TEXT if self.closed_form else PAPER

    def run(self, anchor_digest: str) -> str:
        return run_digest(
            {
                "anchor": anchor_digest,
                "corpus": corpus_digest(self.corpus),
                "public": None if self.public is None else corpus_digest(self.public),
                "plan": asdict(self.plan),
                "replay": self.replay,
                "bias": self.bias,
                "privacy": None if self.privacy is None else asdict(self.privacy),
                "beside_public": [TOKENS, MARGIN, SHRINKAGE, ROUTING_PUBLIC, LOOKED_AT, UNUSUAL, TURN]
                if self.closed_form
                else None,
                "aims": asdict(self.aims),
            }
        )


MakeGradients = Callable[[Sequence[nn.Parameter], LossOf], Gradients]
Measure = Callable[[FlexOlmo, FlexOlmo], Mapping[str, Any]]


def make_expert(
    order: ExpertOrder,
    measure: Measure,
    *,
    domain_vector: Vector | None = None,
    pause: float = SECONDS_BETWEEN_CHECKPOINTS,
) -> Contents:
    """From an owner's text to an expert package; started again after a kill, it goes on where it was.

    `measure` gets the anchor and the pair, and says how good they are. The embedder is asked for the domain's vector
    unless one is given.
    """
    refuse_existing(order.out)
    sharding.check_batch(order.plan.batch)
    if sharding.count() > 1 and (order.bias or order.privacy):
        raise Malformed("A bias or privacy is trained by one process; start it without torchrun.")
    public = check_anchor_package(order.anchor)
    anchor = load_beside(order.anchor)
    documents = read_documents(order.corpus)
    check_enough(documents, order.corpus)
    batches = _batches(order, documents, anchor)
    budget = _budget(order, documents)
    shown = sample(documents, seed=order.plan.seed)
    checkpoint = Checkpoint(beside(order.out), order.run(public.digest))
    if domain_vector is not None:
        vector = domain_vector
    elif budget is None:
        vector = mean_embedding(shown)
    else:
        vector = released_once(checkpoint, lambda: private_vector(documents, budget))
    pair, bits = train_expert(
        anchor,
        batches,
        _closed_form(anchor, batches) if order.closed_form else _embedded(anchor, public, vector),
        rows_learn=not order.closed_form,
        aims=order.aims,
        plan=order.plan,
        checkpoint=checkpoint,
        label=order.name,
        pause=pause,
        bias=order.bias,
        private=None if budget is None else _private(order, documents, budget, batches),
    )
    if sharding.number() > 0:
        sharding.wait()
        return check_expert_package(order.out)
    card = expert_card(
        anchor_digest=public.digest,
        dimensions=public.architecture.dimensions,
        training=training_facts(order.plan, bits if budget is None else None)
        | {
            "k": pair.top_k,
            "public_replay": order.replay,
            "router_z_loss": Z_LOSS,
            "bias": has_bias(pair, NEW),
            "aims": asdict(order.aims),
            "router_rows": "discriminant" if order.closed_form else "domain embedding, then trained",
        },
        domain_embedding={
            "embedder": EMBEDDER,
            "digest": EMBEDDER_DIGEST,
            "documents": len(shown),
            "vector": vector.tolist(),
        },
        privacy={"mechanism": "none", "epsilon": None, "delta": None} if budget is None else budget.card(),
        evaluation=measure(anchor, pair),
    )
    contents = save_expert(order.out, pair, slot=NEW, card=card, data_card=order.data_card)
    checkpoint.forget()
    sharding.wait()
    return contents


def _batches(order: ExpertOrder, documents: Sequence[str], anchor: FlexOlmo) -> Mixture:
    plan, tokenizer, vocabulary = order.plan, load_tokenizer(order.anchor), anchor.architecture.vocab_size
    if tokenizer.get_vocab_size() > vocabulary:
        raise Malformed(
            f"{order.anchor} has a tokenizer of {tokenizer.get_vocab_size()} tokens, but its model knows {vocabulary}; "
            "take the anchor as it was published, with the tokenizer that is its own."
        )

    def windows(texts: Sequence[str], share: float, least: int = 0) -> Windows:
        wanted = max(least, windows_needed(plan.steps, plan.batch, share))
        return Windows(texts, tokenizer, positions=plan.positions, wanted=wanted, seed=plan.seed)

    if order.public is None or not order.replay:
        return Mixture(windows(documents, 1.0), None, replay=0.0, batch=plan.batch)
    public = windows(read_documents(order.public), order.replay, LOOKED_AT if order.closed_form else 0)
    if order.closed_form:
        public = Varied(public, anchor.embed_tokens.weight)
    return Mixture(windows(documents, 1 - order.replay), public, replay=order.replay, batch=plan.batch)


def _closed_form(anchor: FlexOlmo, batches: Mixture) -> list[Vector]:
    return discriminant_rows(anchor, first_tokens(batches.own), first_tokens(cast(Windows, batches.public)))


def _embedded(anchor: FlexOlmo, public: AnchorContents, vector: Vector) -> list[Vector]:
    """The domain's embedding, no louder than the public row and the same in every layer."""
    norm = next(iter(router_rows(anchor, PUBLIC).values())).norm().item()
    width, layers = public.architecture.hidden_size, public.architecture.num_hidden_layers
    return [router_row(vector, width, seed=public.card["projection_seed"], norm=norm)] * layers


def _budget(order: ExpertOrder, documents: Sequence[str]) -> Budget | None:
    if order.privacy is None:
        return None
    drawn = order.plan.batch - public_rows(order.plan.batch, order.replay if order.public else 0.0)
    if drawn < 1:
        raise Malformed("No document of the owner's is left in a batch of so much public text; take a larger batch.")
    return Budget.planned(order.privacy, documents=len(documents), drawn=drawn, steps=order.plan.steps)


def _private(order: ExpertOrder, documents: Sequence[str], budget: Budget, batches: Mixture) -> MakeGradients:
    texts = encoded(documents, load_tokenizer(order.anchor))

    def make(moving: Sequence[nn.Parameter], loss_of: LossOf) -> Gradients:
        return PrivateGradients(
            moving, loss_of, texts, budget, order.plan, public=batches.public, replay=batches.replay
        )

    return make


def train_expert(
    anchor: FlexOlmo,
    batches: Mixture,
    rows: Sequence[Vector],
    *,
    rows_learn: bool = True,
    aims: Aims = PAPER,
    plan: Plan,
    checkpoint: Checkpoint,
    label: str,
    pause: float = SECONDS_BETWEEN_CHECKPOINTS,
    bias: bool = False,
    private: MakeGradients | None = None,
) -> tuple[FlexOlmo, float]:
    """The two-expert model, and its last bits per byte in training. With k = 2, for top-1 teaches a router nothing.

    `rows` are the new expert's, one a layer: where they start, or, unless `rows_learn`, what they are.
    """
    pair = with_expert(anchor)
    for start, row in zip(router_rows(pair, NEW).values(), rows, strict=True):
        start.copy_(torch.from_numpy(row))
    weights = trainable(pair, rows=rows_learn, bias=bias)
    if bias:
        for start in router_biases(pair, NEW).values():
            start.data.fill_(BIAS)
    before = weights_digest(_frozen(pair, rows=rows_learn, bias=bias))
    if sharding.count() > 1:
        sharding.shard(pair)
        weights = trainable(pair, rows=rows_learn, bias=bias)
    loss_of = PairStep(pair.train().to(sharding.device()), aims, replay=batches.replay)
    gradients = None if private is None else private(list(weights.values()), loss_of)
    bits = train(
        weights, loss_of, batches, plan=plan, checkpoint=checkpoint, label=label, pause=pause, gradients=gradients
    )
    pair = sharding.gathered(pair, lambda: with_expert(anchor)).to("cpu").requires_grad_(False).eval()
    if weights_digest(_frozen(pair, rows=rows_learn, bias=bias)) != before:
        raise RuntimeError("a frozen weight has moved, so this is no expert of its anchor; nothing is written")
    for learnt in router_biases(pair, NEW).values():
        learnt.clamp_(max=0.0)  # what is above zero counts as zero, so zero is what is kept
    return pair, bits


@dataclass(frozen=True, slots=True)
class PairStep:
    """What a step learns from: (objective, nats a token). `replay` is the share of public text over the whole run."""

    pair: FlexOlmo
    aims: Aims = PAPER
    replay: float = 0.0

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        token_BS = batch.token_BS
        theirs_BSD = self._anchors(batch) if self.aims.answers and self.replay else None
        hidden = self.pair.hidden(token_BS[:, :-1])
        held = Z_LOSS * z_loss(hidden.logits_TA)
        if self.aims.routing and self.replay:
            held = held + self.aims.routing * routing_loss(hidden.logits_TA, batch, self.replay)
        if theirs_BSD is None:
            nats = nats_by_frozen_head(hidden.x_BSD, self.pair.lm_head.weight, token_BS)
            return nats + held, nats.detach()
        head_VD, public, share = self.pair.lm_head.weight, batch.public, batch.public / len(token_BS)
        own = nats_by_frozen_head(hidden.x_BSD[public:], head_VD, token_BS[public:])
        away = divergence_by_frozen_head(hidden.x_BSD[:public], theirs_BSD, head_VD)
        told = nats_by_frozen_head(hidden.x_BSD[:public].detach(), head_VD, token_BS[:public])
        objective = (1 - share) * own + share * self.aims.answers * away
        return objective + held, ((1 - share) * own + share * told).detach()

    def _anchors(self, batch: Batch) -> Tensor | None:
        """What the anchor alone comes to on the public rows. With several processes all ask, or none could."""
        if not batch.public and sharding.count() == 1:
            return None
        with torch.no_grad():
            asked_BS = batch.token_BS[: max(1, batch.public), :-1]
            return self.pair.hidden(asked_BS, [PUBLIC]).x_BSD[: batch.public]


def routing_loss(logits_TA: tuple[Tensor, ...], batch: Batch, replay: float) -> Tensor:
    """How surprised routers are by whose text it is. Public text has a weight of its own, whatever its share.

    The first layer's is left out: no expert comes before it. What the others read, experts of earlier layers change; so
    an expert learns to leave a mark on what is its own, and attention carries the mark along the text.
    """
    positions, device = batch.token_BS.shape[1] - 1, batch.token_BS.device
    tokens, public = len(batch.token_BS) * positions, batch.public * positions
    slot_T = torch.full((tokens,), NEW, device=device)
    weight_T = torch.full((tokens,), (1 - ROUTING_PUBLIC) / (1 - replay), device=device)
    slot_T[:public], weight_T[:public] = PUBLIC, ROUTING_PUBLIC / replay
    losses = [weight_T * F.cross_entropy(logit_TA.float(), slot_T, reduction="none") for logit_TA in logits_TA[1:]]
    return torch.stack(losses).mean() if losses else weight_T.new_zeros(())


def z_loss(logits_TA: tuple[Tensor, ...]) -> Tensor:
    """Keeps the router's logits small, so that one expert's row does not outshout those it never met."""
    return torch.stack([logit_TA.logsumexp(dim=-1).square().mean() for logit_TA in logits_TA]).mean()


def trainable(pair: FlexOlmo, *, rows: bool = True, bias: bool = False) -> dict[str, nn.Parameter]:
    """What learns, under its names in a package."""
    chosen = _learning(pair, rows=rows, bias=bias)
    return {name: cast(nn.Parameter, weight.requires_grad_(True)) for name, weight in chosen.items()}


def _learning(pair: FlexOlmo, *, rows: bool, bias: bool) -> dict[str, Tensor]:
    learning = expert_weights(pair, NEW)
    if rows:
        learning |= router_rows(pair, NEW)
    return learning | router_biases(pair, NEW) if bias else learning


def _frozen(pair: FlexOlmo, *, rows: bool, bias: bool) -> dict[str, Tensor]:
    learning = {id(weight) for weight in _learning(pair, rows=rows, bias=bias).values()}
    return {name: weight for name, weight in pair.named_parameters() if id(weight) not in learning}
