"""Reading a package: what is whole is described, and a file that does not belong or is missing is refused by name."""

import os
import pickle  # noqa: TID251 -- made here to see it refused
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from flexcore.files import folder_files
from flexcore.package import check_expert_files, check_expert_package
from flexcore.untrusted import Malformed
from flexcore.weights import sha256
from tests.flexcore.damage import refusal_of
from tests.flexcore.packages import DATA_CARD, ELSEWHERE, EXPERT, TINY, make_expert


def test_a_whole_package_is_described(package: Path) -> None:
    contents = check_expert_package(package, anchor_digest=ELSEWHERE, architecture=TINY)

    assert contents.dimensions == TINY.dimensions
    assert contents.expert_header.data_offset == 4096
    assert contents.file_digests == {path.name: sha256(path.read_bytes()) for path in package.iterdir()}
    assert contents.file_sizes == {path.name: path.stat().st_size for path in package.iterdir()}
    assert contents.data_card == DATA_CARD
    assert not contents.has_bias


def test_the_data_digest_is_of_the_tensors_and_not_of_the_header(package: Path) -> None:
    before = check_expert_package(package)
    data = (package / EXPERT).read_bytes()
    wider = struct.pack("<Q", 8192 - 8) + data[8:4096].ljust(8192 - 8) + data[4096:]
    (package / EXPERT).write_bytes(wider)

    after = check_expert_package(package)

    assert after.data_digest == before.data_digest
    assert after.file_digests[EXPERT] != before.file_digests[EXPERT]


def test_a_bias_is_read_and_said(tmp_path: Path) -> None:
    assert make_expert(tmp_path / "drama", bias=True).has_bias


def test_half_precision_is_read(tmp_path: Path) -> None:
    contents = make_expert(tmp_path / "drama", architecture=replace(TINY, dtype="BF16"))

    assert contents.dimensions.dtype == "BF16"


def test_another_anchors_expert_is_refused(package: Path) -> None:
    other = "sha256:" + "1" * 64

    sentence = refusal_of(package, anchor_digest=other)

    assert sentence.startswith(f"This expert was trained beside the anchor {ELSEWHERE}, not beside {other};")


def test_another_architecture_is_refused(package: Path) -> None:
    sentence = refusal_of(package, architecture=replace(TINY, hidden_size=128))

    assert "train beside this anchor" in sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("weights.pkl", "weights.pkl may run code when it is opened; save weights as safetensors."),
        ("pytorch_model.bin", "pytorch_model.bin may run code when it is opened"),
        ("modeling_x.py", "modeling_x.py is a program; a package holds none, leave it out."),
        ("run.sh", "run.sh is a program"),
        ("notes.txt", "notes.txt does not belong to a package; leave it out."),
        (".hidden\n", ".hidden? does not belong"),
        ("EXPERT.JSON", "EXPERT.JSON does not belong"),
    ],
)
def test_a_file_without_a_place_is_refused_by_name(package: Path, name: str, sentence: str) -> None:
    (package / name).write_bytes(b"x")

    assert sentence in refusal_of(package)


@pytest.mark.parametrize("name", [EXPERT, "router.safetensors", "expert.json", "data-card.json"])
def test_a_missing_file_is_named(package: Path, name: str) -> None:
    (package / name).unlink()

    assert refusal_of(package) == f"The package lacks {name}; add it."


def test_a_missing_signature_is_refused_where_one_is_asked_for(package: Path) -> None:
    assert refusal_of(package, signed=True) == "The package lacks model.sig; add it."


def test_links_folders_and_pipes_are_not_followed(package: Path, tmp_path: Path) -> None:
    (package / EXPERT).rename(tmp_path / "elsewhere")

    (package / EXPERT).symlink_to(tmp_path / "elsewhere")
    assert refusal_of(package) == f"{EXPERT} is a link; put plain files only into a package."

    (package / EXPERT).unlink()
    (package / EXPERT).mkdir()
    assert refusal_of(package) == f"{EXPERT} is a folder; put plain files only into a package."

    (package / EXPERT).rmdir()
    os.mkfifo(package / EXPERT)
    assert refusal_of(package) == f"{EXPERT} is not a file; put plain files only into a package."


def test_a_file_swapped_for_a_link_while_we_look_is_refused(package: Path, tmp_path: Path) -> None:
    files = folder_files(package)
    (package / "expert.json").rename(tmp_path / "elsewhere")
    (package / "expert.json").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Malformed, match=r"expert\.json cannot be read"):
        check_expert_files(files)


def test_a_pickle_under_a_known_name_is_refused(package: Path) -> None:
    (package / EXPERT).write_bytes(pickle.dumps({"weights": [1.0] * 100}))

    assert refusal_of(package).startswith(f"{EXPERT} announces a header of")


def test_a_truncated_file_is_refused(package: Path) -> None:
    whole = (package / EXPERT).read_bytes()
    (package / EXPERT).write_bytes(whole[:-1])

    assert refusal_of(package).startswith(f"{EXPERT} holds {len(whole) - 4097} bytes of data but its header describes")
