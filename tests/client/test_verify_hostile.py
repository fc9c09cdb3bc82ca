"""Whatever a stranger writes, a verification answers with a verdict: no other error, no endless work."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.verify.models import read_model
from client.verify.notes import Checkpoint, Key, Proof
from client.verify.owners import Usage, read_statement
from client.verify.signatures import ModelKey, check_signature
from client.verify.statuses import read_status_list
from client.verify.strict import NotVerified, read_json
from client.verify.tiles import read_bundle, read_tile
from tests.client.model_signatures import signed_by_hand
from tests.client.models import STATEMENTS, status_list
from tests.small_log import Signer, SmallLog

LOG = SmallLog.of(5)
GOOD = {
    "note": LOG.checkpoint().encode(),
    "proof": LOG.proof(3).encode(),
    "key": LOG.signer.vkey.encode(),
    "status": status_list({}, subject="https://x/status"),
    "statement": b'{"organisation":"a","month":null,"size":5,"lines":[{"expert":"a/b","consumer":"c"}]}',
    "leaf": b'{"about":"a/b@1","event":"inclusion.recorded","facts":{"composition":"c","consumer":"d"}}',
    "json": b'{"a":[1,2.5,true,null,"\\u00e4",{"b":[]}]}',
}
READERS: dict[str, Callable[[bytes], object]] = {
    "note": lambda data: Checkpoint.read(data.decode("utf-8", "replace")).signers([Key.read(LOG.signer.vkey)]),
    "proof": lambda data: Proof.read(data.decode("utf-8", "replace"), "the proof").require(LOG.entries[3]),
    "key": lambda data: Key.read(data.decode("utf-8", "replace")),
    "status": lambda data: read_status_list(data, [Key.read(STATEMENTS.vkey)], max_age=10**9),
    "statement": read_statement,
    "leaf": lambda data: Usage("a", month=None).visit(0, data),
    "json": lambda data: read_json(data, "it"),
}


@st.composite
def spoilt(draw: st.DrawFn, good: bytes) -> bytes:
    """The good bytes, with a piece of them replaced by something else."""
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, len(good)))
    pieces = [b'"\\ud800"', b"[" * 5000, b"9" * 5000, b"\x00", b"\xff", b"\n\n", b"{}", b"-1", b"1e999", b"NaN"]
    piece = draw(st.one_of(st.sampled_from(pieces), st.binary(max_size=40)))
    return good[:start] + piece + good[end:]


@pytest.mark.parametrize("what", READERS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_reader_answers_or_refuses(what: str, data: st.DataObject) -> None:
    content = data.draw(st.one_of(spoilt(GOOD[what]), st.binary(max_size=200)))

    said = "read"
    try:
        READERS[what](content)
    except NotVerified as refusal:
        said = str(refusal)

    assert said
    assert said.isprintable()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_strange_signature_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("signed", numbered=True)
    key, bundle = signed_by_hand({"config.json": b"{}"})
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.sig").write_bytes(data.draw(spoilt(bundle)))

    with contextlib.suppress(NotVerified):
        assert check_signature(folder, ["config.json", "model.sig"], [ModelKey.read(key)]).vkey == key


class One:
    """A log whose every file has these bytes."""

    name = "one"

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, path: str, *, limit: int) -> bytes:
        return self._data[:limit]


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=600), size=st.integers(1, 300))
def test_a_bundle_and_a_tile_have_what_they_should_or_are_refused(data: bytes, size: int) -> None:
    readers: list[Callable[[], list[bytes]]] = [
        lambda: read_bundle(One(data), 0, size),
        lambda: read_tile(One(data), 0, 0, size),
    ]

    for read in readers:
        with contextlib.suppress(NotVerified):
            assert len(read()) == min(256, size)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_model_of_strange_files_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("model", numbered=True)
    manifest = b'{"format":"guildhall-manifest/1","recipe":{"experts":[]},"files":[]}'
    (folder / "guildhall-manifest.json").write_bytes(data.draw(spoilt(manifest)))
    leaf = data.draw(spoilt(b'{"event":"composition.included","facts":{"inclusions":[]}}'))
    (folder / "inclusion.json").write_bytes(leaf)
    (folder / "inclusion.tlog-proof").write_text(SmallLog([leaf], Signer()).proof(0), encoding="utf-8")

    with pytest.raises(NotVerified):
        read_model(Path(folder))
