"""The witness's one answer, from a real process: what it cosigns, what it refuses, and what it remembers."""

import base64
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_log import DASH, Signer, SmallLog
from tests.witness.running import Running, witness
from witness import server
from witness.judging import Witness, read_request
from witness.ledger import Ledger, open_key
from witness.notes import LogKey, Malformed


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Running]:
    with witness(tmp_path / "witness") as running:
        yield running


def cosigned(answer: httpx.Response, running: Running, head: str) -> int:
    """Check the cosignature in the answer by hand; the time it names."""
    assert answer.status_code == 200, answer.text
    name, key_id, key = running.vkey.split("+", 2)
    line = answer.text
    assert line.startswith(f"{DASH}{name} ")
    assert line.endswith("\n")
    value = base64.b64decode(line[:-1].split(" ")[2], validate=True)
    at = int.from_bytes(value[4:12], "big")
    assert value[:4].hex() == key_id
    public = base64.b64decode(key)
    assert public[0] == 4
    message = f"cosignature/v1\ntime {at}\n{head}".encode()
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(value[12:], message)
    return at


def test_it_cosigns_a_log_that_only_grows(watching: Running) -> None:
    log = SmallLog.of(70)

    first = watching.add(log.submission(0, 3))
    same = watching.add(log.submission(3, 3))
    grown = [watching.add(log.submission(old, size)) for old, size in ((3, 4), (4, 8), (8, 64), (64, 65), (65, 70))]

    assert cosigned(first, watching, log.head(3)) > 1_700_000_000
    cosigned(same, watching, log.head(3))
    for answer, size in zip(grown, (4, 8, 64, 65, 70), strict=True):
        cosigned(answer, watching, log.head(size))


def test_it_cosigns_an_empty_log(watching: Running) -> None:
    answer = watching.add(SmallLog.of(0).submission(0))

    cosigned(answer, watching, SmallLog.of(0).head())


def test_a_log_that_asks_from_another_size_is_told_the_size(watching: Running) -> None:
    log = SmallLog.of(9)
    watching.add(log.submission(0, 5))

    stale = watching.add(log.submission(4, 9))
    unknown_to_us = watching.add(log.submission(0, 9))

    for answer in (stale, unknown_to_us):
        assert (answer.status_code, answer.text) == (409, "5\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


def test_it_never_cosigns_a_fork(watching: Running) -> None:
    log, other = SmallLog.of(9), SmallLog.of(9, word="other")
    watching.add(log.submission(0, 5))

    grown_apart = watching.add(other.submission(5, 9))
    same_size = watching.add(other.submission(5, 5))
    good = watching.add(log.submission(5, 9))

    assert grown_apart.status_code == 422
    assert same_size.status_code == 409
    assert same_size.headers["content-type"] != "text/x.tlog.size"
    cosigned(good, watching, log.head())


def test_it_never_cosigns_a_shrink(watching: Running) -> None:
    log = SmallLog.of(9)
    watching.add(log.submission(0, 9))

    smaller = watching.add(log.submission(9, 9).replace(log.checkpoint(9).encode(), log.checkpoint(5).encode()))
    from_before = watching.add(log.submission(3, 5))

    assert smaller.status_code == 400
    assert from_before.status_code == 409


def test_a_proof_with_a_step_too_few_or_too_many_shows_nothing(watching: Running) -> None:
    log = SmallLog.of(9)
    watching.add(log.submission(0, 5))
    lines = log.submission(5, 9).split(b"\n")

    fewer = watching.add(b"\n".join(lines[:1] + lines[2:]))
    more = watching.add(b"\n".join(lines[:2] + lines[1:]))

    assert [fewer.status_code, more.status_code] == [422, 422]


def test_a_log_it_does_not_watch_is_not_found(watching: Running) -> None:
    log = SmallLog.of(3, signer=Signer("another.example/log"))

    answer = watching.add(log.submission(0))

    assert answer.status_code == 404


def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(watching: Running) -> None:
    log = SmallLog.of(3)
    stranger = Signer(seed=b"1" * 32)
    head, line = log.head(), log.signer.line(log.head())
    broken = line[:-8] + ("AAAA" if line[-8:-4] != "AAAA" else "BBBB") + line[-4:]

    by_a_stranger = watching.add(f"old 0\n\n{head}\n{stranger.line(head)}".encode())
    by_a_broken_line = watching.add(f"old 0\n\n{head}\n{broken}".encode())
    beside_a_broken_line = watching.add(f"old 0\n\n{head}\n{line}{broken}".encode())
    beside_a_stranger = watching.add(f"old 0\n\n{head}\n{stranger.line(head)}{line}".encode())

    assert [by_a_stranger.status_code, by_a_broken_line.status_code] == [403, 403]
    assert beside_a_broken_line.status_code == 403
    cosigned(beside_a_stranger, watching, head)


def test_a_log_that_changes_its_key_is_watched_by_both(tmp_path: Path) -> None:
    old, new = Signer(), Signer(seed=b"2" * 32)
    log, later = SmallLog.of(5, signer=old), SmallLog.of(5, signer=new)

    with witness(tmp_path, logs=[old, new]) as watching:
        first = watching.add(log.submission(0, 3))
        second = watching.add(later.submission(3, 5))

    cosigned(first, watching, log.head(3))
    cosigned(second, watching, log.head(5))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\n\n",
        b"old 0\n",
        b"old 00\n\nlog.example/test\n0\nAA==\n\n",
        b"old -1\n\nx\n",
        b"old 99999999999999999999\n\n",
        SmallLog.of(3).submission(0).replace(b"old 0", b"new 0"),
        SmallLog.of(3).submission(0).replace(b"\n3\n", b"\n03\n"),
        SmallLog.of(3).submission(0).replace(b"\n3\n", "\n\N{ARABIC-INDIC DIGIT THREE}\n".encode()),
        SmallLog.of(3).submission(0).replace(b"old 0\n", b"old 0\nnot base64\n"),
        SmallLog.of(3).submission(0).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n" * 64),
        SmallLog.of(3).submission(0).rpartition(b"\n\n")[0],
        SmallLog.of(3).submission(0)[:-1],
        SmallLog.of(3).submission(0).replace(b"\n3\n", b"\n3\r\n"),
        SmallLog.of(3).submission(0) + SmallLog.of(3).signer.line(SmallLog.of(3).head()).encode() * 99,
    ],
    ids=range(15),
)
def test_garbage_is_a_bad_request(watching: Running, body: bytes) -> None:
    answer = watching.add(body)

    assert answer.status_code == 400, answer.text


