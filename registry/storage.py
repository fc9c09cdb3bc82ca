"""Bytes in S3. The only module that talks to the object store; it knows keys and bytes, not what they mean."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

COPY_PART_BYTES = 2**30  # S3 allows 5 GiB; smaller parts copy in parallel
CHUNK = 2**20


class Missing(Exception):
    """There is no object under this key."""


class Mismatch(Exception):
    """The parts that the store holds are not those that were named to it."""


@dataclass(frozen=True, slots=True)
class SignedPart:
    """Where a client puts one part, and the headers that are part of the signature."""

    number: int
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it was put: its number, the store's ETag, its SHA-256 (hex), and its size."""

    number: int
    etag: str
    sha256: str
    size: int


def _make(endpoint: str) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.S3_REGION,
        aws_access_key_id=settings.S3_ACCESS_KEY_ID,
        aws_secret_access_key=settings.S3_SECRET_ACCESS_KEY,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 5, "mode": "standard"},
            max_pool_connections=16,
        ),
    )


@cache
def _store() -> "S3Client":
    return _make(settings.S3_ENDPOINT_URL)


@cache
def _signer() -> "S3Client":
    # Signs for the address that browsers and clients reach, which may not be the one we use.
    return _make(settings.S3_PUBLIC_ENDPOINT_URL)


def _b64(sha256_hex: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256_hex)).decode()


def put(key: str, data: bytes, *, cache_for_ever: bool = False) -> None:
    cache = "public, max-age=31536000, immutable" if cache_for_ever else "no-cache"
    _store().put_object(Bucket=settings.S3_BUCKET, Key=key, Body=data, CacheControl=cache)


def put_file(key: str, file: IO[bytes]) -> None:
    """The same from a file that can be rewound, without having it in memory."""
    _store().put_object(Bucket=settings.S3_BUCKET, Key=key, Body=file, CacheControl="no-cache")


