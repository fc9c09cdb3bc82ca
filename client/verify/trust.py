"""Whose signature on a checkpoint is believed: keys that were given, or keys met before.

A log's first key is trusted on first use, with a sentence that says so. A new key is followed when a log signed, with a
key that is believed, a tree that names the new one. `known_logs` is a text file; a line is an origin, where it was met
first, and its keys.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from client.verify.merkle import includes, leaf_hash
from client.verify.notes import COSIGNS, MAX_NOTE, SIGNS, Checkpoint, Key
from client.verify.signatures import ModelKey
from client.verify.strict import NotVerified, field, mentions, read_file, read_json, shown
from client.verify.tiles import MAX_KEYS, Source, Tiles, read_entry

LOG, STATEMENTS, MODELS = "log", "statements", "models"
ADDED, RETIRED = "log_key.added", "log_key.retired"
KEYS = "keys.json"
MAX_KNOWN = 1024 * 1024
MAX_LISTED = 1000

Tell = Callable[[str], None]


def known_logs() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "guildhall" / "known_logs"


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as the log's keys.json lists it; a hint where to look, never a proof."""

    key: Key
    purpose: str
    added: int | None
    retired: int | None
    rotation: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a log: where it was met first, and its keys."""

    where: str
    keys: tuple[Key, ...]


class Trust:
    """The keys believed in this run; `witnesses` must have cosigned whatever is believed."""

    def __init__(self, given: Iterable[Key], witnesses: Iterable[Key], *, kept: Path, tell: Tell) -> None:
        self._given = tuple(given)
        self.witnesses = tuple(witnesses)
        self._kept = kept
        self._tell = tell
        for key in self._given:
            if key.kind != SIGNS:
                raise NotVerified(f"{shown(key.name)} is a witness's key; give it as --witness.")
        for key in self.witnesses:
            if key.kind != COSIGNS:
                raise NotVerified(f"{shown(key.name)} is no witness's key; give it as --key.")

    def believe(self, head: Checkpoint, source: Source | None) -> tuple[Key, ...]:
        """The trusted keys that signed this checkpoint; NotVerified if there is none. Without a source, nothing new
        is learned.
        """
        keys = self.keys_of(head.origin)
        signers = head.signers(keys)
        if not signers and keys and source is not None:
            signers = self._followed(head, keys, source)
        if not signers and not keys and source is not None:
            signers = self._first_met(head, source)
        if not signers:
            raise NotVerified(self._why_not(head, keys))
        head.require(self.witnesses)
        return signers

    def keys_of(self, origin: str) -> tuple[Key, ...]:
        """Given keys come alone: whoever names a key means that key."""
        given = tuple(key for key in self._given if key.name == origin)
        known = self._remembered().get(origin)
        return given if self._given or known is None else known.keys

    def _why_not(self, head: Checkpoint, keys: tuple[Key, ...]) -> str:
        if keys:
            return (
                f"The checkpoint of {shown(head.origin)} (size {head.size}) is not signed by the key that is trusted."
            )
        if self._given:
            return f"The checkpoint is of the log {shown(head.origin)}, and no key that was given is that log's."
        return f"No key of the log {shown(head.origin)} is known here; give it with --key, or ask the log with --log."

    def _first_met(self, head: Checkpoint, source: Source) -> tuple[Key, ...]:
        listed = [item.key for item in listed_keys(source) if item.purpose == LOG and item.key.name == head.origin]
        signers = head.signers(listed)
        if signers:
            where = quote(source.name, safe=":/")
            self._check_place(where, head.origin)
            self._remember(head.origin, Known(where, signers))
            self._tell(f"{shown(head.origin)} is new here; its key is trusted from now on: {signers[0].vkey}")
            self._tell("Compare it with one that you were given on another way, or name it with --key.")
        return signers

    def _followed(self, head: Checkpoint, keys: tuple[Key, ...], source: Source) -> tuple[Key, ...]:
        """From key to key: each next one is in a tree that a believed one signed."""
        believed = list(keys)
        new = [item for item in listed_keys(source) if item.purpose == LOG and item.key.name == head.origin]
        while item := next((one for one in new if one.key not in believed and _vouched(one, believed, source)), None):
            believed.append(item.key)
            self._tell(
                f"{shown(head.origin)} has a new key, named in entry {item.added} under the old one: {item.key.vkey}"
            )
        signers = head.signers(believed)
        if signers and not self._given:
            self._remember(head.origin, Known(self._remembered()[head.origin].where, tuple(believed)))
        return signers

    def _check_place(self, where: str, origin: str) -> None:
        """A service that gives out a log of another name has not begun anew for those who knew it."""
        for name, known in self._remembered().items():
            if known.where == where and name != origin:
                raise NotVerified(
                    f"{shown(where)} had the log {shown(name)}, and now there is {shown(origin)}; "
                    f"if that is as it should be, remove the old one's line from {self._kept}."
                )

    def _remembered(self) -> dict[str, Known]:
        if not self._kept.exists():
            return {}
        lines = read_file(self._kept, limit=MAX_KNOWN).decode("utf-8", errors="replace").splitlines()
        words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        short = next((line for line in words if len(line) < 3), None)
        if short is not None:
            raise NotVerified(f"{self._kept} has a line that is no origin, place and key: {shown(' '.join(short))}.")
        return {origin: Known(where, tuple(map(Key.read, vkeys))) for origin, where, *vkeys in words}

    def _remember(self, origin: str, new: Known) -> None:
        known = self._remembered() | {origin: new}
        lines = [" ".join([name, one.where, *(key.vkey for key in one.keys)]) for name, one in sorted(known.items())]
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._kept, "\n".join(lines) + "\n")


def believed_head(source: Source, trust: Trust) -> tuple[Checkpoint, tuple[Key, ...]]:
    """The log's newest checkpoint, and the trusted keys that signed it."""
    head = Checkpoint.read(source.read("checkpoint", limit=MAX_NOTE).decode("utf-8", errors="replace"))
    return head, trust.believe(head, source)


