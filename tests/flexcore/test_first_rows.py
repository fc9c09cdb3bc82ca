"""Router rows in closed form: what they tell apart, and that two owners who never met get along."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.loading import with_expert
from flexcore.model.listening import router_inputs
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.training.anchor import Size, make_tokenizer, train_anchor
from flexcore.training.checkpoint import Checkpoint, weights_digest
from flexcore.training.corpus import Mixture, Windows
from flexcore.training.expert import train_expert
from flexcore.training.first_rows import MARGIN, TOKENS, discriminant_rows, first_tokens
from flexcore.training.loop import Plan
from flexcore.training.tokenizer import read_tokenizer
from tests.flexcore.texts import public_texts, sum_texts

SIZE = Size(vocab_size=280, hidden_size=32, intermediate_size=48, layers=2, heads=4, positions=32)
PLAN = Plan(steps=30, batch=4, positions=32, learning_rate=1e-2, warmup=3)

LOUD = [f"{'la ' * (5 + n % 7)}O! HO! {'HEY ' * (3 + n % 5)}" for n in range(60)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return read_tokenizer(make_tokenizer(public_texts(), SIZE)["tokenizer.json"])


def windows(texts: list[str], tokenizer: Tokenizer) -> Windows:
    return Windows(texts, tokenizer, positions=32, wanted=200, seed=0)


@pytest.fixture(scope="module")
def anchor(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> FlexOlmo:
    public = Mixture(windows(public_texts(), tokenizer), None, replay=0.0, batch=4)
    checkpoint = Checkpoint(tmp_path_factory.mktemp("anchor") / "checkpoint", "anchor")
    return train_anchor(SIZE, public, plan=PLAN, checkpoint=checkpoint)[0]


def seen(anchor: FlexOlmo, token_BS: Tensor, layer: int) -> Tensor:
    return router_inputs(anchor, token_BS)[layer].x_TD


def test_each_owner_is_likelier_at_home_than_the_other_and_than_public(anchor: FlexOlmo, tokenizer: Tokenizer) -> None:
    public, sums, songs = (
        first_tokens(windows(texts, tokenizer)) for texts in (public_texts(), sum_texts(10, 60), LOUD)
    )
    public_rows = list(router_rows(anchor, 0).values())

    own = {"sums": discriminant_rows(anchor, sums, public), "songs": discriminant_rows(anchor, songs, public)}

    for layer in range(SIZE.layers):
        row_ED = torch.stack([public_rows[layer], *(torch.from_numpy(rows[layer]) for rows in own.values())])
        for at_home, token_BS in enumerate((public, sums, songs)):
            mean_E = (seen(anchor, token_BS, layer) @ row_ED.T).mean(dim=0)
            assert int(mean_E.argmax()) == at_home, (layer, mean_E)


def test_the_margin_is_taken_off_in_nats_on_public_text(anchor: FlexOlmo, tokenizer: Tokenizer) -> None:
    public, sums = (first_tokens(windows(texts, tokenizer)) for texts in (public_texts(), sum_texts(10, 60)))

    free, held = (discriminant_rows(anchor, sums, public, margin=margin) for margin in (0.0, 2.0))

    for layer, (one, other) in enumerate(zip(free, held, strict=True)):
        less_T = seen(anchor, public, layer) @ torch.from_numpy(one - other)
        assert float(less_T.mean()) == pytest.approx(2.0, abs=0.3)


def test_rows_in_closed_form_stay_what_they_are_while_the_expert_learns(
    anchor: FlexOlmo, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    own, public = windows(sum_texts(10, 60), tokenizer), windows(public_texts(), tokenizer)
    rows = discriminant_rows(anchor, first_tokens(own), first_tokens(public))
    checkpoint = Checkpoint(tmp_path / "checkpoint", "still")

    batches = Mixture(own, public, replay=0.25, batch=4)
    pair, _ = train_expert(anchor, batches, rows, rows_learn=False, plan=PLAN, checkpoint=checkpoint, label="sums")

    for row, given in zip(router_rows(pair, 1).values(), rows, strict=True):
        assert torch.equal(row, torch.from_numpy(given))
    assert weights_digest(pair.state_dict()) != weights_digest(with_expert(anchor).state_dict())


def test_what_public_text_never_shows_breaks_nothing(anchor: FlexOlmo, tokenizer: Tokenizer) -> None:
    public = first_tokens(windows(public_texts(), tokenizer))
    alone = public[:1, :1].repeat(1, public.shape[1])

    for row in discriminant_rows(anchor, public, alone):
        assert torch.isfinite(torch.from_numpy(row)).all()


def test_only_so_much_text_is_looked_at(tokenizer: Tokenizer) -> None:
    text = Windows(public_texts() * 40, tokenizer, positions=32, wanted=2000, seed=0)

    assert first_tokens(text).numel() == min(text.count, TOKENS // 32) * 32
    assert MARGIN > 0
