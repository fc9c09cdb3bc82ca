"""Scratch folders: gone after their task, and those of killed workers with the next one."""

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import Settings

from workers.scratch import scratch_folder


def left_behind(home: Path, name: str) -> Path:
    """A folder as a worker has it that began an hour ago."""
    folder = home / name
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"many")
    os.utime(folder, (0, 0))
    return folder


def test_a_folder_is_gone_when_its_task_ends_however_it_ends() -> None:
    with scratch_folder() as done:
        (done / "weights").write_bytes(b"many")
    with ExitStack() as failing:
        failed = failing.enter_context(scratch_folder())
        failing.callback(failed.joinpath("nothing").unlink)
        with pytest.raises(FileNotFoundError):
            failing.close()

    assert not done.exists()
    assert not failed.exists()


def test_the_folder_of_a_dead_worker_is_removed(settings: Settings) -> None:
    dead = left_behind(settings.SCRATCH, "dead")

    with scratch_folder():
        pass

    assert not dead.exists()


def test_the_folder_of_a_living_worker_stays(settings: Settings) -> None:
    living = left_behind(settings.SCRATCH, "living")
    held = os.open(living, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    with scratch_folder():
        pass

    assert (living / "weights").exists()
    os.close(held)
