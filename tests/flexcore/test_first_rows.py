"""Router rows in closed form: what they tell apart, and that two owners who never met get along."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.loading import with_expert
from flexcore.model.listening import router_inputs
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import Checkpoint, weights_digest
from flexcore.training.corpus import Mixture
from flexcore.training.expert import ExpertOrder, train_expert
from flexcore.training.first_rows import TOKENS, discriminant_rows, first_tokens
from flexcore.training.privacy import Privacy
from tests.flexcore.small import PLAN, SIZE, small_anchor, small_tokenizer, windows
from tests.flexcore.texts import public_texts, sum_texts

LOUD = [f"{'la ' * (5 + n % 7)}O! HO! {'HEY ' * (3 + n % 5)}" for n in range(60)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="module")
def anchor(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> FlexOlmo:
    return small_anchor(tokenizer, tmp_path_factory.mktemp("anchor"))


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
    text = windows(public_texts() * 40, tokenizer, wanted=2000)

    assert first_tokens(text).numel() == TOKENS
    assert text.count > TOKENS // 32


def test_rows_are_set_only_where_public_text_is_at_hand_and_the_owners_is_not_private() -> None:
    with_public = ExpertOrder(
        anchor=Path("anchor"),
        corpus=Path("own.jsonl"),
        public=Path("public.jsonl"),
        out=Path("expert"),
        name="x",
        data_card={},
        plan=PLAN,
    )

    assert with_public.closed_form
    assert not replace(with_public, public=None).closed_form
    assert not replace(with_public, replay=0.0).closed_form
    assert not replace(with_public, privacy=Privacy(8.0, 1e-6)).closed_form
