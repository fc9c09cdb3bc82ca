"""What lies beside a model's files: rows for it, and the digests that it speaks of."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from registry import storage
from registry.compositions.actions import FileRow
from registry.compositions.models import Composition, Shard
from registry.digests import sha256

NOTHING: Mapping[str, str] = MappingProxyType({})


def paper(path: str, data: bytes) -> FileRow:
    digest = sha256(data)
    return FileRow(path=path, size=len(data), digest=digest, sha256=digest.removeprefix("sha256:"), data=data)


def plain_digests(composition: Composition, *, fetched: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """The SHA-256 (hex) of each file of a build, by path.

    Of a shard it is not known before somebody has read it whole: then it is kept with it. `fetched` is what was read
    just now; what nobody has read yet is read here, once.
    """
    files = list(composition.files.order_by("path"))
    keys = [file.key for file in files]
    shards = dict(Shard.objects.filter(key__in=keys).exclude(sha256="").values_list("key", "sha256"))
    return {
        file.path: file.sha256 or fetched.get(file.path) or shards.get(file.key) or _read(file.key) for file in files
    }


def _read(key: str) -> str:
    digest = hashlib.sha256()
    for chunk in storage.stream(key):
        digest.update(chunk)
    return digest.hexdigest()
