"""Digests as the registry writes them: "sha256:" and 64 hex digits, over bytes or over canonical JSON (RFC 8785)."""

import hashlib
from typing import Any

import rfc8785


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes: one value, one text, on every machine."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    return sha256(canonical(value))
