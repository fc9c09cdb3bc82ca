"""What an expert learns from besides its own next tokens: the anchor's answers on public text, and whose text it is."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.loading import with_expert
from flexcore.model.listening import router_inputs
from flexcore.model.names import expert_weights, router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.training import surprise
from flexcore.training.checkpoint import Checkpoint
from flexcore.training.corpus import Batch, Mixture
from flexcore.training.embedding import Vector
from flexcore.training.expert import PAPER, ROUTING_PUBLIC, Aims, PairStep, routing_loss, train_expert
from flexcore.training.first_rows import discriminant_rows, first_tokens
from tests.flexcore.small import PLAN, small_anchor, small_tokenizer, windows
from tests.flexcore.texts import public_texts, sum_texts
from tests.flexcore.tiny import tiny_model

BOTH = Aims(answers=4.0, routing=0.5)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="module")
def anchor(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> FlexOlmo:
    return small_anchor(tokenizer, tmp_path_factory.mktemp("anchor"))


@pytest.fixture
def pair() -> FlexOlmo:
    """One whose expert has learnt something already."""
    made = with_expert(tiny_model(num_experts=1, top_k=1))
    drawn = torch.Generator().manual_seed(1)
    for weight in (*expert_weights(made, 1).values(), *router_rows(made, 1).values()):
        weight.add_(0.1 * torch.randn(weight.shape, generator=drawn))
    return made


def batch(rows: int, public: int) -> Batch:
    return Batch(torch.randint(0, 61, (rows, 12), generator=torch.Generator().manual_seed(0)), public)


def test_divergence_piece_by_piece_equals_that_of_all_logits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surprise, "LOGITS", 61 * 5)  # five tokens at a time, of 33
    drawn = torch.Generator().manual_seed(0)
    head_VD = torch.randn(61, 16, generator=drawn)
    theirs_BSD, x_BSD = torch.randn(2, 3, 11, 16, generator=drawn)
    ours, plain = x_BSD.clone().requires_grad_(), x_BSD.clone().requires_grad_()

    found = surprise.divergence_by_frozen_head(ours, theirs_BSD, head_VD)
    (3 * found).backward()  # type: ignore[no-untyped-call]
    said, wanted = ((states @ head_VD.t()).flatten(0, 1).log_softmax(dim=1) for states in (plain, theirs_BSD))
    divergence = F.kl_div(said, wanted, log_target=True, reduction="batchmean")
    (3 * divergence).backward()  # type: ignore[no-untyped-call]

    torch.testing.assert_close(found, divergence)
    torch.testing.assert_close(ours.grad, plain.grad)


def test_nothing_is_learnt_from_no_tokens() -> None:
    none, head = torch.zeros(0, 11, 16, requires_grad=True), torch.ones(61, 16)

    surprised = surprise.nats_by_frozen_head(none, head, torch.zeros(0, 12, dtype=torch.long))
    away = surprise.divergence_by_frozen_head(none, none.detach(), head)
    (surprised + away).backward()  # type: ignore[no-untyped-call]

    assert surprised.item() == away.item() == 0.0


@pytest.mark.parametrize(("rows", "public"), [(4, 1), (8, 4), (20, 2)])
def test_routers_after_the_first_are_asked_whose_text_it_is_whatever_its_share(rows: int, public: int) -> None:
    """Nine nats for who always says public, on all of the owner's text, and for who never does, on all public text."""
    text, never, always = batch(rows, public), torch.tensor([0.0, 9.0]), torch.tensor([9.0, 0.0])

    def loss(first: Tensor, second: Tensor) -> float:
        return float(routing_loss((first.expand(11 * rows, 2), second.expand(11 * rows, 2)), text, public / rows))

    assert loss(never, always) == pytest.approx(9 * (1 - ROUTING_PUBLIC), abs=0.01)
    assert loss(never, never) == pytest.approx(9 * ROUTING_PUBLIC, abs=0.01)
    assert loss(always, never) == loss(never, never)
    assert float(routing_loss((never.expand(11 * rows, 2),), text, public / rows)) == 0.0


