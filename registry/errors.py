"""What can be wrong with a request, as exceptions: one clear sentence each. The API turns them into problem details."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that refused: its id in the policy set, and why, in words."""

    policy: str
    reason: str


class Refusal(Exception):
    """The request cannot be done as it stands; nothing was changed."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, *, policies: Sequence[Reason] = (), field: str = "") -> None:
        """`field`: the path in the request of what is wrong, as in consent.language, where it is one field."""
        super().__init__(detail)
        self.detail = detail
        self.policies = tuple(policies)
        self.field = field


class Invalid(Refusal):
    """The request's content is wrong."""

    status = 400
    code = "invalid"
    title = "The request is not valid"


class NotAllowed(Refusal):
    """This person, in these roles, may not do this."""

    status = 403
    code = "not-allowed"
    title = "You may not do this"


class NotFound(Refusal):
    """There is no such thing, or none that this person may know of."""

    status = 404
    code = "not-found"
    title = "There is no such thing"


class WrongState(Refusal):
    """The thing is not in a state from which this can be done."""

    status = 409
    code = "wrong-state"
    title = "The state does not allow this"


class Taken(Refusal):
    """The name is in use already."""

    status = 409
    code = "taken"
    title = "The name is taken"


class Claimed(Refusal):
    """Somebody else is at it, and said so."""

    status = 409
    code = "claimed"
    title = "Somebody else is reviewing it"


class Unread(Refusal):
    """The caller does not say what they read; so nobody can tell whether it has changed since."""

    status = 428
    code = "unread"
    title = "Say what you read"


class Stale(Refusal):
    """The thing changed since the caller read it."""

    status = 412
    code = "stale"
    title = "It changed since you read it"


class Busy(Refusal):
    """There is too much under way; the same request later may do."""

    status = 429
    code = "busy"
    title = "There is too much under way"
    wait: ClassVar[int] = 10  # seconds, as a hint


class KeyReused(Refusal):
    """The Idempotency-Key came with another request before."""

    status = 422
    code = "key-reused"
    title = "The key was used for another request"


class Denied(Refusal):
    """The policies refuse; they say which and why."""

    status = 403
    code = "denied-by-policy"
    title = "The policies refuse this"
