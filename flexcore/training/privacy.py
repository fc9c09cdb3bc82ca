"""Differential privacy for the documents that an expert learns from: DP-SGD, by Opacus, over the trainable parts.

What is protected is a document: whether it was among the owner's can hardly be told from the package. Each step draws
documents by chance, each with the same probability; each one's gradient is made alone, cut to a bound, and noise goes
over their sum. With k = 2 of 2 experts every token passes both, so a document's gradient is its own and nobody else's:
no other document decides where its tokens go. Public text is everybody's and needs no bound and no noise.

The domain's vector comes from the same documents, so it is noised too, and counted as one more release.

Shapes: B sequences, S positions, N documents.
"""

import json
import math
import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from flexcore.training.checkpoint import Checkpoint
from flexcore.training.corpus import Batch, Windows
from flexcore.training.embedding import EXCERPT, SAMPLE, Vector, embeddings
from flexcore.training.loop import LossOf, Plan
from flexcore.training.tokenizer import END_ID, encode
from flexcore.untrusted import Malformed, parse_json

LEAST_NOISE, MOST_NOISE = 0.2, 1e3
ACCURACY = 1e-3  # of the noise that is looked for


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the owner asks for. The bound is on a document's whole gradient."""

    epsilon: float
    delta: float
    clip: float = 0.5


@dataclass(frozen=True, slots=True)
class Budget:
    """What was asked for, and the noise that keeps to it over these steps and the release of the domain's vector."""

    asked: Privacy
    noise: float  # in units of the bound
    rate: float  # a document's chance to be in a step
    steps: int
    embedding_rate: float  # its chance to be in the domain's sample

    @classmethod
    def planned(cls, asked: Privacy, *, documents: int, drawn: int, steps: int) -> "Budget":
        """The least noise that will do, for `drawn` documents a step on average."""
        if not (asked.epsilon > 0 and asked.clip > 0 and 0 < asked.delta < 1 / documents):
            raise Malformed(
                f"epsilon {asked.epsilon:g}, delta {asked.delta:g} and clip {asked.clip:g} protect nobody among "
                f"{documents} documents; choose epsilon and clip above 0 and delta below one over the documents."
            )
        if drawn > documents:
            raise Malformed(
                f"{documents} documents are too few for steps of {drawn}, for privacy is had in a crowd; "
                "take a smaller batch."
            )
        rate, embedding_rate = drawn / documents, min(1.0, SAMPLE / documents)

        def budget(noise: float) -> "Budget":
            return cls(asked, noise, rate, steps, embedding_rate)

        low, high = LEAST_NOISE, MOST_NOISE
        if budget(high).epsilon() > asked.epsilon:
            raise Malformed(
                f"No noise keeps {steps} steps within epsilon {asked.epsilon:g}; take fewer, or a larger one."
            )
        while high / low > 1 + ACCURACY:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if budget(middle).epsilon() <= asked.epsilon else (middle, high)
        return budget(high)

    def epsilon(self) -> float:
        """By Opacus' accountant, over every release there is."""
        accountant = _opacus("accountants").RDPAccountant()
        accountant.history = [(self.noise, self.rate, self.steps), (self.noise, self.embedding_rate, 1)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its list of orders ends here only makes the figure larger
            return float(accountant.get_epsilon(delta=self.asked.delta))

    def card(self) -> dict[str, Any]:
        """What the package says of it."""
        return {
            "mechanism": "DP-SGD",
            "unit": "document",
            "epsilon": round(self.epsilon(), 4),
            "delta": self.asked.delta,
            "noise_multiplier": round(self.noise, 6),
            "clip": self.asked.clip,
            "sample_rate": self.rate,
            "steps": self.steps,
            "accountant": f"RDP, opacus {_opacus('').__version__}",
            "covers": "weights, router rows, domain embedding",
            "does_not_cover": "the evaluation's figures, the number of documents",
            "noise_source": "a generator seeded by the operating system; not cryptographic",
        }


class PrivateGradients:
    """Leaves a private gradient in the weights: an average over the documents drawn, and the public share beside it."""

    def __init__(
        self,
        moving: Sequence[nn.Parameter],
        loss_of: LossOf,
        documents: Sequence[NDArray[np.int32]],
        budget: Budget,
        plan: Plan,
        *,
        public: Windows | None = None,
        replay: float = 0.0,
        seed: int | None = None,
    ) -> None:
        """Chance is the system's, and is kept nowhere: who knew it could take the noise off. `seed` is for tests."""
        self.moving, self.loss_of, self.documents, self.budget, self.plan = moving, loss_of, documents, budget, plan
        self.public, self.replay = public, replay if public is not None else 0.0
        seed = secrets.randbits(63) if seed is None else seed
        self.chance = np.random.default_rng([seed, 0])
        # Only what cuts, adds up and noises is asked of it; the step itself is the loop's.
        self.cutting = _opacus("optimizers").DPOptimizer(
            torch.optim.SGD(list(moving), lr=0.0),
            noise_multiplier=budget.noise,
            max_grad_norm=budget.asked.clip,
            expected_batch_size=budget.rate * len(documents),
            generator=torch.Generator(device=moving[0].device).manual_seed(seed),
        )

    def __call__(self, step: int) -> Tensor:
        self.cutting.zero_grad(set_to_none=True)
        chosen = np.flatnonzero(self.chance.random(len(self.documents)) < self.budget.rate)
        nats = [self._one(self.documents[number]) for number in chosen.tolist()]
        self._noise()
        if self.public is not None and self.replay:
            nats.append(self._public(self.public, step))
        nn.utils.clip_grad_norm_(list(self.moving), self.plan.clip)
        return torch.stack(nats).mean() if nats else torch.zeros(())

    def _one(self, document: NDArray[np.int32]) -> Tensor:
        """A document's gradient, cut and added to the others'. Of a long one chance takes a window."""
        room = len(document) - self.plan.positions - 1
        first = int(self.chance.integers(0, room + 1)) if room > 0 else 0
        window = torch.from_numpy(document[first : first + self.plan.positions + 1]).long()[None]
        nats = self._backward(Batch(window), 1.0)
        for weight in self.moving:
            found = weight.grad if weight.grad is not None else torch.zeros_like(weight)
            weight.grad_sample, weight.grad = found[None], None  # type: ignore[attr-defined]  # Opacus looks there
        self.cutting.clip_and_accumulate()
        return nats

    def _noise(self) -> None:
        for weight in self.moving:
            weight.grad_sample = weight.new_empty((0, *weight.shape))  # type: ignore[attr-defined]
        self.cutting.pre_step()  # nothing more to add: noise, and the average

    def _public(self, public: Windows, step: int) -> Tensor:
        count = public_rows(self.plan.batch, self.replay)
        rows = [public[step * count + i] for i in range(count)]
        for weight in self.moving:
            if weight.grad is not None:
                weight.grad.mul_(1 - self.replay)
        return self._backward(Batch(torch.from_numpy(np.stack(rows)).long(), public=count), self.replay)

    def _backward(self, batch: Batch, share: float) -> Tensor:
        device = self.moving[0].device
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.plan.bf16):
            objective, nats = self.loss_of(batch.to(device))
        (objective * share).backward()  # type: ignore[no-untyped-call]
        return nats


