"""Reading a package: what is whole is described, and whatever is not is refused by the name of its file or tensor."""

import io
import json
import os
import pickle  # noqa: TID251 -- made here to see it refused
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flexcore.cards import data_card, read_expert_card
from flexcore.config import Architecture, olmo2_config
from flexcore.files import SourceFile, folder_files
from flexcore.headers import encode_header, layout_size
from flexcore.layout import expert_layout
from flexcore.package import check_anchor_package, check_expert_files, check_expert_package
from flexcore.packing import TensorData, write_expert_package
from flexcore.untrusted import Malformed, Readable
from flexcore.weights import read_weights, sha256
from tests.flexcore.packages import DATA_CARD, ELSEWHERE, TINY, make_anchor, make_card, make_expert, random_tensors

D = TINY.dimensions
EXPERT = "expert.safetensors"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    make_expert(tmp_path / "drama")
    return tmp_path / "drama"


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    make_anchor(tmp_path / "anchor")
    return tmp_path / "anchor"


def refusal_of(package: Path, **expected: Any) -> str:
    with pytest.raises(Malformed) as refusal:
        check_expert_package(package, **expected)
    return str(refusal.value)


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON of a file, or of a safetensors file's header, and leave its data as it is."""
    data = path.read_bytes()
    if path.suffix == ".json":
        value = json.loads(data)
        change(value)
        path.write_bytes(json.dumps(value).encode())
        return
    end = 8 + int.from_bytes(data[:8], "little")
    value = json.loads(data[8:end])
    change(value)
    text = json.dumps(value).encode()
    text = text.ljust(-(-(len(text) + 8) // 4096) * 4096 - 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[end:])


def poke(path: Path, place: int, value: bytes) -> None:
    """Write into the data of a safetensors file."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little") + place
    data[start : start + len(value)] = value
    path.write_bytes(data)


def test_a_whole_package_is_described(package: Path) -> None:
    contents = check_expert_package(package, anchor_digest=ELSEWHERE, architecture=TINY)

    assert contents.dimensions == D
    assert contents.expert_header.data_offset == 4096
    assert contents.file_digests == {path.name: sha256(path.read_bytes()) for path in package.iterdir()}
    assert contents.file_sizes == {path.name: path.stat().st_size for path in package.iterdir()}
    assert contents.data_card == DATA_CARD
    assert not contents.has_bias


def test_the_data_digest_is_of_the_tensors_and_not_of_the_header(package: Path) -> None:
    before = check_expert_package(package)
    data = (package / EXPERT).read_bytes()
    wider = struct.pack("<Q", 8192 - 8) + data[8:4096].ljust(8192 - 8) + data[4096:]
    (package / EXPERT).write_bytes(wider)

    after = check_expert_package(package)

    assert after.data_digest == before.data_digest
    assert after.file_digests[EXPERT] != before.file_digests[EXPERT]


def test_a_bias_is_read_and_said(tmp_path: Path) -> None:
    assert make_expert(tmp_path / "drama", bias=True).has_bias


def test_half_precision_is_read(tmp_path: Path) -> None:
    contents = make_expert(tmp_path / "drama", architecture=replace(TINY, dtype="BF16"))

    assert contents.dimensions.dtype == "BF16"


def test_another_anchors_expert_is_refused(package: Path) -> None:
    other = "sha256:" + "1" * 64

    sentence = refusal_of(package, anchor_digest=other)

    assert sentence.startswith(f"This expert was trained beside the anchor {ELSEWHERE}, not beside {other};")


def test_another_architecture_is_refused(package: Path) -> None:
    sentence = refusal_of(package, architecture=replace(TINY, hidden_size=128))

    assert "train beside this anchor" in sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("weights.pkl", "weights.pkl may run code when it is opened; save weights as safetensors."),
        ("pytorch_model.bin", "pytorch_model.bin may run code when it is opened"),
        ("modeling_x.py", "modeling_x.py is a program; a package holds none, leave it out."),
        ("run.sh", "run.sh is a program"),
        ("notes.txt", "notes.txt does not belong to a package; leave it out."),
        (".hidden\n", ".hidden? does not belong"),
        ("EXPERT.JSON", "EXPERT.JSON does not belong"),
    ],
)
def test_a_file_without_a_place_is_refused_by_name(package: Path, name: str, sentence: str) -> None:
    (package / name).write_bytes(b"x")

    assert sentence in refusal_of(package)


@pytest.mark.parametrize("name", [EXPERT, "router.safetensors", "expert.json", "data-card.json"])
def test_a_missing_file_is_named(package: Path, name: str) -> None:
    (package / name).unlink()

    assert refusal_of(package) == f"The package lacks {name}; add it."


def test_a_missing_signature_is_refused_where_one_is_asked_for(package: Path) -> None:
    assert refusal_of(package, signed=True) == "The package lacks model.sig; add it."


def test_links_folders_and_pipes_are_not_followed(package: Path, tmp_path: Path) -> None:
    (package / EXPERT).rename(tmp_path / "elsewhere")

    (package / EXPERT).symlink_to(tmp_path / "elsewhere")
    assert refusal_of(package) == f"{EXPERT} is a link; put plain files only into a package."

    (package / EXPERT).unlink()
    (package / EXPERT).mkdir()
    assert refusal_of(package) == f"{EXPERT} is a folder; put plain files only into a package."

    (package / EXPERT).rmdir()
    os.mkfifo(package / EXPERT)
    assert refusal_of(package) == f"{EXPERT} is not a file; put plain files only into a package."


def test_a_file_swapped_for_a_link_while_we_look_is_refused(package: Path, tmp_path: Path) -> None:
    files = folder_files(package)
    (package / "expert.json").rename(tmp_path / "elsewhere")
    (package / "expert.json").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Malformed, match=r"expert\.json cannot be read"):
        check_expert_files(files)


def test_a_pickle_under_a_known_name_is_refused(package: Path) -> None:
    (package / EXPERT).write_bytes(pickle.dumps({"weights": [1.0] * 100}))

    assert refusal_of(package).startswith(f"{EXPERT} announces a header of")


def test_a_truncated_file_is_refused(package: Path) -> None:
    whole = (package / EXPERT).read_bytes()
    (package / EXPERT).write_bytes(whole[:-1])

    assert refusal_of(package).startswith(f"{EXPERT} holds {len(whole) - 4097} bytes of data but its header describes")


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
    layout = {**expert_layout(D), "lm_head.weight": (4,)}
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


def test_a_package_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    short = random_tensors(expert_layout(D), seed="x")[:-1]

    with pytest.raises(Malformed, match=r"look at layers\.1\.down_proj\.weight"):
        write_expert_package(tmp_path / "drama", expert=short, router=[], card=make_card(), data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []


def test_a_package_that_we_would_refuse_is_not_written(tmp_path: Path) -> None:
    tensors = random_tensors(expert_layout(D), seed="x")
    tensors[0] = TensorData(tensors[0].name, "F32", tensors[0].shape, b"\xff" * len(tensors[0].data))
    rows = [TensorData(f"layers.{n}.router.weight", "F32", (64,), bytes(256)) for n in range(2)]

    with pytest.raises(Malformed, match="not finite"):
        write_expert_package(tmp_path / "drama", expert=tensors, router=rows, card=make_card(), data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_a_number_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    card = make_card(evaluation={"bits_per_byte": float("nan")})

    with pytest.raises(Malformed, match=r"expert\.json cannot be written as JSON"):
        write_expert_package(tmp_path / "drama", expert=[], router=[], card=card, data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []


def test_a_card_without_personal_data_says_so() -> None:
    card = data_card(name="n", licence="MIT", languages=["en"], volume="1 MB", collection="c")

    assert card["rai:personalSensitiveInformation"] == []


class Dribble:
    """A download: forwards only, a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self.left = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self.left.read(min(size, 777))

    def close(self) -> None:
        self.left.close()


def test_a_download_is_read_like_a_folder(package: Path) -> None:
    def opener(data: bytes) -> Callable[[], AbstractContextManager[Readable]]:
        return lambda: closing(Dribble(data))

    blobs = {path.name: path.read_bytes() for path in package.iterdir()}
    files = {name: SourceFile(len(data), opener(data)) for name, data in blobs.items()}

    assert check_expert_files(files) == check_expert_package(package)


def test_a_download_longer_or_shorter_than_announced_is_refused(package: Path) -> None:
    whole = folder_files(package)
    size = whole[EXPERT].size

    @contextmanager
    def longer() -> Iterator[Readable]:
        yield io.BytesIO((package / EXPERT).read_bytes() + b"x")

    @contextmanager
    def shorter() -> Iterator[Readable]:
        yield io.BytesIO((package / EXPERT).read_bytes()[:-1])

    with pytest.raises(Malformed, match="is longer than the"):
        check_expert_files(whole | {EXPERT: SourceFile(size, longer)})
    with pytest.raises(Malformed, match="ends 1 bytes too early"):
        check_expert_files(whole | {EXPERT: SourceFile(size, shorter)})


class Zeros:
    """A header, and zeros without end that take no memory before they are read."""

    def __init__(self, header: bytes) -> None:
        self.header = io.BytesIO(header)
        self.left = 0

    def read(self, size: int, /) -> bytes:
        found = self.header.read(size)
        if not found:
            found = bytes(min(size, self.left))
            self.left -= len(found)
        return found


def test_memory_stays_bounded_whatever_the_size() -> None:
    layout = {"layers.0.gate_proj.weight": (2**13, 2**11)}
    file = Zeros(encode_header(layout, "F32"))
    file.left = layout_size(layout, "F32")
    size = len(file.header.getvalue()) + file.left

    tracemalloc.start()
    read_weights(file, size=size, label="x", layout=layout, dtype="F32", ordered=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 64 * 2**20
    assert peak < 8 * 2**20


@pytest.fixture(scope="module")
def whole_blobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole") / "drama"
    make_expert(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_package_is_malformed_or_named_by_another_digest(
    whole_blobs: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(whole_blobs)))
    blob = bytearray(whole_blobs[name])
    place = data.draw(st.integers(0, min(len(blob) - 1, 6000)))
    damage = data.draw(st.binary(min_size=1, max_size=3))
    cut = data.draw(st.integers(0, 3))
    blob[place : place + cut] = damage
    files = {
        name: SourceFile(len(content), lambda content=content: closing(io.BytesIO(content)))  # type: ignore[misc]
        for name, content in (whole_blobs | {name: bytes(blob)}).items()
    }

    try:
        contents = check_expert_files(files)
    except Malformed:
        return

    assert contents.file_digests[name] == sha256(bytes(blob))


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
