"""The log tells of its own keys: which sign it, from where on, and until when.

Whoever trusts one of them can follow: the first checkpoint that covers a key's entry is kept, signed by the keys before
it and by the key itself.
"""

from django.db import transaction

from registry.actors import CONSOLE
from registry.audit.events import Event
from registry.audit.keys import LOG, MODELS, STATEMENTS, log_signers, model_signer, origin, statement_signer
from registry.audit.log import record
from registry.audit.models import LogKey, Sequenced
from registry.audit.notes import read_checkpoint


@transaction.atomic
def note_keys() -> None:
    """Tell of the keys that the environment has and the log does not know, and of those that are gone from it."""
    wanted = {key.vkey: LOG for key in log_signers()}
    wanted |= {statement_signer().vkey: STATEMENTS, model_signer().vkey: MODELS}
    known = {key.vkey: key for key in LogKey.objects.select_for_update()}
    for vkey, purpose in wanted.items():
        if vkey not in known:
            entry = record(Event.LOG_KEY_ADDED, about=_log(), by=CONSOLE, facts={"purpose": purpose, "vkey": vkey})
            LogKey.objects.create(vkey=vkey, purpose=purpose, added_entry=entry)
    for vkey, key in known.items():
        if vkey not in wanted and key.retired_entry is None:
            facts = {"purpose": key.purpose, "vkey": vkey}
            key.retired_entry = record(Event.LOG_KEY_RETIRED, about=_log(), by=CONSOLE, facts=facts)
            key.save(update_fields=["retired_entry"])


def note_rotations(note: str) -> None:
    """Keep this checkpoint with each key that it is the first to cover."""
    size = read_checkpoint(note).size
    for key in LogKey.objects.filter(rotation=""):
        if Sequenced.objects.filter(entry=key.added_entry, index__lt=size).exists():
            key.rotation = note
            key.save(update_fields=["rotation"])


def _log() -> str:
    return f"log:{origin()}"
