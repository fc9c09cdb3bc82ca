"""What a commit says, line by line: files with their bytes, files by digest, files taken off. Hostile input, all of it.

Nothing is known here of drafts or of the store: the last word on each path is kept, and whatever is not understood is
refused whole.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.hub.wire import BadRequest

MAX_COMMIT_BYTES = 8 * 2**20  # four small files in base64, and some words
MAX_LINES = 200
MAX_DEPTH = 8
MAX_PATH = 300
HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ByDigest:
    """A file whose bytes were brought before."""

    sha256: str  # with its prefix
    size: int


@dataclass(slots=True)
class Commit:
    """The last word on each path; a folder's name ends with a slash."""

    files: dict[str, bytes | ByDigest] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


def read_commit(body: bytes) -> Commit:
    """The commit that these lines tell; BadRequest where they tell none."""
    if len(body) > MAX_COMMIT_BYTES:
        raise BadRequest(f"A commit has at most {MAX_COMMIT_BYTES} bytes; large files are brought before it.")
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > MAX_LINES:
        raise BadRequest(f"A commit has at most {MAX_LINES} lines; a package has five files.")
    told = Commit()
    for number, line in enumerate(lines, start=1):
        _take(told, parse_object(line, f"Line {number} of the commit"), number)
    return told


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """One JSON object, not deep; BadRequest where it is none."""
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise BadRequest(f"{what} is not JSON.") from None
    if not isinstance(value, dict) or not _is_shallow(value, MAX_DEPTH):
        raise BadRequest(f"{what} is not a JSON object of the kind that this protocol has.")
    return value


def text_of(value: Mapping[str, Any], name: str, what: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= MAX_PATH or not text.isprintable():
        raise BadRequest(f"`{name}` of {what} must be a text of 1 to {MAX_PATH} characters.")
    return text


def digest_of_oid(value: Mapping[str, Any], what: str) -> ByDigest:
    oid, size = value.get("oid"), value.get("size")
    if not isinstance(oid, str) or len(oid) != 64 or not set(oid) <= HEX:
        raise BadRequest(f"`oid` of {what} must be a SHA-256 of 64 hexadecimal digits in lower case.")
    if type(size) is not int or not 0 <= size < 2**53:
        raise BadRequest(f"`size` of {what} must be a whole number of bytes.")
    return ByDigest(f"sha256:{oid}", size)


def _take(told: Commit, line: Mapping[str, Any], number: int) -> None:
    what, key, value = f"line {number} of the commit", line.get("key"), line.get("value")
    if not isinstance(value, dict):
        raise BadRequest(f"`value` of {what} must be an object.")
    if key == "header":
        return  # a draft has notes of its own
    path = text_of(value, "path", what)
    if key == "file":
        told.files[path] = _bytes_of(value, path)
        told.removed.discard(path)
    elif key == "lfsFile":
        told.files[path] = digest_of_oid(value, what)
        told.removed.discard(path)
    elif key in {"deletedFile", "deletedFolder"}:
        told.files.pop(path, None)
        told.removed.add(path if key == "deletedFile" else path.rstrip("/") + "/")
    else:
        raise BadRequest(f"What {what} asks for is not done here; a draft takes files, and deletions of files.")


def _bytes_of(value: Mapping[str, Any], path: str) -> bytes:
    content = value.get("content")
    if value.get("encoding") != "base64" or not isinstance(content, str):
        raise BadRequest(f"The content of {path} must be given in base64.")
    try:
        return base64.b64decode(content.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"The content of {path} is not base64.") from None


def _is_shallow(value: object, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_shallow(each, depth - 1) for each in inner)
