"""Packages that a stranger might bring, each with the sentence that it must be refused with.

Each is signed after it was spoiled where that is possible, so that nothing but its own fault speaks against it.
"""

import gzip
import io
import json
import pickle  # noqa: TID251 -- made here to see it refused
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from client.signing import sign_package
from flexcore.headers import MAX_HEADER
from tests.flexcore.damage import poke, rewrite
from tests.workers.packages import Home, spoiled

EXPERT, ROUTER, CARD, DATA_CARD, SIGNATURE = (
    "expert.safetensors",
    "router.safetensors",
    "expert.json",
    "data-card.json",
    "model.sig",
)
GATE, UP, DOWN = (f"layers.0.{part}_proj.weight" for part in ("gate", "up", "down"))
LAST = "layers.1.down_proj.weight"
Header = dict[str, Any]
Spoil = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Hostile:
    """What is done to an honest package, by which check it is found, and what its owner reads."""

    name: str
    spoil: Spoil
    sentence: str
    check: str = "package"
    signed_after: bool = True


def brought(hostile: Hostile, home: Home, folder: Path) -> Path:
    to = spoiled(home.drama, folder, lambda path: None)
    hostile.spoil(to)
    if hostile.signed_after:
        (to / SIGNATURE).unlink(missing_ok=True)
        sign_package(to, private_key=home.key.private)
    return to


def parts_of(path: Path) -> tuple[Header, bytes]:
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def framed(text: bytes, data: bytes, *, length: int | None = None, endian: str = "<") -> bytes:
    text = text.ljust(-(-(len(text) + 8) // 4096) * 4096 - 8)
    return struct.pack(f"{endian}Q", len(text) if length is None else length) + text + data


def head(change: Callable[[Header], object], file: str = EXPERT) -> Spoil:
    """Another header over the same data."""
    return lambda folder: rewrite(folder / file, change)


def head_text(change: Callable[[str], str | bytes]) -> Spoil:
    """Another text of the header: what no JSON library writes."""

    def spoil(folder: Path) -> None:
        header, data = parts_of(folder / EXPERT)
        text = change(json.dumps(header))
        (folder / EXPERT).write_bytes(framed(text if isinstance(text, bytes) else text.encode(), data))

    return spoil


def framing(**how: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        header, data = parts_of(folder / EXPERT)
        (folder / EXPERT).write_bytes(framed(json.dumps(header).encode(), data, **how))

    return spoil


def whole(file: str, data: bytes) -> Spoil:
    return lambda folder: (folder / file).write_bytes(data)


def cut(file: str, size: int) -> Spoil:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:size])


def grown(file: str, more: bytes) -> Spoil:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes() + more)


def card(**fields: Any) -> Spoil:
    return lambda folder: rewrite(folder / CARD, lambda value: value.update(fields))


