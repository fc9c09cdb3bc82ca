"""Waiting for what the workers do: ask again, ever less often, until the state is one to stop at."""

import time
from collections.abc import Callable, Container
from typing import TypeVar

from client import shapes
from client.api import Guildhall
from client.connection import Refused

Thing = TypeVar("Thing", shapes.Anchor, shapes.Version, shapes.Composition)

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
    deadline, pause = time.monotonic() + seconds, 0.2
    while (withdrawal := guildhall.get_withdrawal(version_id))["propagated_at"] is None:
        if time.monotonic() > deadline:
            raise TookTooLong("The affected models were not all seen to", seconds)
        time.sleep(pause)
        pause = min(pause * 1.3, 3.0)
    return withdrawal


def _wait(
    ask: Callable[[], Thing],
    at_rest: Container[str],
    failing: str,
    seconds: float,
    seen: Callable[[Thing], None] | None,
) -> Thing:
    deadline, pause = time.monotonic() + seconds, 0.2
    while True:
        thing = ask()
        if seen is not None:
            seen(thing)
        if thing["state"] in at_rest:
            return thing
        if time.monotonic() > deadline:
            raise TookTooLong(failing, seconds)
        time.sleep(pause)
        pause = min(pause * 1.3, 3.0)
