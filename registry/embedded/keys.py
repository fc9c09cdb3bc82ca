"""Passwords and keys made on first use and kept in files that only their owner may read."""

import os
import secrets
from pathlib import Path

from registry.audit.model_keys import ModelKey, make_model_key
from registry.audit.notes import NoteKey, make_note_key

MODELS = "models"


def kept_secret(folder: Path, name: str) -> str:
    """The secret of that name; made if there is none yet, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def kept_key(folder: Path, *, signs: str) -> str:
    """A key that signs the log, statements or models, under a name that stays with it; made if there is none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / signs
    if not file.exists():
        key_name = f"guildhall.local/{secrets.token_hex(4)}/{signs}"
        key: ModelKey | NoteKey = make_model_key(key_name) if signs == MODELS else make_note_key(key_name)
        write_private(file, key.text)
    return file.read_text().strip()


def write_private(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
