"""What the log says was taken away, and a restored database still gives: taken away again.

Only denials: nobody is let in, and nothing is approved, on the word of the log alone.
"""

import json
from collections.abc import Callable, Iterator
from uuid import UUID

from registry.accounts.actions import erase_person, revoke_role, revoke_token
from registry.accounts.models import Person, Role
from registry.actors import CONSOLE
from registry.audit.queries import every_leaf
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.queries import get_expert
from registry.replay.from_log import state_from_log
from registry.replay.from_rows import state_from_rows
from registry.replay.state import Facts
from registry.reviews.actions import revoke_key_and_review_again, suspend_version
from registry.reviews.models import SuspensionCause
from registry.withdrawals.actions import pause_version, withdraw_version

WHY = "The published log says so; the database had been restored from before."
DENIED = {
    VersionState.WITHDRAWN.value,
    VersionState.PAUSED.value,
    VersionState.SUSPENDED.value,
    VersionState.REJECTED.value,
}


def deny_again() -> list[str]:
    """Do it, and say what was done. Again finds nothing to do."""
    log = state_from_log(json.loads(leaf) for leaf in every_leaf())
    rows = state_from_rows()
    done: list[str] = []
    for kind, deny in DENIALS.items():
        for name, told in log.things.get(kind, {}).items():
            kept = rows.things.get(kind, {}).get(name)
            if kept is not None:
                done += [f"{kind} {name}: {sentence}" for sentence in deny(name, told, kept)]
    return done


def _version(name: str, told: Facts, kept: Facts) -> Iterator[str]:
    if told["state"] not in DENIED or kept["state"] in {told["state"], VersionState.WITHDRAWN.value}:
        return
    full_name, _, number = name.partition("@")
    version = ExpertVersion.objects.get(expert=get_expert(full_name), number=int(number))
    if told["state"] == VersionState.WITHDRAWN:
        withdraw_version(version.id, reason=WHY, by=CONSOLE)
        yield "withdrawn again."
    elif told["state"] == VersionState.PAUSED and version.state == VersionState.APPROVED:
        pause_version(version.id, reason=WHY, by=CONSOLE)
        yield "paused again."
    elif version.state in {VersionState.APPROVED, VersionState.PAUSED}:
        suspend_version(version.id, reason=WHY, cause=SuspensionCause.DEMANDED, by=CONSOLE)
        yield "suspended again."


def _token(name: str, told: Facts, kept: Facts) -> Iterator[str]:
    if told.get("revoked") and not kept["revoked"]:
        revoke_token(UUID(name), by=CONSOLE)
        yield "revoked again."


def _key(name: str, told: Facts, kept: Facts) -> Iterator[str]:
    if told.get("revoked") and not kept["revoked"]:
        revoke_key_and_review_again(UUID(name), by=CONSOLE)
        yield "revoked again."


def _person(name: str, told: Facts, kept: Facts) -> Iterator[str]:
    if kept["active"] and told.get("active") is False:
        erase_person(UUID(name), reason=WHY, by=CONSOLE)
        yield "erased again."
        return
    for held in sorted(set(kept.get("roles", [])) - set(told.get("roles", []))):
        role, _, organisation = held.partition(" in ")
        revoke_role(Person.objects.get(id=name).email, organisation=organisation, role=Role(role), by=CONSOLE)
        yield f"{held} revoked again."


DENIALS: dict[str, Callable[[str, Facts, Facts], Iterator[str]]] = {
    "version": _version,
    "token": _token,
    "signing key": _key,
    "person": _person,
}