def statement_keys(source: Source, head: Checkpoint) -> list[Key]:
    """The keys for statements that are in use, each as an entry under this checkpoint names it."""
    wanted = [item for item in listed_keys(source) if item.purpose == STATEMENTS and item.retired is None]
    return [item.key for item in wanted if _named(item.added, item.key.vkey, source, head, STATEMENTS)]


def model_keys(source: Source, head: Checkpoint) -> list[ModelKey]:
    """The keys for models, in use or not any more, each as an entry under this checkpoint names it."""
    found = [(ModelKey.read(field(item, "vkey", str, KEYS)), item) for item in _items(source, of=MODELS)]
    return [key for key, item in found if _named(_number(item, "added"), key.vkey, source, head, MODELS)]


def listed_keys(source: Source) -> list[Listed]:
    """Those that sign the log and statements; those that sign models are of another kind."""
    return [_listed(item) for purpose in (LOG, STATEMENTS) for item in _items(source, of=purpose)]


def _items(source: Source, *, of: str) -> list[dict[str, Any]]:
    data = read_json(source.read(KEYS, limit=MAX_KEYS), KEYS)
    items = field(data, "keys", list, KEYS)
    if len(items) > MAX_LISTED:
        raise NotVerified(f"{KEYS} lists more than {MAX_LISTED} keys.")
    return [item for item in items if isinstance(item, dict) and field(item, "purpose", str, KEYS) == of]


def _listed(item: dict[str, Any]) -> Listed:
    rotation = item.get("rotation")
    return Listed(
        key=Key.read(field(item, "vkey", str, KEYS)),
        purpose=field(item, "purpose", str, KEYS),
        added=_number(item, "added"),
        retired=_number(item, "retired"),
        rotation=None if rotation is None else field(item, "rotation", str, KEYS),
    )


def _number(item: dict[str, Any], name: str) -> int | None:
    return None if item.get(name) is None else field(item, name, int, KEYS)


def _vouched(item: Listed, believed: list[Key], source: Source) -> bool:
    """A believed key and this one both signed a tree, and an entry of that tree adds this key."""
    if item.rotation is None:
        return False
    head = Checkpoint.read(item.rotation, "The rotation in keys.json")
    if not head.signers(believed) or not head.signers([item.key]):
        return False
    return _named(item.added, item.key.vkey, source, head, LOG)


def _named(added: int | None, vkey: str, source: Source, head: Checkpoint, purpose: str) -> bool:
    """The entry where this key is said to be added is under this checkpoint, and adds it for this purpose."""
    if added is None or not 0 <= added < head.size:
        return False
    leaf = read_entry(source, added, head.size)
    path = Tiles(source, head.size).path(added)
    return includes(head.size, head.root, added, leaf_hash(leaf), path) and adds_key(leaf, vkey, purpose)


def adds_key(leaf: bytes, vkey: str, purpose: str) -> bool:
    """Does this entry tell that the log has such a key?"""
    entry = read_json(leaf, "The key's entry")
    return entry.get("event") == ADDED and entry.get("facts") == {"purpose": purpose, "vkey": vkey}


def write_whole(file: Path, text: str) -> None:
    """All of it or nothing of it."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False, encoding="utf-8") as aside:
        aside.write(text)
        aside.flush()
        os.fsync(aside.fileno())
    Path(aside.name).replace(file)


class Retirements:
    """The keys that the log itself put away, met while all its entries are read."""

    def __init__(self) -> None:
        self._retired: dict[str, int] = {}

    def visit(self, index: int, entry: bytes) -> None:
        if not mentions(entry, (b"log_key.",)):
            return
        told = read_json(entry, f"Entry {index}")
        facts = told.get("facts")
        if isinstance(facts, dict) and isinstance(vkey := facts.get("vkey"), str):
            if told.get("event") == RETIRED:
                self._retired[vkey] = index
            elif told.get("event") == ADDED:
                self._retired.pop(vkey, None)

    def check(self, signers: Iterable[Key]) -> None:
        """At least one of the keys that signed is still in use."""
        put_away = [self._retired.get(key.vkey) for key in signers]
        if put_away and None not in put_away:
            raise NotVerified(f"The checkpoint is signed only by a key that entry {put_away[0]} put out of use.")
