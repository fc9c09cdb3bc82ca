"""The one question a witness answers (C2SP tlog-witness, add-checkpoint): does this checkpoint continue what I signed?

The answers are those of the specification. State goes to the disk before the signature goes out, and the check and
the write are one step, so neither a race nor a kill makes a fork or a shrink.
"""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from witness.ledger import Head, Ledger
from witness.merkle import proves_growth
from witness.notes import NUMBER, Checkpoint, LogKey, Malformed, WitnessKey, read_hash

MAX_PROOF = 63
SIZE_TYPE = "text/x.tlog.size"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request: from which size, by which proof, to which checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint


def read_request(body: bytes) -> Request:
    try:
        above, divider, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError as fault:
        raise Malformed("The request is not UTF-8.") from fault
    first, *proof = above.split("\n")
    old = first.removeprefix("old ")
    if not divider or not first.startswith("old ") or not NUMBER.fullmatch(old):
        raise Malformed("The request is not a line `old SIZE`, the proof, an empty line and a checkpoint.")
    if len(proof) > MAX_PROOF:
        raise Malformed(f"The proof has more than {MAX_PROOF} lines.")
    return Request(int(old), tuple(read_hash(line) for line in proof), Checkpoint.read(note))


class Witness:
    """Watches the given logs with one key. Safe to use from several threads."""

    def __init__(self, key: WitnessKey, logs: Iterable[LogKey], ledger: Ledger) -> None:
        self.key = key
        self._logs: dict[str, list[LogKey]] = {}
        for known in logs:
            self._logs.setdefault(known.name, []).append(known)
        self._ledger = ledger
        self._one_at_a_time = threading.Lock()

    def add_checkpoint(self, body: bytes) -> Answer:
        try:
            request = read_request(body)
        except Malformed as fault:
            return Answer(400, f"{fault}\n")
        checkpoint = request.checkpoint
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            return Answer(404, "This witness does not watch a log of that origin.\n")
        if not checkpoint.signed_by(keys):
            return Answer(403, "The checkpoint is not signed by a key of that log that this witness knows.\n")
        if request.old_size > checkpoint.size:
            return Answer(400, "The old size is larger than the checkpoint's.\n")
        with self._one_at_a_time:
            return self._grow(request)

    def _grow(self, request: Request) -> Answer:
        checkpoint = request.checkpoint
        head = self._ledger.head(checkpoint.origin)
        if request.old_size != head.size:
            return Answer(409, f"{head.size}\n", SIZE_TYPE)
        if checkpoint.size == head.size and checkpoint.root != head.root:
            log.error("FORK of %s at %d: %r", checkpoint.origin, head.size, checkpoint)
            return Answer(409, "A different tree of that size was cosigned before.\n")
        if not proves_growth(head.size, head.root, checkpoint.size, checkpoint.root, request.proof):
            log.error("NOT SHOWN TO GROW: %s from %d: %r", checkpoint.origin, head.size, checkpoint)
            return Answer(422, "The proof does not show that the checkpoint continues the last one cosigned.\n")
        self._ledger.keep(checkpoint.origin, Head(checkpoint.size, checkpoint.root))
        return Answer(200, self.key.cosign(checkpoint.text, at=int(time.time())))
