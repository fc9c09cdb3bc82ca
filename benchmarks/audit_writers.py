"""The service's own half of benchmarks.audit: writes into the log as the actions do, through `registry.audit.log`.

Alone among the benchmarks it stands inside the service, for there is no way into the log from outside. What it writes
is made up, in the mix that builds and downloads give; the site it writes to is thrown away.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from registry.actors import ASSEMBLER  # noqa: E402
from registry.audit.events import Event  # noqa: E402
from registry.audit.log import Deed, record, record_many  # noqa: E402
from registry.audit.queries import entries, index_of, proof_of, published_size  # noqa: E402

SAMPLE = 0.2  # seconds between the entries whose way into the published log is watched
DIGEST = "sha256:" + "5" * 64


def deeds(writer: int) -> Iterator[Deed]:
    """A build with three experts, published, and downloaded once: ten entries, again and again."""
    for number in count():
        name = f"{writer:02}{number:030}"
        about, revision = f"composition:{name}", f"{name:0>40}"
        consumer, model = f"readers-{number % 50}", f"readers-{number % 50}/model-{number % 1000}"
        versions = [f"makers-{(number + n) % 10}/expert-{n}@1" for n in (1, 2, 3)]
        common = {"model": model, "recipe_digest": DIGEST}
        for version in versions:
            yield Deed(
                Event.DECISION_MADE,
                version,
                ASSEMBLER,
                {
                    "decision": name,
                    "consumer": consumer,
                    "action": "compose",
                    "purpose": "research",
                    "allowed": True,
                    "policies": ["permit.members"],
                    "set_hash": DIGEST,
                    "inputs_digest": DIGEST,
                },
            )
        held = {"composition": name, "revision": revision, "model": model, "consumer": consumer, "purpose": "research"}
        for slot, version in enumerate(versions, start=1):
            yield Deed(Event.INCLUSION_RECORDED, version, ASSEMBLER, {**held, "slot": slot, "data_digest": DIGEST})
        inclusions = [
            {"version": version, "slot": slot, "data_digest": DIGEST, "status_index": slot}
            for slot, version in enumerate(versions, start=1)
        ]
        told = {"consumer": consumer, "purpose": "research", "revision": revision, "manifest_digest": DIGEST}
        yield Deed(Event.COMPOSITION_INCLUDED, about, ASSEMBLER, {**common, **told, "inclusions": inclusions})
        yield Deed(Event.COMPOSITION_PUBLISHED, about, ASSEMBLER, {**common, "revision": revision})
        yield Deed(Event.MAIN_MOVED, f"model:{model}", ASSEMBLER, {"from": None, "to": revision})
        granted = {"revision": revision, "model": model, "consumer": consumer, "versions": versions}
        yield Deed(Event.DOWNLOAD_GRANTED, about, ASSEMBLER, granted)


def append(*, writer: int, batch: int, at: float, seconds: float, total: int) -> dict[str, Any]:
    """Transactions of `batch` entries each, from the moment `at` on, for so long or until so many are written."""
    made, written, watched, took = deeds(writer), 0, [], []
    connection.ensure_connection()
    time.sleep(max(0.0, at - time.time()))
    began_at = next_sample = max(at, time.time())
    end = began_at + seconds
    while time.time() < end and written < total:
        work = list(islice(made, batch))
        began = time.perf_counter()
        with transaction.atomic():
            ids = record_many(work)
        took.append(time.perf_counter() - began)
        written += batch
        if time.time() > next_sample:
            watched.append((time.time(), ids[-1]))
            next_sample += SAMPLE
    done = time.time()
    return {"written": written, "began": began_at, "done": done, "took": took, "watched": watched}


def beside(*, at: float, seconds: float, pause: float) -> dict[str, Any]:
    """A small deed with its commit, in turns with and without its record: what the record adds to a request."""
    took: dict[str, list[float]] = {"with": [], "without": []}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS measured (id bigserial PRIMARY KEY, what text)")
    made = deeds(99)
    time.sleep(max(0.0, at - time.time()))
    end = max(at, time.time()) + seconds
    while time.time() < end:
        for which, times in took.items():
            deed = next(made) if which == "with" else None
            began = time.perf_counter()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO measured (what) VALUES ('a deed')")
                if deed is not None:
                    record(deed.event, about=deed.about, by=deed.by, facts=deed.facts)
            times.append(time.perf_counter() - began)
            time.sleep(pause)
    return took


def places(ids: list[int]) -> list[int | None]:
    return [index_of(entry) for entry in ids]


def proofs(indexes: list[int]) -> list[float]:
    took = []
    for index in indexes:
        began = time.perf_counter()
        proof_of(index)
        took.append(time.perf_counter() - began)
    return took


def sizes() -> dict[str, int]:
    return {"written": entries().count(), "published": published_size()}


DO: dict[str, Callable[..., Any]] = {
    "append": append,
    "beside": beside,
    "places": places,
    "proofs": proofs,
    "sizes": sizes,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit_writers", description=__doc__)
    parser.add_argument("work", choices=DO)
    parser.add_argument("given", type=json.loads, help="what it is to be called with, as JSON")
    chosen = parser.parse_args()
    json.dump(DO[chosen.work](**chosen.given), sys.stdout)


if __name__ == "__main__":
    main()
