"""From documents to corpora: split by group, cleared of near-duplicates, cut to size, in the seed's order."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.miniflexmix.documents import Document
from experiments.miniflexmix.near_duplicates import NearDuplicates
from experiments.miniflexmix.splitting import Part, split, take

_FIXTURE_FRACTION = 0.08
_UNLIMITED = float("inf")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much text goes where: a fraction of each source, and limits in bytes a domain."""

    fraction: float
    evaluation: int
    training: float = _UNLIMITED
    public_training: float = _UNLIMITED

    @classmethod
    def fixture(cls, kilobytes: float, *, fraction: float) -> "Sizes":
        """A small cut of every domain, for tests: an eighth as much to judge by as to train on."""
        limit = 1e3 * kilobytes
        return cls(max(fraction, _FIXTURE_FRACTION), int(1000 * (kilobytes / 8)), limit, limit)

    def limit(self, domain: str, part: Part) -> float:
        if part != "train":
            return self.evaluation * 1.5  # a group is not cut, so a part may run over a little
        return self.public_training if domain == "public" else self.training


@dataclass(frozen=True, slots=True)
class Corpus:
    """A domain's three parts, and how many documents were left out for repeating others."""

    parts: dict[Part, list[Document]]
    dropped: int


def mix(by_domain: Mapping[str, list[Document]], *, sizes: Sizes, seed: str) -> dict[str, Corpus]:
    """No group is in two parts, and no training text repeats what is tested on in any domain."""
    parts = {
        domain: split(documents, seed=seed, fraction=sizes.fraction, limit=sizes.evaluation)
        for domain, documents in by_domain.items()
    }
    seen = NearDuplicates()
    dropped = dict.fromkeys(parts, 0)
    ordered: tuple[Part, ...] = ("test", "validation", "train")  # all tests are seen before any training text
    for part in ordered:
        for domain, of_domain in parts.items():
            kept = [document for document in of_domain[part] if not seen.repeats(document.text)]
            dropped[domain] += len(of_domain[part]) - len(kept)
            of_domain[part] = take(kept, limit=sizes.limit(domain, part), seed=seed)
            random.Random(seed + domain + part).shuffle(of_domain[part])  # noqa: S311  an order, not a secret
    return {domain: Corpus(parts[domain], dropped[domain]) for domain in parts}
