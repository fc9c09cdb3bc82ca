"""The time, as far as anything is decided by it: never earlier than the newest published checkpoint.

A machine whose clock is set back must not bring an ended consent or an expired token to life, nor write entries that
seem older than what the world has seen. Ahead of the log the machine's own clock counts.
"""

import time
from datetime import UTC, datetime

from django.utils import timezone

from registry.audit.models import LogState

LOOK_EVERY = 1.0  # seconds, by a clock that nobody can set

_floor = datetime.min.replace(tzinfo=UTC)
_looked = float("-inf")


def now() -> datetime:
    global _floor, _looked  # noqa: PLW0603  one time a process
    if time.monotonic() - _looked >= LOOK_EVERY:
        published = LogState.objects.filter(id=1).values_list("published_at", flat=True).first()
        _floor = max(_floor, published) if published else _floor
        _looked = time.monotonic()
    return max(timezone.now(), _floor)


def forget() -> None:
    """As a process that has just started knows nothing."""
    global _floor, _looked
    _floor, _looked = datetime.min.replace(tzinfo=UTC), float("-inf")
