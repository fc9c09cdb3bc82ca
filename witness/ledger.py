"""What the witness has signed: one key file and one state file in one folder, and one process at a time over them.

A state is on the disk before the signature over it leaves; a folder whose state is lost or unreadable is refused,
because a witness that forgot would sign a fork.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from witness.merkle import EMPTY_ROOT
from witness.notes import WitnessKey


class Unusable(Exception):
    """The folder cannot be used. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """The largest tree of a log that was cosigned."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Ledger:
    """The heads by origin. Whoever calls `keep` holds a lock of their own around the check before it."""

    def __init__(self, folder: Path, heads: Mapping[str, Head], lock: int) -> None:
        self._file = folder / "state.json"
        self._heads = dict(heads)
        self._lock = lock

    @classmethod
    def open(cls, folder: Path) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            os.close(lock)
            raise Unusable(f"Another witness runs on {folder}; give each its own folder.") from fault
        if not (folder / "state.json").exists():
            if (folder / "key").exists():
                raise Unusable(
                    f"{folder} has a key but no state.json; put the state back, or begin a new witness in a new folder."
                )
            _write(folder / "state.json", b"{}")
        return cls(folder, _read(folder / "state.json"), lock)

    def close(self) -> None:
        os.close(self._lock)

    def head(self, origin: str) -> Head:
        return self._heads.get(origin, Head())

    def keep(self, origin: str, head: Head) -> None:
        """On the disk when this returns."""
        heads = self._heads | {origin: head}
        written = {name: {"size": one.size, "root": one.root.hex()} for name, one in heads.items()}
        _write(self._file, json.dumps(written, indent=1, sort_keys=True).encode())
        self._heads = heads


def open_key(folder: Path, *, name: str | None) -> WitnessKey:
    """The folder's key, made if this is the first start. Its public half lies beside it as `vkey`."""
    file = folder / "key"
    if not file.exists():
        _write(file, WitnessKey.make(name or "localhost/witness").private_text.encode() + b"\n")
    key = WitnessKey.read(file.read_text(encoding="utf-8").strip())
    if name not in {None, key.name}:
        raise Unusable(f"The key in {folder} is named {key.name}, not {name}; give that name or another folder.")
    _write(folder / "vkey", key.vkey.encode() + b"\n", mode=0o644)
    return key


def _read(file: Path) -> dict[str, Head]:
    try:
        kept = json.loads(file.read_bytes())
        heads = {origin: Head(int(one["size"]), bytes.fromhex(one["root"])) for origin, one in kept.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Unusable(f"{file} cannot be read ({fault}); put back the file that the witness wrote.") from fault
    if any(one.size < 0 or len(one.root) != 32 for one in heads.values()):
        raise Unusable(f"{file} holds no heads of logs; put back the file that the witness wrote.")
    return heads


def _write(file: Path, content: bytes, *, mode: int = 0o600) -> None:
    """All of it or nothing of it, whatever is killed when."""
    aside = file.with_name(file.name + ".new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=mode, exist_ok=False)
    with aside.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
