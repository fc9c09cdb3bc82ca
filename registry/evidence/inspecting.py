"""Looking into a file in a process of its own: bounded in time and memory, without our settings, keys or sockets.

A parser that is taken over by what it reads finds nothing there, and one that never ends is ended.
"""

import json
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO

from registry.errors import Busy, Invalid

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30
AT_ONCE = 2
WAIT_SECONDS = 20
TOO_MUCH = "The file is built so that looking through it takes too much; send one that is plainer."
_turns = BoundedSemaphore(AT_ONCE)


def media_type_of(file: IO[bytes]) -> str:
    """What the file is, as `contents.media_type_of` says; Invalid when it is refused."""
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise Busy("Many files are being looked at just now; send yours again in a minute.")
    try:
        file.flush()
        file.seek(0)
        done = subprocess.run(  # our own program; the file is its standard input
            [sys.executable, "-s", "-m", "registry.evidence.contents"],
            stdin=file.fileno(),
            capture_output=True,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Invalid(TOO_MUCH) from None
    finally:
        _turns.release()
    found = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {"refusal": TOO_MUCH}
    if "refusal" in found:
        raise Invalid(found["refusal"])
    return str(found["media_type"])
