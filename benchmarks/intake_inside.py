"""The service's own half of benchmarks.intake: the reading task's work, and boto3's own upload to the site's store."""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")
django.setup()

from boto3.s3.transfer import TransferConfig  # noqa: E402
from django.conf import settings  # noqa: E402

from client.uploads import LANES  # noqa: E402
from registry import storage  # noqa: E402
from registry.experts.queries import get_version  # noqa: E402
from registry.experts.rules import part_size_for  # noqa: E402
from workers.findings import Findings  # noqa: E402
from workers.verification import read_version  # noqa: E402


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def do_read(*, version: str) -> dict[str, Any]:
    storage.size_of("nothing")  # the connection stands before the clock runs
    import model_signing.verifying  # noqa: F401, PLC0415  a worker has loaded it since its first package

    found, before = get_version(UUID(version)), peak()
    began = time.perf_counter()
    read_version(found, Findings(found.id))
    return {"seconds": time.perf_counter() - began, "grown": peak() - before}


def do_boto3(*, folder: str) -> dict[str, Any]:
    """As `aws s3 cp --recursive` does it, with our size of parts and as many at once."""
    storage.size_of("nothing")
    paths = sorted(Path(folder).iterdir())
    part = part_size_for(max(path.stat().st_size for path in paths), wanted=settings.UPLOAD_PART_BYTES)
    config = TransferConfig(multipart_threshold=part, multipart_chunksize=part, max_concurrency=LANES)
    began = time.perf_counter()
    for path in paths:
        storage._store().upload_file(str(path), settings.S3_BUCKET, f"measured/{path.name}", Config=config)
    seconds = time.perf_counter() - began
    for path in paths:
        storage.delete(f"measured/{path.name}")
    return {"seconds": seconds}


DO: dict[str, Callable[..., dict[str, Any]]] = {"read": do_read, "boto3": do_boto3}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake_inside", description=__doc__)
    parser.add_argument("work", choices=DO)
    parser.add_argument("given", type=json.loads, help="what it is to be called with, as JSON")
    chosen = parser.parse_args()
    json.dump(DO[chosen.work](**chosen.given), sys.stdout)


if __name__ == "__main__":
    main()
