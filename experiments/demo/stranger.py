"""Somebody who trusts nobody: the command line on a machine of its own, with no account, checks what it is shown."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether it held, and the sentence that says what was found, or what is wrong."""

    held: bool
    said: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """A home folder, in which the log's key is kept from the first time on, and the service's address."""

    home: Path
    url: str

    def offline(self) -> Self:
        """The same, where the service cannot be reached: only files, and the log's key that was met before."""
        return replace(self, url="https://nobody.invalid")

    def verify(self, *question: str) -> Verified:
        """`guildhall verify …`, in a process of its own."""
        done = subprocess.run(  # noqa: S603  our own command line
            [str(Path(sys.executable).with_name("guildhall")), "verify", *question],
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.home), "GUILDHALL_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        return Verified(done.returncode == 0, lines[0].removeprefix("guildhall: ") if lines else "nothing was said")
