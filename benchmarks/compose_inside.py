"""The service's own half of benchmarks.compose: the assembling worker's task, called here so that its traffic with the
store can be counted. What it makes is cancelled afterwards, and stays on a site that is thrown away.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")
django.setup()

from django.conf import settings  # noqa: E402

from benchmarks.made_up import ANCHOR  # noqa: E402
from registry import jobs, storage  # noqa: E402
from registry.accounts.models import Membership, Role  # noqa: E402
from registry.actors import person  # noqa: E402
from registry.compositions.actions import cancel_composition, request_model  # noqa: E402
from registry.compositions.models import Composition  # noqa: E402
from registry.experts.models import Anchor, Expert, ExpertVersion, UploadedFile  # noqa: E402
from workers.assembly import EXPERT, SHARED, compose  # noqa: E402

CONSUMER = "readers-00"
PIECE = 64 * 2**20


class Traffic:
    """Bytes of bodies that went between this process and the store."""

    def __init__(self) -> None:
        self.sent = self.received = 0
        events = storage._store().meta.events
        events.register("before-send.s3", self._sending)
        events.register("response-received.s3", self._answered)

    def _sending(self, request: Any, **_: object) -> None:
        self.sent += int(request.headers.get("Content-Length") or 0)

    def _answered(self, response_dict: dict[str, Any], event_name: str, **_: object) -> None:
        if not event_name.endswith(".HeadObject"):  # it tells a length and sends nothing
            self.received += int(response_dict.get("headers", {}).get("content-length") or 0)


@contextmanager
def measured(size: int) -> Iterator[dict[str, Any]]:
    traffic, began = Traffic(), time.perf_counter()
    told: dict[str, Any] = {"bytes": size}
    yield told
    told |= {"seconds": time.perf_counter() - began, "sent": traffic.sent, "received": traffic.received}


def sources(experts: list[str]) -> list[UploadedFile]:
    """The public expert's file and those of the experts, in the order of their slots."""
    anchor = Anchor.objects.get(slug=ANCHOR)
    names = [name.partition("/")[2] for name in experts]
    rows = Expert.objects.filter(name__in=names).order_by("registration")
    homes: list[Anchor | ExpertVersion] = [anchor, *(row.versions.get() for row in rows)]
    return [home.files.get(path=EXPERT) for home in homes]


def size_of(experts: list[str]) -> int:
    shared = Anchor.objects.get(slug=ANCHOR).files.get(path=SHARED)
    return sum(file.size for file in [shared, *sources(experts)])


def do_compose(*, name: str, experts: list[str]) -> dict[str, Any]:
    reader = Membership.objects.get(organisation__slug=CONSUMER, role=Role.CONSUMER).person
    by = person(reader.id)
    storage.size_of("nothing")  # the connection stands before the clock runs
    with patch.object(jobs, "send"):  # the site's own worker is not to take it
        asked = request_model(CONSUMER, name, anchor=ANCHOR, experts=experts, purpose="research", by=by)
        with measured(size_of(experts)) as told:
            compose(str(asked.id))
        composition = Composition.objects.get(id=asked.id)
        if not composition.revision:
            raise RuntimeError(f"{composition} was not assembled: {composition.failure}")
        cancel_composition(composition.id, by=by)
    return told


def do_copy(*, experts: list[str]) -> dict[str, Any]:
    """The server copies each object whole, all at once."""
    found = sources(experts)
    with measured(sum(file.size for file in found)) as told, ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(_copy, range(len(found)), [file.key for file in found]))
    for number in range(len(found)):
        storage.delete(f"measured/{number}")
    return told


def _copy(number: int, key: str) -> None:
    store, bucket = storage._store(), settings.S3_BUCKET
    store.copy_object(Bucket=bucket, Key=f"measured/{number}", CopySource={"Bucket": bucket, "Key": key})


def do_carry(*, experts: list[str]) -> dict[str, Any]:
    """Each object through this process, in pieces, one after another."""
    found = sources(experts)
    with measured(sum(file.size for file in found)) as told:
        for number, file in enumerate(found):
            _carry(f"measured/{number}", file)
    for number in range(len(found)):
        storage.delete(f"measured/{number}")
    return told


def _carry(key: str, file: UploadedFile) -> None:
    store, bucket = storage._store(), settings.S3_BUCKET
    upload, parts = storage.begin_upload(key), []
    for number, start in enumerate(range(0, file.size, PIECE), start=1):
        piece = b"".join(storage.stream(file.key, start=start, end=min(start + PIECE, file.size)))
        digest = hashlib.sha256(piece).hexdigest()
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        answer = store.upload_part(
            Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=piece, ChecksumSHA256=checksum
        )
        parts.append(storage.Part(number, answer["ETag"].strip('"'), digest, len(piece)))
    storage.finish_upload(key, upload, parts)


DO: dict[str, Callable[..., dict[str, Any]]] = {"compose": do_compose, "copy": do_copy, "carry": do_carry}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compose_inside", description=__doc__)
    parser.add_argument("work", choices=DO)
    parser.add_argument("given", type=json.loads, help="what it is to be called with, as JSON")
    chosen = parser.parse_args()
    json.dump(DO[chosen.work](**chosen.given), sys.stdout)


if __name__ == "__main__":
    main()
