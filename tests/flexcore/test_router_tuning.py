"""After the merge only router rows learn, on public documents that look like each owner's data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flexcore.loading import load_beside
from flexcore.manifest import ExpertEntry, Recipe, Tuning, plan, read_manifest
from flexcore.model.names import expert_weights, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.package import AnchorContents, Contents, check_anchor_package, check_expert_package
from flexcore.training.checkpoint import weights_digest
from flexcore.training.router_tuning import Tuned, choose_proxies, tune_rows
from flexcore.training.tokenizer import load_tokenizer
from flexcore.untrusted import Malformed
from tests.flexcore.packages import ELSEWHERE, make_expert
from tests.workers.packages import SMALL, write_anchor
from workers.probe_text import DOCUMENTS

SHORT = replace(Tuning.usual(ELSEWHERE), steps=12, positions=48)
TOPICS = ("river", "tree")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    anchor = write_anchor(folder / "anchor")
    for name in ("drama", "code"):
        make_expert(folder / name, anchor_digest=anchor.digest, architecture=SMALL, seed=name)
    return folder


def embedded(texts: Sequence[str]) -> NDArray[np.float32]:
    """How often a text speaks of each topic; the rest of it in a third direction."""
    counts = [[text.count(topic) for topic in TOPICS] + [1.0] for text in texts]
    found = np.asarray(counts, dtype=np.float32)
    normed: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return normed


DOMAINS = [np.array([1, 0, 0.1], dtype=np.float32), np.array([0, 1, 0.1], dtype=np.float32)]
TEXTS = [f"{text} {' '.join([topic] * 5)}" for text in DOCUMENTS for topic in (*TOPICS, "")]


def loaded(house: Path) -> FlexOlmo:
    return load_beside(house / "anchor", [house / "drama", house / "code"], top_k=2)


def tuned(model: FlexOlmo, house: Path, **how: object) -> Tuned:
    tokenizer = load_tokenizer(house / "anchor")
    return tune_rows(model, TEXTS, tokenizer, DOMAINS, embed=embedded, tuning=SHORT, **how)  # type: ignore[arg-type]


def test_proxies_are_the_documents_that_look_like_the_domain() -> None:
    chosen = choose_proxies(embedded(TEXTS), DOMAINS, count=5)

    assert [all(topic in TEXTS[i] for i in found) for topic, found in zip(TOPICS, chosen, strict=True)] == [True, True]


def test_only_the_experts_rows_move_and_the_proxies_are_told_better(house: Path) -> None:
    model = loaded(house)
    frozen = shared_weights(model) | {f"{s}.{n}": w for s in range(3) for n, w in expert_weights(model, s).items()}
    frozen |= {f"public.{name}": row for name, row in router_rows(model, 0).items()}
    before, rows = weights_digest(frozen), [row.clone() for row in router_rows(model, 1).values()]

    found = tuned(model, house)

    assert weights_digest(frozen) == before
    assert not any(torch.equal(row, old) for row, old in zip(router_rows(model, 1).values(), rows, strict=True))
    assert found.after < found.before


def test_the_same_seed_gives_the_same_bits_and_another_does_not(house: Path) -> None:
    tokenizer = load_tokenizer(house / "anchor")
    first, again = tuned(loaded(house), house), tuned(loaded(house), house)
    other = tune_rows(loaded(house), TEXTS, tokenizer, DOMAINS, embed=embedded, tuning=replace(SHORT, seed=1))

    assert first == again
    assert other.router != first.router


def test_whoever_watches_may_stop_it(house: Path) -> None:
    seen: list[int] = []

    def watch(step: int) -> None:
        seen.append(step)
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned(loaded(house), house, watch=watch)

    assert seen == [0, 1, 2, 3]


def test_a_domain_of_another_embedder_is_refused(house: Path) -> None:
    with pytest.raises(Malformed, match="The expert in slot 2 tells of its data in 2 dimensions, not in the 3"):
        tune_rows(
            loaded(house),
            TEXTS,
            load_tokenizer(house / "anchor"),
            [DOMAINS[0], DOMAINS[1][:2]],
            embed=embedded,
            tuning=SHORT,
        )


@pytest.fixture(scope="module")
def parts(house: Path) -> tuple[AnchorContents, list[Contents]]:
    return check_anchor_package(house / "anchor"), [check_expert_package(house / name) for name in ("drama", "code")]


def recipe(parts: tuple[AnchorContents, list[Contents]], tuning: Tuning | None) -> Recipe:
    anchor, experts = parts
    entries = [
        ExpertEntry(f"owner/expert-{n}", 1, found.data_digest, found.router_digest, n)
        for n, found in enumerate(experts, start=1)
    ]
    return Recipe(anchor.digest, tuple(entries), 2, tuning)


def test_a_tuned_recipe_names_who_took_part_and_comes_back_as_it_was(
    house: Path, parts: tuple[AnchorContents, list[Contents]]
) -> None:
    anchor, experts = parts
    router = tuned(loaded(house), house).router
    asked = recipe(parts, SHORT)

    planned = plan(asked, anchor.files, [found.files for found in experts], texts={}, tuned=router)

    assert planned.small["router.safetensors"] == router
    assert asked.value()["tuning"]["participants"] == [found.data_digest for found in experts]
    assert read_manifest(planned.manifest.canonical()) == planned.manifest
    plain = plan(recipe(parts, None), anchor.files, [found.files for found in experts], texts={})
    assert "tuning" not in plain.manifest.recipe.value()
    assert plain.manifest.revision() != planned.manifest.revision()


def test_rows_that_were_not_asked_for_and_rows_of_another_model_are_refused(
    house: Path, parts: tuple[AnchorContents, list[Contents]]
) -> None:
    anchor, experts = parts
    files, router = [found.files for found in experts], tuned(loaded(house), house).router
    moved = bytearray(router)
    moved[-SMALL.hidden_size * 4 * 3 + 3] ^= 1  # in the public row of the last layer

    with pytest.raises(Malformed, match="takes a tuned router"):
        plan(recipe(parts, None), anchor.files, files, texts={}, tuned=router)
    with pytest.raises(Malformed, match="takes a tuned router"):
        plan(recipe(parts, SHORT), anchor.files, files, texts={})
    with pytest.raises(Malformed, match="moved the public row of layer 1"):
        plan(recipe(parts, SHORT), anchor.files, files, texts={}, tuned=bytes(moved))
