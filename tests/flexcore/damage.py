"""What is done to a package before it must be refused, and what was said then."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flexcore.package import check_expert_package
from flexcore.untrusted import Malformed


def refusal_of(package: Path, **expected: Any) -> str:
    with pytest.raises(Malformed) as refusal:
        check_expert_package(package, **expected)
    return str(refusal.value)


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON of a file, or of a safetensors file's header, and leave its data as it is."""
    data = path.read_bytes()
    if path.suffix == ".json":
        value = json.loads(data)
        change(value)
        path.write_bytes(json.dumps(value).encode())
        return
    end = 8 + int.from_bytes(data[:8], "little")
    value = json.loads(data[8:end])
    change(value)
    text = json.dumps(value).encode()
    text = text.ljust(-(-(len(text) + 8) // 4096) * 4096 - 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[end:])


def poke(path: Path, place: int, value: bytes) -> None:
    """Write into the data of a safetensors file."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little") + place
    data[start : start + len(value)] = value
    path.write_bytes(data)
