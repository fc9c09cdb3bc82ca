"""Decided to validating: the files of a composed model are put together inside the object store.

No weight passes through here. Every object has a key that follows from its content, an object is whole before a row
speaks of it, and each step looks first at what is there: killed at any line, the same task goes on.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from celery import shared_task

from flexcore.config import Architecture
from flexcore.manifest import MANIFEST, ExpertEntry, Plan, Recipe, Shard, Tuning, plan
from flexcore.package import MAX_ROUTER, MAX_TOKENIZER, TOKENIZER_NAMES, AnchorFiles, ExpertFiles, Malformed
from registry import storage
from registry.actors import ASSEMBLER
from registry.compositions.actions import (
    FileRow,
    fail_composition,
    record_assembled,
    record_shard,
    start_assembly,
)
from registry.compositions.models import Composition, CompositionState
from registry.compositions.progress import note_progress
from registry.compositions.queries import (
    FILES,
    get_composition,
    is_shard,
    repository_texts,
    shards_of,
    twin_of,
    versions_in,
)
from registry.compositions.tuning import is_to_be_tuned, tuned_router
from registry.digests import sha256
from registry.errors import WrongState
from registry.experts.models import Anchor, ExpertVersion, UploadedFile
from registry.jobs import Job, send
from workers.turns import shelf, turn
from workers.waiting import look_after_withdrawals

logger = logging.getLogger(__name__)

EXPERT, ROUTER, SHARED = "expert.safetensors", "router.safetensors", "shared.safetensors"
SHARDS_AT_ONCE = 4
LENGTH_BYTES = 8  # of the header, at the start of a safetensors file


@shared_task(name=Job.COMPOSE.value)
def compose(composition_id: str) -> None:
    """Safe to run twice, at once or after a kill; what was cancelled or refused meanwhile is left alone."""
    with turn(Job.COMPOSE, UUID(composition_id)) as ours:
        composition = get_composition(UUID(composition_id))
        if not ours or composition.state not in {CompositionState.DECIDED, CompositionState.ASSEMBLING}:
            return
        if composition.state == CompositionState.DECIDED and is_to_be_tuned(composition):
            send(Job.TUNE_ROUTER, composition.id)
            return
        try:
            with shelf():
                _assemble(start_assembly(composition.id, by=ASSEMBLER))
        except WrongState as moved:
            logger.info("%s is no longer to be assembled: %s", composition, moved)
        except Malformed as fault:
            fail_composition(composition.id, reason=str(fault), by=ASSEMBLER)
            look_after_withdrawals()


def _assemble(composition: Composition) -> None:
    """Many models have few recipes: what lies there for one of them is not put together for the next."""
    twin = twin_of(composition)
    if twin is None:
        _put_together(composition)
    else:
        record_assembled(composition.id, manifest=twin.manifest, files=_rows_of(twin), by=ASSEMBLER)


def _rows_of(twin: Composition) -> list[FileRow]:
    """What its manifest names, and the manifest; the proof beside them is the twin's own."""
    named = {file["path"] for file in twin.manifest["files"]} | {MANIFEST}
    return [
        FileRow(path=row.path, size=row.size, digest=row.digest, sha256=row.sha256, key=row.key)
        for row in twin.files.filter(path__in=named)
    ]


def _put_together(composition: Composition) -> None:
    anchor = composition.model.anchor
    versions = [version for _, version in versions_in(composition)]
    planned = plan(
        _recipe(composition),
        _anchor_files(anchor),
        [_expert_files(version) for version in versions],
        texts=repository_texts(composition),
        tuned=_tuned(composition),
    )
    homes: list[Anchor | ExpertVersion] = [anchor, *versions]
    sources = [_file_of(home, EXPERT).key for home in homes]
    files = [_shared_row(planned, anchor), *_small_rows(planned)]
    files += _shard_rows(composition, planned.shards, sources)
    record_assembled(composition.id, manifest=json.loads(planned.manifest.canonical()), files=files, by=ASSEMBLER)


def _recipe(composition: Composition) -> Recipe:
    recipe = composition.recipe
    experts = tuple(ExpertEntry(**entry) for entry in recipe["experts"])
    told = {name: value for name, value in recipe.get("tuning", {}).items() if name != "participants"}
    return Recipe(recipe["anchor_digest"], experts, recipe["top_k"], Tuning(**told) if told else None)


