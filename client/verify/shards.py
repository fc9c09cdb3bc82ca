"""An expert's weights inside a composed model: the digest of the file, and that of the version whose weights it holds.

A version's digest is over its tensors' names, types and shapes and then their bytes, wherever they stand; a shard only
gives them the names of its slot.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import BinaryIO

from client.verify.strict import NotVerified, read_json

MAX_HEADER = 16 * 2**20
PIECE = 2**20
SHARD = re.compile(r"expert-([0-9]{2})\.safetensors", re.ASCII)
TENSOR = re.compile(r"model\.layers\.([0-9]{1,4})\.mlp\.experts\.([0-9]{1,4})\.([a-z_]{1,40})\.weight", re.ASCII)


def digest_of(file: Path, path: str) -> tuple[str, str | None]:
    """The digest that a manifest lists for this file and, of a shard, the digest of the version inside."""
    shard = SHARD.fullmatch(path)
    with file.open("rb") as opened:
        if shard is None:
            return _named(_rest(opened, b"")), None
        header = _header(opened, path)
        data = _rest(opened, _canonical_list(header, slot=int(shard[1]), path=path))
    return _named(hashlib.sha256(hashlib.sha256(header).digest() + data).digest()), _named(data)


def _header(file: BinaryIO, path: str) -> bytes:
    length = file.read(8)
    size = int.from_bytes(length, "little")
    if len(length) < 8 or size > MAX_HEADER:
        raise NotVerified(f"{path} does not begin with a header of safetensors.")
    return length + file.read(size)


def _canonical_list(header: bytes, *, slot: int, path: str) -> bytes:
    """The tensors as their package lists them: name, type and shape, in the order of their data."""
    listed = read_json(header[8:].rstrip(b" "), f"The header of {path}")
    listed.pop("__metadata__", None)
    try:
        places = sorted(listed.items(), key=lambda item: int(item[1]["data_offsets"][0]))
        tensors = [(TENSOR.fullmatch(name), said["dtype"], said["shape"]) for name, said in places]
    except (KeyError, IndexError, TypeError, ValueError) as fault:
        raise NotVerified(f"The header of {path} cannot be read.") from fault
    names = [
        [f"layers.{found[1]}.{found[3]}.weight", dtype, shape]
        for found, dtype, shape in tensors
        if found is not None and int(found[2]) == slot
    ]
    if len(names) != len(tensors):
        raise NotVerified(f"{path} holds tensors that are not those of an expert in slot {slot}.")
    return json.dumps(names, separators=(",", ":")).encode()


def _rest(file: BinaryIO, before: bytes) -> bytes:
    found = hashlib.sha256(before)
    while piece := file.read(PIECE):
        found.update(piece)
    return found.digest()


def _named(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
