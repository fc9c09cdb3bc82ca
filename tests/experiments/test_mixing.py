"""Mixing: no group is in two parts, nothing trained on repeats what is tested on, and a seed decides everything."""

import random
from itertools import combinations

import pytest

from experiments.miniflexmix.documents import Document
from experiments.miniflexmix.local import local_documents
from experiments.miniflexmix.mixing import Corpus, Sizes, mix
from experiments.miniflexmix.near_duplicates import NearDuplicates, _shingles

SEED = "mini-flexmix-1"


@pytest.fixture(scope="module")
def local_mix() -> dict[str, Corpus]:
    return mix(local_documents(), sizes=Sizes.fixture(200, fraction=0.05), seed=SEED)


def document(number: int, text: str, *, group: str, domain: str = "tales") -> Document:
    return Document(f"tale/{number}", domain, "tale", "CC0-1.0", group, text)


def tale(seed: int, words: int = 400) -> str:
    draw = random.Random(seed)  # noqa: S311  words, not secrets
    return " ".join("".join(draw.choices("abcdefgh", k=6)) for _ in range(words))


def test_no_group_is_in_two_parts(local_mix: dict[str, Corpus]) -> None:
    for corpus in local_mix.values():
        groups = [{(each.source, each.group) for each in documents} for documents in corpus.parts.values() if documents]

        assert len(groups) == 3
        assert all(not one & other for one, other in combinations(groups, 2))


def test_groups_of_many_documents_stay_together() -> None:
    documents = [document(n, tale(n), group=f"volume {n // 10}") for n in range(200)]

    corpus = mix({"tales": documents}, sizes=Sizes(0.1, 10**9), seed=SEED)["tales"]

    for part in corpus.parts.values():
        volumes = {each.group for each in part}
        assert volumes
        assert len(part) == 10 * len(volumes)


def test_training_text_repeats_nothing_that_is_tested_on_in_any_domain(local_mix: dict[str, Corpus]) -> None:
    corpora = local_mix
    tested = {
        shingle
        for corpus in corpora.values()
        for documents in (corpus.parts["test"], corpus.parts["validation"])
        for each in documents
        for shingle in _shingles(each.text)
    }

    for corpus in corpora.values():
        for each in corpus.parts["train"]:
            shingles = _shingles(each.text)
            assert len(shingles & tested) <= 0.5 * len(shingles)


def test_a_near_duplicate_is_dropped_and_counted_and_the_tested_copy_stays() -> None:
    documents = [document(n, tale(n), group=f"tale {n}") for n in range(100)]
    first = mix({"tales": documents}, sizes=Sizes(0.1, 10**9), seed=SEED)["tales"]
    tested = first.parts["test"][0]
    copy = document(1000, "A word before. " + tested.text, group="copies", domain="other")
    own = [document(n, tale(n), group=f"other {n}", domain="other") for n in range(1001, 1100)]

    mixed = mix({"other": [copy, *own], "tales": documents}, sizes=Sizes(0.1, 10**9), seed="another")
    everywhere = [each.id for corpus in mixed.values() for part in corpus.parts.values() for each in part]

    assert sum(corpus.dropped for corpus in mixed.values()) == 1
    assert len({"tale/1000", tested.id} & set(everywhere)) == 1
    assert len(everywhere) == 199


def test_half_a_text_may_be_known_but_not_more() -> None:
    seen = NearDuplicates()
    known, new = tale(1).split(), tale(2).split()

    assert not seen.repeats(" ".join(known))
    assert seen.repeats(" ".join(known[:300] + new[:50]))
    assert not seen.repeats(" ".join(known[:100] + new))


def test_the_same_seed_gives_the_same_corpora_and_another_gives_others() -> None:
    documents = [document(n, tale(n), group=f"tale {n}") for n in range(100)]
    sizes = Sizes(0.1, 10**9)

    once, again, other = (mix({"tales": documents}, sizes=sizes, seed=seed) for seed in (SEED, SEED, "another"))

    assert once == again
    assert once["tales"].parts["test"] != other["tales"].parts["test"]


def test_no_part_is_over_its_limit(local_mix: dict[str, Corpus]) -> None:
    for corpus in local_mix.values():
        assert sum(each.size for each in corpus.parts["train"]) <= 200_000
        assert sum(each.size for each in corpus.parts["test"]) <= 37_500
        assert sum(each.size for each in corpus.parts["validation"]) <= 37_500