def size_of(key: str) -> int | None:
    """The object's size in bytes; None when there is no such object."""
    try:
        return _store().head_object(Bucket=settings.S3_BUCKET, Key=key)["ContentLength"]
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def stream(key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The object's bytes from `start` up to and without `end`, in chunks."""
    yield from _body(key, start=start, end=end).iter_chunks(CHUNK)


def opened(key: str) -> "AbstractContextManager[StreamingBody]":
    """The object as a file that is read forwards."""
    return closing(_body(key))


def _body(key: str, *, start: int = 0, end: int | None = None) -> "StreamingBody":
    span = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
    store, bucket = _store(), settings.S3_BUCKET
    try:
        if (start, end) == (0, None):  # nothing of an empty object lies within any range
            return store.get_object(Bucket=bucket, Key=key)["Body"]
        return store.get_object(Bucket=bucket, Key=key, Range=span)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
            raise Missing(key) from error
        raise


def fetch(key: str, to: Path) -> str:
    """Copy an object into a file, in bounded memory; the SHA-256 (hex) of what came."""
    digest = hashlib.sha256()
    with to.open("wb") as file:
        for chunk in stream(key):
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def read(key: str, *, limit: int) -> bytes:
    """A small object, whole; one that is larger than `limit` bytes is refused."""
    size = size_of(key)
    if size is None:
        raise Missing(key)
    if size > limit:
        raise ValueError(f"{key} has {size} bytes; at most {limit} are read at once")
    return b"".join(stream(key)) if size else b""


def begin_upload(key: str) -> str:
    answer = _store().create_multipart_upload(Bucket=settings.S3_BUCKET, Key=key, ChecksumAlgorithm="SHA256")
    return answer["UploadId"]


def begin_unchecked_upload(key: str) -> str:
    """For parts whose digests nobody tells beforehand: what they joined are is checked by whoever reads it."""
    return _store().create_multipart_upload(Bucket=settings.S3_BUCKET, Key=key)["UploadId"]


def sign_unchecked_part(key: str, upload_id: str, *, number: int, size: int, seconds: int) -> str:
    """A URL for one part of which only the size is in the signature."""
    return _signer().generate_presigned_url(
        "upload_part",
        Params={
            "Bucket": settings.S3_BUCKET,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": size,
        },
        ExpiresIn=seconds,
    )


def sign_part(key: str, upload_id: str, *, number: int, sha256: str, size: int) -> SignedPart:
    """A URL for one part whose SHA-256 (hex) and size are in the signature: the store refuses any other bytes."""
    checksum = _b64(sha256)
    url = _signer().generate_presigned_url(
        "upload_part",
        Params={
            "Bucket": settings.S3_BUCKET,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ChecksumSHA256": checksum,
            "ContentLength": size,
        },
        ExpiresIn=settings.PRESIGNED_SECONDS,
    )
    return SignedPart(number=number, url=url, headers={"x-amz-checksum-sha256": checksum})


def parts_of(key: str, upload_id: str) -> list[Part]:
    """The parts that have arrived, so that an interrupted upload sends only the others; Missing when it is over.

    SeaweedFS does not tell their digests (AWS does): then `sha256` is empty.
    """
    pages = _store().get_paginator("list_parts").paginate(Bucket=settings.S3_BUCKET, Key=key, UploadId=upload_id)
    try:
        return [
            Part(p["PartNumber"], p["ETag"].strip('"'), base64.b64decode(p.get("ChecksumSHA256", "")).hex(), p["Size"])
            for page in pages
            for p in page.get("Parts", [])
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchUpload", "404"}:
            raise Missing(f"the upload of {key}") from error
        raise


def finish_upload(key: str, upload_id: str, parts: Sequence[Part]) -> None:
    """Join the parts, whose digests the store compares with what it holds: Mismatch when they differ."""
    try:
        _store().complete_multipart_upload(
            Bucket=settings.S3_BUCKET,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={
                "Parts": [
                    {"PartNumber": p.number, "ETag": p.etag, **({"ChecksumSHA256": _b64(p.sha256)} if p.sha256 else {})}
                    for p in sorted(parts, key=lambda p: p.number)
                ]
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in {"InvalidPart", "InvalidRequest", "BadDigest", "EntityTooSmall"}:
            raise Mismatch(key) from error
        raise


@dataclass(frozen=True, slots=True)
class Written:
    """Parts that lie in the store, and are an object only once they are finished."""

    key: str
    upload_id: str
    parts: tuple[Part, ...]

    def finish(self) -> None:
        finish_upload(self.key, self.upload_id, self.parts)

    def abandon(self) -> None:
        abandon_upload(self.key, self.upload_id)


def write(key: str, pieces: Iterator[bytes], *, part_bytes: int) -> Written:
    """Put pieces into the store, a part in memory; whoever calls says whether they become an object."""
    upload_id, held = begin_unchecked_upload(key), bytearray()
    parts: list[Part] = []

    def put_part(size: int) -> None:
        number, data = len(parts) + 1, bytes(held[:size])
        answer = _store().upload_part(
            Bucket=settings.S3_BUCKET, Key=key, UploadId=upload_id, PartNumber=number, Body=data
        )
        parts.append(Part(number, answer["ETag"].strip('"'), "", len(data)))
        del held[:size]

    try:
        for piece in pieces:
            held += piece
            while len(held) >= part_bytes:
                put_part(part_bytes)
        if held or not parts:
            put_part(len(held))
    except BaseException:
        abandon_upload(key, upload_id)
        raise
    return Written(key, upload_id, tuple(parts))


def abandon_upload(key: str, upload_id: str) -> None:
    """Drop an upload and its parts; one that is gone already is no fault."""
    try:
        _store().abort_multipart_upload(Bucket=settings.S3_BUCKET, Key=key, UploadId=upload_id)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise


def join(key: str, *, head: bytes, source: str, start: int, size: int) -> None:
    """Make an object of `head` and a byte range of another object, which the store copies by itself.

    `head` is the first part, so it must have at least 5 MiB (S3's minimum for all parts but the last).
    """
    store, bucket = _store(), settings.S3_BUCKET
    upload_id = store.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    spans = [(at, min(at + COPY_PART_BYTES, start + size)) for at in range(start, start + size, COPY_PART_BYTES)]

    def copy(number: int, span: tuple[int, int]) -> Part:
        answer = store.upload_part_copy(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": source},
            CopySourceRange=f"bytes={span[0]}-{span[1] - 1}",
        )
        return Part(number, answer["CopyPartResult"]["ETag"].strip('"'), "", span[1] - span[0])

    try:
        first = store.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=head)
        with ThreadPoolExecutor(max_workers=8) as pool:
            copied = list(pool.map(copy, range(2, len(spans) + 2), spans))
        finish_upload(key, upload_id, [Part(1, first["ETag"].strip('"'), "", len(head)), *copied])
    except BaseException:
        abandon_upload(key, upload_id)
        raise


def sign_get(key: str, *, filename: str) -> str:
    """A URL that reads the object for the next few minutes."""
    return _signer().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.S3_BUCKET,
            "Key": key,
            "ResponseContentDisposition": f"inline; filename*=UTF-8''{quote(filename)}",
        },
        ExpiresIn=settings.PRESIGNED_SECONDS,
    )


def begun_uploads(prefix: str) -> Iterator[tuple[str, str, datetime]]:
    """Key, id and time of beginning of the multipart uploads that are neither finished nor abandoned."""
    pages = _store().get_paginator("list_multipart_uploads").paginate(Bucket=settings.S3_BUCKET, Prefix=prefix)
    for page in pages:
        for upload in page.get("Uploads", []):
            yield upload["Key"], upload["UploadId"], upload["Initiated"]


def keys_under(prefix: str) -> Iterator[tuple[str, datetime]]:
    """The keys under a prefix, and when each was written."""
    for page in _store().get_paginator("list_objects_v2").paginate(Bucket=settings.S3_BUCKET, Prefix=prefix):
        for item in page.get("Contents", []):
            yield item["Key"], item["LastModified"]


def tally(*, most: int) -> tuple[dict[str, tuple[int, int]], bool]:
    """Objects and bytes by the first part of their keys; and whether that is all, or the store has more than `most`."""
    found: dict[str, tuple[int, int]] = {}
    seen = 0
    for page in _store().get_paginator("list_objects_v2").paginate(Bucket=settings.S3_BUCKET):
        for item in page.get("Contents", []):
            if seen == most:
                return found, False
            seen += 1
            kind = item["Key"].partition("/")[0]
            objects, size = found.get(kind, (0, 0))
            found[kind] = (objects + 1, size + item["Size"])
    return found, True


def versions_of(key: str) -> list[tuple[str, int]]:
    """Every version of an object that the store holds, id and size; in a bucket without versions there is one at most.

    Delete markers count too, with no size: nothing is to be left that has this name.
    """
    pages = _store().get_paginator("list_object_versions").paginate(Bucket=settings.S3_BUCKET, Prefix=key)
    found = []
    for page in pages:
        found += [(v.get("VersionId", ""), v.get("Size", 0)) for v in page.get("Versions", []) if v["Key"] == key]
        found += [(m.get("VersionId", ""), 0) for m in page.get("DeleteMarkers", []) if m["Key"] == key]
    return found


def names_under(prefix: str) -> set[str]:
    """Every name under a prefix of which there is anything: a version, a delete marker, an upload that was begun."""
    names = {name for name, _, _ in begun_uploads(prefix)}
    for page in _store().get_paginator("list_object_versions").paginate(Bucket=settings.S3_BUCKET, Prefix=prefix):
        names |= {item["Key"] for item in page.get("Versions", [])}
        names |= {item["Key"] for item in page.get("DeleteMarkers", [])}
    return names


def remnants_of(key: str) -> int:
    """How much there still is of an object: its versions, and uploads under its name that were begun."""
    uploads = [upload for name, upload, _ in begun_uploads(key) if name == key]
    return len(versions_of(key)) + len(uploads)


def destroy(key: str) -> list[tuple[str, int]]:
    """Delete every version of an object, and every upload under its name; what there was, id and size."""
    found = versions_of(key)
    for version_id, _ in found:
        # "null" is a version too, written before the bucket kept versions: unnamed, it would only get a delete marker.
        if version_id:
            _store().delete_object(Bucket=settings.S3_BUCKET, Key=key, VersionId=version_id)
        else:
            delete(key)
    for name, upload_id, _ in list(begun_uploads(key)):
        if name == key:
            abandon_upload(key, upload_id)
    return found


def delete(key: str) -> None:
    """Delete an object; one that is gone already is no fault."""
    _store().delete_object(Bucket=settings.S3_BUCKET, Key=key)


def delete_under(prefix: str) -> int:
    """Delete every object under a prefix; how many there were."""
    keys = [key for key, _ in keys_under(prefix)]
    for key in keys:
        delete(key)
    return len(keys)
