"""Asking for models, and taking an expert out of them again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from client.api import Guildhall
from client.shapes import Certificate, Composition, LogEntry, Selector, Withdrawal
from client.waiting import wait_for_certificate, wait_for_composition, wait_for_withdrawal
from experiments.demo.telling import Build

PURPOSE = "research"
# What tells of one build for one consumer: each model's own.
PAPERS = ("decision.intoto.json", "provenance.intoto.json", "inclusion.json", "inclusion.tlog-proof", "model.sig")
TOLD = (
    "version.verified",
    "version.approved",
    "composition.published",
    "inclusion.recorded",
    "main.moved",
    "withdrawal.requested",
    "version.withdrawn",
    "revision.blocked",
    "withdrawal.propagated",
    "withdrawal.destroyed",
    "withdrawal.certified",
)


@dataclass(frozen=True, slots=True)
class Served:
    """A model that can be downloaded: its name, its revision, and the digest of each file that it is made of."""

    name: str
    revision: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal that went through everything, its certificate, and the seconds from the click to each."""

    withdrawal: Withdrawal
    certificate: Certificate
    answered_after: float
    propagated_after: float
    certified_after: float


def request(
    consumer: Guildhall,
    name: str,
    *,
    anchor: str,
    experts: Sequence[str] | None = None,
    selector: Selector | None = None,
) -> Served:
    """Ask for a model, and wait while it is decided, composed and validated."""
    build = Build(name)
    every = 1 + len(experts) if experts else None  # the public one too is asked about each token
    _, composition_id = consumer.request_model(
        name, anchor=anchor, experts=experts, selector=selector, purpose=PURPOSE, top_k=every
    )
    composition = wait_for_composition(consumer, composition_id, seen=build)
    build.done()
    return _served(name, composition)


def served_now(consumer: Guildhall, name: str) -> Served | None:
    """What `main` of a model points at, if it points at anything."""
    model = consumer.get_model(name)
    if model["main"] is None:
        return None
    revision = model["main"]["revision"]
    found = next(brief for brief in model["compositions"] if brief["revision"] == revision)
    return _served(name, consumer.get_composition(found["id"]))


def withdraw(owner: Guildhall, version_id: str, *, reason: str, password: str) -> Withdrawn:
    """One click, and waiting until every model that held the version has been seen to, and all is certified.

    The password confirms that the stored bytes be destroyed; the site that runs the demo keeps them no longer.
    """
    clicked = time.monotonic()
    withdrawal_id = owner.withdraw_version(version_id, reason=reason, legal_basis="never-held", password=password)["id"]
    answered = time.monotonic() - clicked
    withdrawal = wait_for_withdrawal(owner, version_id)
    propagated = time.monotonic() - clicked
    certificate = wait_for_certificate(owner, withdrawal_id, seconds=600)
    return Withdrawn(withdrawal, certificate, answered, propagated, time.monotonic() - clicked)


def newest_place_in_log(reader: Guildhall) -> int:
    """The place of the newest entry; 0 for an empty log."""
    return next((entry["id"] for entry in reader.list_log(order="newest")), 0)


def told_since(reader: Guildhall, place: int) -> list[LogEntry]:
    """The entries after that place that tell the story, in the order of the log."""
    entries: list[LogEntry] = []
    for entry in reader.list_log(order="newest"):
        if entry["id"] <= place:
            break
        if entry["event"] in TOLD:
            entries.append(entry)
    return entries[::-1]


def _served(name: str, composition: Composition) -> Served:
    files = {file["path"]: file["digest"] for file in composition["files"] if file["path"] not in PAPERS}
    return Served(name, composition["revision"], files)