def card_text(change: Callable[[str], str | bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        text = change((folder / CARD).read_text())
        (folder / CARD).write_bytes(text if isinstance(text, bytes) else text.encode())

    return spoil


def poked(file: str, place: int, value: bytes) -> Spoil:
    """Into the data; a negative place counts from its end."""

    def spoil(folder: Path) -> None:
        _, data = parts_of(folder / file)
        poke(folder / file, place % len(data), value)

    return spoil


def other_endian(folder: Path) -> None:
    header, data = parts_of(folder / EXPERT)
    swapped = np.frombuffer(data, "<f4").byteswap().tobytes()
    (folder / EXPERT).write_bytes(framed(json.dumps(header).encode(), swapped))


def extra(name: str, data: bytes = b"x") -> Spoil:
    return lambda folder: (folder / name).write_bytes(data)


def renamed(old: str, new: str) -> Callable[[Header], object]:
    def change(header: Header) -> None:
        header[new] = header.pop(old)

    return change


def said(tensor: str, **fields: Any) -> Spoil:
    return head(lambda header: header[tensor].update(fields))


def swap(one: str, other: str) -> Callable[[Header], object]:
    def change(header: Header) -> None:
        header[one], header[other] = header[other], header[one]

    return change


def zip_bomb() -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("expert.safetensors", bytes(50_000_000))
        return file.getvalue()


def signature(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        value = json.loads((folder / SIGNATURE).read_bytes())
        change(value)
        (folder / SIGNATURE).write_text(json.dumps(value))

    return spoil


def moved(folder: Path) -> bytes:
    header, data = parts_of(folder / EXPERT)
    text = json.dumps(header).encode().ljust(4096)
    return struct.pack("<Q", len(text)) + text + data


file = partial(Hostile)
alone = partial(Hostile, signed_after=False)
unsigned = partial(Hostile, check="signature", signed_after=False)
NOT_OURS = "The signature does not belong to these files"

HOSTILE = [
    # frames
    file("empty weights", whole(EXPERT, b""), "too few for a safetensors file"),
    file("nine bytes", cut(EXPERT, 9), "too few for a safetensors file"),
    file("cut inside the header", cut(EXPERT, 100), "announces a header of"),
    file("cut at the data", cut(EXPERT, 4096), "holds 0 bytes of data but its header describes"),
    file("one byte short", lambda f: cut(EXPERT, (f / EXPERT).stat().st_size - 1)(f), "bytes of data but its header"),
    file("one byte more", grown(EXPERT, b"\0"), "bytes of data but its header describes"),
    file("header of 2^63", framing(length=2**63), "announces a header of 9223372036854775808 bytes"),
    file("header of 100 MB", framing(length=100_000_000), "announces a header of 100000000 bytes"),
    file("header just too long", framing(length=MAX_HEADER + 1), f"more than {MAX_HEADER}"),
    file("length the wrong way round", framing(endian=">"), "announces a header of"),
    file("length of nothing", framing(length=0), "is not a safetensors file"),
    file("data at an odd place", lambda f: whole(EXPERT, moved(f))(f), "not at a multiple of 4096"),
    # what is no safetensors
    file("a pickle", whole(EXPERT, pickle.dumps({"weights": [1.0] * 99})), "announces a header of"),
    file("a zip bomb", whole(EXPERT, zip_bomb()), "announces a header of"),
    file("a gzip", lambda f: whole(EXPERT, gzip.compress((f / EXPERT).read_bytes()))(f), "announces a header of"),
    file("a page", whole(EXPERT, b"<!doctype html><script>alert(1)</script>" * 9), "announces a header of"),
    file("a program", whole(EXPERT, b"\x7fELF" + bytes(200)), "announces a header of"),
    # headers
    file("a list", head_text(lambda text: "[]"), "is not a safetensors file"),
    file("no tensor", whole(EXPERT, framed(b"{}", b"")), "holds no tensor"),
    file("broken JSON", head_text(lambda text: text[:-1]), "is not valid JSON"),
    file("UTF-16", head_text(lambda text: text.encode("utf-16")), "is not a safetensors file"),
    file("a mark before it", head_text(lambda text: b"\xef\xbb\xbf" + text.encode()), "is not a safetensors file"),
    file("deep", head_text(lambda text: '{"a":' * 5000 + "1" + "}" * 5000), "is nested deeper than 3 levels"),
    file("deeper", head_text(lambda text: "[" * 100_000), "is not a safetensors file"),
    file(
        "a name twice", head_text(lambda text: text[:-1] + "," + text[text.index('"layers') :]), "twice in one object"
    ),
    file("NaN", head_text(lambda text: text.replace("[48, 32]", "[NaN, 32]", 1)), "holds NaN, which is not JSON"),
    file("a number past 2^53", said(GATE, data_offsets=[0, 2**70]), "beyond 2^53"),
    file("sizes that overflow", said(GATE, shape=[2**32, 2**32]), "by its shape but"),
    file("a product that wraps round", said(GATE, shape=[2**52, 2**12]), "by its shape but"),
    file("a negative size", said(GATE, shape=[-48, -32]), "shape must be"),
    file("a size of nothing", said(GATE, shape=[0, 32]), "shape must be"),
    file("a size that is true", said(GATE, shape=[True, 32]), "shape must be"),
    file("a size with a point", said(GATE, shape=[48.0, 32.0]), "shape must be"),
    file("too many dimensions", said(GATE, shape=[48, 32, 1, 1, 1]), "shape must be"),
    file("offsets backwards", said(GATE, data_offsets=[6144, 0]), "by its offsets"),
    file("an overlap", said(UP, data_offsets=[6140, 12284]), "overlaps"),
    file("a hole", said(UP, data_offsets=[6148, 12292]), "leaves a hole"),
    file("not from 0", said(GATE, data_offsets=[4, 6148]), "does not begin at 0"),
    file("another kind of number", said(GATE, dtype="F64"), "dtype must be F32 or BF16"),
    file("half the numbers", said(GATE, dtype="BF16", shape=[96, 32]), "has shape [96, 32]"),
    file("fields nobody knows", said(GATE, code="import os"), "and nothing else"),
    file("notes in the header", head(lambda h: h["__metadata__"].update(x="y")), "carries metadata x"),
    file("metadata that is none", head(lambda h: h.update(__metadata__=[1])), "__metadata__ must map"),
    # tensors
    file("turned round", said(GATE, shape=[32, 48]), "has shape [32, 48], but the architecture says [48, 32]"),
    file("exchanged", head(swap(GATE, UP)), f"{UP} stands where {GATE} belongs"),
    file("another layer", head(renamed(LAST, "layers.2.down_proj.weight")), f"lacks {LAST}"),
    file("a name that looks the same", head(renamed(GATE, GATE.replace("a", "\u0430"))), f"lacks {GATE}"),
    file("a name with an end", head(renamed(GATE, GATE + "\0")), "is not Unicode"),
    file("a name with a hidden mark", head(renamed(GATE, GATE + "\u200b")), f"lacks {GATE}"),
    file("a name that leaves", head(renamed(GATE, "../../" + GATE)), f"lacks {GATE}"),
    file("a name of 100,000 letters", head(renamed(GATE, "x" * 100_000)), f"lacks {GATE}"),
    file(
        "no number, at the very end", poked(EXPERT, -4, struct.pack("<f", np.nan)), f"{LAST} holds a value that is not"
    ),
    file("endless, at the start", poked(EXPERT, 0, struct.pack("<f", np.inf)), f"{GATE} holds a value that is not"),
    file("endless, in a router", poked(ROUTER, 0, struct.pack("<f", -np.inf)), "layers.0.router.weight holds a value"),
    file("numbers the wrong way round", other_endian, "holds a value that is not finite"),
    file(
        "a router of another width",
        head(lambda h: h["layers.0.router.weight"].update(shape=[4, 8]), ROUTER),
        "has shape",
    ),
    file("a router with the expert in it", lambda f: whole(ROUTER, (f / EXPERT).read_bytes())(f), "router.safetensors"),
    # papers
    file("a card that is none", whole(CARD, b"null"), "must hold a JSON object"),
    file("a card in pieces", cut(CARD, 50), "expert.json is not valid JSON"),
    file("a card twice as long as allowed", grown(CARD, b" " * 2**21), "make it 1048576 or smaller"),
    file("a card too deep", card(training={"steps": 1, "x": json.loads("[" * 50 + "]" * 50)}), "is nested deeper than"),
    file("a card with 1e400", card_text(lambda t: t.replace("2.5", "1e400", 1)), "a number too large to store"),
    file("a card with NaN", card_text(lambda t: t.replace("2.5", "NaN", 1)), "holds NaN"),
    file("a card with a key twice", card_text(lambda t: t[:-1] + ',"format":"x"}'), "names format twice"),
    file("a card with half a character", card(notes="\ud800"), "is not Unicode"),
    file("a card in Latin-1", card_text(lambda t: t[:-1].encode() + b',"x":"\xe9"}'), "is not UTF-8"),
    file("another format", card(format="guildhall-expert/2"), "format must be"),
    file("another anchor", card(anchor="sha256:" + "f" * 64), "trained beside the anchor"),
    file("minus one step", card(training={"steps": -1, "tokens": 1, "seed": 1}), "steps must be a whole number"),
    file("a data card without a licence", whole(DATA_CARD, b'{"name":"x"}'), "lacks license"),
    # names
    file("a program beside it", extra("run.py"), "run.py is a program"),
    file("a pickle beside it", extra("optimizer.pt"), "optimizer.pt may run code"),
    file("a name in capitals", extra("EXPERT.JSON"), "EXPERT.JSON does not belong"),
    file("a name that hides", extra("expert.json\u200b"), "does not belong"),
    file("a name that turns round", extra("nosj.\u202etrexpe"), "does not belong"),
    file("a name with a line in it", extra("a\nb"), "a?b does not belong"),
    alone("no weights", lambda f: (f / EXPERT).unlink(), "lacks expert.safetensors"),
    alone("no router", lambda f: (f / ROUTER).unlink(), "lacks router.safetensors"),
    # signatures
    unsigned("no signature", lambda f: (f / SIGNATURE).unlink(), "has no model.sig"),
    alone("a signature of nothing", whole(SIGNATURE, b""), "model.sig is not valid JSON"),
    alone("a signature that is a list", whole(SIGNATURE, b"[]"), "must hold a JSON object"),
    alone("a signature too deep", whole(SIGNATURE, b'{"a":' * 50 + b"1" + b"}" * 50), "is nested deeper"),
    unsigned("a signature with nothing in it", whole(SIGNATURE, b"{}"), NOT_OURS),
    unsigned("a signature of no kind", signature(lambda s: s["dsseEnvelope"].update(payloadType="x")), NOT_OURS),
    unsigned("nobody's signature", signature(lambda s: s["dsseEnvelope"]["signatures"].clear()), NOT_OURS),
    unsigned("a signature of another payload", signature(lambda s: s["dsseEnvelope"].update(payload="e30=")), NOT_OURS),
    unsigned("a value changed after it was signed", poked(EXPERT, 400, struct.pack("<f", 0.25)), NOT_OURS),
    unsigned("a row changed after it was signed", poked(ROUTER, 0, struct.pack("<f", 0.25)), NOT_OURS),
]
