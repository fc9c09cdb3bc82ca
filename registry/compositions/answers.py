"""Answers kept for a day, by the key that came with the request: who asks again hears the same again.

They decide nothing: a request that was acted on and whose answer was lost is acted on again, to the same end.
"""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from registry.compositions.models import KeptAnswer
from registry.errors import Invalid, KeyReused

KEPT = timedelta(days=1)
KEY = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)


def answer_for(person_id: UUID, key: str, request_digest: str) -> KeptAnswer:
    """What is kept under this key, to be looked at or to be filled. KeyReused: it was another request."""
    if not KEY.fullmatch(key):
        raise Invalid("An Idempotency-Key has 1 to 128 visible ASCII signs and no spaces; a UUID does well.")
    drop_old_answers(person=person_id, key=key)
    kept, _ = KeptAnswer.objects.get_or_create(
        person_id=person_id, key=key, defaults={"request_digest": request_digest}
    )
    if kept.request_digest != request_digest:
        raise KeyReused("This Idempotency-Key came with another request within the last day; take a new key.")
    return kept


def keep_answer(kept: KeptAnswer, *, status: int, body: Any, location: str = "") -> None:
    """The first answer is the one that counts."""
    waiting = KeptAnswer.objects.filter(id=kept.id, status=None)
    waiting.update(status=status, location=location, body=body)


def let_go(kept: KeptAnswer) -> None:
    """Nothing came of it: the key may be used again."""
    KeptAnswer.objects.filter(id=kept.id, status=None).delete()


def drop_old_answers(**which: Any) -> None:
    KeptAnswer.objects.filter(asked_at__lt=timezone.now() - KEPT, **which).delete()
