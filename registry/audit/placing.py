"""Where the log's files lie in the store. The names behind the prefix are those of C2SP tlog-tiles."""

from django.conf import settings

CHECKPOINT = "checkpoint"


def place(name: str) -> str:
    return f"{settings.LOG_PREFIX}{name}"
