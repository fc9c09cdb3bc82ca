"""Writes corpora as JSONL, with a manifest of sizes and digests and a list of sources and licences.

The manifest is written last: a folder that has one is whole, and `is_whole` checks that it still is.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.miniflexmix.documents import Document
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.mixing import Corpus
from experiments.miniflexmix.pins import PACKAGES
from experiments.miniflexmix.sources import sources_of
from experiments.miniflexmix.splitting import Part

MANIFEST = "manifest.json"
SOURCE_LIST = "SOURCES.json"
PARTS: tuple[Part, ...] = ("train", "validation", "test")

Json = dict[str, Any]


def begin(out: Path) -> None:
    """From here on the folder is not whole, until `write_manifest`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)


def write_corpus(out: Path, domain: str, corpus: Corpus) -> Json:
    """Write a domain's parts; returns its entry in the manifest."""
    entry: Json = {
        part: write_rows(out / domain / f"{part}.jsonl", map(_row, corpus.parts[part]))
        | {"text_bytes": sum(document.size for document in corpus.parts[part])}
        for part in PARTS
    }
    sources: Counter[str] = Counter()
    for document in corpus.parts["train"]:
        sources[document.source] += document.size
    return {part: _in_order(entry[part]) for part in PARTS} | {"sources": dict(sources)}


def write_rows(path: Path, rows: Iterable[Json]) -> Json:
    """One JSON object a line; returns their number and the file's digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    content = "".join(lines).encode()
    path.write_bytes(content)
    return {"documents": len(lines), "sha256": hashlib.sha256(content).hexdigest()}


def write_sources(out: Path, domains: Iterable[str], packages: Packages) -> None:
    """Say what the text is, whose terms it is under, and out of which bytes it was read."""
    listed = [
        {
            "domain": domain,
            "source": key,
            "license": source.licence,
            "note": source.note,
            "package": {
                "registry": str(PACKAGES[source.package].registry),
                "name": PACKAGES[source.package].name,
                "version": PACKAGES[source.package].version,
                "file": packages.path(source.package).name,
                "sha256": packages.digests[source.package],
            },
        }
        for domain in domains
        for key, source in sources_of(domain).items()
    ]
    _write_json(out / SOURCE_LIST, listed)


def write_local_sources(out: Path, domains: Iterable[str]) -> None:
    note = "this machine's own Python, its packages' licences and Debian's common licences; generated sums"
    listed = [{"domain": domain, "source": "local", "license": "see source", "note": note} for domain in domains]
    _write_json(out / SOURCE_LIST, listed)


def write_manifest(out: Path, *, seed: str, domains: Mapping[str, Json], benchmarks: Mapping[str, int]) -> None:
    manifest: Json = {"seed": seed, "domains": dict(domains)}
    if benchmarks:
        manifest["benchmarks"] = dict(benchmarks)
    _write_json(out / MANIFEST, manifest)


def is_whole(out: Path, domains: Iterable[str]) -> bool:
    """Whether the folder holds these domains, every file with the digest that its manifest gives."""
    try:
        listed = json.loads((out / MANIFEST).read_text())["domains"]
        return all(
            hashlib.sha256((out / domain / f"{part}.jsonl").read_bytes()).hexdigest() == listed[domain][part]["sha256"]
            for domain in domains
            for part in PARTS
        )
    except (OSError, ValueError, KeyError):
        return False


def _row(document: Document) -> Json:
    return {
        "id": document.id,
        "domain": document.domain,
        "source": document.source,
        "license": document.licence,
        "text": document.text,
    }


def _in_order(entry: Json) -> Json:
    return {key: entry[key] for key in ("documents", "text_bytes", "sha256")}


def _write_json(path: Path, content: Json | list[Json]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    unfinished.replace(path)
