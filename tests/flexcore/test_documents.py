"""An owner's text is read as it lies there, and what is no text is told in one sentence."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flexcore.training.documents import FEWEST, PIECE, check_enough, corpus_digest, read_documents
from flexcore.untrusted import Malformed

TEXTS = [f"Document {number}: what it says." for number in range(12)]


def as_text_files(folder: Path) -> Path:
    for number, text in enumerate(TEXTS):
        path = folder / f"{number // 6}" / f"{number:02d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (folder / "picture.png").write_bytes(b"\x89PNG\0")
    return folder


def as_json_lines(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return folder


def as_parquet(folder: Path) -> Path:
    folder.mkdir()
    for part in range(2):
        pq.write_table(pa.table({"id": range(6), "text": TEXTS[6 * part : 6 * part + 6]}), folder / f"{part}.parquet")
    return folder


def as_saved_dataset(folder: Path) -> Path:
    """As `save_to_disk` leaves it, splits and all, with a file of a cache that is none of it."""
    train = folder / "train"
    train.mkdir(parents=True)
    table = pa.table({"text": TEXTS})
    for name in ("data-00000-of-00001.arrow", "cache-0123.arrow"):
        with pa.ipc.new_stream(train / name, table.schema) as file:
            file.write_table(table)
    (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (train / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    return folder


@pytest.mark.parametrize("written", [as_text_files, as_json_lines, as_parquet, as_saved_dataset])
def test_the_same_documents_come_out_of_each_form(written: object, tmp_path: Path) -> None:
    assert callable(written)

    assert read_documents(written(tmp_path / "corpus")) == TEXTS


def test_a_text_file_by_itself_is_cut_at_its_empty_lines(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {number}. " + "word " * 90 for number in range(60)]
    (tmp_path / "book.txt").write_text("\n\n".join(paragraphs))

    found = read_documents(tmp_path / "book.txt")

    assert len(found) > FEWEST
    assert all(len(piece) >= PIECE - 2 for piece in found[:-1])
    assert "".join("".join(found).split()) == "".join("".join(paragraphs).split())


def test_the_digest_follows_every_file_and_name(tmp_path: Path) -> None:
    folder = as_text_files(tmp_path / "corpus")
    digests = {corpus_digest(folder)}

    (folder / "0" / "00.txt").write_text("changed")
    digests.add(corpus_digest(folder))
    (folder / "0" / "00.txt").rename(folder / "0" / "99.txt")
    digests.add(corpus_digest(folder))

    assert len(digests) == 3


def not_text(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"caf\xe9 \xff")


def zeros(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"ELF\0\0\0")


def nothing(folder: Path) -> None:
    (folder / "a.txt").write_text("  \n")


def numbers(folder: Path) -> None:
    pq.write_table(pa.table({"input_ids": [[1, 2]]}), folder / "a.parquet")


def halved(folder: Path) -> None:
    pq.write_table(pa.table({"text": TEXTS}), folder / "a.parquet")
    (folder / "a.parquet").write_bytes((folder / "a.parquet").read_bytes()[:-20])


def no_train(folder: Path) -> None:
    (folder / "dataset_dict.json").write_text('{"splits": ["test"]}')


def not_listed(folder: Path) -> None:
    (folder / "state.json").write_text('{"_data_files": [{"filename": "../data.arrow"}]}')


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (not_text, r"a\.txt is not UTF-8 text \(byte 3\)"),
        (zeros, r"a\.txt is not text but holds zero bytes"),
        (nothing, "holds no document"),
        (numbers, "has no column named text, only input_ids"),
        (halved, "is not a whole parquet file"),
        (no_train, "has no split named train"),
        (not_listed, r"lacks data\.arrow, which its state\.json lists"),
    ],
)
def test_what_is_no_text_is_refused(write: object, said: str, tmp_path: Path) -> None:
    assert callable(write)
    write(tmp_path)

    with pytest.raises(Malformed, match=said):
        read_documents(tmp_path)


def test_one_document_tells_of_no_domain(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="holds 1 document, too few to tell"):
        check_enough(["alone"], tmp_path)
    check_enough(TEXTS, tmp_path)


def test_without_pyarrow_a_table_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(Malformed, match="pyarrow, which is not installed"):
        read_documents(as_parquet(tmp_path / "corpus"))
