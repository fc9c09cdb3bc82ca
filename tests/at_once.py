"""Deeds done at the same time, each in a thread with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(deeds))

    def do(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=20)
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [running.result(timeout=60) for running in [pool.submit(do, deed) for deed in deeds]]
