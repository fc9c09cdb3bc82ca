"""Clients that download in a loop as huggingface_hub does: what is main, then each file by HEAD and GET, large ones
from where the hub sends them. Each writes down when it last got a byte, of which revision, and from whom.
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

PAUSE = 1.0  # after a refusal; a person would wait longer
TIMEOUT = httpx.Timeout(120.0)


@dataclass(slots=True)
class Crowd:
    """`clients` of them, in a thread of their own, from `start` to `stop`.

    `last` says when each client last got anything of a revision: from the hub itself, and from the object store by an
    address that the hub had given before.
    """

    url: str
    clients: Sequence[tuple[str, Sequence[str]]]  # a token, and the models that it reads
    last_hub: dict[tuple[int, str], float] = field(default_factory=dict)
    last_store: dict[tuple[int, str], float] = field(default_factory=dict)
    refused: dict[tuple[int, str], float] = field(default_factory=dict)  # client and model: the first RevisionNotFound
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[tuple[float, float]] = field(default_factory=list)  # of each answer: when, and how long it took
    addresses: dict[str, tuple[str, float]] = field(default_factory=dict)  # a signed address a revision, and when given
    failure: BaseException | None = None
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="crowd")
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as fault:
            self.failure = fault

    async def _all(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits) as http, asyncio.TaskGroup() as group:
            for number, (token, models) in enumerate(self.clients):
                group.create_task(self._client(http, number, token, models))

    async def _client(self, http: httpx.AsyncClient, number: int, token: str, models: Sequence[str]) -> None:
        draw = random.Random(number)  # noqa: S311  a benchmark
        headers = {"Authorization": f"Bearer {token}"}
        while not self._ending.is_set():
            await self._snapshot(http, number, headers, draw.choice(models))

    async def _snapshot(self, http: httpx.AsyncClient, number: int, headers: dict[str, str], model: str) -> None:
        answer = await self._ask(http, "GET", f"{self.url}/api/models/{model}/revision/main", headers)
        if answer.status_code != 200:
            await self._was_refused(number, model, answer)
            return
        found = json.loads(answer.content)
        revision, files = found["sha"], [item["rfilename"] for item in found["siblings"]]
        for path in files:
            if self._ending.is_set():
                return
            address = f"{self.url}/{model}/resolve/{revision}/{path}"
            for method in ("HEAD", "GET"):
                answer = await self._ask(http, method, address, headers)
                if answer.status_code == 404:
                    await self._was_refused(number, model, answer)
                    return
            self.last_hub[number, revision] = time.time()
            if answer.status_code == 302:
                self.addresses[revision] = (answer.headers["Location"], time.time())
                await self._fetch(http, number, revision, answer.headers["Location"])

    async def _ask(self, http: httpx.AsyncClient, method: str, url: str, headers: dict[str, str]) -> httpx.Response:
        began = time.time()
        answer = await http.request(method, url, headers=headers)
        self.seconds.append((time.time(), time.time() - began))
        self.answers[f"{method} {answer.status_code}"] += 1
        return answer

    async def _fetch(self, http: httpx.AsyncClient, number: int, revision: str, url: str) -> None:
        async with http.stream("GET", url) as answer:
            self.answers[f"store {answer.status_code}"] += 1
            async for _ in answer.aiter_raw():
                self.last_store[number, revision] = time.time()

    async def _was_refused(self, number: int, model: str, answer: httpx.Response) -> None:
        if answer.headers.get("X-Error-Code") != "RevisionNotFound":
            raise RuntimeError(f"{model}: {answer.status_code} {answer.headers.get('X-Error-Message')}")
        self.refused.setdefault((number, model), time.time())
        await asyncio.sleep(PAUSE)
