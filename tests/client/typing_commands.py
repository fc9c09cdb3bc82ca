"""The `guildhall` command line, typed by somebody at a live server: what it printed, and the status it ended with."""

from collections.abc import Callable

import pytest
from pytest_django.live_server_helper import LiveServer

from client.cli import main
from registry.actors import CONSOLE
from registry.policy.actions import ensure_policy_set
from tests.factories import make_cast, make_token

Typed = Callable[..., str]


@pytest.fixture
def by(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command as somebody; what it printed. It must end with the status that is expected of it."""
    make_cast()
    ensure_policy_set(by=CONSOLE)
    monkeypatch.setenv("GUILDHALL_URL", live_server.url)

    def typed(who: object, *words: str, status: int = 0) -> str:
        if who is None:
            monkeypatch.delenv("GUILDHALL_TOKEN", raising=False)
        else:
            monkeypatch.setenv("GUILDHALL_TOKEN", make_token(who))  # type: ignore[arg-type]  # an Actor
        assert main(words) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    return typed
