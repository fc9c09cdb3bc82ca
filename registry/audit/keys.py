"""The service's own keys: those that sign the log's checkpoints, the one that signs statements, the one for models.

They come from the environment. A key that is new there signs beside the others from the next checkpoint on, and the log
tells of it; one that is gone from there is retired, and the log tells of that.
"""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from registry.audit.model_keys import ModelKey, read_model_key
from registry.audit.notes import NoteKey, Unreadable, Verifier, read_note_key, read_vkey

LOG, STATEMENTS, MODELS = "log", "statements", "models"


def origin() -> str:
    """The log's name: the first line of each of its checkpoints."""
    return settings.LOG_ORIGIN or log_signers()[0].name


def log_signers() -> tuple[NoteKey, ...]:
    keys = _read(settings.LOG_KEYS, "GUILDHALL_LOG_KEYS")
    if not keys:
        raise ImproperlyConfigured("GUILDHALL_LOG_KEYS is empty; `manage.py make_note_key` makes a key.")
    return keys


def statement_signer() -> NoteKey:
    keys = _read(settings.STATEMENT_KEY, "GUILDHALL_STATEMENT_KEY")
    if len(keys) != 1:
        raise ImproperlyConfigured("GUILDHALL_STATEMENT_KEY holds one key; `manage.py make_note_key` makes one.")
    return keys[0]


@lru_cache(maxsize=8)
def _read_model_key(text: str) -> ModelKey:
    try:
        return read_model_key(text)
    except Unreadable as fault:
        raise ImproperlyConfigured(f"GUILDHALL_MODEL_KEY: {fault}") from fault


def model_signer() -> ModelKey:
    return _read_model_key(settings.MODEL_KEY)


def witnesses() -> tuple[tuple[Verifier, str], ...]:
    """The witnesses that are asked, each with its address."""
    pairs = (item.rpartition("=http") for item in settings.WITNESSES.split())
    return tuple((read_vkey(vkey), f"http{rest}".rstrip("/")) for vkey, _, rest in pairs)


@lru_cache(maxsize=8)
def _read(text: str, name: str) -> tuple[NoteKey, ...]:
    try:
        return tuple(read_note_key(item) for item in text.split())
    except Unreadable as fault:
        raise ImproperlyConfigured(f"{name}: {fault}") from fault
