"""What lies beside a model's files: put into the store under names that follow from the content, and digests for it."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from registry import storage
from registry.compositions.actions import FileRow
from registry.compositions.models import Composition, Shard
from registry.compositions.queries import FILES
from registry.digests import sha256

NOTHING: Mapping[str, str] = MappingProxyType({})


def placed(path: str, data: bytes) -> FileRow:
    """The file as it lies in the store now, and what a row says of it."""
    digest = sha256(data)
    plain = digest.removeprefix("sha256:")
    key = f"{FILES}{plain}"
    storage.put(key, data)
    return FileRow(path=path, size=len(data), digest=digest, sha256=plain, key=key)


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
