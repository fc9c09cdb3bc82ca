"""A presigned URL takes the bytes it was signed for, in its place, for a few minutes, and nothing else."""

import time
from typing import Any

import pytest
from pytest_django import Settings

from registry import storage
from registry.experts.models import UploadedFile
from tests.factories import ADA, api, make_draft
from tests.registry.uploading import bring, cut, declare, put, send_parts, sign

MIB = 2**20
DATA = b"a" * (5 * MIB) + b"b" * (5 * MIB) + b"c"
REFUSED = (400, 403, 404)


@pytest.fixture
def begun(settings: Settings) -> dict[str, Any]:
    """An upload of three parts, none of which was sent."""
    settings.UPLOAD_PART_BYTES = 5 * MIB
    file: dict[str, Any] = declare(api(ADA), make_draft().id, "expert.safetensors", DATA).json()
    return file


def arrived(file: dict[str, Any]) -> list[int]:
    return [part["number"] for part in api(ADA).get(f"/api/v1/files/{file['id']}").json()["parts"]]


def signed_parts(file: dict[str, Any]) -> dict[int, Any]:
    answer = sign(api(ADA), file, cut(DATA, 5 * MIB)).json()
    return {part["number"]: part for part in answer["parts"]}


def test_parts_may_come_in_any_order(begun: dict[str, Any]) -> None:
    parts = cut(DATA, 5 * MIB)

    for number in (3, 1, 2):
        send_parts(api(ADA), begun, {number: parts[number]})
    answer = api(ADA).post(f"/api/v1/files/{begun['id']}/complete")

    assert answer.status_code == 200
    assert b"".join(storage.stream(UploadedFile.objects.get(id=begun["id"]).key)) == DATA


def test_a_part_in_anothers_place_is_refused(begun: dict[str, Any]) -> None:
    parts, signed = cut(DATA, 5 * MIB), signed_parts(begun)

    swapped = put(signed[1]["url"], parts[2], signed[1]["headers"])
    renumbered = put(signed[1]["url"].replace("partNumber=1", "partNumber=2"), parts[1], signed[1]["headers"])

    assert swapped in REFUSED
    assert renumbered in REFUSED
    assert arrived(begun) == []


def test_a_url_without_its_headers_or_for_another_object_is_refused(begun: dict[str, Any]) -> None:
    part, key = cut(DATA, 5 * MIB)[3], UploadedFile.objects.get(id=begun["id"]).key
    signed = signed_parts(begun)[3]

    bare = put(signed["url"], part, {})
    elsewhere = put(signed["url"].replace(key, key + "x"), part, signed["headers"])

    assert bare in REFUSED
    assert elsewhere in REFUSED
    assert arrived(begun) == []


def test_a_url_used_again_after_the_file_is_complete_changes_nothing() -> None:
    client, version = api(ADA), make_draft()
    file = declare(client, version.id, "expert.json", b"true").json()
    kept = sign(client, file, {1: b"true"}).json()["parts"][0]
    bring(client, version.id, "expert.json", b"true")

    again = put(kept["url"], b"true", kept["headers"])

    assert again in REFUSED
    assert b"".join(storage.stream(UploadedFile.objects.get(id=file["id"]).key)) == b"true"


def test_a_url_that_has_expired_is_refused(begun: dict[str, Any], settings: Settings) -> None:
    settings.PRESIGNED_SECONDS = 1
    signed = signed_parts(begun)[3]
    time.sleep(2.5)

    late = put(signed["url"], b"c", signed["headers"])

    assert late in REFUSED
    assert arrived(begun) == []
