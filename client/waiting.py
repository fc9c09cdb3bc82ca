"""Waiting for what the workers do: ask again, ever less often, until the state is one to stop at."""

import time
from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from client import shapes
from client.api import Guildhall
from client.connection import Refused

Thing = TypeVar("Thing", shapes.Anchor, shapes.Version, shapes.Composition)
Asked = TypeVar("Asked")

VERSION_AT_REST = frozenset({"verified", "failed", "approved", "rejected", "withdrawn"})
ANCHOR_AT_REST = frozenset({"verified", "failed"})
COMPOSITION_AT_REST = frozenset({"published", "superseded", "refused", "failed", "cancelled", "withdrawn"})


class TookTooLong(Refused):
    """Nothing is wrong with it yet; we stopped waiting."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what} within {seconds:g} seconds; ask again with `status`.", status=0, code="timeout")


def wait_for_version(
    guildhall: Guildhall, version_id: str, *, seconds: float = 900, seen: Callable[[shapes.Version], None] | None = None
) -> shapes.Version:
    """The version once its files are checked: verified, or refused with the reason raised."""
    version = _wait(
        lambda: guildhall.get_version(version_id), VERSION_AT_REST, "The files were not checked", seconds, seen
    )
    if version["state"] == "failed":
        raise Refused(version["failure"], status=0, code="version-failed")
    return version


def wait_for_anchor(guildhall: Guildhall, slug: str, *, seconds: float = 900) -> shapes.Anchor:
    anchor = _wait(lambda: guildhall.get_anchor(slug), ANCHOR_AT_REST, "The anchor was not checked", seconds, None)
    if anchor["state"] == "failed":
        raise Refused(anchor["failure"], status=0, code="anchor-failed")
    return anchor


def wait_for_composition(
    guildhall: Guildhall,
    composition_id: str,
    *,
    seconds: float = 1800,
    seen: Callable[[shapes.Composition], None] | None = None,
) -> shapes.Composition:
    """The composition once it is published; any other end is raised with its reason."""
    end = _wait(
        lambda: guildhall.get_composition(composition_id),
        COMPOSITION_AT_REST,
        "The model was not composed",
        seconds,
        seen,
    )
    if end["state"] in {"published", "superseded"}:
        return end
    reasons = [f"{item['expert']}: {item['reason']}" for item in end["refusals"]]
    why = end["failure"] or "; ".join(reasons) or f"it was {end['state']}"
    raise Refused(f"The model was not composed: {why}", status=0, code=f"composition-{end['state']}")


def wait_for_withdrawal(guildhall: Guildhall, version_id: str, *, seconds: float = 1800) -> shapes.Withdrawal:
    """The withdrawal once every affected model has been seen to."""
    for withdrawal in _asked(lambda: guildhall.get_withdrawal_of_version(version_id), seconds):
        if withdrawal["propagated_at"] is not None:
            return withdrawal
    raise TookTooLong("The affected models were not all seen to", seconds)


def wait_for_certificate(guildhall: Guildhall, withdrawal_id: str, *, seconds: float = 1800) -> shapes.Certificate:
    """The certificate once all is done. Raised at once when a person has to do something first, or the bytes are kept
    for longer than anybody would wait here.
    """
    why, latest = "", datetime.now(UTC) + timedelta(seconds=seconds)
    for withdrawal in _asked(lambda: guildhall.get_withdrawal(withdrawal_id), seconds):
        if withdrawal["ended_at"] is not None:
            certificate = _published(guildhall, withdrawal_id)
            if certificate is not None:
                return certificate
        step = next((step for step in withdrawal["steps"] if step["name"] == "destroy"), None)
        if step and step["sentence"] and (step["state"] == "held" or _is_kept(withdrawal, until=latest)):
            raise Refused(step["sentence"], status=0, code="destruction-waits")
        why = next((step["sentence"] for step in withdrawal["steps"] if step["sentence"]), "")
    raise TookTooLong(f"{why} The withdrawal was not certified".lstrip(), seconds)


def _is_kept(withdrawal: shapes.Withdrawal, *, until: datetime) -> bool:
    end = withdrawal["destroy_after"]
    return withdrawal["destruction_confirmed_at"] is None or (end is not None and datetime.fromisoformat(end) > until)


def _published(guildhall: Guildhall, withdrawal_id: str) -> shapes.Certificate | None:
    """None while its entry is on its way into the published log, which takes a second."""
    try:
        return guildhall.get_certificate(withdrawal_id)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None


def _asked(ask: Callable[[], Asked], seconds: float) -> Iterator[Asked]:
    """What is answered, again and again, ever less often, until the time is over."""
    deadline, pause = time.monotonic() + seconds, 0.2
    while True:
        yield ask()
        if time.monotonic() > deadline:
            return
        time.sleep(pause)
        pause = min(pause * 1.3, 3.0)


def _wait(
    ask: Callable[[], Thing],
    at_rest: Container[str],
    failing: str,
    seconds: float,
    seen: Callable[[Thing], None] | None,
) -> Thing:
    for thing in _asked(ask, seconds):
        if seen is not None:
            seen(thing)
        if thing["state"] in at_rest:
            return thing
    raise TookTooLong(failing, seconds)
