"""What is different between two revisions: experts, files, and the bytes that a client with the one has to fetch."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.compositions.models import Composition


@dataclass(frozen=True, slots=True)
class Held:
    """An expert as a revision holds it."""

    expert: str
    version: int
    slot: int


@dataclass(frozen=True, slots=True)
class OtherVersion:
    expert: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class OtherSlot:
    expert: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ExpertsDiffer:
    added: list[Held]
    removed: list[Held]
    changed: list[OtherVersion]
    moved: list[OtherSlot]


@dataclass(frozen=True, slots=True)
class FilesDiffer:
    """By path."""

    added: list[str]
    removed: list[str]
    changed: list[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """From `before` to `after`."""

    before: Composition
    after: Composition
    experts: ExpertsDiffer
    files: FilesDiffer
    bytes_to_fetch: int


def compare(before: Composition, after: Composition) -> Difference:
    """Clients keep files by their digest: one that is only called otherwise is not fetched again."""
    had = {file.path: file for file in before.files.all()}
    has = {file.path: file for file in after.files.all()}
    known = {file.digest for file in had.values()}
    new = {file.digest: file.size for file in has.values() if file.digest not in known}
    both = sorted(had.keys() & has.keys())
    return Difference(
        before=before,
        after=after,
        experts=_experts(_held(before), _held(after)),
        files=FilesDiffer(
            added=sorted(has.keys() - had.keys()),
            removed=sorted(had.keys() - has.keys()),
            changed=[path for path in both if had[path].digest != has[path].digest],
        ),
        bytes_to_fetch=sum(new.values()),
    )


def _held(composition: Composition) -> dict[str, Held]:
    rows = composition.inclusions.all()
    held = [Held(str(row.version.expert), row.version.number, row.slot) for row in rows]
    return {one.expert: one for one in sorted(held, key=lambda one: one.slot)}


def _experts(had: Mapping[str, Held], has: Mapping[str, Held]) -> ExpertsDiffer:
    both = [(had[name], now) for name, now in has.items() if name in had]
    return ExpertsDiffer(
        added=[one for name, one in has.items() if name not in had],
        removed=[one for name, one in had.items() if name not in has],
        changed=[OtherVersion(now.expert, was.version, now.version) for was, now in both if was.version != now.version],
        moved=[OtherSlot(now.expert, was.slot, now.slot) for was, now in both if was.slot != now.slot],
    )
