"""Rules of the house that no linter knows. Each reads the source, so a new room is under them at once."""

import ast
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from registry.jobs import Job

ROOT = Path(__file__).resolve().parent.parent
OURS = ("registry", "workers", "flexcore", "client", "witness", "experiments", "benchmarks", "tests")
SOURCES = [path for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))]
ACTION_FILES = sorted((ROOT / "registry").glob("*/actions.py"))


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def functions_of(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]


def calls_in(node: ast.AST) -> set[str]:
    return {call.func.id for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}


ACTIONS = [
    pytest.param(path, function, id=f"{path.parent.name}.{function.name}")
    for path in ACTION_FILES
    for function in functions_of(path)
    if not function.name.startswith("_")
]


@cache
def recorders(path: Path) -> frozenset[str]:
    """Names in this file that write the log: `record`, and what calls it, here or in a file of the registry."""
    known = {"record", "record_many"}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("registry."):
            source = ROOT / (node.module.replace(".", "/") + ".py")
            if source.is_file():
                theirs = recorders(source)
                known |= {alias.asname or alias.name for alias in node.names if alias.name in theirs}
    while more := {f.name for f in functions_of(path) if calls_in(f) & known} - known:
        known |= more
    return frozenset(known)


@pytest.mark.parametrize(("path", "action"), ACTIONS)
def test_every_action_is_one_transaction(path: Path, action: ast.FunctionDef) -> None:
    decorators = [ast.unparse(decorator) for decorator in action.decorator_list]

    assert "transaction.atomic" in decorators


@pytest.mark.parametrize(("path", "action"), ACTIONS)
def test_every_action_is_recorded(path: Path, action: ast.FunctionDef) -> None:
    assert calls_in(action) & recorders(path), f"{action.name} changes something and the log does not hear of it"


@pytest.mark.parametrize(("path", "action"), ACTIONS)
def test_every_action_says_by_whom(path: Path, action: ast.FunctionDef) -> None:
    by = [
        (argument, default)
        for argument, default in zip(action.args.kwonlyargs, action.args.kw_defaults, strict=True)
        if argument.arg == "by"
    ]

    assert len(by) == 1, f"{action.name} needs the keyword `by: Actor`"
    argument, default = by[0]
    assert argument.annotation is not None
    assert ast.unparse(argument.annotation) == "Actor"
    assert default is None, "absence must never mean permission"


def test_there_are_actions_to_look_at() -> None:
    rooms = {path.parent.name for path in ACTION_FILES}

    assert {"accounts", "experts", "evidence", "reviews", "policy", "compositions", "withdrawals"} <= rooms


def test_no_foreign_key_lets_a_lower_room_walk_up() -> None:
    staircases = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("registry").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey | models.ManyToManyField)
        and field.related_model is not model
        and room_of(field.related_model) != room_of(model)
        and not str(field.remote_field.related_name).endswith("+")
    ]

    assert staircases == []


def room_of(model: object) -> str:
    return str(getattr(model, "__module__", "")).split(".")[1]


def test_every_job_has_a_task() -> None:
    from workers.celery import app

    app.loader.import_default_modules()

    assert {job.value for job in Job} <= set(app.tasks)


@pytest.mark.parametrize("path", SOURCES, ids=names(SOURCES))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    if path.name == "__init__.py" and not path.read_text().strip():
        return

    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} opens without a sentence"


def test_no_test_is_skipped() -> None:
    ways_out = ("skip", "skipif", "xfail", "importorskip")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ways_out
    ]

    assert found == []


def test_no_room_is_named_for_having_no_name() -> None:
    nameless = {"utils", "util", "common", "helpers", "services", "managers", "base", "misc"}

    assert [name for path, name in ((p, p.stem) for p in SOURCES) if name in nameless] == []


def test_the_web_process_starts_without_torch() -> None:
    program = (
        "import sys, registry.asgi, registry.urls; "
        "bad = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    for folder in OURS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_an_upward_import_is_named_and_refused(copied_house: Path) -> None:
    assert lint_imports(copied_house).returncode == 0
    with (copied_house / "registry/experts/queries.py").open("a") as file:
        file.write("\nfrom registry.withdrawals import actions as upward  # noqa\n")

    done = lint_imports(copied_house)

    assert done.returncode != 0
    assert "registry.experts.queries -> registry.withdrawals.actions" in done.stdout