def public_rows(batch: int, replay: float) -> int:
    """Sequences of public text in a private step: the same number each time, for chance draws only the documents."""
    return max(1, round(batch * replay)) if replay else 0


def encoded(documents: Sequence[str], tokenizer: Tokenizer) -> list[NDArray[np.int32]]:
    """Each by itself, as a document begins in training."""
    return [np.array([END_ID, *ids], dtype=np.int32) for ids in encode(tokenizer, documents)]


def private_vector(documents: Sequence[str], budget: Budget, *, seed: int | None = None) -> Vector:
    """The domain's mean embedding, noised: one document moves the sum by at most one, the length of its vector."""
    chance = np.random.default_rng(seed)
    texts = [text[:EXCERPT] for text in documents if chance.random() < budget.embedding_rate]
    drawn = embeddings(texts).astype(np.float64).sum(axis=0) if texts else np.zeros(embeddings(["a"]).shape[1])
    noised = drawn + budget.noise * chance.standard_normal(len(drawn))
    vector: Vector = (noised / (budget.embedding_rate * len(documents))).astype(np.float32)
    return vector


def released_once(checkpoint: Checkpoint, draw: Callable[[], Vector]) -> Vector:
    """The vector a stopped run began with: drawn again it would be a second release, which nobody has counted."""
    if not checkpoint.vector.exists():
        vector = draw()
        said = json.dumps({"run": checkpoint.run, "vector": vector.tolist()})
        partial = checkpoint.vector.with_name(checkpoint.vector.name + ".partial")
        partial.write_text(said, encoding="utf-8")
        partial.replace(checkpoint.vector)
        return vector
    kept = parse_json(checkpoint.vector.read_bytes(), checkpoint.vector.name, max_bytes=1 << 20)
    if kept.get("run") != checkpoint.run:
        raise Malformed(
            f"{checkpoint.vector} belongs to a run with other settings or data; delete it and the run's checkpoint to "
            "start again, or give the old settings to go on."
        )
    return np.asarray(kept["vector"], dtype=np.float32)


def _opacus(part: str) -> Any:
    """Loaded for this alone: it takes seconds."""
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(f"opacus.{part}" if part else "opacus")
    except ModuleNotFoundError:
        raise Malformed("DP-SGD needs the package opacus; install it beside flexcore.") from None
