"""What the pages' checks are tried on: a log, a model's proof and a certificate, out of the tests' own small log.

`python -m tests.client.vectors` writes them where vitest reads them; test_vectors.py says whether they are still these.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.client.certificates import RECEIPT, bundle, canonical
from tests.client.models import add_papers, included, make_model, make_site
from tests.small_log import Signer, SmallLog, b64

FILE = Path("frontend/src/features/audit/verify/vectors.json")
SIZE, BEFORE = 700, 300
NEXT = Signer(seed=b"9" * 32)


def make_vectors() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return {"log": _log(Path(folder) / "log"), "model": _model(Path(folder)), **_bundles()}


def _log(folder: Path) -> dict[str, Any]:
    """700 entries, of which one adds the key that signs the last head; with the head of the first 300."""
    log = SmallLog.of(SIZE)
    log.entries[400] = canonical({"event": "log_key.added", "facts": {"purpose": "log", "vkey": NEXT.vkey}})
    log.write(folder)
    rotation = log.checkpoint(500, signers=[log.signer, NEXT])
    log.write(folder, 500)
    log.write(folder, SIZE)
    listed = [_listed(log.signer, 0, None), _listed(NEXT, 400, rotation)]
    files = {
        path.relative_to(folder).as_posix(): b64(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "checkpoint"
    }
    return {
        "key": log.signer.vkey,
        "next": NEXT.vkey,
        "before": {"size": BEFORE, "root": b64(log.root(BEFORE))},
        "other": b64(SmallLog.of(BEFORE, word="other").root()),
        "checkpoint": log.checkpoint(),
        "rotated": log.checkpoint(signers=[NEXT]),
        "files": files,
        "keys": listed,
    }


def _listed(signer: Signer, added: int, rotation: str | None) -> dict[str, Any]:
    return {"purpose": "log", "vkey": signer.vkey, "added": added, "retired": None, "rotation": rotation}


def _model(folder: Path) -> dict[str, Any]:
    model = make_model(folder)
    make_site(folder, model, included(model, papers=add_papers(model)))
    return {path.name: b64(path.read_bytes()) for path in sorted(model.iterdir()) if path.stat().st_size < 16_384}


def _bundles() -> dict[str, Any]:
    return {"certificate": bundle(), "receipt": bundle(RECEIPT, event="receipt.issued")}


def as_text(vectors: dict[str, Any]) -> str:
    return json.dumps(vectors, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(make_vectors()), encoding="utf-8")
