"""Reading an anchor package: what composing needs is in it, and a contradiction is refused."""

import struct
from pathlib import Path
from typing import Any

import pytest

from flexcore.package import check_anchor_package
from flexcore.untrusted import Malformed
from flexcore.weights import sha256
from tests.flexcore.damage import poke, rewrite
from tests.flexcore.packages import TINY


def test_an_anchor_says_what_composing_needs(anchor: Path) -> None:
    contents = check_anchor_package(anchor)

    assert contents.architecture == TINY
    assert contents.files.shared_digest == sha256((anchor / "shared.safetensors").read_bytes())
    assert contents.files.expert.data_offset == 4096


@pytest.mark.parametrize(
    ("file", "change", "sentence"),
    [
        ("config.json", {"vocab_size": 97}, "model.embed_tokens.weight has shape [96, 64]"),
        ("config.json", {"intermediate_size": 96}, "tell of different architectures"),
        ("config.json", {"dtype": "bfloat16"}, "tell of different architectures"),
        ("anchor.json", {"format": "guildhall-expert/1"}, 'format must be "guildhall-anchor/1"'),
        ("anchor.json", {"public_vector": ["1"]}, "public_vector must be a list"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["x.X"]}}, "names code to run (auto_map)"),
    ],
)
def test_an_anchor_that_contradicts_itself_is_refused(
    anchor: Path, file: str, change: dict[str, Any], sentence: str
) -> None:
    rewrite(anchor / file, lambda value: value.update(change))

    with pytest.raises(Malformed) as refusal:
        check_anchor_package(anchor)

    assert sentence in str(refusal.value)


def test_an_anchors_digest_is_of_every_file(anchor: Path) -> None:
    before = check_anchor_package(anchor).digest
    poke(anchor / "shared.safetensors", 0, struct.pack("<f", 0.5))

    assert check_anchor_package(anchor).digest != before
