"""What a browser fetches of the built pages: every chunk's size, and what each page needs before it can be used."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.timing import table

DIST = Path(__file__).parents[1] / "frontend" / "dist"
ENTRY = "index.html"
PAGES = "src/app/pages/"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of JavaScript, and those it cannot begin without."""

    name: str
    file: str
    imports: tuple[str, ...]
    raw: int
    gzip: int


def read_chunks(dist: Path = DIST) -> dict[str, Chunk]:
    """By name in the build's manifest."""
    manifest: dict[str, dict[str, Any]] = json.loads((dist / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    chunks = {}
    for name, said in manifest.items():
        if not said["file"].endswith(".js"):
            continue
        content = (dist / said["file"]).read_bytes()
        packed = len(gzip.compress(content, compresslevel=9))
        chunks[name] = Chunk(name, said["file"], tuple(said.get("imports", ())), len(content), packed)
    return chunks


def first_load(chunks: dict[str, Chunk], page: str) -> int:
    """Bytes of gzipped JavaScript until a page that is opened first can be used."""
    return sum(chunks[name].gzip for name in needed(chunks, ENTRY) | needed(chunks, page))


def needed(chunks: dict[str, Chunk], name: str) -> set[str]:
    found: set[str] = set()
    queue = [name]
    while queue:
        here = queue.pop()
        if here not in found:
            found.add(here)
            queue += chunks[here].imports
    return found


def pages_of(chunks: dict[str, Chunk]) -> list[str]:
    return sorted(name for name in chunks if name.startswith(PAGES))


def bundle_report(chunks: dict[str, Chunk]) -> str:
    heavy = sorted(chunks.values(), key=lambda chunk: -chunk.gzip)[:12]
    rows = [[chunk.name.removeprefix("src/"), f"{chunk.raw / 1e3:.1f}", f"{chunk.gzip / 1e3:.1f}"] for chunk in heavy]
    loads = [[page.removeprefix(PAGES), f"{first_load(chunks, page) / 1e3:.1f}"] for page in pages_of(chunks)]
    return "\n\n".join(
        (
            table(["the twelve largest chunks", "kB", "gzip, kB"], rows),
            table(["page, opened first", "JavaScript, gzip, kB"], loads),
        )
    )