def test_more_than_a_request_holds_is_not_read(watching: Running) -> None:
    answer = watching.add(b"old 0\n" + b"A" * 200_000)

    assert answer.status_code == 413


def test_it_says_what_it_is(watching: Running) -> None:
    answer = httpx.get(f"http://127.0.0.1:{watching.port}/")

    assert watching.vkey in answer.text
    assert "witness" in answer.text


def test_its_key_is_its_own_and_stays(tmp_path: Path) -> None:
    with witness(tmp_path) as first:
        pass
    with witness(tmp_path) as second:
        pass

    assert first.vkey == second.vkey == (tmp_path / "vkey").read_text().strip()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key").read_text().startswith("PRIVATE+KEY+eyes.example/w1+")


def test_restarted_it_goes_on_from_its_state(tmp_path: Path) -> None:
    log, other = SmallLog.of(9), SmallLog.of(9, word="other")
    with witness(tmp_path) as before:
        before.add(log.submission(0, 5))

    with witness(tmp_path) as after:
        told = after.add(other.submission(0, 9))
        forked = after.add(other.submission(5, 9))
        grown = after.add(log.submission(5, 9))

    assert (told.status_code, told.text) == (409, "5\n")
    assert forked.status_code == 422
    cosigned(grown, after, log.head(9))


@pytest.mark.parametrize(("dies", "kept"), [("before the state is kept", 5), ("between the state and the answer", 9)])
def test_killed_anywhere_it_signs_no_fork(tmp_path: Path, dies: str, kept: int) -> None:
    log, other = SmallLog.of(9), SmallLog.of(9, word="other")
    with witness(tmp_path) as before:
        before.add(log.submission(0, 5))
    with witness(tmp_path, dies=dies) as mortal, pytest.raises(httpx.TransportError):
        mortal.add(log.submission(5, 9))

    with witness(tmp_path) as after:
        told = after.add(log.submission(0, 9))
        forks = [after.add(other.submission(old, 9)) for old in (0, 5, 9)]
        again = after.add(log.submission(kept, 9))

    assert (told.status_code, told.text) == (409, f"{kept}\n")
    assert all(fork.status_code in {409, 422} for fork in forks)
    cosigned(again, after, log.head(9))


def test_of_many_at_once_the_cosigned_ones_are_one_history(watching: Running) -> None:
    logs = [SmallLog.of(9, word=f"history {number}") for number in range(8)]

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda log: watching.add(log.submission(0)), logs))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


def test_two_witnesses_do_not_share_a_folder(watching: Running) -> None:
    second = _started(watching.folder)

    assert second.returncode == 1
    assert "its own folder" in second.stderr


def test_a_lost_or_broken_state_is_not_begun_anew(tmp_path: Path) -> None:
    with witness(tmp_path):
        pass
    state = tmp_path / "state.json"

    state.write_text("{")
    broken = _started(tmp_path)
    state.write_text(json.dumps({"log.example/test": {"size": -1, "root": ""}}))
    senseless = _started(tmp_path)
    state.unlink()
    lost = _started(tmp_path)

    assert [broken.returncode, senseless.returncode, lost.returncode] == [1, 1, 1]
    assert "state.json" in broken.stderr
    assert "put the state back" in lost.stderr


def test_a_caller_who_says_nothing_keeps_nobody_waiting(watching: Running) -> None:
    silent = [socket.create_connection(("127.0.0.1", watching.port)) for _ in range(20)]

    answer = watching.add(SmallLog.of(3).submission(0))

    assert answer.status_code == 200
    for line in silent:
        line.close()


def test_a_caller_who_sends_a_byte_now_and_then_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.3)
    ledger = Ledger.open(tmp_path)
    watching = Witness(open_key(tmp_path, name=None), [LogKey.read(Signer().vkey)], ledger)

    with server.Server(("127.0.0.1", 0), watching) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with socket.create_connection(("127.0.0.1", listening.server_address[1]), timeout=10) as caller:
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                while time.monotonic() - began < 5:
                    caller.sendall(b"G")
                    time.sleep(0.05)
        lasted = time.monotonic() - began
        listening.shutdown()
        thread.join()
    ledger.close()

    assert lasted < 3


def test_the_key_can_be_made_before_the_log_is_known(tmp_path: Path) -> None:
    made = _started(tmp_path, "--make-key", "--name", "eyes.example/w1")

    with witness(tmp_path) as running:
        pass

    assert made.stdout.strip() == running.vkey


def _started(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "witness", "--folder", str(folder), "--port", "0", "--log", Signer().vkey, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_bytes_are_a_request_or_malformed(data: st.DataObject) -> None:
    good = SmallLog.of(5).submission(3)
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))

    try:
        request = read_request(good[:start] + data.draw(st.binary(max_size=60)) + good[end:])
    except Malformed:
        return

    assert request.checkpoint.size >= 0
    assert len(request.proof) <= 63
