"""What lies in the store for models and is of no use: shards that no model holds, and objects that no row names.

Whatever is dropped here can be made again from the packages. What a withdrawal destroys, or a legal hold keeps, is left
to the withdrawal. Whoever drops does it alone on the shelf, so that no build counts on what goes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from registry import storage
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.models import RUNNING, SERVED, CompositionState, RepositoryFile, Shard
from registry.compositions.queries import FILES, SHARDS, shards_of
from registry.experts.models import STILL_WANTED, Anchor, ExpertVersion, VersionState


def unused_shards(*, before: datetime) -> QuerySet[Shard]:
    """Shards that no model has held since `before`, and that can be made again when one wants them."""
    holding = RepositoryFile.objects.filter(key=OuterRef("key")).filter(
        Q(composition__state__in=RUNNING | SERVED) | Q(composition__changed_at__gte=before)
    )
    wanted = ExpertVersion.objects.filter(data_digest=OuterRef("data_digest"), state__in=STILL_WANTED)
    public = Anchor.objects.filter(data_digest=OuterRef("data_digest"))
    rows = Shard.objects.filter(~Exists(holding), Exists(wanted) | Exists(public), made_at__lt=before)
    return rows.order_by("id")


@transaction.atomic
def forget_shard(shard_id: UUID, *, before: datetime, by: Actor) -> str:
    """The row goes first; the key of the object that is to follow it. Nothing, when somebody has use for it again."""
    shard = unused_shards(before=before).filter(id=shard_id).select_for_update(of=("self",)).first()
    if shard is None:
        return ""
    facts = {"data_digest": shard.data_digest, "slot": shard.slot, "size": shard.size}
    record(Event.SHARD_DROPPED, about=f"shard:{shard.digest}", by=by, facts=facts)
    shard.delete()
    return shard.key


def strays(*, before: datetime) -> Iterator[str]:
    """Objects older than `before` that nothing speaks of: a worker was killed between the store and the database."""
    for prefix in (SHARDS, FILES):
        old = [key for key, written in storage.keys_under(prefix) if written < before]
        for at in range(0, len(old), 1000):
            some = old[at : at + 1000]
            known = spoken_of(some)
            yield from (key for key in some if key not in known)


def spoken_of(keys: Sequence[str]) -> set[str]:
    """Those of these keys that a shard is, that a model needs, or that go with a withdrawal."""
    files = RepositoryFile.objects.filter(key__in=keys)
    needed = files.filter(composition__state__in=RUNNING | SERVED | {CompositionState.WITHDRAWN})
    shards = Shard.objects.filter(key__in=keys)
    digests = {f"sha256:{key.removeprefix(SHARDS).split('/')[0]}" for key in keys if key.startswith(SHARDS)}
    left = ExpertVersion.objects.filter(data_digest__in=digests, state=VersionState.WITHDRAWN)
    withdrawn = tuple(shards_of(digest) for digest in left.values_list("data_digest", flat=True))
    return {
        *needed.values_list("key", flat=True),
        *shards.values_list("key", flat=True),
        *(key for key in keys if key.startswith(withdrawn)),
    }
