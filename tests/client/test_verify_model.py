"""`guildhall verify model`: the files, their manifest, its entry in the log, and whether it is still allowed."""

import json
import shutil
from collections.abc import Callable
from os import SEEK_END, SEEK_SET
from pathlib import Path

import pytest

from tests.client.models import Published, b64url, included, make_model, make_site, status_list
from tests.client.served import served
from tests.client.verifying import Verify, verify
from tests.small_log import Signer

__all__ = ["verify"]

MANIFEST = "guildhall-manifest.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("house"))


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "model")


@pytest.fixture
def published(model: Path, tmp_path: Path) -> Published:
    return make_site(tmp_path / "site", model, included(model))


def test_a_model_as_it_was_composed_verifies_offline(verify: Verify, model: Path, published: Published) -> None:
    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 0, verdict.err
    assert "reader/stories" in verdict.out
    assert "the log's entry 301" in verdict.out
    assert "slot 2: playhouse/law@1" in verdict.out
    assert "was not asked" in verdict.out


def test_what_stock_clients_lay_beside_it_is_no_fault(verify: Verify, model: Path, published: Published) -> None:
    (model / ".cache/huggingface").mkdir(parents=True)
    (model / ".cache/huggingface/.gitignore").write_text("*")

    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 0, verdict.err


def test_a_snapshot_in_a_clients_cache_is_made_of_links(
    verify: Verify, model: Path, published: Published, tmp_path: Path
) -> None:
    snapshot = tmp_path / "cache/snapshots/0"
    snapshot.mkdir(parents=True)
    for file in model.iterdir():
        (snapshot / file.name).symlink_to(file)

    verdict = verify("model", snapshot, "--key", published.key)

    assert verdict.status == 0, verdict.err


def _flip(file: Path, at: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at, SEEK_SET if at >= 0 else SEEK_END)
        place, byte = opened.tell(), opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 1]))


def _manifest(model: Path, change: Callable[[dict[str, list[dict[str, object]]]], object]) -> None:
    value = json.loads((model / MANIFEST).read_bytes())
    change(value)
    (model / MANIFEST).write_text(json.dumps(value, sort_keys=True, separators=(",", ":")))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a weight": (lambda m: _flip(m / "expert-01.safetensors", -100), "expert-01.safetensors was changed"),
    "a header": (lambda m: _flip(m / "expert-02.safetensors", 40), "The header of expert-02.safetensors is no JSON"),
    "a header's length": (lambda m: _flip(m / "expert-02.safetensors", 7), "does not begin with a header"),
    "the configuration": (lambda m: _flip(m / "config.json", 20), "config.json was changed"),
    "a file longer": (lambda m: (m / "config.json").write_bytes(b" " * 9999), "config.json has 9999 bytes"),
    "a file gone": (lambda m: (m / "expert-01.safetensors").unlink(), "expert-01.safetensors is in"),
    "two experts swapped": (
        lambda m: (m / "expert-01.safetensors").replace(m / "expert-02.safetensors"),
        "expert-01.safetensors is in",
    ),
    "a file more": (lambda m: (m / "modeling_evil.py").write_text("print()"), "modeling_evil.py is in the folder"),
    "a file more, deeper": (
        lambda m: (m / "deeper").mkdir() or (m / "deeper/pytorch_model.bin").write_text(""),  # type: ignore[func-returns-value]
        "deeper/pytorch_model.bin is in the folder",
    ),
    "no manifest": (lambda m: (m / MANIFEST).unlink(), f"{MANIFEST} cannot be read"),
    "no proof": (lambda m: (m / "inclusion.tlog-proof").unlink(), "inclusion.tlog-proof cannot be read"),
    "the manifest": (lambda m: _manifest(m, lambda v: v["files"].pop()), "its manifest_digest is another"),
    "the entry": (lambda m: _flip(m / "inclusion.json", 80), "does not prove entry 301"),
    "the proof": (
        lambda m: (m / "inclusion.tlog-proof").write_text("c2sp.org/tlog-proof@v1\nindex 301\n\n"),
        "inclusion.tlog-proof",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_named(verify: Verify, model: Path, published: Published, what: str) -> None:
    change, sentence = CHANGES[what]

    change(model)
    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"revision": "0" * 40},
        {"recipe_digest": "sha256:" + "0" * 64},
        {"inclusions": []},
        {"inclusions": [{"version": "a/b@1", "slot": 1, "data_digest": "sha256:0", "status_index": 1}] * 2},
        {"inclusions": [1]},
        {"manifest_digest": 7},
    ],
    ids=range(6),
)
def test_an_entry_about_another_model_is_refused(
    verify: Verify, model: Path, tmp_path: Path, lie: dict[str, object]
) -> None:
    published = make_site(tmp_path / "site", model, included(model, **lie))

    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 1
    assert verdict.err.count("\n") == 1


