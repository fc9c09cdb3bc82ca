"""Texts out of databases: definitions of biological terms, and Bible modules."""

import html
import re
import sqlite3
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.fetching import Packages

_TERMS_A_DOCUMENT = 12
_VERSES = 6000


def gene_ontology(packages: Packages) -> Iterator[Piece]:
    terms: list[tuple[str, str, str | None]] = []
    for _, content in packages.archive("godb").matching(r"/GO\.sqlite\Z"):
        with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
            file.write(content)
            file.flush()
            database = sqlite3.connect(file.name)
            terms = database.execute("select go_id, term, definition from go_term order by go_id").fetchall()
            database.close()
    told = [(key, f"{term}\n{said}") for key, term, said in terms if said and len(said) > 40]
    for start in range(0, len(told), _TERMS_A_DOCUMENT):
        batch = told[start : start + _TERMS_A_DOCUMENT]
        yield Piece(f"go{start}", batch[0][0], clean("\n\n".join(text for _, text in batch)))


def world_english_bible(packages: Packages) -> Iterator[Piece]:
    yield from _sword_module(packages, "web")


def concise_commentary(packages: Packages) -> Iterator[Piece]:
    yield from _sword_module(packages, "mhcc")


def _sword_module(packages: Packages, key: str) -> Iterator[Piece]:
    """Text blocks of a SWORD module: its .bzs file holds (offset, packed size, size) of each in the .bzz."""
    files = dict(packages.archive(key).matching(r"\.bz[zs]\Z"))
    for name in sorted(name for name in files if name.endswith(".bzz")):
        book = f"{key}{PurePosixPath(name).stem}"
        for number, (offset, packed, _) in enumerate(struct.iter_unpack("<III", files[name[:-1] + "s"])):
            block = zlib.decompress(files[name][offset : offset + packed])
            text = _without_markup(block.decode("utf-8", "replace"))
            for start in range(0, len(text), _VERSES):
                if len(text[start : start + _VERSES]) > 300:
                    group = f"{book}{number}"
                    yield Piece(group, f"{group}.{start}", text[start : start + _VERSES])


def _without_markup(text: str) -> str:
    text = re.sub(r"(?s)<note.*?</note>|<title.*?</title>", "", text)
    text = re.sub(r"</(?:p|l|verse|q)>|<(?:lb|milestone|chapter|verse)[^>]*/>", "\n", text)
    text = clean(html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\x00", "\n"))
    return re.sub(r"\n\s*\n+", "\n", text)
