"""Reads what strangers wrote: bounded, without ambiguity, and safe to print.

Whatever does not hold is a NotVerified, whose one sentence names the file, tile or entry and what is wrong with it.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

MAX_DEPTH = 16
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

Kind = TypeVar("Kind")


class NotVerified(Exception):
    """Something is not what it claims to be, or cannot be told. The text is one sentence for a person."""


def shown(value: object, limit: int = 120) -> str:
    """A stranger's text, short and without anything that a terminal would act on."""
    text = str(value)
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(sign if sign.isprintable() else "?" for sign in cut)


def read_json(data: bytes, label: str) -> dict[str, Any]:
    """A JSON object: UTF-8, each name once, no deeper than MAX_DEPTH, no NaN. The caller has bounded its size."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once(label), parse_constant=_refuse(label))
    except RecursionError as fault:
        raise NotVerified(f"{label} is nested too deep to be read.") from fault
    except ValueError as fault:
        raise NotVerified(f"{label} is no JSON: {shown(fault)}.") from fault
    if not isinstance(value, dict):
        raise NotVerified(f"{label} holds no JSON object.")
    _check_depth(value, label)
    _check_text(data, value, label)
    return value


def mentions(entry: bytes, words: Iterable[bytes]) -> bool:
    """Might this JSON hold one of these ASCII words? False is certain: only an escape could hide a letter."""
    return b"\\u" in entry or any(word in entry for word in words)


def field(value: Mapping[str, Any], name: str, kind: type[Kind], label: str) -> Kind:
    """The field of this name and type (an int is no bool); anything else is refused by its name."""
    found = value.get(name)
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        raise NotVerified(f"{label} has no {name} that could be read.")
    return found


def read_file(path: Path, *, limit: int) -> bytes:
    """The whole file, if it is not larger than `limit`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:
        raise NotVerified(f"{shown(path)} cannot be read: {fault.strerror}.") from fault
    if len(data) > limit:
        raise NotVerified(f"{shown(path)} is larger than {limit} bytes, more than such a file has.")
    return data


def from_base64(text: str, label: str) -> bytes:
    """Standard base64 in its one canonical spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise NotVerified(f"{label} is not in base64.") from fault
    if base64.b64encode(value).decode() != text:
        raise NotVerified(f"{label} is not in canonical base64.")
    return value


def _once(label: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise NotVerified(f"{label} names a field twice, so it says two things.")
        return found

    return build


def _refuse(label: str) -> Callable[[str], NoReturn]:
    def refuse(name: str) -> NoReturn:
        raise NotVerified(f"{label} holds {name}, which is not JSON.")

    return refuse


def _check_text(data: bytes, value: object, label: str) -> None:
    """Only an escape can bring half a surrogate pair, which is no text."""
    if b"\\u" in data:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as fault:
            raise NotVerified(f"{label} holds half a surrogate pair, which is no text.") from fault


def _check_depth(value: object, label: str) -> None:
    layer, depth = [value], 0
    while layer:
        depth += 1
        if depth > MAX_DEPTH:
            raise NotVerified(f"{label} is nested deeper than {MAX_DEPTH} levels.")
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        layer = [item for item in inner if isinstance(item, dict | list)]
