"""FlexOlmo's merge onto a folder: rows stacked, shards put in place, no weight passed through this process.

The files and the revision are those that the registry makes in its store from the same recipe: both follow one plan.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flexcore.manifest import MANIFEST, ExpertEntry, Manifest, Plan, Recipe, Shard, plan
from flexcore.merging.placing import join, link_or_copy
from flexcore.package import Contents, check_anchor_package, check_expert_package
from flexcore.shards import without_bias
from flexcore.untrusted import Malformed
from flexcore.weights import sha256

EXPERT = "expert.safetensors"


@dataclass(frozen=True, slots=True)
class Member:
    """An expert package on this machine, and how the registry knows it (or how it shall be known here)."""

    folder: Path
    name: str  # "organisation/expert"
    version: int
    registration: int


def members_in_order(folders: Sequence[Path]) -> list[Member]:
    """For packages that no registry knows: the folder's name is the expert's, their order gives the numbers."""
    return [Member(folder, f"local/{folder.resolve().name}", 1, number) for number, folder in enumerate(folders, 1)]


def compose(
    anchor: Path,
    members: Sequence[Member],
    out: Path,
    *,
    top_k: int,
    texts: Mapping[str, bytes] | None = None,
    store: Path | None = None,
    drop_bias: bool = False,
) -> Manifest:
    """Check the anchor and each package, then lay the composed model into the new folder `out`.

    An expert with a router bias is refused, for no stock loader holds one; `drop_bias` composes it without, knowingly.
    """
    public = check_anchor_package(anchor)
    ordered = sorted(members, key=lambda member: member.registration)
    found = [
        check_expert_package(m.folder, anchor_digest=public.digest, architecture=public.architecture) for m in ordered
    ]
    if drop_bias:
        found = [_unbiased(member, contents) for member, contents in zip(ordered, found, strict=True)]
    entries = tuple(_entry(member, contents) for member, contents in zip(ordered, found, strict=True))
    recipe = Recipe(public.digest, entries, top_k)
    planned = plan(recipe, public.files, [contents.files for contents in found], texts=texts or {})
    lay_out(planned, anchor, [member.folder for member in ordered], out, store=store)
    return planned.manifest


def lay_out(planned: Plan, anchor: Path, packages: Sequence[Path], out: Path, *, store: Path | None = None) -> None:
    """Make the files of a plan; no weight is read. The folder appears whole, or not at all.

    `packages` stand in the recipe's order and were checked before. `store` keeps shards between calls: one that was
    made there before is linked, not made again.
    """
    if out.exists():
        raise Malformed(f"{out} is there already; choose another folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        draft.chmod(0o755)
        link_or_copy(anchor / planned.shared.path, draft / planned.shared.path, size=planned.shared.size)
        for shard, source in zip(planned.shards, [anchor, *packages], strict=True):
            _place(shard, source / EXPERT, draft / shard.path, store)
        for path, data in planned.small.items():
            (draft / path).parent.mkdir(exist_ok=True)
            (draft / path).write_bytes(data)
        _check_sizes(planned, draft)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unbiased(member: Member, contents: Contents) -> Contents:
    rows = without_bias(contents.router, contents.dimensions, label=member.name)
    return replace(contents, router=rows, router_digest=sha256(rows))


def _entry(member: Member, contents: Contents) -> ExpertEntry:
    return ExpertEntry(
        name=member.name,
        version=member.version,
        data_digest=contents.data_digest,
        router_digest=contents.router_digest,
        registration=member.registration,
    )


def _place(shard: Shard, source: Path, target: Path, store: Path | None) -> None:
    if store is None:
        join(shard.header, source, target, offset=shard.data_offset, size=shard.data_size)
        return
    kept = store / f"{shard.digest.removeprefix('sha256:')}.safetensors"
    if not kept.exists():
        store.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=store))
        try:
            join(shard.header, source, draft / kept.name, offset=shard.data_offset, size=shard.data_size)
            (draft / kept.name).replace(kept)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    link_or_copy(kept, target, size=shard.size)


def _check_sizes(planned: Plan, folder: Path) -> None:
    """Every file of the manifest is there in its size, the manifest beside them, and nothing else."""
    wanted = {file.path: file.size for file in planned.manifest.files} | {MANIFEST: len(planned.small[MANIFEST])}
    there = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    odd = sorted(path for path in there.keys() | wanted.keys() if there.get(path) != wanted.get(path))
    if odd:
        raise OSError(f"The composition came out other than planned: look at {', '.join(odd)}.")
