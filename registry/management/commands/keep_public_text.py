"""Keeps a public text for an anchor, so that consumers may ask for models whose routers are tuned on it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from flexcore.untrusted import Malformed, parse_json
from registry import storage
from registry.actors import CONSOLE
from registry.digests import sha256
from registry.errors import Refusal
from registry.experts.actions import keep_public_text
from registry.experts.queries import get_anchor

LIMIT = 64 << 20
LEAST = 16  # documents: fewer do not tell domains apart


class Command(BaseCommand):
    help = "Keep a public text (JSON Lines with `text`) for an anchor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("anchor", help="its short name")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            anchor, data = get_anchor(options["anchor"]), _read(options["file"])
            digest = sha256(data)
            key = f"public-texts/{digest.removeprefix('sha256:')}"
            storage.put(key, data)
            keep_public_text(anchor.id, digest=digest, key=key, by=CONSOLE)
        except (Refusal, Malformed) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Routers beside {anchor.slug} may be tuned on {digest}.")


def _read(file: Path) -> bytes:
    try:
        size, data = file.stat().st_size, file.read_bytes() if file.stat().st_size <= LIMIT else b""
    except OSError as fault:
        raise CommandError(f"{file} cannot be read ({fault.strerror}); name a .jsonl file.") from fault
    if size > LIMIT:
        raise CommandError(f"{file} has {size} bytes; take at most {LIMIT} of it.")
    lines = [line for line in data.splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        text = parse_json(line, f"{file.name}, line {number}", max_bytes=LIMIT).get("text")
        if not isinstance(text, str) or not text.strip():
            raise CommandError(f'{file.name}, line {number} has no "text"; give each document one.')
    if len(lines) < LEAST:
        raise CommandError(f"{file.name} holds {len(lines)} documents; it takes {LEAST} to tell domains apart.")
    return data
