"""The tensors of a package: each in its place and shape, every value finite, or refused by the tensor's name."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flexcore.headers import encode_header, layout_size
from flexcore.layout import expert_layout
from flexcore.package import check_expert_package
from tests.flexcore.damage import poke, refusal_of, rewrite
from tests.flexcore.packages import EXPERT, TINY, make_expert


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda h: h.pop("layers.1.down_proj.weight"), f"{EXPERT} holds 73728 bytes of data but its header describes"),
        (
            lambda h: h.update({"layers.2.down_proj.weight": h.pop("layers.1.down_proj.weight")}),
            f"{EXPERT} lacks layers.1.down_proj.weight",
        ),
        (
            lambda h: h["layers.0.up_proj.weight"].update(shape=[64, 48]),
            f"{EXPERT}: layers.0.up_proj.weight has shape [64, 48], but the architecture says [48, 64]",
        ),
        (
            lambda h: h["layers.0.up_proj.weight"].update(dtype="BF16", shape=[96, 64]),
            "layers.0.up_proj.weight has shape [96, 64]",
        ),
        (
            lambda h: h["layers.0.up_proj.weight"].update(dtype="U8"),
            "layers.0.up_proj.weight: dtype must be F32 or BF16",
        ),
        (
            lambda h: h.update(
                {
                    "layers.0.up_proj.weight": h["layers.0.gate_proj.weight"],
                    "layers.0.gate_proj.weight": h["layers.0.up_proj.weight"],
                }
            ),
            f"{EXPERT}: layers.0.up_proj.weight stands where layers.0.gate_proj.weight belongs",
        ),
        (lambda h: h["__metadata__"].update(note="hello"), f"{EXPERT} carries metadata note"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused_by_name(
    package: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    rewrite(package / EXPERT, change)

    assert sentence in refusal_of(package)


def test_a_tensor_too_many_is_refused_by_name(package: Path) -> None:
    layout = {**expert_layout(TINY.dimensions), "lm_head.weight": (4,)}
    size = layout_size(layout, "F32")
    (package / EXPERT).write_bytes(encode_header(layout, "F32", multiple_of=4096) + bytes(size))

    assert refusal_of(package) == f"{EXPERT} holds lm_head.weight, which does not belong there; leave it out."


def test_data_that_cannot_be_shared_between_files_is_refused(package: Path) -> None:
    data = (package / EXPERT).read_bytes()
    (package / EXPERT).write_bytes(struct.pack("<Q", 4096) + data[8:4096] + b" " * 8 + data[4096:])

    assert "begins at byte 4104, not at a multiple of 4096" in refusal_of(package)


@pytest.mark.parametrize("bits", [0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001])
def test_a_value_that_is_not_finite_is_refused_by_its_tensor(package: Path, bits: int) -> None:
    poke(package / EXPERT, 48 * 64 * 4 + 20, struct.pack("<I", bits))

    sentence = refusal_of(package)

    assert sentence.startswith(f"{EXPERT}: layers.0.up_proj.weight holds a value that is not finite (element 5);")


@pytest.mark.parametrize("bits", [0x7F80, 0xFF80, 0x7FC0])
def test_a_half_precision_value_that_is_not_finite_is_refused(tmp_path: Path, bits: int) -> None:
    make_expert(tmp_path / "drama", architecture=replace(TINY, dtype="BF16"))
    poke(tmp_path / "drama" / "router.safetensors", 64 * 2, struct.pack("<H", bits))

    assert "layers.1.router.weight holds a value that is not finite (element 0)" in refusal_of(tmp_path / "drama")


def test_the_largest_numbers_are_finite(package: Path) -> None:
    poke(package / EXPERT, 0, struct.pack("<II", 0x7F7FFFFF, 0xFF7FFFFF))

    check_expert_package(package)
