"""Is this a PDF that only shows pages? Whatever runs, opens, plays, hides or carries along is refused. Pure.

It is looked at twice, since readers differ in what they find: as the bytes lie there, from the first to the last, and
as a reader follows its tables from object to object.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from registry.errors import Invalid

MAX_OBJECTS = 300_000
MAX_UNPACKED = 64 * 2**20
MAX_DEPTH = 60
AFTER_END = re.compile(rb"[\x00\t\n\f\r ]*")
AGAIN = "print it into a new PDF and send that"
# Names that make a PDF more than pages, and what to call it. Whoever writes one anywhere is asked to leave it out.
ACTIVE: dict[str, str] = {
    "JS": "JavaScript",
    "JavaScript": "JavaScript",
    "Launch": "an action that starts a program",
    "AA": "actions that run by themselves",
    "SubmitForm": "an action that sends data away",
    "ImportData": "an action that reads files",
    "GoToR": "an action that opens another file",
    "GoToE": "an action that opens a file inside it",
    "Rendition": "sound or video",
    "Movie": "sound or video",
    "RichMedia": "sound, video or Flash",
    "RichMediaExecute": "sound, video or Flash",
    "EF": "files inside it",
    "EmbeddedFile": "files inside it",
    "EmbeddedFiles": "files inside it",
    "FileAttachment": "files inside it",
    "Collection": "files inside it",
    "XFA": "an XFA form, which shows something else than its pages",
    "Encrypt": "",
}
# A token outside a stream. A comment and a string hide whatever looks like a name in them, as they do for a reader.
TOKEN = re.compile(
    rb"(?P<comment>%[^\r\n]*)|(?P<string>\()|(?P<dictionary><<)|(?P<hex><[0-9A-Fa-f\s]*>)"
    rb"|/(?P<name>[^\x00\t\n\f\r ()<>\[\]{}/%]*)|(?P<stream>\bstream(?=\r\n|\n|\r))|(?P<obj>\bobj\b)"
)
STRING_PART = re.compile(rb"[^()\\]+|\\.|[()]", re.DOTALL)
HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|script|iframe)[\s>/]", re.IGNORECASE)


def check_pdf(data: bytes) -> None:
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Invalid(f"The PDF breaks off in the middle; {AGAIN}.")
    if AFTER_END.fullmatch(data, end + 5) is None:
        raise Invalid(f"After the end of the PDF follow more bytes; {AGAIN}.")
    if zipfile.is_zipfile(BytesIO(data)):
        raise Invalid(f"The PDF is a ZIP archive at the same time; {AGAIN}.")
    if MARKUP.search(data):
        raise Invalid(f"The PDF is an HTML page at the same time; {AGAIN}.")
    _refuse(set(_names_in(data)))
    _follow(data)


def _refuse(names: set[str]) -> None:
    for name, what in ACTIVE.items():
        if name in names:
            if name == "Encrypt":
                raise Invalid("The PDF is encrypted, so nobody can look into it; send it without a password.")
            raise Invalid(f"The PDF holds {what}; {AGAIN}.")


def _names_in(data: bytes) -> Iterator[str]:
    """Every name that stands outside of streams and in packed objects, whatever the tables say of it."""
    at, said, left = 0, set[str](), MAX_UNPACKED
    while found := TOKEN.search(data, at):
        at = found.end()
        if found.lastgroup == "string":
            at = _after_string(data, at)
        elif found.lastgroup == "obj":
            said = set()
        elif found.lastgroup == "name":
            name = _plain(found["name"])
            said.add(name)
            yield name
        elif found.lastgroup == "stream":
            begin, at = _stream(data, found)
            if "ObjStm" in said:
                unpacked = _unpacked(data[begin:at], said, limit=left)
                left -= len(unpacked)
                yield from (_plain(one["name"]) for one in TOKEN.finditer(unpacked) if one["name"])


def _plain(name: bytes) -> str:
    return HEX.sub(lambda code: bytes([int(code[1], 16)]), name).decode("latin-1")


def _after_string(data: bytes, at: int) -> int:
    depth = 1
    while depth:
        part = STRING_PART.match(data, at)
        if part is None:
            raise Invalid(f"The PDF has a text in it that never ends; {AGAIN}.")
        at = part.end()
        depth += {b"(": 1, b")": -1}.get(part[0], 0)
    return at


def _stream(data: bytes, found: re.Match[bytes]) -> tuple[int, int]:
    """Where its bytes begin, and where they are over. A stream follows on a dictionary, and on nothing else."""
    if not data[max(0, found.start() - 64) : found.start()].rstrip(b"\x00\t\n\f\r ").endswith(b">>"):
        raise Invalid(f"The PDF has bytes in it that belong to nothing; {AGAIN}.")
    begin = found.end() + (2 if data[found.end() : found.end() + 2] == b"\r\n" else 1)
    end = data.find(b"endstream", begin)
    if end < 0:
        raise Invalid(f"The PDF breaks off in the middle; {AGAIN}.")
    return begin, end


def _unpacked(packed: bytes, said: set[str], *, limit: int) -> bytes:
    """Objects may lie packed in a stream: those have names too."""
    if {"Predictor", "Crypt"} & said or any(name.endswith("Decode") and name != "FlateDecode" for name in said):
        raise Invalid(f"The PDF is packed in a way that cannot be looked into; {AGAIN}.")
    if "FlateDecode" not in said:
        return packed
    try:
        unpacked = zlib.decompressobj().decompress(packed, max(limit, 1))
    except zlib.error:
        raise Invalid(f"The PDF is damaged; {AGAIN}.") from None
    if len(unpacked) >= limit:
        raise Invalid(f"The PDF unpacks to more than {MAX_UNPACKED // 2**20} MiB; {AGAIN}.")
    return unpacked


def _follow(data: bytes) -> None:
    """As a reader finds its way: the tables, the catalogue, the pages, and every object that has a number."""
    from pypdf import PdfReader  # noqa: PLC0415  only the program that looks at files needs it

    try:
        reader = PdfReader(BytesIO(data), strict=False)
        encrypted = reader.is_encrypted
        catalogue: Any = reader.trailer["/Root"].get_object()
        pages = 0 if encrypted else len(reader.pages)
    except Exception as fault:  # hostile input: whatever the library says, it is no PDF to it
        raise Invalid(f"The PDF cannot be read; {AGAIN}.") from fault
    if encrypted:
        _refuse({"Encrypt"})
    if not pages:
        raise Invalid(f"The PDF has no page; {AGAIN}.")
    _refuse(set(_names_of(dict(reader.trailer))))
    numbers = {(number, gen) for gen, table in reader.xref.items() for number in table}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MAX_OBJECTS:
        raise Invalid(f"The PDF has more than {MAX_OBJECTS} objects; {AGAIN}.")
    for number, gen in numbers:
        _refuse(set(_names_of(_object(reader, number, gen))))
    _check_opening(_resolved(catalogue.get("/OpenAction")))


def _object(reader: Any, number: int, gen: int) -> Any:
    from pypdf.generic import IndirectObject  # noqa: PLC0415

    try:
        return reader.get_object(IndirectObject(number, gen, reader))
    except Exception:  # a damaged one; its bytes were looked at where they lie
        return None


def _resolved(thing: Any) -> Any:
    return thing.get_object() if hasattr(thing, "get_object") else thing


def _names_of(thing: Any, depth: int = 0) -> Iterator[str]:
    """The names in one object, as keys and as values; what it only points to has its own turn."""
    from pypdf.generic import IndirectObject, NameObject  # noqa: PLC0415

    if depth > MAX_DEPTH:
        raise Invalid(f"The PDF is nested too deep to be looked into; {AGAIN}.")
    if isinstance(thing, IndirectObject):
        return
    if isinstance(thing, NameObject):
        yield thing[1:]
    elif isinstance(thing, dict):
        for name, value in dict.items(thing):
            yield str(name)[1:]
            yield from _names_of(value, depth + 1)
    elif isinstance(thing, list):
        for value in list.__iter__(thing):
            yield from _names_of(value, depth + 1)


def _check_opening(action: Any) -> None:
    """A PDF may say at which page it opens. Anything else that it does when opened is one thing too many."""
    if isinstance(action, dict):
        kind = _resolved(action.get("/S"))
        if kind != "/GoTo" or "/Next" in action:
            raise Invalid(f"The PDF holds an action that runs when it is opened; {AGAIN}.")
