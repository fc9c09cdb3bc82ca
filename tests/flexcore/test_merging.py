"""The peers of FlexOlmo, each against the plain sum that it stands for."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.merging.choosing import Chosen, Classifier, PromptRouter, count_tokens
from flexcore.merging.ensembles import BranchTrainMerge, WeightedSoup
from flexcore.merging.stacking import average, btx, stack, upcycle, without_coordination
from flexcore.merging.texts import surprise, trust
from flexcore.merging.whole import train_whole
from flexcore.model.names import expert_weights, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import Checkpoint, weights_digest
from flexcore.training.corpus import Mixture, Windows
from flexcore.training.loop import Plan
from flexcore.training.tokenizer import PAD_ID, load_tokenizer, save_tokenizer, train_tokenizer
from tests.flexcore.texts import public_texts, sum_texts
from tests.flexcore.tiny import tiny_architecture, tiny_model

ROWS = [torch.linspace(-1, 1, 32), torch.linspace(1, -1, 32), torch.ones(32)]


@pytest.fixture(scope="module")
def dense() -> list[FlexOlmo]:
    return [tiny_model(num_experts=1, top_k=1, seed=seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    token_BS = torch.randint(2, 61, (3, 12), generator=torch.Generator().manual_seed(3))
    token_BS[2, 8:] = PAD_ID
    return token_BS


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(public_texts()[:8], vocab_size=300), folder, positions=64)
    return load_tokenizer(folder)


def likelihood(model: FlexOlmo, text_S: Tensor) -> float:
    """Nats of all tokens but the first, one by one."""
    text = [int(token) for token in text_S if token != PAD_ID]
    logs = model(torch.tensor([text]))[0].double().log_softmax(dim=-1)
    return sum(float(logs[place, token]) for place, token in enumerate(text[1:]))


def test_surprise_is_the_plain_sum_and_padding_is_none(dense: list[FlexOlmo], tokens: Tensor) -> None:
    nats_BS = surprise(dense[0](tokens), tokens)

    for nats_S, text_S in zip(nats_BS, tokens, strict=True):
        assert float(nats_S.sum()) == pytest.approx(-likelihood(dense[0], text_S), rel=1e-4)


def test_trust_follows_likelihood_and_may_be_for_a_few() -> None:
    nats_MB = torch.tensor([[10.0, 30.0], [12.0, 20.0], [11.0, 25.0]])

    all_of_them, best_two = trust(nats_MB, temperature=2.0), trust(nats_MB, temperature=2.0, top_k=2)

    torch.testing.assert_close(all_of_them, torch.softmax(-nats_MB / 2, dim=0))
    assert best_two[1, 0] == best_two[0, 1] == 0
    torch.testing.assert_close(best_two.sum(dim=0), torch.ones(2))


def test_btm_mixes_probabilities_by_how_likely_each_model_holds_the_text(dense: list[FlexOlmo], tokens: Tensor) -> None:
    found = BranchTrainMerge(dense, temperature=3.0)(tokens).exp()

    for number, text_S in enumerate(tokens):
        weight_M = torch.tensor([likelihood(model, text_S) / 3.0 for model in dense]).softmax(dim=0)
        expected_SV = sum(w * model(text_S[None])[0].softmax(dim=-1) for w, model in zip(weight_M, dense, strict=True))
        torch.testing.assert_close(found[number], expected_SV, rtol=1e-3, atol=1e-5)


def test_btm_from_the_past_does_not_look_ahead(dense: list[FlexOlmo], tokens: Tensor) -> None:
    other = tokens.clone()
    other[:, 6:] = 7
    past, whole = BranchTrainMerge(dense, seen="before"), BranchTrainMerge(dense, seen="whole")

    torch.testing.assert_close(past(tokens)[:, :6], past(other)[:, :6])
    assert not torch.allclose(whole(tokens)[:, :6], whole(other)[:, :6])


def test_a_soup_is_the_mean_of_its_weights(dense: list[FlexOlmo]) -> None:
    soup, weighted = average(dense), average(dense, [0.5, 0.25, 0.25])

    for name, weight in soup.state_dict().items():
        three = [model.state_dict()[name] for model in dense]
        torch.testing.assert_close(weight, torch.stack(three).mean(dim=0))
        torch.testing.assert_close(weighted.state_dict()[name], 0.5 * three[0] + 0.25 * three[1] + 0.25 * three[2])
    with pytest.raises(ValueError, match="not one for each of 3 models"):
        average(dense, [0.5, 0.6, 0.2])


def test_a_weighted_soup_is_another_model_for_each_text(dense: list[FlexOlmo], tokens: Tensor) -> None:
    found = WeightedSoup(dense, temperature=5.0)(tokens)

    for number, text_S in enumerate(tokens):
        weight_M = torch.tensor([likelihood(model, text_S) / 5.0 for model in dense]).softmax(dim=0)
        torch.testing.assert_close(found[number], average(dense, weight_M)(text_S[None])[0], rtol=1e-3, atol=1e-3)


def test_stacked_experts_keep_their_bits_and_btx_averages_the_rest(dense: list[FlexOlmo]) -> None:
    stacked, mixed = stack(dense[0], dense, ROWS, top_k=2), btx(dense, ROWS, top_k=2)

    for model in (stacked, mixed):
        for slot, source in enumerate(dense):
            assert weights_digest(expert_weights(model, slot)) == weights_digest(expert_weights(source, 0))
            for row in router_rows(model, slot).values():
                assert torch.equal(row, ROWS[slot])
    assert weights_digest(shared_weights(stacked)) == weights_digest(shared_weights(dense[0]))
    assert weights_digest(shared_weights(mixed)) == weights_digest(shared_weights(average(dense)))


def test_an_upcycled_model_begins_where_its_anchor_is(dense: list[FlexOlmo], tokens: Tensor) -> None:
    upcycled = upcycle(dense[0], ROWS, top_k=3)

    torch.testing.assert_close(upcycled(tokens), dense[0](tokens), rtol=1e-3, atol=1e-3)


def test_without_coordination_the_public_expert_is_the_anchors(dense: list[FlexOlmo]) -> None:
    model = without_coordination(dense[0], dense[1:], ROWS, top_k=2)

    assert weights_digest(expert_weights(model, 0)) == weights_digest(expert_weights(dense[0], 0))
    assert weights_digest(expert_weights(model, 2)) == weights_digest(expert_weights(dense[2], 0))


def test_the_classifier_knows_a_domain_by_its_tokens_and_its_model_answers_alone(
    dense: list[FlexOlmo], tokens: Tensor
) -> None:
    few, many = list(range(2, 30)) * 4, list(range(30, 61)) * 4
    classifier = Classifier(torch.stack([count_tokens([few], 61), count_tokens([many], 61)]))
    token_BS = torch.tensor([many[3:12], few[3:12], [*few[5:9], *[PAD_ID] * 5]])

    found = Chosen(dense[:2], classifier)(token_BS)

    assert classifier(token_BS).tolist() == [1, 0, 0]
    torch.testing.assert_close(found[0], dense[1](token_BS[:1])[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[1], dense[0](token_BS[1:2])[0], rtol=1e-4, atol=1e-4)


def test_the_prompt_router_asks_for_the_label_that_the_text_makes_likelier(tokenizer: Tokenizer) -> None:
    labels = ["numbers", "letters"]
    ids = [tokenizer.encode(f" {label}", add_special_tokens=False).ids[0] for label in labels]
    digit = tokenizer.encode("7", add_special_tokens=False).ids[0]

    def model(token_BS: Tensor) -> Tensor:
        """Likes to say `numbers` anyway; where the text begins with 5, `letters` is likelier than it was."""
        logit_BSV = torch.zeros(*token_BS.shape, 300)
        logit_BSV[..., ids[0]] = 5.0
        logit_BSV[token_BS[:, 0] == digit, :, ids[0]] = 7.0
        logit_BSV[token_BS[:, 0] == 5, :, ids[1]] = 3.0
        return logit_BSV

    router = PromptRouter(model, tokenizer, labels, positions=64)

    assert router(torch.tensor([[digit] * 70, [5] * 70])).tolist() == [0, 1]


def test_going_on_moves_every_weight_but_a_lone_experts_row(
    dense: list[FlexOlmo], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    architecture = tiny_architecture(vocab_size=300)
    own = Windows(sum_texts(10, 40), tokenizer, positions=32, wanted=60, seed=0)
    batches, plan = Mixture(own, None, replay=0.0, batch=4), Plan(steps=12, positions=32, warmup=2)
    for experts in (1, 2):
        model = tiny_model(num_experts=experts, top_k=experts, architecture=architecture)
        before = {name: weight.clone() for name, weight in model.state_dict().items()}
        checkpoint = Checkpoint(tmp_path / f"{experts}.checkpoint", "whole")

        _, bits = train_whole(model, batches, plan=plan, checkpoint=checkpoint, label="whole")

        still = {name for name, weight in model.state_dict().items() if torch.equal(weight, before[name])}
        assert all(name.endswith(("router_bias", "router_row")) for name in still)
        assert any(name.endswith("router_row") for name in still) == (experts == 1)
        assert 0 < bits < 60
