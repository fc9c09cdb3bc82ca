"""The last head that was verified, kept in a file, so that a log that forks or shrinks is noticed the next time."""

import json
from pathlib import Path

from client.verify.history import Seen
from client.verify.notes import Checkpoint, read_hash
from client.verify.strict import NotVerified, field, read_file, read_json
from client.verify.trust import write_whole

MAX_STATE = 256 * 1024


def read_seen(file: Path | None) -> Seen | None:
    """None at the first time. The file is ours, so one that cannot be read stops everything."""
    if file is None or not file.exists():
        return None
    label = str(file)
    kept = read_json(read_file(file, limit=MAX_STATE), label)
    size = field(kept, "size", int, label)
    if size < 0:
        raise NotVerified(f"{label} has no size that could be; remove the file to begin anew.")
    return Seen(field(kept, "origin", str, label), size, read_hash(field(kept, "root", str, label), label))


def keep_seen(file: Path | None, head: Checkpoint) -> None:
    """The note is kept too: with a signed one of the same log that contradicts it, it proves a fork to anybody."""
    if file is not None:
        root = head.text.decode().split("\n")[2]
        kept = {"origin": head.origin, "size": head.size, "root": root, "checkpoint": head.note}
        write_whole(file, json.dumps(kept, indent=1) + "\n")
