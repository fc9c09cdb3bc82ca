"""The terms of licences, read from licences.toml: a file that a lawyer can read and correct. Checked as it is read.

A row that contradicts itself, or that uses a word that the file does not explain, stops the start with a sentence.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from registry.digests import digest_of
from registry.evidence.rules import PURPOSES

SHARE_ALIKE = {"no", "part", "whole"}
PATENTS = {"granted", "not granted", "silent"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence, or an expression of several, allows and asks for."""

    id: str
    name: str
    summary: str
    commercial_use: bool = True
    commercial_limit: str = ""  # up to which size, in words
    redistribution: bool = True
    derivatives: bool = True
    share_alike: bool = False  # a work made from it goes under the same licence
    stays_under: bool = False  # the licensed part stays under it, what stands beside it is free
    shares_with: tuple[str, ...] = ()  # other licences under which a work made from it may go
    not_with: tuple[str, ...] = ()  # licences whose share-alike it cannot live under
    attribution: bool = True
    notices: tuple[str, ...] = ()  # words of NOTICES
    bans: tuple[str, ...] = ()  # words of BANS
    only_for: tuple[str, ...] | None = None  # the only purposes; None: any
    outputs: tuple[str, ...] = ()  # words of OUTPUTS
    patents: str = "silent"
    law: str = ""
    revocable: bool = False
    hub: tuple[str, ...] = ()  # what model hubs call it
    source: str = ""
    reviewed_by: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Ban:
    """A use that licences forbid."""

    words: str
    forbids: tuple[str, ...] = ()  # purposes that it rules out
    ask_for: tuple[str, ...] = ()  # purposes for which somebody should make sure


@cache
def licence_file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("licences.toml").read_text(encoding="utf-8"))


def faults_in(file: Mapping[str, Any]) -> list[str]:
    """What is wrong with the rows, a sentence each."""
    usual, known = file["unless_stated"], {row.get("id", "") for row in file["licence"]}
    faults = [f"There are two rows for {name}." for name in known if _rows_of(file, name) > 1]
    faults += [f'The ban "{n}" speaks of a purpose that there is not.' for n, ban in file["bans"].items() if _odd(ban)]
    for row in file["licence"]:
        name = row.get("id", "A row without an id")
        faults += [f"{name} has no {field}." for field in ("name", "summary", "source") if not row.get(field)]
        faults += [f"{name} has a field {field!r} that is not explained." for field in sorted(_strange(row, usual))]
        faults += [f"{name}: {fault}" for fault in _contradictions({**usual, **row}, file, known)]
    return faults


def _rows_of(file: Mapping[str, Any], name: str) -> int:
    return sum(row.get("id") == name for row in file["licence"])


def _odd(ban: Mapping[str, Any]) -> bool:
    return not {*ban.get("forbids", ()), *ban.get("ask_for", ())} <= PURPOSES.keys()


def _strange(row: Mapping[str, Any], usual: Mapping[str, Any]) -> set[str]:
    return {
        field
        for field, value in row.items()
        if field not in {"id", "name", "summary", "source"} and type(value) is not type(usual.get(field))
    }


def _contradictions(row: Mapping[str, Any], file: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    for field, words in (("notices", file["notices"]), ("bans", file["bans"]), ("outputs", file["outputs"])):
        yield from (
            f'{field} has the word "{word}", which is not explained.' for word in row[field] if word not in words
        )
    for field in ("shares_with", "not_with"):
        yield from (f"{field} names {other}, of which there is no row." for other in row[field] if other not in known)
    yield from (f'only_for has "{word}", which is no purpose.' for word in row["only_for"] if word not in PURPOSES)
    if row["share_alike"] not in SHARE_ALIKE or row["patents"] not in PATENTS:
        yield "share_alike or patents has a word that is not explained."
    if row["share_alike"] == "whole" and not (row["derivatives"] and row["redistribution"]):
        yield "it asks that what is made from it be shared, and forbids to make or to share it."
    if row["shares_with"] and row["share_alike"] == "no":
        yield "it names licences to share under, and asks nobody to share."
    if not row["commercial_use"] and row["commercial_limit"]:
        yield "it limits a commercial use that it does not allow."
    if not row["commercial_use"] and any(PURPOSES[p].commercial for p in row["only_for"] if p in PURPOSES):
        yield "it is only for a commercial purpose, and not for commercial use."


def _read() -> tuple[dict[str, Terms], dict[str, str], dict[str, Ban], dict[str, str]]:
    file = licence_file()
    if faults := faults_in(file):
        raise ValueError(f"licences.toml: {' '.join(faults)}")
    rows = [_terms({**file["unless_stated"], **row}) for row in file["licence"]]
    bans = {
        name: Ban(ban["words"], tuple(ban.get("forbids", ())), tuple(ban.get("ask_for", ())))
        for name, ban in file["bans"].items()
    }
    return {row.id: row for row in rows}, file["notices"], bans, file["outputs"]


def _terms(row: Mapping[str, Any]) -> Terms:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    share_alike = fields.pop("share_alike")
    fields["only_for"] = fields["only_for"] or None
    return Terms(**fields, share_alike=share_alike == "whole", stays_under=share_alike == "part")


LICENCES, NOTICES, BANS, OUTPUTS = _read()
DATA_DIGEST = digest_of(licence_file())  # of all that is read there: another one may mean another answer
BY_HUB = {name: row.id for row in LICENCES.values() for name in row.hub}
