"""Plain text in columns, for a terminal and for a log file alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from client.shapes import LogEntry
from experiments.demo.checks import Check, Figures


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Each column as wide as what is in it; those named in `right` end together, as figures should."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            f"{cell:>{width}}" if name in right else f"{cell:<{width}}"
            for name, cell, width in zip(head, row, widths, strict=True)
        ).rstrip()
        for row in (head, rule, *rows)
    )


def figures_table(measured: Mapping[str, Figures], *, domains: Sequence[str], anchor: str) -> str:
    """Bits per byte, and by how much that is more or less than the anchor's."""
    rows = [
        [name, *(_figure(figures[domain], measured[anchor][domain]) for domain in domains)]
        for name, figures in measured.items()
    ]
    return table(["bits per byte (lower is better)", *domains], rows, right=domains)


def checks_table(checks: Sequence[Check]) -> str:
    return "\n".join(f"{'pass' if check.passed else 'FAIL'}  {check.name}  ({check.seen})" for check in checks)


def log_table(entries: Sequence[LogEntry]) -> str:
    head = ["entry", "at", "event", "about", "by", "facts"]
    rows = [
        [
            "…" if entry["index"] is None else str(entry["index"]),
            entry["at"][11:19],
            entry["event"],
            entry["about"][:40],
            _who(entry),
            _facts(entry["facts"]),
        ]
        for entry in entries
    ]
    return table(head, rows, right=head[:1])


def _facts(facts: Mapping[str, Any]) -> str:
    """The few that tell the story, in short."""
    model = [str(facts["model"])] if "model" in facts else []
    slot = [f"slot {facts['slot']}"] if "slot" in facts else []
    revision = [f"revision {facts['revision'][:12]}"] if facts.get("revision") else []
    move = [f"{(facts['from'] or 'nothing')[:12]} > {facts['to'][:12]}"] if "to" in facts else []
    return ", ".join([*model, *slot, *revision, *move])


def _who(entry: LogEntry) -> str:
    return entry["actor_name"] or entry["actor"]


def _figure(value: float, anchor: float) -> str:
    return f"{value:.3f}  {'':6}" if value == anchor else f"{value:.3f}  {value / anchor - 1:+6.1%}"
