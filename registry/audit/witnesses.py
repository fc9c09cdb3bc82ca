"""Asking witnesses to cosign a checkpoint (C2SP tlog-witness). One that does not answer holds nothing up, unless the
operator wants a quorum.
"""

import base64
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
from django.conf import settings

from registry.audit.keys import witnesses
from registry.audit.merkle import consistency
from registry.audit.notes import Verifier, cosignature_of, read_checkpoint
from registry.audit.reading import reader

logger = logging.getLogger(__name__)

SECONDS = 2.0
PAUSE = 15.0  # before one that failed is asked again
MAX_ANSWER = 2**14


class NoQuorum(Exception):
    """Fewer witnesses than the operator asks for have signed."""


@dataclass(slots=True)
class Line:
    """One witness: what it is known to have signed last, and until when it is left alone."""

    key: Verifier
    url: str
    size: int = 0
    quiet_until: float = 0.0


class Witnesses:
    def __init__(self) -> None:
        self.lines = [Line(key, url) for key, url in witnesses()]

    def cosigned(self, note: str) -> str:
        """The note with every signature that could be had; NoQuorum when they are too few."""
        quorum = settings.WITNESS_QUORUM
        asked = [line for line in self.lines if quorum or line.quiet_until <= time.monotonic()]
        if not asked:
            return note
        proofs = {line.url: self._proof(line.size, note) for line in asked}
        with ThreadPoolExecutor(max_workers=len(asked)) as pool:
            answers = list(pool.map(lambda line: self._ask(line, note, proofs[line.url]), asked))
        # A witness that has seen more, or less, than we remember says so; the proof from there needs the database.
        for at, (line, answer) in enumerate(zip(asked, answers, strict=True)):
            if isinstance(answer, int):
                line.size = answer
                again = self._ask(line, note, self._proof(answer, note))
                answers[at] = again if isinstance(again, str) else ""
        signed = [answer for answer in answers if isinstance(answer, str) and answer]
        if len(signed) < quorum:
            raise NoQuorum(f"{len(signed)} witnesses have signed; the operator asks for {quorum}.")
        return note + "".join(signed)

    def _proof(self, old: int, note: str) -> str:
        new = read_checkpoint(note).size
        if old > new:
            return ""
        lines = [base64.b64encode(step).decode() for step in consistency(reader(), old, new)]
        return f"old {old}\n" + "".join(f"{line}\n" for line in lines)

    def _ask(self, line: Line, note: str, proof: str) -> str | int:
        """Its signature's line; a number, where it wants a proof from another size; nothing, where it fails."""
        try:
            with httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:
                answer = client.post(f"{line.url}/add-checkpoint", content=f"{proof}\n{note}".encode())
            if answer.status_code == 409 and answer.text.strip().isdecimal():
                return int(answer.text[:20])
            if answer.status_code == 200 and len(answer.content) <= MAX_ANSWER:
                line.size = read_checkpoint(note).size
                return self._own_line(line, note, answer.text)
            fault = f"it answered {answer.status_code}"
        except httpx.HTTPError as error:
            fault = f"{type(error).__name__}"
        line.quiet_until = time.monotonic() + PAUSE
        logger.warning("The witness %s has not signed: %s.", line.key.name, fault)
        return ""

    def _own_line(self, line: Line, note: str, answer: str) -> str:
        """Only a true signature of the key that we were told of goes into the checkpoint."""
        if text := cosignature_of(note, answer, line.key):
            return f"{text}\n"
        logger.warning("The witness %s signed with another key than its own.", line.key.name)
        return ""
