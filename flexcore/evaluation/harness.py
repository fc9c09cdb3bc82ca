"""Our models inside lm-evaluation-harness, on tasks that lie on this machine: nothing is fetched.

An optional extra (`lm-eval`): imported when it is asked for. What there is no room for is cut from a context's front.

Shapes: B texts, S positions, V vocabulary.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.engine.decoder import Decoder
from flexcore.model.transformer import FlexOlmo
from flexcore.training.tokenizer import END_ID, PAD_ID
from flexcore.untrusted import Malformed

BATCH = 16
MAX_ANSWER = 128  # tokens, where a task does not say
Task = dict[str, Any]


def run_tasks(model: FlexOlmo, tokenizer: Tokenizer, tasks: Sequence[Task], *, limit: int | None = None) -> Task:
    """Each task's figures as the harness gives them, by task. Malformed: the harness is not installed."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
    try:
        from lm_eval.evaluator import simple_evaluate  # noqa: PLC0415
    except ImportError:
        raise Malformed("lm-evaluation-harness is not installed; pip install lm-eval==0.4.13 to run tasks.") from None
    found = simple_evaluate(
        model=harness_model(model, tokenizer), tasks=list(tasks), limit=limit, bootstrap_iters=0, verbosity="ERROR"
    )
    results: Task = found["results"]
    return results


def choice_task(name: str, file: Path, *, cache: Path) -> Task:
    """Rows with prompt, choices and the number of the right one; the likeliest choice is the answer."""
    return _task(name, file, cache) | {
        "output_type": "multiple_choice",
        "doc_to_text": "{{prompt}}",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }


def answer_task(name: str, file: Path, *, cache: Path) -> Task:
    """Rows with prompt and answer_text; right is what is written behind ####, to the letter."""
    return _task(name, file, cache) | {
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{answer_text}}",
        "generation_kwargs": {"until": ["\n\n", "Question:"], "do_sample": False, "max_gen_toks": MAX_ANSWER},
        "filter_list": [
            {
                "name": "behind-the-marks",
                "filter": [
                    {"function": "regex", "regex_pattern": r"#### *(-?[0-9.,]*[0-9])"},
                    {"function": "take_first"},
                ],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }


def _task(name: str, file: Path, cache: Path) -> Task:
    return {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(file)}, "cache_dir": str(cache)},
        "test_split": "test",
        "target_delimiter": " ",
        "metadata": {"version": 1},
    }


def harness_model(model: FlexOlmo, tokenizer: Tokenizer) -> Any:
    """An `lm_eval` model; the class is made here, since its base is only there when the extra is."""
    from lm_eval.api.model import TemplateLM  # noqa: PLC0415

    class Harnessed(TemplateLM):  # type: ignore[misc]  # it has no types
        @property
        def eot_token_id(self) -> int:
            return END_ID

        def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
            return list(tokenizer.encode(string, add_special_tokens=False).ids)

        def _loglikelihood_tokens(
            self, requests: Sequence[tuple[Any, list[int], list[int]]], **kwargs: Any
        ) -> list[tuple[float, bool]]:
            return likelihoods(model, [(context, told) for _, context, told in requests])

        def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
            texts = [self.tok_encode(request.args[0]) for request in requests]
            return [rolling_likelihood(model, text) for text in texts]

        def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
            return [answer(model, tokenizer, *request.args) for request in requests]

    return Harnessed()


def likelihoods(model: FlexOlmo, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
    """For each context and what is told behind it: nats (negative), and whether the model itself would say so."""
    room = model.architecture.max_position_embeddings
    found: list[tuple[float, bool]] = []
    for start in range(0, len(pairs), BATCH):
        told = [continuation[-room:] for _, continuation in pairs[start : start + BATCH]]
        rows = [[END_ID, *context, *continuation] for context, continuation in pairs[start : start + BATCH]]
        rows = [row[-(room + 1) :] for row in rows]
        longest = max(map(len, rows)) - 1
        token_BS = torch.tensor([[*row[:-1], *[PAD_ID] * (longest - len(row) + 1)] for row in rows])
        with torch.inference_mode():
            log_BSV = model(token_BS).float().log_softmax(dim=-1)
        found += [_told(log_SV, len(row) - 1, own) for log_SV, row, own in zip(log_BSV, rows, told, strict=True)]
    return found


def _told(log_SV: Tensor, length: int, told: Sequence[int]) -> tuple[float, bool]:
    target = torch.tensor(told)
    log_TV = log_SV[length - len(told) : length]
    return float(log_TV.gather(1, target[:, None]).double().sum()), bool((log_TV.argmax(dim=1) == target).all())


def rolling_likelihood(model: FlexOlmo, text: Sequence[int]) -> float:
    """Each token told once, in windows as long as the model reads."""
    room = model.architecture.max_position_embeddings
    before = [END_ID, *text[:-1]]
    pairs = [(before[i : i + 1] if i else [], list(text[i : i + room - 1])) for i in range(0, len(text), room - 1)]
    return sum(nats for nats, _ in likelihoods(model, pairs))


def answer(model: FlexOlmo, tokenizer: Tokenizer, context: str, how: Mapping[str, Any]) -> str:
    """The likeliest next tokens, until one of the texts of `until`, the end, or no more room."""
    room = model.architecture.max_position_embeddings
    count = min(int(how.get("max_gen_toks", MAX_ANSWER)), room - 1)
    ids = [END_ID, *tokenizer.encode(context, add_special_tokens=False).ids][-(room - count) :]
    until = [how["until"]] if isinstance(how.get("until"), str) else list(how.get("until", []))
    decoder = Decoder(model, rows=1, positions=len(ids) + count)
    logit_V = decoder.read(0, torch.tensor(ids))
    said: list[int] = []
    while True:
        token = logit_V.argmax()
        if int(token) == END_ID:
            break
        said.append(int(token))
        text = tokenizer.decode(said)
        if len(said) == count or any(stop in text for stop in until):
            break
        logit_V = decoder.step(token[None])[0]
    text = tokenizer.decode(said)
    return text[: min((text.find(stop) for stop in until if stop in text), default=len(text))]
