"""Folders for what a task has to have on disk. Each is gone after its task, and those of killed workers at the next."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

SETTLED = 60.0  # seconds until a folder without a lock is one whose owner died, not one that is being made


@contextmanager
def scratch_folder() -> Iterator[Path]:
    settings.SCRATCH.mkdir(parents=True, exist_ok=True)
    _sweep(settings.SCRATCH)
    folder = Path(tempfile.mkdtemp(dir=settings.SCRATCH))
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _sweep(home: Path) -> None:
    """Remove what has no living owner: the lock of a dead process is free."""
    for folder in home.iterdir():
        try:
            if time.time() - folder.stat().st_mtime < SETTLED:
                continue
            held = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its owner was done
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)
