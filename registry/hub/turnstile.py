"""Few at a time: however many download, whoever withdraws an expert, or reads a page, is not kept waiting behind them.

Each web process lets so many requests of the hub's protocol into Django at once; the others wait outside, which costs
nothing. More at once would not be answered sooner, for they share one processor.
"""

import asyncio
import re

from registry.hub.asgi import Application, Receive, Scope, Send

AT_ONCE = 4
HUB = re.compile(r"/api/models/|/[^/]+/[^/]+/resolve/")


class Turnstile:
    """Around the application."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and HUB.match(scope["path"]):
            async with self._places:
                await self.application(scope, receive, send)
        else:
            await self.application(scope, receive, send)
