"""A worker that dies, the whole of it, at one named point of a build: what a failing machine does, made to order.

Run as `celery -A tests.flows.mortal worker` with the point in DIE. The code it runs is the production code; only the
names it calls at that point are wrapped.
"""

import os
import signal
from collections.abc import Callable
from importlib import import_module
from typing import Any

from workers.celery import app

app.loader.import_default_modules()

Point = tuple[str, str]
BEFORE: dict[str, Point] = {
    "before the assembly": ("workers.assembly", "start_assembly"),
    "while a shard is copied": ("registry.storage", "finish_upload"),
    "when a shard lies there and no row says so": ("workers.assembly", "record_shard"),
    "when all shards lie there": ("workers.assembly", "record_assembled"),
    "after the trial": ("workers.validation", "include_composition"),
    "when its proof lies there": ("workers.publishing", "publish_composition"),
}
AFTER: dict[str, Point] = {
    "when its inclusions are on record": ("workers.validation", "include_composition"),
    "when it is published": ("workers.publishing", "publish_composition"),
}


def die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def mortal(work: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def last(*args: Any, **kwargs: Any) -> None:
        if after:
            work(*args, **kwargs)
        die()

    return last


for points, after in ((BEFORE, False), (AFTER, True)):
    if os.environ["DIE"] in points:
        where, name = points[os.environ["DIE"]]
        module = import_module(where)
        setattr(module, name, mortal(getattr(module, name), after=after))
