"""Inside lm-evaluation-harness: the numbers it gets are those of the model, and its tasks are files on this machine."""

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from flexcore.engine.decoder import generate
from flexcore.evaluation.harness import answer, answer_task, choice_task, likelihoods, rolling_likelihood, run_tasks
from flexcore.model.transformer import FlexOlmo
from flexcore.training.tokenizer import END_ID, load_tokenizer, save_tokenizer, train_tokenizer
from tests.flexcore.texts import public_texts
from tests.flexcore.tiny import tiny_architecture, tiny_model


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(public_texts()[:8], vocab_size=300), folder, positions=64)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def model() -> FlexOlmo:
    return tiny_model(num_experts=3, top_k=2, architecture=tiny_architecture(vocab_size=300))


def plain(model: FlexOlmo, context: list[int], told: list[int]) -> float:
    """One token at a time."""
    row, nats = [END_ID, *context], 0.0
    for token in told:
        nats += float(model(torch.tensor([row]))[0, -1].double().log_softmax(dim=-1)[token])
        row.append(token)
    return nats


def test_a_likelihood_is_that_of_the_plain_loop_whatever_lies_beside_it(model: FlexOlmo) -> None:
    pairs = [([5, 6, 7], [8, 9]), ([10], [11, 12, 13, 14]), (list(range(20, 50)), [3])]

    found = likelihoods(model, pairs)

    assert [nats for nats, _ in found] == pytest.approx([plain(model, *pair) for pair in pairs], rel=1e-4)


def test_what_the_model_would_say_itself_is_marked(model: FlexOlmo) -> None:
    own = list(generate(model, torch.tensor([END_ID, 5, 6]), count=3))
    other = [*own[:2], (own[2] + 1) % 300]

    assert [greedy for _, greedy in likelihoods(model, [([5, 6], own), ([5, 6], other)])] == [True, False]


def test_a_long_context_is_cut_from_its_front(model: FlexOlmo) -> None:
    long = [1 + n % 250 for n in range(200)]

    assert likelihoods(model, [(long, [9, 8])]) == likelihoods(model, [(long[60:], [9, 8])])


def test_a_long_text_is_told_token_by_token(model: FlexOlmo) -> None:
    text = [2 + n % 290 for n in range(150)]

    assert rolling_likelihood(model, text[:40]) == pytest.approx(plain(model, [], text[:40]), rel=1e-4)
    assert rolling_likelihood(model, text) < rolling_likelihood(model, text[:63]) < 0


def test_an_answer_ends_where_it_is_told_to(model: FlexOlmo, tokenizer: Tokenizer) -> None:
    whole = answer(model, tokenizer, "Question: how?", {"max_gen_toks": 12})
    stop = whole[3:5]

    cut = answer(model, tokenizer, "Question: how?", {"max_gen_toks": 12, "until": [stop]})

    assert len(whole) > 5
    assert cut == whole[: whole.index(stop)]


@pytest.mark.filterwarnings("ignore")  # the harness and what it brings are not ours to mend
def test_the_harness_scores_local_files(model: FlexOlmo, tokenizer: Tokenizer, tmp_path: Path) -> None:
    choices = [" the module", " a statement"]
    ids = [tokenizer.encode("Answer:" + choice, add_special_tokens=False).ids for choice in choices]
    context = tokenizer.encode("Answer:", add_special_tokens=False).ids
    best = max((0, 1), key=lambda n: plain(model, context, ids[n][len(context) :]))
    rows = [
        {"id": str(n), "prompt": "Answer:", "choices": [c.strip() for c in choices], "answer": n} for n in (best, best)
    ]
    rows.append(rows[0] | {"answer": 1 - best})
    (tmp_path / "choice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "answer.jsonl").write_text(json.dumps({"prompt": "Question: 1+1?\nAnswer:", "answer_text": "2"}) + "\n")

    found = run_tasks(
        model,
        tokenizer,
        [
            choice_task("choice", tmp_path / "choice.jsonl", cache=tmp_path / "cache"),
            answer_task("answer", tmp_path / "answer.jsonl", cache=tmp_path / "cache"),
        ],
    )

    assert found["choice"]["acc,none"] == pytest.approx(2 / 3)
    assert found["answer"]["exact_match,behind-the-marks"] == 0.0
