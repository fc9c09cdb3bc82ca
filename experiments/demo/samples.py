"""The held-out text that every model of the demo is measured on: the same few documents of each domain, for all."""

import json
from collections.abc import Sequence
from pathlib import Path

BYTES_A_DOMAIN = 64_000
BYTES_A_DOCUMENT = 4_000  # many documents say more about a domain than one long one


def write_samples(corpora: Path, domains: Sequence[str], to: Path, *, limit: int = BYTES_A_DOMAIN) -> Path:
    """Write the beginnings of test documents, in the order of the corpus, until a domain has its share."""
    samples = {domain: sample(corpora / domain / "test.jsonl", limit=limit) for domain in domains}
    unfinished = to.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(samples, ensure_ascii=False))
    return unfinished.replace(to)


def sample(corpus: Path, *, limit: int) -> list[str]:
    texts: list[str] = []
    size = 0
    with corpus.open(encoding="utf-8") as lines:
        for line in lines:
            text = _beginning(json.loads(line)["text"])
            if size + len(text.encode()) > limit:
                break
            texts.append(text)
            size += len(text.encode())
    return texts


def _beginning(text: str) -> str:
    return text.encode()[:BYTES_A_DOCUMENT].decode(errors="ignore")
