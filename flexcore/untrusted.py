"""Reads the JSON of strangers: size, depth and types are bounded before anything in it is believed.

Every refusal is a Malformed whose one sentence names the file and says what to do.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

MAX_DEPTH = 12
LARGEST_INTEGER = 2**53 - 1  # beyond it JSON readers disagree, and RFC 8785 has no form
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Malformed(Exception):
    """What was handed in is not what it claims to be; the sentence is for whoever handed it in."""


class Readable(Protocol):
    """A file, or the body of a download: it only has to be read forwards."""

    def read(self, size: int, /) -> bytes: ...


def shown(value: object, limit: int = 80) -> str:
    """A stranger's text, short and without anything that a terminal or a page would act on."""
    text = str(value)
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in cut)


def read_exactly(file: Readable, size: int, label: str) -> bytes:
    """Exactly `size` bytes; a file that ends before that is refused."""
    pieces: list[bytes] = []
    missing = size
    while missing:
        piece = file.read(missing)
        if not piece:
            raise Malformed(f"{label} ends {missing} bytes too early; send the whole file again.")
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parse_json(data: bytes, label: str, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """A JSON object, each key once, no deeper than `max_depth`, with nothing that PostgreSQL or RFC 8785 refuse."""
    if len(data) > max_bytes:
        raise Malformed(f"{label} has {len(data)} bytes; make it {max_bytes} or smaller.")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique_keys(label), parse_constant=_no_constant(label)
        )
    except UnicodeDecodeError:
        raise Malformed(f"{label} is not UTF-8 text; write it as UTF-8 JSON.") from None
    except RecursionError:
        raise Malformed(f"{label} is nested deeper than {max_depth} levels; flatten it.") from None
    except ValueError:
        raise Malformed(f"{label} is not valid JSON; write it again with a JSON library.") from None
    if not isinstance(value, dict):
        raise Malformed(f"{label} must hold a JSON object; put its content between braces.")
    _walk(value, label, max_depth)
    return value


def _unique_keys(label: str) -> Any:
    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise Malformed(f"{label} names {shown(key)} twice in one object; leave one of them out.")
            found[key] = value
        return found

    return build


def _no_constant(label: str) -> Any:
    def refuse(name: str) -> NoReturn:
        raise Malformed(f"{label} holds {name}, which is not JSON; write null or leave the field out.")

    return refuse


def _walk(value: object, label: str, max_depth: int) -> None:
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        match item:
            case dict() | list():
                if depth > max_depth:
                    raise Malformed(f"{label} is nested deeper than {max_depth} levels; flatten it.")
                if isinstance(item, dict):
                    stack.extend((key, depth) for key in item)
                    item = list(item.values())
                stack.extend((child, depth + 1) for child in item)
            case str():
                if "\0" in item or any("\ud800" <= c <= "\udfff" for c in item):
                    raise Malformed(
                        f"{label} holds text that is not Unicode ({shown(item)}); remove NUL and lone surrogates."
                    )
            case float():
                if not math.isfinite(item):
                    raise Malformed(f"{label} holds a number too large to store; write a smaller one.")
            case bool() | None:
                pass
            case int():
                if abs(item) > LARGEST_INTEGER:
                    raise Malformed(f"{label} holds a whole number beyond 2^53; write it as text.")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object whose fields are asked for by type; a wrong one is refused by its full name."""

    value: Mapping[str, object]
    label: str

    def refuse(self, key: str, wanted: str) -> NoReturn:
        if key not in self.value:
            raise Malformed(f"{self.label} lacks {key}; add it: {wanted}.")
        raise Malformed(f"{self.label}: {key} must be {wanted}, not {shown(repr(self.value[key]))}.")

    def text(self, key: str, *, max_length: int = 2000) -> str:
        found = self.value.get(key)
        if not isinstance(found, str) or not found.strip() or len(found) > max_length:
            self.refuse(key, f"a text of 1 to {max_length} characters")
        return found

    def digest(self, key: str) -> str:
        found = self.value.get(key)
        if not isinstance(found, str) or not DIGEST.fullmatch(found):
            self.refuse(key, '"sha256:" and 64 hexadecimal digits')
        return found

    def integer(self, key: str, *, low: int = 0, high: int = LARGEST_INTEGER) -> int:
        found = self.value.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            self.refuse(key, f"a whole number from {low} to {high}")
        return found

    def number(self, key: str, *, low: float, high: float) -> float:
        found = self.value.get(key)
        if not isinstance(found, int | float) or isinstance(found, bool) or not low <= found <= high:
            self.refuse(key, f"a number from {low:g} to {high:g}")
        return float(found)

    def texts(self, key: str, *, least: int = 0, most: int = 200) -> list[str]:
        found = self.value.get(key)
        if (
            not isinstance(found, list)
            or not least <= len(found) <= most
            or not all(isinstance(item, str) for item in found)
        ):
            self.refuse(key, f"a list of {least} to {most} texts")
        return found

    def vector(self, key: str, *, most: int = 65536) -> list[float]:
        found = self.value.get(key)
        if (
            not isinstance(found, list)
            or not 1 <= len(found) <= most
            or not all(isinstance(item, int | float) and not isinstance(item, bool) for item in found)
        ):
            self.refuse(key, f"a list of 1 to {most} numbers")
        return [float(item) for item in found]

    def section(self, key: str) -> "Fields":
        found = self.value.get(key)
        if not isinstance(found, dict):
            self.refuse(key, "an object")
        return Fields(found, f"{self.label}: {key}")

    def sections(self, key: str, *, most: int = 1000) -> "list[Fields]":
        found = self.value.get(key)
        if not isinstance(found, list) or len(found) > most or not all(isinstance(x, dict) for x in found):
            self.refuse(key, f"a list of at most {most} objects")
        return [Fields(item, f"{self.label}: {key}[{n}]") for n, item in enumerate(found)]
