"""How many questions about a repository the hub answers, and what a large file costs its web process.

Run beside a site of its own (`make bench-compose`). The clients write requests to sockets themselves, because any HTTP
library would need more of the two cores than the service; an address that Django alone answers with "not found" is the
ceiling that they are compared with.
"""

import argparse
import asyncio
import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.made_up import ANCHOR, found_town
from benchmarks.timing import table
from benchmarks.withdrawal import share
from client.waiting import wait_for_composition

CLIENTS, EXPERTS = 50, ("one", "two")
MODEL = "readers-00/model"
SHARD = "expert-01.safetensors"


async def ask(host: str, port: int, requests: Sequence[bytes], took: list[float], *, status: bytes, end: float) -> None:
    """One client: a question after the other on one connection."""
    reader, writer = await asyncio.open_connection(host, port)
    draw = random.Random(len(took))  # noqa: S311  a benchmark
    while time.perf_counter() < end:
        request = draw.choice(requests)
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 " + status):
            raise RuntimeError(head.decode())
        length = 0 if request.startswith(b"HEAD") else int(field(head, b"content-length"))
        if length:
            await reader.readexactly(length)
        took.append(time.perf_counter() - began)
    writer.close()


def field(head: bytes, name: bytes) -> bytes:
    return next(line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(name + b":"))


def crowd(url: str, asked: Sequence[Sequence[bytes]], *, seconds: float, status: bytes = b"200") -> list[float]:
    """All clients at once, each with requests of its own; the time of each answer."""
    place = urlsplit(url)

    async def everybody() -> list[float]:
        took: list[float] = []
        end = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for requests in asked:
                group.create_task(ask(place.hostname or "", place.port or 80, requests, took, status=status, end=end))
        return took

    return asyncio.run(everybody())


def request(url: str, method: str, path: str, token: str) -> bytes:
    host = urlsplit(url).netloc
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def web_process() -> psutil.Process:
    for child in psutil.Process(os.getppid()).children():
        if "granian" in child.cmdline():
            return child
    raise RuntimeError("there is no web process beside us; run this with python -m registry.embedded run")


def worked(process: psutil.Process) -> float:
    each = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in each)


def redirects(url: str, token: str, *, count: int) -> str:
    """What the web process works for a file that the store sends, whatever its size."""
    web, total = web_process(), 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        before = worked(web)
        for _ in range(count):
            answer = http.get(f"/{MODEL}/resolve/main/{SHARD}")
            if answer.status_code != 302:
                raise RuntimeError(f"{answer.status_code} {answer.text}")
            total += len(answer.content)
        spent = worked(web) - before
    return (
        f"A shard: {1000 * spent / count:.1f} ms of the web process and {total / count:.0f} bytes of body, "
        "whatever its size: the store sends it."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    url = os.environ["GUILDHALL_URL"]
    operator = os.environ["GUILDHALL_OPERATOR_EMAIL"], os.environ["GUILDHALL_OPERATOR_PASSWORD"]
    with ExitStack() as lines:
        town = found_town(lines, url, operator=operator, experts=EXPERTS, consumers=1)
        reader = town.consumers["readers-00"]
        experts = [f"makers/{name}" for name in EXPERTS]
        _, build = reader.request_model(MODEL, anchor=ANCHOR, experts=experts, purpose="research")
        found = wait_for_composition(reader, build, seconds=300)
        tokens = [reader.create_token(f"client {number}", days=1)["token"] for number in range(CLIENTS)]
    revision, paths = found["revision"], [file["path"] for file in found["files"]]
    kinds = {
        "model_info": [("GET", f"/api/models/{MODEL}")],
        "tree": [("GET", f"/api/models/{MODEL}/tree/{revision}?recursive=true&expand=false")],
        "HEAD of a file": [("HEAD", f"/{MODEL}/resolve/{revision}/{path}") for path in paths],
        "refs": [("GET", f"/api/models/{MODEL}/refs")],
    }
    kinds["all of these"] = [one for several in kinds.values() for one in several]
    rows = []
    nothing = [[request(url, "GET", "/api/agent-harnesses", token)] for token in tokens]
    for what, asked, status in (
        ("nothing (Django's not found)", nothing, b"404"),
        *(
            (what, [[request(url, method, path, token) for method, path in several] for token in tokens], b"200")
            for what, several in kinds.items()
        ),
    ):
        took = crowd(url, asked, seconds=given.seconds, status=status)
        cells = [f"{1000 * share(took, part):.1f}" for part in (0.5, 0.99)]
        rows.append([what, f"{len(took) / given.seconds:.0f}", *cells])
        print(rows[-1], flush=True)
    print(f"\n{table([f'{CLIENTS} clients ask for', 'answers/s', 'ms p50', 'ms p99'], rows)}\n", flush=True)
    print(redirects(url, tokens[0], count=100), flush=True)


if __name__ == "__main__":
    main()
