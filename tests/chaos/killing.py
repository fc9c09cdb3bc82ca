"""Ending a process at any line that touches the outside, made to order: at the nth touch, everything stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from registry import storage
from registry.audit import log

# What a process does outside itself: the store, and the log (which every action writes in its transaction).
TOUCHES: tuple[tuple[Any, str], ...] = (
    (storage, "put"),
    (storage, "join"),
    (storage, "fetch"),
    (storage, "read"),
    (storage, "size_of"),
    (storage, "destroy"),
    (log, "leaf_of"),
)


class Killed(BaseException):
    """Not an Exception: nothing that the code catches stops it, as nothing stops SIGKILL."""


@contextmanager
def killed_at(touch: int) -> Iterator[None]:
    """The block ends at its `touch`th touch of the outside, if it comes so far. Half of them die after the deed."""
    left = touch

    def mortal(work: Any) -> Any:
        def die(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and touch % 2:
                raise Killed
            answer = work(*args, **kwargs)
            if left == 0:
                raise Killed
            return answer

        return die

    patches = [patch.object(home, name, mortal(getattr(home, name))) for home, name in TOUCHES]
    for each in patches:
        each.start()
    try:
        yield
    except Killed:
        pass
    finally:
        for each in patches:
            each.stop()
