"""What a verification looks at, one thing after another, told to whoever watches as it comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from flexcore.package import Malformed
from registry.errors import Invalid
from registry.evidence.signatures import BadSignature
from registry.experts.verifying import note_checks


class Unfit(Exception):
    """The files are not what they should be: one sentence for whoever brought them."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What was found, in sentences; `attention` where a reviewer should think about it."""

    detail: str
    attention: bool = False


@dataclass(slots=True)
class Findings:
    """What was looked at and what came out, in order; nothing follows a check that failed."""

    version_id: UUID
    checks: list[dict[str, object]] = field(default_factory=list)

    @contextmanager
    def check(self, name: str, *, fine: str) -> Iterator[None]:
        try:
            yield
        except (Unfit, Malformed, BadSignature, Invalid) as fault:
            raise self.refused(name, str(fault)) from fault
        self.note(name, Remark(fine))

    def refused(self, name: str, sentence: str) -> Unfit:
        """To be raised: with this check it ends."""
        self.checks.append({"name": name, "ok": False, "detail": sentence})
        return Unfit(sentence)

    def note(self, name: str, remark: Remark) -> None:
        told: dict[str, object] = {"name": name, "ok": True, "detail": remark.detail}
        if remark.attention:
            told["attention"] = True
        self.checks.append(told)
        note_checks(self.version_id, self.checks)
