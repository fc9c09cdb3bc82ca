"""Nothing is served on the word of a database that does not know what has been published.

A database that was restored from an old backup has forgotten withdrawals. The sequencer notices and halts the log; a
web process looks for itself too, once when it starts and whenever the log seems shorter than it was.
"""

from threading import Lock

from registry.audit.sequencer import fault_between, halt, published_checkpoint, state_of_log
from registry.errors import Refusal

_lock = Lock()
_seen = -1  # the largest published size that this process has seen; -1 before it has looked


class LogHalted(Refusal):
    """The log and the database are not one history; nothing is served until an operator has seen to it."""

    status = 503
    code = "log-halted"
    title = "The log is halted"


def demand_whole_log() -> None:
    """Raise LogHalted unless the database is that of the published log."""
    global _seen  # noqa: PLW0603  one number a process
    state = state_of_log()
    if not state.halted and (_seen < 0 or state.published_size < _seen):
        with _lock:
            state = state_of_log()
            fault = fault_between(state, published_checkpoint())
            if not fault and state.published_size < _seen:
                fault = f"The published log had {_seen} entries; the database knows {state.published_size}."
            if fault:
                halt(fault)
                state.halted = fault
    if state.halted:
        raise LogHalted("Nothing is served at present: the operator has to compare the database with the log.")
    _seen = max(_seen, state.published_size)


def forget() -> None:
    """Look again, as a process that has just started does."""
    global _seen  # noqa: PLW0603
    _seen = -1
