"""Ending a process at any line that leaves a trace, made to order: before or after the nth of them, everything stops.

A trace is a transaction that is committed, a statement that writes on its own, something done in the store, a job that
is sent. What lies between two of them cannot be told apart from outside, so a death before each and after each are all
the deaths there are.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from celery import Celery
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from registry import storage

DEEDS: tuple[tuple[Any, str], ...] = (
    (storage, "put"),
    (storage, "put_file"),
    (storage, "begin_upload"),
    (storage, "begin_unchecked_upload"),
    (storage, "finish_upload"),
    (storage, "abandon_upload"),
    (storage, "destroy"),
    (storage, "delete"),
    (Celery, "send_task"),
)
WRITING = ("INSERT", "UPDATE", "DELETE")


class Killed(BaseException):
    """Not an Exception: nothing that the code catches stops it, as nothing stops SIGKILL."""


@dataclass(slots=True)
class Life:
    """How many traces are left until it ends; below nothing it has none to fear."""

    left: int
    after: bool
    traces: list[str] = field(default_factory=list)
    ended: bool = False

    def ends(self, what: str, *, after: bool) -> bool:
        if after != self.after:
            return False
        self.traces.append(what)
        self.left -= 1
        self.ended = self.ended or self.left == 0
        return self.left == 0


@contextmanager
def life(traces: int = -1, *, after: bool = False) -> Iterator[Life]:
    """The block ends before, or after, that trace, if it comes so far; else it says what it left behind."""
    lived = Life(traces, after)

    def mortal(name: str, work: Any) -> Any:
        def deed(*args: Any, **kwargs: Any) -> Any:
            if lived.ends(name, after=False):
                raise Killed
            answer = work(*args, **kwargs)
            if lived.ends(name, after=True):
                raise Killed
            return answer

        return deed

    def commit(self: BaseDatabaseWrapper) -> None:
        if lived.ends("commit", after=False):
            self.rollback()
            raise Killed
        really_commit(self)
        if lived.ends("commit", after=True):
            self.run_on_commit = []  # whoever is dead does nothing afterwards
            raise Killed

    def execute(run: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        alone = not context["connection"].in_atomic_block and sql.lstrip().upper().startswith(WRITING)
        return mortal("statement", run)(sql, params, many, context) if alone else run(sql, params, many, context)

    really_commit = BaseDatabaseWrapper.commit
    with ExitStack() as patches:
        for home, name in DEEDS:
            patches.enter_context(patch.object(home, name, mortal(name, getattr(home, name))))
        patches.enter_context(patch.object(BaseDatabaseWrapper, "commit", commit))
        patches.enter_context(connection.execute_wrapper(execute))
        with suppress(Killed):
            yield lived
