"""Training: only the new expert moves, a killed run loses nothing, and a seed decides everything."""

import json
import math
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.loading import with_expert
from flexcore.model.names import expert_weights, router_biases, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.ops.attend import attend_in_full
from flexcore.training import surprise
from flexcore.training.anchor import Size, fresh_model
from flexcore.training.checkpoint import Checkpoint, weights_digest
from flexcore.training.corpus import Batch, Mixture
from flexcore.training.documents import read_documents
from flexcore.training.embedding import Vector
from flexcore.training.expert import BIAS, train_expert
from flexcore.training.journal import draw, journal_path
from flexcore.training.loop import Astray, Plan
from flexcore.training.tokenizer import PAD_ID
from flexcore.untrusted import Malformed
from tests.flexcore.small import PLAN, SIZE, small_anchor, small_tokenizer, windows
from tests.flexcore.texts import public_texts, sum_texts, write_texts

ROW: Vector = np.linspace(-0.2, 0.2, 32, dtype=np.float32)


class Killed(Exception):
    """Stands for SIGKILL: nothing of the run is called after it."""


class Deadly(Mixture):
    """Batches that kill whoever asks for the one of this step."""

    at = 17

    def __getitem__(self, step: int) -> Batch:
        if step == self.at:
            raise Killed
        return super().__getitem__(step)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="module")
def batches(tokenizer: Tokenizer) -> Mixture:
    return mixture(tokenizer, Mixture)


