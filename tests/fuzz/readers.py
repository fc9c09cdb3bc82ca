"""What reads a stranger's bytes, each as one function from bytes: it ends, or refuses; anything else is a finding."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from client.signing import make_key, sign_package
from flexcore.cards import anchor_card, read_anchor_card, read_data_card, read_expert_card
from flexcore.config import Architecture, olmo2_config
from flexcore.headers import encode_header, read_header
from flexcore.layout import expert_layout
from flexcore.samples import places
from flexcore.untrusted import Malformed, parse_json
from flexcore.weights import read_weights, sha256
from registry.evidence.signatures import BadSignature, KnownKey, verify_package
from registry.xet import formats
from tests.flexcore.packages import DATA_CARD, ELSEWHERE, TINY, make_card, random_tensors
from tests.registry.chunked import shard_of, xorb_of

Reader = Callable[[bytes], object]
LABEL = "fuzzed"
NARROW = replace(TINY, hidden_size=4, intermediate_size=3, num_hidden_layers=1)


def header(data: bytes) -> None:
    try:
        found = read_header(io.BytesIO(data), size=len(data), label=LABEL)
    except Malformed as refusal:
        said(refusal)
        return
    ends = [entry.end for entry in found.entries]
    assert [0, *ends[:-1]] == [entry.begin for entry in found.entries]
    assert found.data_offset + ends[-1] == len(data)


def weights(data: bytes) -> None:
    layout = expert_layout(NARROW.dimensions)
    try:
        found = read_weights(
            io.BytesIO(data), size=len(data), label=LABEL, layout=layout, dtype="F32", ordered=True, aligned=8
        )
    except Malformed as refusal:
        said(refusal)
        return
    assert found.file_digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert list(found.measured) == list(layout)
    assert all(len(one.sample) == len(places(12, tensors=3)) for one in found.measured.values())


def expert_card(data: bytes) -> None:
    _refusing(read_expert_card, data)


def data_card(data: bytes) -> None:
    _refusing(read_data_card, data)


def anchor(data: bytes) -> None:
    _refusing(lambda given: read_anchor_card(given, TINY.dimensions), data)


def config(data: bytes) -> None:
    _refusing(lambda given: Architecture.from_config(parse_json(given, LABEL, max_bytes=2**20)), data)


def signature(data: bytes) -> None:
    """Nothing but the key's owner signs: whatever the fuzzer writes is refused."""
    try:
        verify_package(data, {"expert.json": sha256(b"{}")}, [KnownKey("fingerprint", PUBLIC)])
    except BadSignature:
        return
    raise AssertionError("A signature that nobody made was believed.")


def xorb(data: bytes) -> None:
    try:
        found = formats.read_xorb(data)
    except formats.Malformed as refusal:
        said(refusal)
        return
    assert sum(chunk.stored for chunk in found.chunks) == found.length <= len(data)
    assert all(0 < chunk.size <= formats.MAX_CHUNK for chunk in found.chunks)


def shard(data: bytes) -> None:
    try:
        files = formats.read_shard(data)
    except formats.Malformed as refusal:
        said(refusal)
        return
    assert all(file.terms and file.size > 0 and len(file.sha256) == 64 for file in files)


def said(refusal: Exception) -> None:
    """One sentence that can be shown: bounded, and nothing in it acts on a terminal."""
    sentence = str(refusal)
    assert sentence.endswith(".")
    assert len(sentence) < 1000
    assert sentence.isprintable()


def _refusing(read: Callable[[bytes], object], data: bytes) -> None:
    try:
        read(data)
    except Malformed as refusal:
        said(refusal)


def _public_pem() -> str:
    with TemporaryDirectory() as folder:
        return make_key(Path(folder), name="fuzzed").public_pem


PUBLIC = _public_pem()
READERS: dict[str, Reader] = {
    reader.__name__: reader
    for reader in (header, weights, expert_card, data_card, anchor, config, signature, xorb, shard)
}


def honest(reader: str) -> bytes:
    """What the reader takes when nobody is hostile: where the fuzzer begins."""
    layout = expert_layout(NARROW.dimensions)
    data = b"".join(bytes(tensor.content()) for tensor in random_tensors(layout, seed="honest"))
    card = anchor_card(
        dimensions=TINY.dimensions,
        embedder="e",
        embedder_digest=ELSEWHERE,
        projection_seed=1,
        public_vector=[0.5],
        training={"steps": 1},
    )
    values: dict[str, object] = {
        "expert_card": make_card(),
        "data_card": DATA_CARD,
        "anchor": card,
        "config": olmo2_config(TINY),
    }
    if reader in values:
        return json.dumps(values[reader]).encode()
    if reader == "signature":
        return _signature()
    if reader == "xorb":
        contents = [bytes(range(100)) * 3, b"odd"]
        return b"".join(xorb_of(contents, scheme) for scheme in (formats.PLAIN, formats.LZ4, formats.GROUPED))
    if reader == "shard":
        return shard_of((b"one", [("ab" * 32, 0, 2, 3)]), (b"two", [("cd" * 32, 1, 2, 3), ("ab" * 32, 0, 1, 2)]))
    return encode_header(layout, "F32") + data


def _signature() -> bytes:
    """A true one, of another file."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "expert.json").write_bytes(b"[]")
        private = Path(folder) / "keys"
        pair = make_key(private, name="another")
        package = Path(folder) / "package"
        package.mkdir()
        (package / "expert.json").write_bytes(b"[]")
        sign_package(package, private_key=pair.private)
        return (package / "model.sig").read_bytes()
