"""A package out of any source: a download is read like a folder, in bounded memory, and damage does not pass unseen."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flexcore.files import SourceFile, folder_files
from flexcore.headers import encode_header, layout_size
from flexcore.package import check_expert_files, check_expert_package
from flexcore.untrusted import Malformed, Readable
from flexcore.weights import read_weights, sha256
from tests.flexcore.packages import EXPERT, make_expert


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
