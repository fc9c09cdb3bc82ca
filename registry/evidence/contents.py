"""What a file really is, by its bytes alone: one of four kinds that cannot do anything by themselves, or a refusal.

Names and content types are claims and are not asked. Hostile input: it runs as a program of its own (`python -m`), with
bounded time and memory, and never in the web process; see `inspecting.py`. Pure.
"""

import json
import re
import resource
import sys
from collections.abc import Callable

from registry.errors import Invalid

PDF, PNG, JPEG, TEXT = "application/pdf", "image/png", "image/jpeg", "text/plain"
ENDINGS: dict[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TEXT: (".txt", ".md", ".csv", ".eml"),
}
SEND = "send a PDF, a PNG or JPEG image, or plain text"
MAX_MEMORY = 1536 * 2**20
MAX_SECONDS = 20
MAX_LINE = 200
# What opens a page or a program in some viewer, wherever in a file it stands.
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|script|iframe|svg|body|object|embed)[\s>/]", re.IGNORECASE)
# Signs that change what a reader sees without being seen: controls, and those that turn the direction of writing round.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def media_type_of(data: bytes) -> str:
    """PDF, PNG, JPEG or plain text; Invalid, with one sentence, for everything else."""
    if not data:
        raise Invalid("The file is empty; send the document itself.")
    for start, kind, check in _checks():
        if data.startswith(start):
            check(data)
            return kind
    if name := _foreign(data):
        raise Invalid(f"This is {name}; {SEND}.")
    check_text(data)
    return TEXT


def check_text(data: bytes) -> None:
    """Plain UTF-8 that shows all that it holds."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Invalid(f"This is neither a document that we know nor UTF-8 text (byte {fault.start}); {SEND}.") from None
    if found := UNSEEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Invalid(
            f"Line {line} holds the invisible sign U+{ord(found[0]):04X}, which makes a text read otherwise than it "
            "is; take it out."
        )
    if MARKUP.search(data):
        raise Invalid(f"This is an HTML page or holds a part of one; {SEND}.")


def _checks() -> tuple[tuple[bytes, str, Callable[[bytes], None]], ...]:
    # Loaded here: only the program that looks at files needs the libraries.
    from registry.evidence.images import check_jpeg, check_png  # noqa: PLC0415
    from registry.evidence.pdfs import check_pdf  # noqa: PLC0415

    return (
        (b"%PDF-", PDF, check_pdf),
        (b"\x89PNG\r\n\x1a\n", PNG, check_png),
        (b"\xff\xd8\xff", JPEG, check_jpeg),
    )


# What people send instead, by how it begins; the first that fits.
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word, Excel or Outlook document"),
    (b"{\\rtf", "a rich-text (RTF) document"),
    (b"%!PS", "a PostScript file"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"#!", "a script"),
    (b"\x30\x82", "a cryptographic container, such as a P7M signature"),
    (b"\x30\x80", "a cryptographic container, such as a P7M signature"),
    (b"SQLite format 3\x00", "a database"),
    (b"ID3", "a sound recording"),
    (b"OggS", "a sound recording"),
    (b"RIFF", "a WebP image, or a recording"),
)
EVEN_AS_TEXT = {b"{\\rtf", b"%!PS", b"#!"}
IN_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"vnd.oasis.opendocument", "an OpenDocument file"),
    (b"vnd.etsi.asic", "a signed ASiC container"),
    (b"epub+zip", "an e-book"),
)


def _foreign(data: bytes) -> str:
    """What it is instead, in words; nothing when it may be text."""
    for start, name in BEGINNINGS:
        if data.startswith(start) and (start in EVEN_AS_TEXT or not _is_text(data)):
            return name
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return next((name for mark, name in IN_ZIP if mark in data), "a ZIP archive")
    if data[4:8] == b"ftyp":
        return "an HEIC photograph" if data[8:11] in {b"hei", b"hev", b"mif", b"msf"} else "a video recording"
    if b"%PDF-" in data[:1024]:
        return "a PDF with something before its beginning"
    return _marked_up(data)


def _is_text(data: bytes) -> bool:
    """Some of those marks are letters too: a text may begin with BM."""
    try:
        head = data[:4096].decode("utf-8")
    except UnicodeDecodeError as fault:
        return fault.start >= 4000 and not UNSEEN.search(data[:4000].decode("utf-8", "replace"))
    return not UNSEEN.search(head)


def _marked_up(data: bytes) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return "an SVG drawing"
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "an HTML page"
    return "an XML file" if head.startswith((b"<?xml", b"<!doctype")) else ""


def main() -> int:
    """From standard input to one line of JSON: the media type, or the sentence of the refusal."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        found = {"media_type": media_type_of(sys.stdin.buffer.read())}
    except Invalid as refusal:
        found = {"refusal": refusal.detail}
    except (MemoryError, RecursionError):
        found = {"refusal": f"The file is built so that looking through it takes too much; {SEND} that is plainer."}
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