@pytest.fixture(scope="module")
def anchor(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> FlexOlmo:
    return small_anchor(tokenizer, tmp_path_factory.mktemp("anchor"))


def mixture(tokenizer: Tokenizer, kind: type[Mixture]) -> Mixture:
    own, public = windows(sum_texts(10, 60), tokenizer), windows(public_texts(), tokenizer)
    return kind(own, public, replay=0.25, batch=4)


def trained(anchor: FlexOlmo, batches: Mixture, folder: Path, *, pause: float = 1e9, plan: Plan = PLAN) -> FlexOlmo:
    checkpoint = Checkpoint(folder / "checkpoint", f"run {plan.seed}")
    return train_expert(
        anchor, batches, [ROW] * SIZE.layers, plan=plan, checkpoint=checkpoint, label="sums", pause=pause
    )[0]


def nats(model: FlexOlmo, token_BS: Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(model(token_BS[:, :-1]).transpose(1, 2), token_BS[:, 1:]))


def test_only_the_new_expert_moves(anchor: FlexOlmo, batches: Mixture, tmp_path: Path) -> None:
    start = with_expert(anchor)

    pair = trained(anchor, batches, tmp_path)

    assert weights_digest(shared_weights(pair)) == weights_digest(shared_weights(anchor))
    assert weights_digest(expert_weights(pair, 0)) == weights_digest(expert_weights(anchor, 0))
    assert weights_digest(router_rows(pair, 0)) == weights_digest(router_rows(anchor, 0))
    for name, weight in expert_weights(pair, 1).items():
        assert not torch.equal(weight, expert_weights(start, 1)[name])
    for row in router_rows(pair, 1).values():
        assert not torch.equal(row, torch.from_numpy(ROW))


def test_it_learns_its_domain_and_keeps_the_public_text(
    anchor: FlexOlmo, batches: Mixture, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    held_out = Mixture(windows(sum_texts(300, 9), tokenizer), None, replay=0.0, batch=16)[0].token_BS
    public = Mixture(windows(public_texts(), tokenizer), None, replay=0.0, batch=16)[2].token_BS

    pair = trained(anchor, batches, tmp_path)

    assert nats(pair, held_out) < 0.8 * nats(anchor, held_out)
    assert nats(pair, public) < 1.05 * nats(anchor, public)


def test_an_expert_starts_as_the_public_one(anchor: FlexOlmo) -> None:
    pair = with_expert(anchor)
    tokens = torch.arange(32)[None]

    assert pair.top_k == pair.num_experts == 2
    torch.testing.assert_close(pair(tokens), anchor(tokens), rtol=0, atol=1e-4)


def test_a_killed_run_goes_on_to_the_very_same_bits(
    anchor: FlexOlmo, batches: Mixture, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = trained(anchor, batches, tmp_path / "whole")
    with pytest.raises(Killed):
        trained(anchor, mixture(tokenizer, Deadly), tmp_path / "killed", pause=0.0)

    again = trained(anchor, batches, tmp_path / "killed")

    assert weights_digest(again.state_dict()) == weights_digest(whole.state_dict())


def test_the_seed_decides_everything(anchor: FlexOlmo, tokenizer: Tokenizer, tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        (tmp_path / str(number)).mkdir()
        own = windows(sum_texts(10, 60), tokenizer, seed=seed)
        batches = Mixture(own, None, replay=0.0, batch=4)
        pair = trained(anchor, batches, tmp_path / str(number), plan=replace(PLAN, steps=5, seed=seed))
        digests.append(weights_digest(expert_weights(pair, 1)))

    assert digests[0] == digests[1] != digests[2]


def test_the_checkpoint_of_another_run_is_refused(anchor: FlexOlmo, batches: Mixture, tmp_path: Path) -> None:
    trained(anchor, batches, tmp_path, plan=replace(PLAN, steps=2))

    with pytest.raises(Malformed, match="belongs to a run with other settings"):
        trained(anchor, batches, tmp_path, plan=replace(PLAN, steps=2, seed=1))


def test_a_damaged_checkpoint_is_refused(anchor: FlexOlmo, batches: Mixture, tmp_path: Path) -> None:
    trained(anchor, batches, tmp_path, plan=replace(PLAN, steps=2))
    whole = (tmp_path / "checkpoint").read_bytes()
    (tmp_path / "checkpoint").write_bytes(whole[:-10])

    with pytest.raises(Malformed, match="is damaged"):
        trained(anchor, batches, tmp_path, plan=replace(PLAN, steps=2))


@pytest.mark.parametrize(("replay", "public"), [(0.0, 0), (0.25, 10), (0.5, 20), (0.1, 4)])
def test_the_share_of_public_text_is_what_was_asked(tokenizer: Tokenizer, replay: float, public: int) -> None:
    own = windows(sum_texts(10, 60), tokenizer)
    other = windows(["x" * 40_000], tokenizer)
    mixed = Mixture(own, other, replay=replay, batch=4)

    batches = [mixed[step] for step in range(10)]

    letters = {int(token) for token in other.stream[1:]} | {0}
    are_public = [[set(row.tolist()) <= letters for row in batch.token_BS] for batch in batches]
    assert sum(map(sum, are_public)) == public
    assert are_public == [[True] * batch.public + [False] * (4 - batch.public) for batch in batches]


def test_processes_share_out_a_batch_and_know_what_of_theirs_is_public() -> None:
    whole = Batch(torch.arange(6)[:, None], public=3)

    shares = [whole.share(number, 2) for number in (0, 1)]

    assert [share.token_BS.flatten().tolist() for share in shares] == [[0, 2, 4], [1, 3, 5]]
    assert [share.public for share in shares] == [2, 1]


def test_an_epoch_shows_every_window_once(tokenizer: Tokenizer) -> None:
    own = windows(sum_texts(10, 12), tokenizer)

    first = [own[number].tobytes() for number in range(own.count)]
    second = [own[number].tobytes() for number in range(own.count, 2 * own.count)]

    assert len(set(first)) == own.count > 20
    assert sorted(first) == sorted(second)
    assert first != second


def test_only_as_much_text_is_read_as_is_wanted(tokenizer: Tokenizer) -> None:
    texts = sum_texts(10, 2000)

    assert windows(texts, tokenizer, wanted=20).tokens < windows(texts, tokenizer, wanted=10**9).tokens / 2


def test_the_rate_rises_and_falls_to_a_tenth() -> None:
    plan = Plan(steps=100, warmup=10, learning_rate=1.0)

    rates = [plan.rate(step) for step in range(101)]

    assert rates[0] == 0.1
    assert max(rates) == rates[10] == 1.0
    assert rates[100] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_attention_in_full_equals_the_fused_one() -> None:
    query, key, value = torch.randn(3, 2, 4, 19, 8, generator=torch.Generator().manual_seed(0))
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)

    torch.testing.assert_close(attend_in_full(query, key, value), fused, rtol=0, atol=1e-5)


def test_the_default_anchor_has_about_two_and_a_half_million_weights() -> None:
    model = fresh_model(Size().architecture(), seed=0)
    head = model.lm_head.weight.numel()  # tied to the embedding while it trains

    assert 2.5e6 < sum(weight.numel() for weight in model.parameters()) - head < 2.7e6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "1"}\n', 'line 1 has no "text"'),
        ('{"text": 5}\n', 'line 1 has no "text"'),
        ("not json\n", "line 1 is not valid JSON"),
        ("", "holds no document"),
    ],
)
def test_a_corpus_that_is_none_is_refused(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "train.jsonl").write_text(line)

    with pytest.raises(Malformed, match=said):
        read_documents(tmp_path / "train.jsonl")


