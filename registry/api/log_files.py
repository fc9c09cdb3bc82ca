"""The log as strangers read it: the very bytes of the store, without signing in, and proofs of single entries."""

import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from registry import storage
from registry.audit.keys import MODELS, origin
from registry.audit.model_keys import pem_of
from registry.audit.placing import CHECKPOINT, place
from registry.audit.queries import keys_of_the_log, leaf_at, proof_of
from registry.errors import NotFound

MAX_TILE = 256 * (2 + 65_535)
TILE = re.compile(r"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?")
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """GET /log/checkpoint"""
    return _served(CHECKPOINT, kind="text/plain; charset=utf-8", cache="no-cache")


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """GET /log/tile/{L}/{N}[.p/{W}] and /log/tile/entries/{N}[.p/{W}]"""
    if not TILE.fullmatch(path):
        return _nothing(f"There is no tile {path[:60]}.")
    return _served(f"tile/{path}", kind="application/octet-stream", cache=FOR_EVER)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """GET /log/keys.json: which keys sign the log, our statements and models, and where the log says so."""
    found = [
        {
            "purpose": key.purpose,
            "vkey": key.vkey,
            "added": key.added,
            "retired": key.retired,
            "rotation": key.rotation or None,
            **({"pem": pem_of(key.vkey)} if key.purpose == MODELS else {}),
        }
        for key in keys_of_the_log()
    ]
    return _open(JsonResponse({"origin": origin(), "keys": found}))


@require_safe
def model_key(request: HttpRequest) -> HttpResponse:
    """GET /log/model-key.pem: the public key that signs models now, as their verifiers read it."""
    used = [key.vkey for key in keys_of_the_log() if key.purpose == MODELS and key.retired is None]
    if not used:
        return _nothing("The log does not tell of a key for models yet; the sequencer does when it starts.")
    return _open(HttpResponse(pem_of(used[-1]), content_type="application/x-pem-file"))


@require_safe
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """GET /api/v1/log/{index}/proof: the tlog-proof of one entry."""
    try:
        return _open(HttpResponse(proof_of(index), content_type="text/plain; charset=utf-8"))
    except NotFound as refusal:
        return _nothing(refusal.detail)


@require_safe
def leaf(request: HttpRequest, index: int) -> HttpResponse:
    """GET /api/v1/log/{index}/leaf: the entry's own bytes, which its proof is about."""
    try:
        return _open(HttpResponse(leaf_at(index), content_type="application/json"))
    except NotFound as refusal:
        return _nothing(refusal.detail)


def _served(name: str, *, kind: str, cache: str) -> HttpResponse:
    try:
        data = storage.read(place(name), limit=MAX_TILE)
    except storage.Missing:
        return _nothing(f"The log has no {name}.")
    answer = _open(HttpResponse(data, content_type=kind))
    answer["Cache-Control"] = cache
    return answer


def _open(answer: HttpResponse) -> HttpResponse:
    """Any page may read it, and check it for its reader."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "no-cache"
    return answer


def _nothing(sentence: str) -> HttpResponse:
    return _open(HttpResponse(f"{sentence}\n", status=404, content_type="text/plain; charset=utf-8"))
