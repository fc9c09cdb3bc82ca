"""However many download, others get through."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from registry.hub.asgi import Receive, Scope, Send
from registry.hub.turnstile import AT_ONCE, Turnstile

DOWNLOADS = ["/api/models/library/stage", "/library/stage/resolve/main/config.json"]


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside.append(scope["path"])
        await self.go_on.wait()


async def nothing(message: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    return {}


async def send(message: Mapping[str, Any]) -> None:
    pass


@pytest.mark.parametrize("path", DOWNLOADS)
def test_a_click_gets_in_while_many_download(path: str) -> None:
    async def story() -> tuple[list[str], list[str]]:
        slow = Slow()
        house = Turnstile(slow)
        asked = [path] * 50 + ["/api/v1/versions/7/withdraw", "/models/library/stage"]
        tasks = [asyncio.create_task(house({"type": "http", "path": one}, nothing, send)) for one in asked]
        await asyncio.sleep(0.01)
        before = list(slow.inside)
        slow.go_on.set()
        await asyncio.gather(*tasks)
        return before, slow.inside

    before, after = asyncio.run(story())

    assert sorted(before) == sorted([path] * AT_ONCE + ["/api/v1/versions/7/withdraw", "/models/library/stage"])
    assert len(after) == 52


def test_whoever_is_refused_makes_room() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        raise ConnectionError

    async def story() -> int:
        house = Turnstile(refuse)
        asked = [house({"type": "http", "path": DOWNLOADS[0]}, nothing, send) for _ in range(AT_ONCE * 3)]
        return sum(isinstance(end, ConnectionError) for end in await asyncio.gather(*asked, return_exceptions=True))

    assert asyncio.run(story()) == AT_ONCE * 3
