"""The last one out: ends what a supervisor started, should the supervisor itself be killed.

Reads lines "+PID SIGNAL" and "-PID" on standard input. When that closes, each process still on the list gets its
signal, and three seconds later everything of its group is killed. Standard library only: it is started as a file.
"""

import contextlib
import os
import signal
import sys
import time

PATIENCE = 3.0


def ask_to_stop(groups: dict[int, int]) -> None:
    for pid, number in groups.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        pid, _, number = line[1:].partition(" ")
        if line.startswith("+"):
            groups[int(pid)] = int(number)
        else:
            groups.pop(int(pid), None)
    ask_to_stop(groups)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(map(alive, groups)):
        time.sleep(0.05)
    for pid in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