def test_a_corpus_too_short_to_train_on_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    documents = read_documents(write_texts(tmp_path / "train.jsonl", ["hi"]))

    with pytest.raises(Malformed, match="has only 3 tokens"):
        windows(documents, tokenizer)


def test_a_run_that_goes_astray_says_where_and_keeps_its_last_good_state(
    anchor: FlexOlmo, batches: Mixture, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    class Poisoned(Mixture):
        def __getitem__(self, step: int) -> Batch:
            batch = super().__getitem__(step)
            return replace(batch, token_BS=torch.full_like(batch.token_BS, PAD_ID)) if step == 7 else batch

    spoilt = fresh_model(anchor.architecture, seed=3).requires_grad_(False)
    spoilt.load_state_dict(anchor.state_dict())
    spoilt.embed_tokens.weight[PAD_ID] = math.nan
    with pytest.raises(Astray, match=r"at step 7 of 30.*last checkpoint is kept"):
        trained(spoilt, mixture(tokenizer, Poisoned), tmp_path, pause=0.0)
    (tmp_path / "whole").mkdir()

    again = trained(spoilt, batches, tmp_path)

    whole = trained(spoilt, batches, tmp_path / "whole")
    assert weights_digest(again.state_dict()) == weights_digest(whole.state_dict())


def test_a_rate_beyond_all_bounds_is_told_in_one_sentence(anchor: FlexOlmo, batches: Mixture, tmp_path: Path) -> None:
    with pytest.raises(Astray, match=r"went astray at step 1 of 30.*nothing of it is kept"):
        trained(anchor, batches, tmp_path, plan=replace(PLAN, learning_rate=math.inf))


def test_a_full_disk_is_told_in_one_sentence_and_the_run_goes_on_afterwards(
    anchor: FlexOlmo, batches: Mixture, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Filling(Mixture):
        def __getitem__(self, step: int) -> Batch:
            if step == 9:
                resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
            return super().__getitem__(step)

    try:
        with pytest.raises(OSError, match=r"could not be written.*make room"):
            trained(anchor, mixture(tokenizer, Filling), tmp_path, pause=0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert not list(tmp_path.glob("*.partial"))

    again = trained(anchor, batches, tmp_path)
    (tmp_path / "whole").mkdir()
    whole = trained(anchor, batches, tmp_path / "whole")
    assert weights_digest(again.state_dict()) == weights_digest(whole.state_dict())


def test_a_bias_is_learnt_and_never_above_zero(anchor: FlexOlmo, batches: Mixture, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", "biased")

    pair, _ = train_expert(
        anchor, batches, [ROW] * SIZE.layers, plan=PLAN, checkpoint=checkpoint, label="sums", bias=True
    )

    learnt = [bias.item() for bias in router_biases(pair, 1).values()]
    assert all(bias <= 0 for bias in learnt)
    assert len(set(learnt)) == len(learnt)
    assert BIAS not in learnt
    assert all(bias.item() == 0 for bias in router_biases(pair, 0).values())


def test_the_journal_tells_each_step_once_and_draws(
    anchor: FlexOlmo, batches: Mixture, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        trained(anchor, mixture(tokenizer, Deadly), tmp_path, pause=0.0)
    trained(anchor, batches, tmp_path)
    journal = journal_path(tmp_path / "checkpoint")

    draw(journal, tmp_path / "run.svg")

    steps = [json.loads(line)["step"] for line in journal.read_text().splitlines()]
    assert steps == list(range(PLAN.steps))
    assert "30 steps" in (tmp_path / "run.svg").read_text()


def test_surprise_piece_by_piece_equals_all_logits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surprise, "LOGITS", 61 * 5)  # five tokens at a time, of 33
    drawn = torch.Generator().manual_seed(0)
    token_BS = torch.randint(0, 61, (3, 12), generator=drawn)
    head_VD, x_BSD = torch.randn(61, 16, generator=drawn), torch.randn(3, 11, 16, generator=drawn)
    ours, theirs = x_BSD.clone().requires_grad_(), x_BSD.clone().requires_grad_()

    found = surprise.nats_by_frozen_head(ours, head_VD, token_BS)
    (3 * found).backward()  # type: ignore[no-untyped-call]
    wanted = surprise.next_token_nats(theirs @ head_VD.t(), token_BS)
    (3 * wanted).backward()  # type: ignore[no-untyped-call]

    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(ours.grad, theirs.grad)
