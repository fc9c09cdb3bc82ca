"""The papers of a package, and a model's config: what says too little or anything odd is refused in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexcore.cards import data_card, read_expert_card
from flexcore.config import Architecture, olmo2_config
from flexcore.untrusted import Malformed
from tests.flexcore.damage import refusal_of, rewrite
from tests.flexcore.packages import TINY, make_card


@pytest.mark.parametrize(
    ("file", "change", "sentence"),
    [
        ("expert.json", {"format": "other/9"}, 'expert.json: format must be "guildhall-expert/1"'),
        ("expert.json", {"anchor": "sha256:12"}, "expert.json: anchor must be"),
        ("expert.json", {"anchor": None}, "expert.json: anchor must be"),
        ("expert.json", {"architecture": []}, "expert.json: architecture must be an object"),
        ("expert.json", {"architecture": {"dtype": {}}}, "expert.json: architecture: dtype must be F32 or BF16"),
        ("expert.json", {"training": {"steps": -1}}, "expert.json: training: steps must be a whole number"),
        ("expert.json", {"domain_embedding": {}}, "expert.json: domain_embedding lacks embedder"),
        ("expert.json", {"privacy": {}}, "expert.json: privacy lacks mechanism"),
        ("expert.json", {"evaluation": 3}, "expert.json: evaluation must be an object"),
        ("data-card.json", {"license": ""}, "data-card.json: license must be a text"),
        ("data-card.json", {"inLanguage": "en"}, "data-card.json: inLanguage must be a list"),
        ("data-card.json", {"contentSize": 5}, "data-card.json: contentSize must be a text"),
    ],
)
def test_a_paper_that_says_too_little_is_refused(
    package: Path, file: str, change: dict[str, Any], sentence: str
) -> None:
    rewrite(package / file, lambda value: value.update(change))

    assert refusal_of(package).startswith(sentence)


def test_a_paper_that_is_too_large_is_refused_unread(package: Path) -> None:
    with (package / "expert.json").open("r+b") as file:
        file.truncate(2**30)

    assert refusal_of(package) == f"expert.json has {2**30} bytes; make it {2**20} or smaller."


def test_a_card_without_personal_data_says_so() -> None:
    card = data_card(name="n", licence="MIT", languages=["en"], volume="1 MB", collection="c")

    assert card["rai:personalSensitiveInformation"] == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data(), odd=ANYTHING)
def test_a_paper_with_anything_anywhere_is_malformed_or_read(data: st.DataObject, odd: object) -> None:
    card = make_card()
    place: dict[str, Any] = card
    key = data.draw(st.sampled_from(sorted(card)))
    if isinstance(card[key], dict) and data.draw(st.booleans()):
        place = card[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = odd

    try:
        found = read_expert_card(json.dumps(card).encode())
    except Malformed:
        return

    assert found.value == card


@given(data=st.data(), odd=ANYTHING)
def test_a_config_with_anything_anywhere_is_malformed_or_read(data: st.DataObject, odd: object) -> None:
    config = olmo2_config(TINY)
    config[data.draw(st.sampled_from([*sorted(config), "head_dim", "rope_scaling", "auto_map"]))] = odd

    try:
        found = Architecture.from_config(config)
    except Malformed:
        return

    assert Architecture.from_config(olmo2_config(found)) == found
