"""`guildhall verify model` and the papers beside a model: those that the log names, and a signature over all files."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.model_signatures import sign_with_the_public_tool, signed_by_hand, vkey
from tests.client.models import Published, add_papers, included, make_model, make_site
from tests.client.verifying import Verify, verify

__all__ = ["verify"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("house"))


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "model")


@pytest.fixture
def published(model: Path, tmp_path: Path) -> Published:
    site = make_site(tmp_path / "site", model, included(model, papers=add_papers(model)), signs_models=vkey())
    sign_with_the_public_tool(model)
    return site


def test_papers_and_signature_verify(verify: Verify, model: Path, published: Published) -> None:
    offline = verify("model", model, "--key", published.key)
    asked = verify("model", model, "--key", published.key, "--log", published.folder / "log")

    assert offline.status == 0, offline.err
    assert "names these papers too: decision.intoto.json, provenance.intoto.json" in offline.out
    assert "whose signature model.sig is was not asked" in offline.out
    assert asked.status == 0, asked.err
    assert "every file is signed by log.example/models, a key that the log names" in asked.out


PAPER = "decision.intoto.json"
OFFLINE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a paper changed": (lambda m: (m / PAPER).write_text("{}"), f"{PAPER} was changed: it is not the paper"),
    "a paper gone": (lambda m: (m / PAPER).unlink(), f"{PAPER} cannot be read"),
    "a paper more": (lambda m: (m / "other.intoto.json").write_text("{}"), "other.intoto.json is in the folder"),
}


@pytest.mark.parametrize("what", OFFLINE)
def test_what_was_done_to_the_papers_is_named(verify: Verify, model: Path, published: Published, what: str) -> None:
    change, sentence = OFFLINE[what]

    change(model)
    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


def _files(model: Path) -> dict[str, bytes]:
    found = {path.relative_to(model).as_posix(): path.read_bytes() for path in model.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if name != "model.sig"}


def _resigned(model: Path, change: Callable[[dict[str, bytes]], object], **how: object) -> None:
    files = _files(model)
    change(files)
    (model / "model.sig").write_bytes(signed_by_hand(files, **how)[1])  # type: ignore[arg-type]


def _reworded(model: Path) -> None:
    bundle = json.loads((model / "model.sig").read_bytes())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload + b" ").decode()
    (model / "model.sig").write_text(json.dumps(bundle))


SIGNED: dict[str, tuple[Callable[[Path], object], str]] = {
    "by a stranger": (lambda m: _resigned(m, lambda f: None, number=8), "is by a key that the log does not name"),
    "not of all files": (lambda m: _resigned(m, lambda f: f.pop("config.json")), "does not speak of config.json"),
    "of one file more": (lambda m: _resigned(m, lambda f: f.update(x=b"")), "speaks of x, which is not there"),
    "of another file": (
        lambda m: _resigned(m, lambda f: f.update({"expert-01.safetensors": b"other"})),
        "expert-01.safetensors is not the file that model.sig speaks of",
    ),
    "another statement": (
        lambda m: _resigned(m, lambda f: None, predicateType="x"),
        "it is no signature over a model",
    ),
    "changed": (_reworded, "was changed after it was signed"),
    "no JSON": (lambda m: (m / "model.sig").write_text("signed"), "model.sig is no JSON"),
}


@pytest.mark.parametrize("what", SIGNED)
def test_a_signature_of_something_else_is_refused(verify: Verify, model: Path, published: Published, what: str) -> None:
    change, sentence = SIGNED[what]

    change(model)
    verdict = verify("model", model, "--key", published.key, "--log", published.folder / "log")

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


@pytest.mark.parametrize(
    "papers",
    [
        {"../outside": "sha256:" + "0" * 64},
        {"config.json": "sha256:" + "0" * 64},
        {"model.sig": "sha256:" + "0" * 64},
        {PAPER: "0"},
        {PAPER: 7},
        [PAPER],
    ],
    ids=range(6),
)
def test_papers_that_cannot_be_are_refused(verify: Verify, model: Path, tmp_path: Path, papers: object) -> None:
    (tmp_path / "outside").write_text("secret")
    published = make_site(tmp_path / "site", model, included(model, papers=papers))

    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 1
    assert verdict.err.count("\n") == 1
    assert "secret" not in verdict.err


def test_a_key_that_only_the_list_of_keys_names_is_none(verify: Verify, model: Path, tmp_path: Path) -> None:
    published = make_site(tmp_path / "site", model, included(model), signs_models=vkey(8))
    keys = tmp_path / "site/log/keys.json"
    keys.write_text(keys.read_text().replace(vkey(8), vkey()))
    sign_with_the_public_tool(model)

    verdict = verify("model", model, "--key", published.key, "--log", published.folder / "log")

    assert "is by a key that the log does not name" in verdict.err
