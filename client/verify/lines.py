"""What a verification found, as plain lines. Only what was proven is said, and what was not asked is named."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from client.verify.certificates import Certificate
from client.verify.history import Seen
from client.verify.models import Included
from client.verify.notes import Checkpoint, Key, Proof
from client.verify.owners import Line
from client.verify.signatures import ModelKey
from client.verify.statuses import StatusList
from client.verify.strict import shown


def of_log(head: Checkpoint, before: Seen | None, signers: Iterable[Key], witnesses: Iterable[Key]) -> Iterator[str]:
    yield f"{shown(head.origin)} holds {head.size} entries, and they are what was signed."
    yield f"  root {head.text.decode().splitlines()[2]}"
    yield from _signed(head, signers, witnesses)
    if before is not None:
        yield f"  continues the {before.size} entries that were verified before"


def of_model(
    included: Included, proof: Proof, *, signer: ModelKey | None, statuses: StatusList | None
) -> Iterator[str]:
    yield f"{shown(included.model)} {included.revision}: every file is what the log's entry {proof.index} includes."
    yield f"  for {shown(included.consumer)}, purpose {shown(included.purpose)}, at {shown(included.at)}"
    for one in included.inclusions:
        yield f"  slot {one.slot}: {shown(one.version)} {shown(one.data_digest)}"
    if included.papers:
        yield f"  the entry names these papers too: {', '.join(map(shown, sorted(included.papers)))}"
    if signer is not None:
        yield f"  every file is signed by {shown(signer.name)}, a key that the log names"
    elif included.signed:
        yield "  whose signature model.sig is was not asked; --log asks"
    if statuses is None:
        yield "  whether anything in it was withdrawn since was not asked; --max-age 15m asks"
    else:
        age = time.time() - statuses.issued
        yield f"  nothing in it is withdrawn or paused, as signed {max(age, 0):.0f} seconds ago"


def of_owner(
    organisation: str, month: str | None, found: Sequence[Line], head: Checkpoint, *, agrees: bool
) -> Iterator[str]:
    when = f"in {month}" if month else "in all"
    yield f"{shown(organisation)}, {when}, by all {head.size} entries of {shown(head.origin)}:"
    for line in found:
        used = f"{line.inclusions} inclusions, {line.downloads} downloads"
        yield f"  {shown(line.expert)} for {shown(line.consumer)}: {used}"
    if not found:
        yield "  nothing"
    yield "  the statement says the same" if agrees else "  no statement was compared; --statement FILE compares one"


def of_certificate(found: Certificate) -> Iterator[str]:
    yield f"The withdrawal is certified by {shown(found.signer)}, as the log's entry {found.index} says."
    yield f"  certified at {shown(found.at)}"
    for subject in found.subjects:
        yield f"  withdrawn: {subject}"
    yield from _tree(found.predicate, "  ")


def of_receipt(found: Certificate) -> Iterator[str]:
    state = found.predicate.get("state")
    yield f"The consent was {shown(state)}, as signed by {shown(found.signer)} and by the log's entry {found.index}."
    yield f"  receipt issued at {shown(found.at)}"
    for subject in found.subjects:
        yield f"  of: {subject}"
    yield from _tree({name: value for name, value in found.predicate.items() if name != "@context"}, "  ")


def _signed(head: Checkpoint, signers: Iterable[Key], witnesses: Iterable[Key]) -> Iterator[str]:
    for key in signers:
        yield f"  signed by {key.vkey}"
    asked = tuple(witnesses)
    for key in asked:
        at = min(int.from_bytes(one.bytes[:8], "big") for one in head.signatures if one.key_id == key.id)
        when = datetime.fromtimestamp(at, UTC).isoformat() if at < 2**33 else "a time that cannot be"
        yield f"  cosigned by {shown(key.name)} at {when}"
    if not asked:
        others = {shown(one.name) for one in head.signatures if one.name != head.origin}
        named = f" ({', '.join(sorted(others))} signed too)" if others else ""
        yield f"  no witness was asked for{named}; --witness VKEY demands one's signature"


def _tree(value: object, indent: str) -> Iterator[str]:
    """Any JSON as indented lines."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield f"{indent}{shown(name)}:"
                yield from _tree(inner, indent + "  ")
            else:
                yield f"{indent}{shown(name)}: {_word(inner)}"
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                deep = {name: one for name, one in inner.items() if isinstance(one, dict | list) and one}
                flat = [f"{shown(name)}: {_word(one)}" for name, one in inner.items() if name not in deep]
                yield f"{indent}- " + "; ".join(flat)
                yield from _tree(deep, indent + "    ")
            else:
                yield f"{indent}- {_word(inner)}"


def _word(value: object) -> str:
    if isinstance(value, dict | list):
        return shown(value) if value else "none"
    return "none" if value is None else shown(value, 400)
