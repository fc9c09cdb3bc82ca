"""The kept inputs of each reader: a line of base64 each, in one file, so that a difference can be read over."""

import base64
import hashlib
from pathlib import Path

KEPT = Path(__file__).parent / "corpus"


def inputs(reader: str) -> list[bytes]:
    file = KEPT / f"{reader}.b64"
    return [base64.b64decode(line) for line in file.read_text().splitlines()] if file.exists() else []


def unpack(reader: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs(reader):
        (folder / hashlib.sha256(data).hexdigest()[:20]).write_bytes(data)


def pack(reader: str, folder: Path) -> None:
    found = {path.read_bytes() for path in folder.iterdir()}
    lines = sorted(base64.b64encode(data).decode() for data in found)
    (KEPT / f"{reader}.b64").write_text("".join(f"{line}\n" for line in lines))
