"""`guildhall verify owner`: what the log says of an organisation's experts, added up without the service."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.verifying import Verify, verify
from tests.small_log import SmallLog

__all__ = ["verify"]

NOVEMBER, OCTOBER = "2026-11-20T10:00:00.000000+00:00", "2026-10-31T23:59:59.999999+00:00"
KEY = SmallLog().signer.vkey


def leaf(event: str, about: str, facts: dict[str, Any], *, at: str = NOVEMBER) -> bytes:
    told = {"about": about, "actor": "system:x", "at": at, "event": event, "facts": facts, "version": 1}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def build(number: int, *versions: str, consumer: str = "reader", at: str = NOVEMBER) -> list[bytes]:
    """What publishing a model writes."""
    inclusions = [{"version": version, "slot": slot} for slot, version in enumerate(versions, start=1)]
    facts = {"composition": f"c{number}", "consumer": consumer}
    return [
        *(leaf("inclusion.recorded", version, facts, at=at) for version in versions),
        leaf("composition.included", f"composition:c{number}", {"consumer": consumer, "inclusions": inclusions}, at=at),
    ]


def download(consumer: str, *versions: str, at: str = NOVEMBER) -> bytes:
    facts = {"consumer": consumer, "versions": list(versions)}
    return leaf("download.granted", "composition:c1", facts, at=at)


ENTRIES = [
    *build(1, "playhouse/drama@1", "court/law@1", at=OCTOBER),
    *build(2, "playhouse/drama@2", "playhouse/verse@1"),
    *build(3, "playhouse/drama@1", consumer="library"),
    *build(4, "playhouse/verse@1", consumer="library"),
    leaf("composition.cancelled", "composition:c4", {}),
    *build(5, "playhouse/verse@1", consumer="library"),
    leaf("composition.failed", "composition:c5", {}),
    *build(6, "playhouses/other@1"),
    download("reader", "playhouse/drama@1", "court/law@1", at=OCTOBER),
    download("reader", "playhouse/drama@2", "playhouse/verse@1"),
    download("reader", "playhouse/drama@2", "playhouse/verse@1"),
    leaf("person.created", "person:1", {"note": 'playhouse/ "inclusion.recorded"'}),
    *([b"{}"] * 300),
]
NOVEMBERS = [
    ("playhouse/drama", "library", 1, 0),
    ("playhouse/drama", "reader", 1, 2),
    ("playhouse/verse", "reader", 1, 2),
]


def statement(file: Path, told: list[tuple[str, str, int, int]], **more: object) -> Path:
    names = ("expert", "consumer", "inclusions", "downloads")
    body = {
        "organisation": "playhouse",
        "month": "2026-11",
        "size": len(ENTRIES),
        "lines": [dict(zip(names, line, strict=True)) for line in told],
    }
    file.write_text(json.dumps(body | more))
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return SmallLog(ENTRIES).write(tmp_path / "log")


def owner(verify: Verify, log: Path, *words: str | Path) -> Any:
    return verify("owner", "playhouse", "--log", log, "--key", KEY, *words)


def test_all_that_the_log_tells_is_added_up(verify: Verify, log: Path) -> None:
    verdict = owner(verify, log)

    assert verdict.status == 0, verdict.err
    assert "playhouse/drama for reader: 2 inclusions, 3 downloads" in verdict.out
    assert "playhouse/drama for library: 1 inclusions, 0 downloads" in verdict.out
    assert "playhouse/verse for library" not in verdict.out
    assert "other" not in verdict.out


def test_a_month_is_that_of_the_entries(verify: Verify, log: Path) -> None:
    verdict = owner(verify, log, "--month", "2026-10")

    assert "playhouse/drama for reader: 1 inclusions, 1 downloads" in verdict.out
    assert "verse" not in verdict.out


def test_a_true_statement_agrees(verify: Verify, log: Path, tmp_path: Path) -> None:
    file = statement(tmp_path / "statement", NOVEMBERS)

    verdict = owner(verify, log, "--month", "2026-11", "--statement", file)

    assert verdict.status == 0, verdict.err
    assert "the statement says the same" in verdict.out


def test_a_statement_is_of_its_own_size(verify: Verify, tmp_path: Path) -> None:
    later = SmallLog([*ENTRIES, *build(7, "playhouse/drama@1")]).write(tmp_path / "later")
    file = statement(tmp_path / "statement", NOVEMBERS)

    verdict = owner(verify, later, "--month", "2026-11", "--statement", file)

    assert verdict.status == 0, verdict.err


FALSE: dict[str, tuple[list[tuple[str, str, int, int]], dict[str, object], str]] = {
    "fewer inclusions": (
        [("playhouse/drama", "library", 0, 0), *NOVEMBERS[1:]],
        {},
        "The statement says 0 inclusions of playhouse/drama for library; the log says 1.",
    ),
    "fewer downloads": (
        [*NOVEMBERS[:2], ("playhouse/verse", "reader", 1, 1)],
        {},
        "The statement says 1 downloads of playhouse/verse for reader; the log says 2.",
    ),
    "a line left out": (NOVEMBERS[1:], {}, "says 0 inclusions of playhouse/drama for library"),
    "a line more": ([*NOVEMBERS, ("playhouse/x", "reader", 1, 0)], {}, "says 1 inclusions of playhouse/x"),
    "a line twice": ([*NOVEMBERS, NOVEMBERS[0]], {}, "twice"),
    "of another": (NOVEMBERS, {"organisation": "court"}, "The statement is of court, 2026-11"),
    "of another month": (NOVEMBERS, {"month": "2026-10"}, "The statement is of playhouse, 2026-10"),
    "of no month": (NOVEMBERS, {"month": "\x1b[2J"}, "of no month"),
    "of more than there is": (NOVEMBERS, {"size": 10_000}, "of 10000 entries, and the log has only"),
    "without lines": (NOVEMBERS, {"lines": 7}, "has no lines"),
    "with a line that is none": (NOVEMBERS, {"lines": [7]}, "has a line that is none"),
    "true for a number": ([("playhouse/drama", "library", True, 0)], {}, "has no inclusions"),
}


@pytest.mark.parametrize("what", FALSE)
def test_a_false_statement_is_refused_by_its_line(verify: Verify, log: Path, tmp_path: Path, what: str) -> None:
    lines, more, sentence = FALSE[what]
    file = statement(tmp_path / "statement", lines, **more)

    verdict = owner(verify, log, "--month", "2026-11", "--statement", file)

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


def test_an_inclusion_that_was_not_recorded_is_found(verify: Verify, tmp_path: Path) -> None:
    hidden = build(9, "playhouse/drama@1")[1]

    verdict = owner(verify, SmallLog([b"{}", hidden]).write(tmp_path / "log"))

    assert verdict.err == (
        "guildhall: Entry 1 includes playhouse/drama@1 in a model, but no entry records that inclusion.\n"
    )


def test_an_event_spelt_with_escapes_is_found_too(verify: Verify, tmp_path: Path) -> None:
    spelt = download("reader", "playhouse/drama@1").replace(b"download.granted", b"download\\u002egranted")

    verdict = owner(verify, SmallLog([spelt]).write(tmp_path / "log"))

    assert "playhouse/drama for reader: 0 inclusions, 1 downloads" in verdict.out


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.replace(b'"event"', b'"event":"x","event"'),
        lambda entry: entry[:-1],
        lambda entry: entry.replace(b'["playhouse/drama@1"]', b"7"),
        lambda entry: entry.replace(b'["playhouse/drama@1"]', b"[" * 3000 + b"]" * 3000),
    ],
    ids=["an event twice", "cut off", "no list", "too deep"],
)
def test_an_entry_that_cannot_be_read_is_named(
    verify: Verify, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    broken = change(download("reader", "playhouse/drama@1"))

    verdict = owner(verify, SmallLog([b"{}", broken]).write(tmp_path / "log"))

    assert verdict.status == 1
    assert verdict.err.startswith("guildhall: Entry 1 ")
    assert verdict.err.count("\n") == 1


def test_a_changed_entry_is_named_here_too(verify: Verify, log: Path) -> None:
    file = log / "tile/entries/000"
    file.write_bytes(file.read_bytes().replace(b'"library"', b'"someone"', 1))

    verdict = owner(verify, log)

    assert "Entry 6 is not what the checkpoint covers: tile/entries/000 was changed." in verdict.err
