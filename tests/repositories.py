"""Published revisions for tests of the hub: rows in the database, bytes in the object store, no worker needed."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils import timezone

from registry import storage
from registry.accounts.models import Role
from registry.compositions.models import Composition, CompositionState, Inclusion, Model, RepositoryFile
from registry.digests import digest_of, sha256
from registry.experts.models import ExpertVersion
from tests.factories import (
    CY,
    give_role,
    made_digest,
    make_anchor,
    make_expert,
    make_organisation,
    make_version,
    row_of,
)

SMALL = {
    "config.json": b'{"model_type": "flex_olmo"}',
    "README.md": b"# A composed model\n",
    "LICENSES/CC-BY-4.0.txt": b"the text",
    "tokenizer.json": b"{}",
}
LARGE = {"expert-00.safetensors": bytes(range(256)) * 6000}  # 1.5 MB: over what is answered inline


def make_model(name: str = "stage", *, organisation: str = "library", **fields: Any) -> Model:
    """A model of Cy's."""
    give_role(CY, organisation, Role.CONSUMER)
    anchor = fields.pop("anchor", None) or make_anchor()
    return Model.objects.create(
        organisation=make_organisation(organisation),
        name=name,
        anchor=anchor,
        **({"purpose": "research", "created_by": row_of(CY)} | fields),
    )


def publish(
    model: Model,
    files: Mapping[str, bytes] | None = None,
    *,
    versions: Sequence[ExpertVersion] = (),
    state: CompositionState = CompositionState.PUBLISHED,
    main: bool = True,
    **fields: Any,
) -> Composition:
    """A revision of the model with these files, which is main unless told otherwise."""
    files = {**SMALL, **LARGE} if files is None else files
    entries = [{"name": str(version.expert), "version": version.number} for version in versions]
    recipe = {"files": {path: sha256(data) for path, data in files.items()}, "experts": entries}
    composition = Composition.objects.create(
        model=model,
        state=state,
        recipe=recipe,
        recipe_digest=made_digest(),
        revision=fields.pop("revision", digest_of(recipe)[7:47]),
        requested_by=str(CY),
        published_at=timezone.now(),
        **fields,
    )
    for slot, version in enumerate(versions, start=1):
        Inclusion.objects.create(composition=composition, version=version, slot=slot)
    for path, data in files.items():
        _put(composition, path, data)
    if main:
        model.main = composition
        model.save(update_fields=["main"])
    return composition


def publish_folder(model: Model, folder: Path, **more: Any) -> Composition:
    """What flexcore composed into a folder, as a revision."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return publish(model, files, **more)


def _put(composition: Composition, path: str, data: bytes) -> RepositoryFile:
    """A large file stands for a shard: its digest is not the plain one, which is not known yet."""
    key = f"tests/{composition.id}/{path}"
    storage.put(key, data)
    plain = hashlib.sha256(data).hexdigest()
    shard = path.startswith("expert-")
    return RepositoryFile.objects.create(
        composition=composition,
        path=path,
        size=len(data),
        digest=made_digest("shard", plain) if shard else f"sha256:{plain}",
        sha256="" if shard else plain,
        key=key,
    )


def published_stage(**expert: Any) -> tuple[Composition, ExpertVersion]:
    """library/stage with drama@1 in it."""
    version = make_version(make_expert(**expert))
    return publish(make_model(), versions=[version]), version