def test_a_pair_that_answers_as_the_anchor_does_has_nothing_to_learn_from_public_text() -> None:
    fresh = with_expert(tiny_model(num_experts=1, top_k=1))

    (told, nats), (held, _) = (PairStep(fresh, aims, replay=1.0)(batch(2, 2)) for aims in (Aims(answers=9.0), PAPER))

    assert nats.item() > 1.0
    assert told.item() == pytest.approx((held - nats).item(), abs=1e-5)  # the z-loss is all there is


@pytest.mark.parametrize("public", [1, 2, 4])
def test_shares_of_a_batch_teach_what_the_whole_does(pair: FlexOlmo, public: int) -> None:
    """Also the share that has no public text, or nothing else."""
    whole = batch(4, public)

    def taught(parts: Sequence[Batch]) -> tuple[Tensor, ...]:
        weights = [weight.requires_grad_(True) for weight in expert_weights(pair, 1).values()]
        steps = [PairStep(pair, BOTH, replay=0.25)(part) for part in parts]
        objective, nats = (torch.stack(parts).mean() for parts in zip(*steps, strict=True))
        return (objective.detach(), nats, *torch.autograd.grad(objective, weights))

    for one, other in zip(taught([whole]), taught([whole.share(n, 2) for n in (0, 1)]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def trained(
    anchor: FlexOlmo, tokenizer: Tokenizer, rows: Sequence[Vector], aims: Aims, folder: Path
) -> tuple[FlexOlmo, Tensor, Tensor]:
    """The pair, text like its own, and public text."""
    own, public = windows(sum_texts(10, 60), tokenizer), windows(public_texts(), tokenizer)
    pair, _ = train_expert(
        anchor,
        Mixture(own, public, replay=0.25, batch=4),
        rows,
        rows_learn=False,
        aims=aims,
        plan=PLAN,
        checkpoint=Checkpoint(folder / f"{aims}", "x"),
        label="sums",
    )
    return pair, first_tokens(own), first_tokens(windows(public_texts(), tokenizer, seed=9))


def test_on_public_text_the_pair_answers_as_the_anchor_does(
    anchor: FlexOlmo, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Under rows that ask both experts everywhere, so that nothing else keeps the expert off public text."""
    rows = [row.numpy() for row in router_rows(anchor, 0).values()]

    def away(aims: Aims) -> float:
        pair, _, told = trained(anchor, tokenizer, rows, aims, tmp_path)
        said, wanted = (model(told).flatten(0, 1).log_softmax(dim=1) for model in (pair, anchor))
        return float(F.kl_div(said, wanted, log_target=True, reduction="batchmean"))

    assert away(Aims(answers=20.0)) < 0.5 * away(PAPER)


def test_an_expert_makes_its_text_known_to_later_routers(
    anchor: FlexOlmo, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    own, public = (first_tokens(windows(texts, tokenizer)) for texts in (sum_texts(10, 60), public_texts()))
    rows = discriminant_rows(anchor, own, public, margin=6.0)

    def shares(aims: Aims) -> tuple[float, float]:
        """What the expert gets of its own text and of public text, in the last layer."""
        pair, at_home, told = trained(anchor, tokenizer, rows, aims, tmp_path)
        row_ED = torch.stack([list(router_rows(pair, slot).values())[-1] for slot in (0, 1)])
        own, public = (
            (router_inputs(pair, text)[-1].x_TD @ row_ED.T).softmax(dim=1)[:, 1].mean() for text in (at_home, told)
        )
        return float(own), float(public)

    plain, marked = shares(PAPER), shares(Aims(routing=1.0))

    assert marked[0] > plain[0] + 0.05
    assert marked[1] < marked[0] - 0.5
