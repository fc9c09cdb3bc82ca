"""What every command shares: where the service is and who asks, the lines it prints, and how a password is read."""

import getpass
import os
from collections.abc import Iterable

from client.api import Guildhall
from client.connection import Refused

LOCAL = "http://127.0.0.1:8000"


def here(*, signed_in: bool = True) -> Guildhall:
    """The service of GUILDHALL_URL, as the holder of GUILDHALL_TOKEN."""
    token = os.environ.get("GUILDHALL_TOKEN")
    if signed_in and not token:
        raise Refused("GUILDHALL_TOKEN is not set; `guildhall login` makes a token.", status=0, code="no-token")
    return Guildhall(os.environ.get("GUILDHALL_URL", LOCAL), token=token if signed_in else None)


def show(told: Iterable[str]) -> None:
    for line in told:
        print(line, flush=True)  # noqa: T201  a command line prints


def password_for(what: str) -> str:
    """Never an argument: those are kept in histories, and everybody on the machine sees them."""
    return os.environ.get("GUILDHALL_PASSWORD") or getpass.getpass(f"{what}: ")
