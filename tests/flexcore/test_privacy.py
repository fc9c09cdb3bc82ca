"""DP-SGD: each document's gradient is its own, cut to the bound; without noise and bound it is plain training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flexcore.loading import with_expert
from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import Checkpoint
from flexcore.training.corpus import Batch
from flexcore.training.expert import PairStep, trainable
from flexcore.training.loop import Plan
from flexcore.training.privacy import Budget, Privacy, PrivateGradients, released_once
from flexcore.untrusted import Malformed
from tests.flexcore.tiny import tiny_model

PLAN = Plan(steps=3, batch=4, positions=16, clip=1e9)


@pytest.fixture
def pair() -> FlexOlmo:
    return with_expert(tiny_model(num_experts=1, top_k=1)).train()


def documents(*lengths: int) -> list[NDArray[np.int32]]:
    drawn = np.random.default_rng(0)
    return [drawn.integers(0, 61, length).astype(np.int32) for length in lengths]


def budget(*, noise: float, clip: float, rate: float = 1.0) -> Budget:
    return Budget(Privacy(1.0, 1e-6, clip), noise, rate, 1, 1.0)


def alone(pair: FlexOlmo, document: NDArray[np.int32]) -> Tensor:
    """A document's whole gradient, by plain means."""
    weights = list(trainable(pair).values())
    PairStep(pair)(Batch(torch.from_numpy(document).long()[None]))[0].backward()  # type: ignore[no-untyped-call]
    found = flat(weights)
    for weight in weights:
        weight.grad = None
    return found


def flat(weights: list[nn.Parameter]) -> Tensor:
    return torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None])


def private(pair: FlexOlmo, texts: list[NDArray[np.int32]], spent: Budget, *, seed: int = 0) -> Tensor:
    weights = list(trainable(pair).values())
    PrivateGradients(weights, PairStep(pair), texts, spent, PLAN, seed=seed)(0)
    return flat(weights)


def test_each_document_is_cut_by_the_norm_it_has_alone(pair: FlexOlmo) -> None:
    texts = documents(17, 9, 5)
    own = [alone(pair, text) for text in texts]
    bound = sorted(float(gradient.norm()) for gradient in own)[1] * 1.01  # one is above it, two are not

    found = private(pair, texts, budget(noise=0.0, clip=bound))

    cut = [gradient * min(1.0, bound / (float(gradient.norm()) + 1e-6)) for gradient in own]
    torch.testing.assert_close(found, torch.stack(cut).mean(dim=0), rtol=1e-4, atol=1e-7)
    assert sum(float(gradient.norm()) > bound for gradient in own) == 1


def test_without_noise_and_bound_it_is_plain_training(pair: FlexOlmo) -> None:
    texts = documents(17, 17, 17, 17)
    weights = list(trainable(pair).values())
    PairStep(pair)(Batch(torch.from_numpy(np.stack(texts)).long()))[0].backward()  # type: ignore[no-untyped-call]
    plain = flat(weights)
    for weight in weights:
        weight.grad = None

    found = private(pair, texts, budget(noise=0.0, clip=1e9))

    torch.testing.assert_close(found, plain, rtol=1e-3, atol=1e-6)


def test_a_document_moves_the_sum_by_no_more_than_the_bound(pair: FlexOlmo) -> None:
    texts, bound = documents(17, 9, 5), 1e-3

    with_it = private(pair, texts, budget(noise=0.0, clip=bound)) * 3
    without = private(pair, texts[:2], budget(noise=0.0, clip=bound)) * 2

    assert float((with_it - without).norm()) <= bound * 1.001


def test_noise_has_the_size_that_was_planned(pair: FlexOlmo) -> None:
    texts, bound, noise = documents(17, 9), 1e-6, 50.0

    found = private(pair, texts, budget(noise=noise, clip=bound))

    assert float(found.std()) == pytest.approx(noise * bound / len(texts), rel=0.05)
    assert not torch.equal(found, private(pair, texts, budget(noise=noise, clip=bound), seed=1))


def test_a_step_that_draws_nobody_is_noise_alone(pair: FlexOlmo) -> None:
    spent = Budget(Privacy(1.0, 1e-6, 1.0), 1.0, 1e-12, 1, 1.0)
    weights = list(trainable(pair).values())
    drawing = PrivateGradients(weights, PairStep(pair), documents(9, 9), spent, PLAN, seed=0)

    assert float(drawing(0)) == 0.0
    assert float(flat(weights).norm()) > 0


def test_the_noise_keeps_to_epsilon_and_no_less_would() -> None:
    asked = Privacy(epsilon=4.0, delta=1e-5)

    planned = Budget.planned(asked, documents=2000, drawn=8, steps=300)

    assert 3.9 < planned.epsilon() <= 4.0
    assert planned.card()["epsilon"] == pytest.approx(planned.epsilon(), abs=1e-4)
    more = Budget.planned(Privacy(epsilon=1.0, delta=1e-5), documents=2000, drawn=8, steps=300)
    assert more.noise > planned.noise


@pytest.mark.parametrize(
    ("asked", "documents", "said"),
    [
        (Privacy(0.0, 1e-6), 2000, "protect nobody"),
        (Privacy(1.0, 0.1), 2000, "delta below one over the documents"),
        (Privacy(1.0, 1e-6), 4, "privacy is had in a crowd"),
    ],
)
def test_what_protects_nobody_is_refused(asked: Privacy, documents: int, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        Budget.planned(asked, documents=documents, drawn=8, steps=10)


def test_a_stopped_run_goes_on_with_the_vector_it_began_with(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / ".drama.checkpoint", "a run")
    drawn = iter(np.random.default_rng(0).standard_normal((2, 384)).astype(np.float32))

    first = released_once(checkpoint, lambda: next(drawn))
    again = released_once(checkpoint, lambda: next(drawn))

    assert np.array_equal(first, again)
    with pytest.raises(Malformed, match="belongs to a run with other settings"):
        released_once(Checkpoint(checkpoint.path, "another"), lambda: next(drawn))
    checkpoint.forget()
    assert not list(tmp_path.iterdir())


def test_the_package_says_what_it_cost() -> None:
    card = budget(noise=1.0, clip=0.5).card()

    assert card["mechanism"] == "DP-SGD"
    assert card["unit"] == "document"
    assert card["epsilon"] > 0
    assert card["delta"] == 1e-6
