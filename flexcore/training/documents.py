"""An owner's text, as it lies there, to documents: JSON Lines, plain text, folders, and what `datasets` saves.

A document is a line of JSON Lines, a row of a table, or a text file of a folder. A text file by itself is cut into
pieces at its empty lines. Whatever is no text is refused in one sentence, with the place.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flexcore.untrusted import Malformed, parse_json, shown

MAX_LINE = 64 << 20
PIECE = 2000  # characters, of a text file by itself
TEXT = frozenset({".txt", ".text", ".md"})
FEWEST = 8  # documents from which one can tell what a domain looks like


def read_documents(path: Path) -> list[str]:
    """The texts in the order of the files; empty ones are left out."""
    if path.is_dir():
        found = list(_of_folder(path))
    elif path.is_file():
        found = list(_of_file(path))
    else:
        raise Malformed(f"{path} is not a file or folder; name a .jsonl file with one document a line.")
    documents = [text for text in found if text]
    if not documents:
        raise Malformed(f"{path} holds no document; name a file with some text in it.")
    return documents


def check_enough(documents: list[str], path: Path) -> None:
    """For a domain whose router row is made of its documents."""
    if len(documents) < FEWEST:
        raise Malformed(
            f"{path} holds {len(documents)} document{'s' if len(documents) > 1 else ''}, too few to tell what the "
            f"domain looks like; give {FEWEST} or more, or cut long ones."
        )


def corpus_digest(path: Path) -> str:
    """Of a file's bytes; of a folder's files and their names."""
    if not path.is_dir():
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    listed = {str(p.relative_to(path)): corpus_digest(p) for p in sorted(path.rglob("*")) if p.is_file()}
    return "sha256:" + hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def _of_file(path: Path) -> Iterator[str]:
    if path.suffix in TEXT:
        return _pieces(_text(path))
    reader: Callable[[Path], Iterator[str]] = {".parquet": _parquet, ".arrow": _arrow}.get(path.suffix, _json_lines)
    return reader(path)


def _of_folder(folder: Path) -> Iterator[str]:
    """The first kind of these that there is: a saved dataset, tables, JSON Lines, text files."""
    if (folder / "dataset_dict.json").is_file():
        splits = parse_json((folder / "dataset_dict.json").read_bytes(), "dataset_dict.json", max_bytes=MAX_LINE)
        if "train" not in splits.get("splits", []) or not (folder / "train").is_dir():
            raise Malformed(f"{folder} has no split named train; name the folder of the split to train on.")
        folder = folder / "train"
    if (folder / "state.json").is_file():
        yield from (text for path in _saved(folder) for text in _arrow(path))
        return
    there = sorted(path for path in folder.rglob("*") if path.is_file())
    for suffixes, read in (({".arrow"}, _arrow), ({".parquet"}, _parquet), ({".jsonl"}, _json_lines)):
        chosen = [path for path in there if path.suffix in suffixes]
        if chosen:
            yield from (text for path in chosen for text in read(path))
            return
    yield from (_text(path) for path in there if path.suffix in TEXT)


def _saved(folder: Path) -> list[Path]:
    """What `save_to_disk` lists: in the folder may lie what a cache left."""
    state = parse_json((folder / "state.json").read_bytes(), "state.json", max_bytes=MAX_LINE)
    names = [entry.get("filename") for entry in state.get("_data_files", [])]
    paths = [folder / Path(str(name)).name for name in names]
    for path in paths:
        if not path.is_file():
            raise Malformed(f"{folder} lacks {shown(path.name)}, which its state.json lists; save the dataset again.")
    return paths


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Malformed(f"{path} is not UTF-8 text (byte {fault.start}); leave it out or convert it.") from None
    if "\0" in text:
        raise Malformed(f"{path} is not text but holds zero bytes; leave it out.")
    return text.strip()


def _pieces(text: str) -> Iterator[str]:
    """Whole paragraphs, together as long as a document of medium length."""
    held: list[str] = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        held.append(paragraph)
        if sum(map(len, held)) >= PIECE:
            yield "\n\n".join(held).strip()
            held = []
    yield "\n\n".join(held).strip()


def _json_lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = parse_json(line, f"{path.name}, line {number}", max_bytes=MAX_LINE).get("text")
            if not isinstance(text, str):
                raise Malformed(f'{path.name}, line {number} has no "text"; give each document one.')
            yield text


def _parquet(path: Path) -> Iterator[str]:
    pyarrow, parquet = _pyarrow("pyarrow"), _pyarrow("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow)
            for batch in file.iter_batches(columns=["text"]):
                yield from _texts(path, batch.column(0))
    except pyarrow.ArrowException as fault:
        raise Malformed(f"{path} is not a whole parquet file ({shown(fault)}); save it again.") from None


def _arrow(path: Path) -> Iterator[str]:
    """`datasets` writes streams, others files."""
    pyarrow = _pyarrow("pyarrow")
    try:
        with pyarrow.memory_map(str(path)) as source:
            try:
                table = pyarrow.ipc.open_stream(source).read_all()
            except pyarrow.ArrowInvalid:
                source.seek(0)
                table = pyarrow.ipc.open_file(source).read_all()
            _check_columns(path, table.schema)
            yield from _texts(path, table.column("text"))
    except pyarrow.ArrowException as fault:
        raise Malformed(f"{path} is not a whole arrow file ({shown(fault)}); save it again.") from None


def _check_columns(path: Path, schema: Any) -> None:
    if "text" not in schema.names:
        raise Malformed(
            f"{path} has no column named text, only {shown(', '.join(schema.names))}; rename the one that holds the "
            "text (token numbers of another tokenizer are of no use)."
        )


def _texts(path: Path, column: Any) -> Iterator[str]:
    for text in column.to_pylist():
        if text is not None and not isinstance(text, str):
            raise Malformed(f"{path}: the column named text holds {type(text).__name__}, not text; name another.")
        yield text or ""


def _pyarrow(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise Malformed(
            "Tables are read by the package pyarrow, which is not installed; install it, or give JSON Lines or text."
        ) from None
