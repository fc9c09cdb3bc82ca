"""Bringing files in tests the way a client does: declare, sign, PUT to the store, complete."""

import hashlib
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rest_framework.test import APIClient

from registry.digests import sha256
from registry.experts.rules import PACKAGE_FILES

EVIDENCE: dict[str, Any] = {
    "licence": {"declared": "CC-BY-4.0", "attribution": "The playhouse"},
    "consent": {
        "legal_basis": "no-personal-data",
        "purposes": ["research", "evaluation"],
        "withdrawal_method": "Write to the playhouse.",
    },
}


def evidence_for(anchor_digest: str, **changes: Any) -> dict[str, Any]:
    statement = {
        "anchor_digest": anchor_digest,
        "dataset": "Plays in the public domain.",
        "trained_by": "The playhouse",
        "code": "flexcore 0.1",
    }
    return {**EVIDENCE, "provenance": {"statement": statement}, **changes}


def put(url: str, data: bytes, headers: dict[str, str]) -> int:
    """The store's status for this PUT."""
    request = Request(url, data=data, method="PUT", headers=headers)  # noqa: S310  the test's own store
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310  the test's own store
            return int(answer.status)
    except HTTPError as refusal:
        return refusal.code


def declare(client: APIClient, version: object, path: str, data: bytes) -> Any:
    body = {"path": path, "size": len(data), "sha256": sha256(data)}
    return client.post(f"/api/v1/versions/{version}/files", body)


def sign(client: APIClient, file: dict[str, Any], parts: dict[int, bytes]) -> Any:
    wanted = [{"number": number, "sha256": hashlib.sha256(data).hexdigest()} for number, data in parts.items()]
    return client.post(f"/api/v1/files/{file['id']}/parts", {"parts": wanted})


def send_parts(client: APIClient, file: dict[str, Any], parts: dict[int, bytes]) -> None:
    answer = sign(client, file, parts)
    assert answer.status_code == 200, answer.content
    for signed in answer.json()["parts"]:
        assert put(signed["url"], parts[signed["number"]], signed["headers"]) == 200


def cut(data: bytes, part_size: int) -> dict[int, bytes]:
    return {n: data[at : at + part_size] for n, at in enumerate(range(0, len(data), part_size), start=1)}


def bring(client: APIClient, version: object, path: str, data: bytes) -> dict[str, Any]:
    """One whole file, completed."""
    declared = declare(client, version, path, data)
    assert declared.status_code == 201, declared.content
    file: dict[str, Any] = declared.json()
    send_parts(client, file, cut(data, file["part_size"]))
    answer = client.post(f"/api/v1/files/{file['id']}/complete")
    assert answer.status_code == 200, answer.content
    completed: dict[str, Any] = answer.json()
    return completed


def bring_all(client: APIClient, version: object) -> None:
    for path in PACKAGE_FILES:
        bring(client, version, path, f"the bytes of {path}".encode())
