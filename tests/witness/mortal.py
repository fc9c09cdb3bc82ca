"""A witness that dies, as by a power cut, when it first comes to the named place: `mortal.py PLACE ARGUMENTS...`."""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from witness.cli import main
from witness.notes import WitnessKey


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("dead")


def before_the_state(self: Path, target: Path, *, _replace: Any = Path.replace) -> Any:
    return die() if Path(target).name == "state.json" and Path(target).exists() else _replace(self, target)


if __name__ == "__main__":
    place = sys.argv[1]
    if place == "before the state is kept":
        Path.replace = before_the_state  # type: ignore[method-assign, assignment]
    elif place == "between the state and the answer":
        WitnessKey.cosign = die  # type: ignore[method-assign]
    sys.exit(main(sys.argv[2:]))
