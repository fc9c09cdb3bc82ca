"""Plain text in columns, for a terminal and for a log file alike."""

from collections.abc import Mapping, Sequence

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
    rows = [[str(entry["seq"]), entry["at"][11:19], entry["event"], entry["about"], _who(entry)] for entry in entries]
    return table(["entry", "at", "event", "about", "by"], rows, right=("entry",))


def _who(entry: LogEntry) -> str:
    return entry["actor_name"] or entry["actor"]


def _figure(value: float, anchor: float) -> str:
    return f"{value:.3f}  {'':6}" if value == anchor else f"{value:.3f}  {value / anchor - 1:+6.1%}"
