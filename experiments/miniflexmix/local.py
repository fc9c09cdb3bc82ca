"""Four small domains out of this machine's own files, without a download, for tests.

The texts depend on the Python version and on what is installed.
"""

import pydoc_data.topics
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from experiments.miniflexmix.documents import Document, Piece, clean

LOCAL_KILOBYTES = 200
_CUT = 3000


def local_documents() -> dict[str, list[Document]]:
    library = Path(sysconfig.get_path("stdlib"))
    by_domain = {
        "public": _topics(),
        "code": _modules(library),
        "math": _sums(),
        "legal": _licences(library),
    }
    return {
        domain: [
            Document(f"{domain}/{piece.id}", domain, "local", "see source", piece.group, piece.text) for piece in pieces
        ]
        for domain, pieces in by_domain.items()
    }


def _topics() -> Iterator[Piece]:
    for name, text in sorted(pydoc_data.topics.topics.items()):
        yield Piece(name, name, clean(text))


def _modules(library: Path) -> Iterator[Piece]:
    for file in sorted(library.glob("*.py")):
        yield Piece(file.name, file.name, clean(file.read_text("utf-8", "replace")))


def _sums() -> Iterator[Piece]:
    draw = random.Random(0)  # noqa: S311  texts, not secrets
    for number in range(400):
        yield Piece(f"m{number}", f"m{number}", "\n".join(_sum(draw) for _ in range(10)))


def _sum(draw: random.Random) -> str:
    a, b = draw.randint(2, 99), draw.randint(2, 99)
    operation, value = draw.choice([("plus", a + b), ("minus", a - b), ("times", a * b)])
    return f"Question: What is {a} {operation} {b}?\nAnswer: {value}"


def _licences(library: Path) -> Iterator[Piece]:
    installed = Path(sysconfig.get_path("purelib"))
    files = sorted(Path("/usr/share/common-licenses").glob("*"))
    files += sorted(installed.glob("*.dist-info/**/LICEN[SC]E*"))
    for file in [*files, library / "LICENSE.txt"]:
        if not file.is_file():
            continue
        text = clean(file.read_text("utf-8", "replace"))
        for start in range(0, len(text), _CUT):
            part = text[start : start + _CUT]
            if len(part) > 300:
                yield Piece(file.name, f"{file.parent.name}/{file.name}.{start}", part)
