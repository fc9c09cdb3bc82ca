"""The sequencer as a process: gives entries their places and publishes the log, until it is told to stop.

One works at a time, by an advisory lock that PostgreSQL frees when its process is gone; others wait.
"""

import logging
import signal
import time
from threading import Event as Flag
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from registry.audit.sequencer import Halted, Sequencer

logger = logging.getLogger(__name__)

LOCK = "SELECT pg_try_advisory_lock(hashtextextended('sequencer', 0))"
IDLE = 0.05  # seconds between looks, when there is nothing to do
PAUSE = 1.0  # before a failed step is tried again; doubled each time
LONGEST = 30.0


class Command(BaseCommand):
    help = "Give entries their places in the log, and publish it."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause = PAUSE
        while not stop.is_set():
            began = time.monotonic()
            try:
                run(stop)
            except Halted:
                pause = LONGEST  # an operator has to look; the log says so again from time to time
            except Exception:
                logger.exception("The sequencer failed; it begins again in %.0f s.", pause)
            connection.close()
            if time.monotonic() - began > LONGEST:
                pause = PAUSE
            stop.wait(pause)
            pause = min(2 * pause, LONGEST)


def run(stop: Flag) -> None:
    """Work while this connection lives: the lock goes with it."""
    while not alone():
        if stop.wait(1.0):
            return
    sequencer = Sequencer()
    sequencer.begin()
    while not stop.is_set():
        if not sequencer.step():
            stop.wait(IDLE)


def alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        return bool(cursor.fetchone()[0])