def _tuned(composition: Composition) -> bytes | None:
    router = tuned_router(composition)
    if router is None and "tuning" in composition.recipe:
        raise WrongState("the rows that were tuned for it are gone, with one who took part")
    return router


def _anchor_files(anchor: Anchor) -> AnchorFiles:
    shared = _file_of(anchor, SHARED)
    return AnchorFiles(
        architecture=Architecture(**anchor.architecture),
        digest=anchor.digest,
        shared_size=shared.size,
        shared_digest=shared.sha256,
        expert=_source(anchor, anchor.data_digest),
        tokenizer={name: _small(_file_of(anchor, name), limit=MAX_TOKENIZER) for name in TOKENIZER_NAMES},
    )


def _expert_files(version: ExpertVersion) -> ExpertFiles:
    return _source(version, version.data_digest)


def _source(home: Anchor | ExpertVersion, data_digest: str) -> ExpertFiles:
    router = _small(_file_of(home, ROUTER), limit=MAX_ROUTER)
    return ExpertFiles(_data_offset(_file_of(home, EXPERT).key), data_digest, router)


def _file_of(home: Anchor | ExpertVersion, path: str) -> UploadedFile:
    return home.files.get(path=path)


def _data_offset(key: str) -> int:
    """Where the data begins in a safetensors file: all that composing has to know of its header."""
    length = b"".join(storage.stream(key, start=0, end=LENGTH_BYTES))
    return LENGTH_BYTES + int.from_bytes(length, "little")


def _small(file: UploadedFile, *, limit: int) -> bytes:
    """A small file, whole; other bytes than those that were verified are not composed with."""
    data = storage.read(file.key, limit=limit)
    if sha256(data) != file.sha256:
        raise Malformed(f"The stored {file.path} ({file.key}) is not the one that was verified; bring it back.")
    return data


def _shared_row(planned: Plan, anchor: Anchor) -> FileRow:
    """The anchor's own file, where it lies."""
    shared = planned.shared
    return FileRow(
        path=shared.path,
        size=shared.size,
        digest=shared.digest,
        sha256=_hex(shared.digest),
        key=_file_of(anchor, SHARED).key,
    )


def _small_rows(planned: Plan) -> Iterator[FileRow]:
    for path, data in planned.small.items():
        digest = sha256(data)
        key = f"{FILES}{_hex(digest)}"
        if storage.size_of(key) != len(data):
            storage.put(key, data)
        yield FileRow(path=path, size=len(data), digest=digest, sha256=_hex(digest), key=key)


def _shard_rows(composition: Composition, shards: Sequence[Shard], sources: Sequence[str]) -> list[FileRow]:
    """The objects of several shards are made at once, their rows one after another."""
    rows: list[FileRow] = []
    moved: WrongState | None = None
    there, size = 0, sum(shard.size for shard in shards)
    with ThreadPoolExecutor(max_workers=SHARDS_AT_ONCE) as pool:
        for done, (shard, key) in enumerate(zip(shards, pool.map(_shard_object, shards, sources), strict=True)):
            note_progress(
                composition.id, step="shards", done=done, total=len(shards), bytes_done=there, bytes_total=size
            )
            try:
                rows.append(_shard_row(shard, key))
            except WrongState as fault:
                moved = fault  # the others are made by now, and each has to be looked after
            there += shard.size
    if moved is not None:
        raise moved
    return rows


def _shard_object(shard: Shard, source: str) -> str:
    """Its key; made if it is not there whole. Two that make it at once make the same."""
    key = f"{shards_of(shard.data_digest)}{shard.slot}"
    if storage.size_of(key) != shard.size:
        storage.join(key, head=shard.header, source=source, start=shard.data_offset, size=shard.data_size)
        if storage.size_of(key) != shard.size:
            raise OSError(f"{key} did not come out with {shard.size} bytes")
    return key


def _shard_row(shard: Shard, key: str) -> FileRow:
    try:
        record_shard(
            data_digest=shard.data_digest, slot=shard.slot, digest=shard.digest, size=shard.size, key=key, by=ASSEMBLER
        )
    except WrongState:
        if not is_shard(key):  # one that was there before goes with the withdrawal, when nothing holds it
            storage.destroy(key)  # its expert was withdrawn while it was copied
        raise
    return FileRow(path=shard.path, size=shard.size, digest=shard.digest, sha256="", key=key)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