def test_an_entry_of_another_kind_is_refused(verify: Verify, model: Path, tmp_path: Path) -> None:
    published = make_site(tmp_path / "site", model, included(model) | {"event": "composition.cancelled"})

    verdict = verify("model", model, "--key", published.key)

    assert "not one that includes experts" in verdict.err


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "a//b", "", ".hidden", "x\n"])
def test_a_path_out_of_the_folder_is_not_opened(verify: Verify, model: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("secret")
    _manifest(model, lambda v: v["files"].append({"path": path, "size": 6, "digest": "sha256:" + "0" * 64}))
    manifest_only = included_by_hand(model)
    published = make_site(tmp_path / "site", model, manifest_only)

    verdict = verify("model", model, "--key", published.key)

    assert verdict.status == 1
    assert "in a way that cannot be right" in verdict.err


def included_by_hand(model: Path) -> dict[str, object]:
    """For a manifest that flexcore itself would refuse."""
    import hashlib

    data = (model / MANIFEST).read_bytes()
    value, digest = json.loads(data), hashlib.sha256(data).hexdigest()
    recipe = json.dumps(value["recipe"], sort_keys=True, separators=(",", ":")).encode()
    inclusions = [
        {
            "version": f"{expert['name']}@{expert['version']}",
            "slot": slot,
            "data_digest": expert["data_digest"],
            "status_index": slot,
        }
        for slot, expert in enumerate(value["recipe"]["experts"], start=1)
    ]
    facts = {
        "model": "reader/stories",
        "consumer": "reader",
        "purpose": "research",
        "recipe_digest": f"sha256:{hashlib.sha256(recipe).hexdigest()}",
        "revision": digest[:40],
        "manifest_digest": f"sha256:{digest}",
        "inclusions": inclusions,
    }
    return {"at": "2026-11-23T00:00:00+00:00", "event": "composition.included", "facts": facts}


def test_a_proof_by_a_stranger_is_refused(verify: Verify, model: Path, published: Published) -> None:
    other = Signer(seed=b"9" * 32)

    by_another_key = verify("model", model, "--key", other.vkey)
    by_another_log = verify("model", model, "--key", Signer("other.example/log").vkey)
    by_nobody_known = verify("model", model)

    assert "is not signed by the key that is trusted" in by_another_key.err
    assert "no key that was given is that log's" in by_another_log.err
    assert "give it with --key, or ask the log with --log" in by_nobody_known.err


def asked(
    verify: Verify, model: Path, published: Published, token: Callable[[str], bytes], *more: str
) -> tuple[int, str, str]:
    """Ask the site, which gives out this status list."""
    with served(published.folder) as url:
        (published.folder / "status").write_bytes(token(f"{url}/status"))
        verdict = verify("model", model, "--key", published.key, "--max-age", "15m", "--log", url, *more)
    return verdict.status, verdict.out, verdict.err


def test_a_model_that_is_in_use_may_be_loaded(verify: Verify, model: Path, published: Published) -> None:
    status, out, err = asked(verify, model, published, lambda url: status_list({16: 1, 19: 2}, subject=url))

    assert status == 0, err
    assert "nothing in it is withdrawn or paused, as signed " in out


@pytest.mark.parametrize(
    ("slot", "state", "word"),
    [
        (1, 1, "withdrawn or rejected"),
        (2, 2, "paused or suspended"),
        (2, 1, "withdrawn or rejected"),
        (1, 3, "in the unknown state 3"),
    ],
)
def test_a_model_with_an_expert_out_of_use_may_not(  # noqa: PLR0917  a fixture each
    verify: Verify, model: Path, published: Published, slot: int, state: int, word: str
) -> None:
    status, _, err = asked(verify, model, published, lambda url: status_list({16 + slot: state}, subject=url))

    assert status == 1
    assert f"(slot {slot}) is {word}; do not load this model any more" in err


def _unsigned(url: str) -> bytes:
    _, body, _ = status_list({}, subject=url).split(b".")
    return b".".join([b64url(b'{"typ":"statuslist+jwt","alg":"none"}').encode(), body, b""])


REFUSED: dict[str, tuple[Callable[[str], bytes], str]] = {
    "stale": (lambda url: status_list({}, subject=url, age=901), "seconds old; at most 900 were allowed"),
    "from the future": (lambda url: status_list({}, subject=url, age=-3600), "seconds in the future"),
    "expired": (lambda url: status_list({}, subject=url, age=60, exp=1), "has expired"),
    "of another service": (lambda url: status_list({}, subject="https://other/status"), "is that of https://other/"),
    "signed by another": (
        lambda url: status_list({}, subject=url, signer=Signer("log.example/statements", seed=b"0" * 32)),
        "not signed by the service's key",
    ),
    "signed by nobody": (_unsigned, "is of another kind (none"),
    "changed": (
        lambda url: (
            status_list({17: 1}, subject=url).rpartition(b".")[0]
            + b"."
            + status_list({}, subject=url).rpartition(b".")[2]
        ),
        "not signed by the service's key",
    ),
    "too short": (
        lambda url: status_list({}, subject=url, status_list={"bits": 2, "lst": "eJwDAAAAAAE"}),
        "does not reach index 17",
    ),
    "of one bit": (lambda url: status_list({}, subject=url, status_list={"bits": 1, "lst": "eJw"}), "has 1 bits"),
    "cut off": (lambda url: status_list({}, subject=url, status_list={"bits": 2, "lst": "eJw"}), "is cut off"),
    "no zip": (lambda url: status_list({}, subject=url, status_list={"bits": 2, "lst": "AAAA"}), "cannot be unpacked"),
    "no time": (lambda url: status_list({}, subject=url, iat="now"), "has no iat"),
    "no token": (lambda url: b"<html>", "is no signed token"),
    "no JSON": (lambda url: b"AAAA.AAAA.AAAA", "is no JSON"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_list_that_proves_nothing_is_refused(verify: Verify, model: Path, published: Published, what: str) -> None:
    token, sentence = REFUSED[what]

    status, _, err = asked(verify, model, published, token)

    assert status == 1
    assert sentence in err
    assert err.count("\n") == 1


def test_a_service_without_a_list_is_no_excuse(verify: Verify, model: Path, published: Published) -> None:
    with served(published.folder) as url:
        verdict = verify("model", model, "--key", published.key, "--max-age", "15m", "--log", url)

    assert verdict.status == 1
    assert "has no status" in verdict.err


def test_a_list_from_a_file_and_a_copied_log_ask_nobody(
    verify: Verify, model: Path, published: Published, tmp_path: Path
) -> None:
    from tests.client.models import STATEMENTS

    (tmp_path / "status").write_bytes(status_list({18: 1}, subject="https://log.example/status"))
    (tmp_path / "good").write_bytes(status_list({}, subject="https://log.example/status"))
    words = ["model", model, "--key", published.key, "--max-age", "15m"]

    by_log = verify(*words, "--log", published.folder / "log", "--status", tmp_path / "status")
    by_key = verify(*words, "--statement-key", STATEMENTS.vkey, "--status", tmp_path / "status")
    good = verify(*words, "--statement-key", STATEMENTS.vkey, "--status", tmp_path / "good")

    assert "playhouse/law@1 (slot 2) is withdrawn" in by_log.err
    assert "playhouse/law@1 (slot 2) is withdrawn" in by_key.err
    assert good.status == 0, good.err


def test_an_age_is_a_number_and_a_unit(verify: Verify, model: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        verify("model", model, "--max-age", "soon")

    assert stopped.value.code == 2
