"""`guildhall verify log` reads a whole log, names what was changed, and notices a fork, a shrink and a stranger."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from client.verify.merkle import Frontier, grows, includes, leaf_hash
from client.verify.tiles import Folder, Tiles
from tests.client.served import served
from tests.client.verifying import Verify, verify
from tests.small_log import COSIGN, Signer, SmallLog, audit_path, b64, growth_proof, tile_path, tree_hash

__all__ = ["verify"]

LOG = SmallLog.of(1000)
KEY = LOG.signer.vkey


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 777, 1000])
def test_a_whole_log_of_any_size_verifies(verify: Verify, tmp_path: Path, size: int) -> None:
    folder = LOG.write(tmp_path / "log", size)

    verdict = verify("log", folder, "--key", KEY)

    assert verdict.status == 0, verdict.err
    assert f"holds {size} entries" in verdict.out
    assert b64(LOG.root(size)) in verdict.out


def test_a_log_with_tiles_of_the_third_level_verifies(verify: Verify, tmp_path: Path) -> None:
    large = SmallLog.of(65_536 + 300)
    folder = large.write(tmp_path / "log")

    whole = verify("log", folder, "--key", KEY)
    _flip(folder / "tile/2/000.p/1")
    changed = verify("log", folder, "--key", KEY)

    assert whole.status == 0, whole.err
    assert changed.err == ("guildhall: tile/2/000.p/1 was changed: its hash 0 is not that of the entries below it.\n")


def _flip(file: Path, at: int = 5) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an entry": (lambda log: _flip(log / "tile/entries/001", 5), "Entry 256 is not what the checkpoint covers"),
    "an entry of the last bundle": (
        lambda log: _flip(log / "tile/entries/003.p/232", 5),
        "Entry 768 is not what the checkpoint covers: tile/entries/003.p/232 was changed.",
    ),
    "a length in a bundle": (lambda log: _flip(log / "tile/entries/001", 1), "tile/entries/001"),
    "a tile": (lambda log: _flip(log / "tile/0/002", 40), "tile/0/002 was changed: its hash 1 "),
    "the last tile": (lambda log: _flip(log / "tile/0/003.p/232"), "tile/0/003.p/232 was changed: its hash 0 "),
    "a tile above": (lambda log: _flip(log / "tile/1/000.p/3", 70), "tile/1/000.p/3 was changed: its hash 2 "),
    "a tile cut short": (lambda log: (log / "tile/0/002").write_bytes(b"x" * 32), "tile/0/002 has 32 bytes"),
    "a tile gone": (lambda log: (log / "tile/0/002").unlink(), "tile/0/002 is missing"),
    "a bundle gone": (lambda log: (log / "tile/entries/003.p/232").unlink(), "tile/entries/003.p/232"),
    "a bundle and its tile": (lambda log: _other_entries(log, 2), "One of the entries 512-767 is not"),
    "everything": (lambda log: SmallLog.of(1000, word="other").write(log), "agree with each other, but not"),
}


def _other_entries(log: Path, number: int) -> None:
    other = SmallLog.of(1000, word="other")
    entries = other.entries[number * 256 : number * 256 + 256]
    bundle = b"".join(len(one).to_bytes(2, "big") + one for one in entries)
    (log / f"tile/entries/{number:03}").write_bytes(bundle)
    (log / f"tile/0/{number:03}").write_bytes(b"".join(map(leaf_hash, entries)))


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_named(verify: Verify, tmp_path: Path, what: str) -> None:
    folder = LOG.write(tmp_path / "log")
    change, sentence = CHANGES[what]

    change(folder)
    (folder / "checkpoint").write_text(LOG.checkpoint(), encoding="utf-8")
    verdict = verify("log", folder, "--key", KEY)

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


def test_an_entry_changed_together_with_its_tile_is_named_by_its_bundle(verify: Verify, tmp_path: Path) -> None:
    folder = LOG.write(tmp_path / "log")
    _other_entries(folder, 1)

    verdict = verify("log", folder, "--key", KEY)

    assert "entries 256-511" in verdict.err
    assert "tile/entries/001 was changed" in verdict.err


@pytest.mark.parametrize(
    "note",
    [
        "",
        "log.example/test\n",
        LOG.head(),
        LOG.checkpoint()[:-1],
        LOG.checkpoint() + "\n",
        LOG.checkpoint().replace("\n1000\n", "\n01000\n"),
        LOG.checkpoint().replace("\n1000\n", "\n999\n"),
        LOG.checkpoint(signers=[Signer(seed=b"1" * 32)]),
        LOG.checkpoint(signers=[Signer("other.example/log")]),
        LOG.checkpoint()[:-8] + "AAAAAA==\n",
        LOG.checkpoint(more=LOG.signer.line("another text\n")),
        LOG.checkpoint().replace("log.example", "log.example\x1b[2J"),
        "x" * 200_000,
    ],
    ids=range(13),
)
def test_a_checkpoint_that_is_not_the_logs_is_refused(verify: Verify, tmp_path: Path, note: str) -> None:
    folder = LOG.write(tmp_path / "log")
    (folder / "checkpoint").write_text(note, encoding="utf-8")

    verdict = verify("log", folder, "--key", KEY)

    assert verdict.status == 1
    assert verdict.err.count("\n") == 1
    assert "\x1b" not in verdict.err


def test_a_log_at_its_address_verifies(verify: Verify, tmp_path: Path) -> None:
    LOG.write(tmp_path / "site/log")

    with served(tmp_path / "site") as url:
        by_service = verify("log", url, "--key", KEY)
        by_log = verify("log", f"{url}/log/", "--key", KEY)
        elsewhere = verify("log", f"{url}/nothing", "--key", KEY)

    assert (by_service.status, by_log.status) == (0, 0)
    assert "has no checkpoint" in elsewhere.err


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(verify: Verify, tmp_path: Path) -> None:
    folder = LOG.write(tmp_path / "log")
    (folder / "checkpoint").write_text(LOG.checkpoint(700), encoding="utf-8")
    LOG.write(tmp_path / "small", 700)
    shutil.copytree(tmp_path / "small/tile/1", folder / "tile/1", dirs_exist_ok=True)

    verdict = verify("log", folder, "--key", KEY)

    assert verdict.status == 0, verdict.err


def test_growth_is_told_and_a_shrink_or_a_fork_is_refused(verify: Verify, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    word = ["--key", KEY, "--state", state]
    first = verify("log", LOG.write(tmp_path / "first", 300), *word)
    grown = verify("log", LOG.write(tmp_path / "grown", 900), *word)
    kept = state.read_text()

    shrunk = verify("log", tmp_path / "first", *word)
    other = SmallLog([*LOG.entries[:500], b"another", *LOG.entries[501:]])
    forked = verify("log", other.write(tmp_path / "fork", 1000), *word)
    same_size = verify("log", other.write(tmp_path / "same", 900), *word)

    assert (first.status, grown.status) == (0, 0)
    assert "continues the 300 entries" in grown.out
    assert shrunk.err == "guildhall: The log shrank: it has 300 entries, and had 900 when last verified.\n"
    assert "The log was rewritten: its first 900 entries" in forked.err
    assert "The log was rewritten" in same_size.err
    assert state.read_text() == kept
    assert json.loads(kept)["checkpoint"] == LOG.checkpoint(900)


def test_a_state_of_another_log_stops(verify: Verify, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    other = SmallLog.of(5, signer=Signer("other.example/log"))
    verify("log", other.write(tmp_path / "other"), "--key", other.signer.vkey, "--state", state)

    verdict = verify("log", LOG.write(tmp_path / "log"), "--key", KEY, "--state", state)

    assert "other.example/log was verified before" in verdict.err


def test_a_witness_that_is_demanded_must_have_signed(verify: Verify, tmp_path: Path) -> None:
    witness = Signer("eyes.example/w1", seed=b"3" * 32, kind=COSIGN)
    stranger = Signer("ears.example/w2", seed=b"4" * 32, kind=COSIGN)
    folder = LOG.write(tmp_path / "log", more=witness.line(LOG.head()))

    seen = verify("log", folder, "--key", KEY, "--witness", witness.vkey)
    unseen = verify("log", folder, "--key", KEY, "--witness", stranger.vkey)
    not_asked = verify("log", folder, "--key", KEY)

    assert seen.status == 0, seen.err
    assert "cosigned by eyes.example/w1 at 2026-" in seen.out
    assert "not cosigned by the witness ears.example/w2" in unseen.err
    assert "no witness was asked for (eyes.example/w1 signed too)" in not_asked.out


def test_a_cosignature_over_another_tree_is_refused(verify: Verify, tmp_path: Path) -> None:
    witness = Signer("eyes.example/w1", seed=b"3" * 32, kind=COSIGN)
    folder = LOG.write(tmp_path / "log", more=witness.line(LOG.head(500)))

    verdict = verify("log", folder, "--key", KEY, "--witness", witness.vkey)

    assert "false signature of eyes.example/w1" in verdict.err


def test_a_plain_key_is_no_witness_and_a_witness_no_log(verify: Verify, tmp_path: Path) -> None:
    witness = Signer("eyes.example/w1", seed=b"3" * 32, kind=COSIGN)
    folder = LOG.write(tmp_path / "log")

    swapped = verify("log", folder, "--key", witness.vkey)
    also = verify("log", folder, "--key", KEY, "--witness", KEY)

    assert "give it as --witness" in swapped.err
    assert "give it as --key" in also.err


def test_the_first_key_met_is_kept_and_another_one_refused(verify: Verify, tmp_path: Path) -> None:
    folder, thief = LOG.write(tmp_path / "log"), SmallLog(LOG.entries, Signer(seed=b"5" * 32))
    _list_keys(folder, LOG.signer)

    first = verify("log", folder)
    again = verify("log", folder)
    _list_keys(thief.write(tmp_path / "stolen"), thief.signer)
    stolen = verify("log", tmp_path / "stolen")

    assert first.status == 0, first.err
    assert "is new here; its key is trusted from now on" in first.err
    assert (again.status, again.err) == (0, "")
    assert "is not signed by the key that is trusted" in stolen.err


def test_a_place_that_changes_its_logs_name_is_not_new(verify: Verify, tmp_path: Path) -> None:
    folder, renamed = tmp_path / "log", SmallLog(LOG.entries, Signer("fresh.example/log"))
    _list_keys(LOG.write(folder), LOG.signer)
    verify("log", folder)

    _list_keys(renamed.write(folder), renamed.signer)
    verdict = verify("log", folder)

    assert verdict.status == 1
    assert "had the log log.example/test, and now there is fresh.example/log" in verdict.err


def test_a_broken_line_of_known_logs_is_named(verify: Verify, tmp_path: Path) -> None:
    kept = tmp_path / "config/guildhall/known_logs"
    kept.parent.mkdir(parents=True)
    kept.write_text("log.example/test\n")

    verdict = verify("log", LOG.write(tmp_path / "log"))

    assert "known_logs has a line that is no origin, place and key" in verdict.err


def _list_keys(folder: Path, *signers: Signer, **more: object) -> None:
    items: list[dict[str, object]] = [
        {"purpose": "log", "vkey": one.vkey, "added": 0, "retired": None, "rotation": None} for one in signers
    ]
    items[-1].update(more)
    (folder / "keys.json").write_text(json.dumps({"origin": LOG.signer.name, "keys": items}))


def _key_event(kind: str, signer: Signer) -> bytes:
    facts = {"purpose": "log", "vkey": signer.vkey}
    return json.dumps({"event": f"log_key.{kind}", "facts": facts}, separators=(",", ":")).encode()


def test_a_new_key_is_followed_when_the_old_one_signed_a_tree_that_names_it(verify: Verify, tmp_path: Path) -> None:
    old, new = Signer(), Signer(seed=b"6" * 32)
    entries = [*LOG.entries[:300], _key_event("added", new), *LOG.entries[301:]]
    before, after = SmallLog(entries, old), SmallLog(entries, new)
    met = before.write(tmp_path / "met", 200)
    _list_keys(met, old)
    verify("log", met)
    both = before.checkpoint(400, signers=[old, new])

    before.write(tmp_path / "log", 400)
    _list_keys(after.write(tmp_path / "log"), old, new, added=300, rotation=both)
    followed = verify("log", tmp_path / "log")
    from_now_on = verify("log", tmp_path / "log")

    assert followed.status == 0, followed.err
    assert "has a new key, named in entry 300 under the old one" in followed.err
    assert (from_now_on.status, from_now_on.err) == (0, "")


@pytest.mark.parametrize("lie", ["not named", "not signed by the old", "not signed by the new", "named for statements"])
def test_a_new_key_that_is_not_vouched_for_is_not_followed(verify: Verify, tmp_path: Path, lie: str) -> None:
    old, new = Signer(), Signer(seed=b"6" * 32)
    told = _key_event("added", new).replace(b'"log"', b'"statements"' if lie == "named for statements" else b'"log"')
    entries = [*LOG.entries[:300], b"nothing" if lie == "not named" else told, *LOG.entries[301:]]
    signers = {"not signed by the old": [new], "not signed by the new": [old]}.get(lie, [old, new])
    log = SmallLog(entries, new)

    note = log.checkpoint(400, signers=signers)
    log.write(tmp_path / "log", 400)
    _list_keys(log.write(tmp_path / "log"), new, added=300, rotation=note)
    verdict = verify("log", tmp_path / "log", "--key", old.vkey)

    assert verdict.status == 1
    assert "is not signed by the key that is trusted" in verdict.err or "no JSON" in verdict.err


def test_a_key_that_the_log_put_away_signs_no_more(verify: Verify, tmp_path: Path) -> None:
    entries = [*LOG.entries[:300], _key_event("retired", LOG.signer), *LOG.entries[301:]]

    verdict = verify("log", SmallLog(entries).write(tmp_path / "log"), "--key", KEY)

    assert "signed only by a key that entry 300 put out of use" in verdict.err


def test_a_folder_that_is_no_log_says_so(verify: Verify, tmp_path: Path) -> None:
    nothing = verify("log", tmp_path / "nothing", "--key", KEY)
    (tmp_path / "empty").mkdir()
    empty = verify("log", tmp_path / "empty", "--key", KEY)

    assert "neither an address" in nothing.err
    assert "checkpoint is missing; copy the whole log" in empty.err


@pytest.mark.parametrize("size", [*range(1, 20), 256, 257, 700])
def test_proofs_hold_and_shortened_or_lengthened_ones_do_not(size: int) -> None:
    hashes, root = LOG.hashes(size), LOG.root(size)

    for index in {0, size // 2, size - 1}:
        path = audit_path(index, hashes)
        assert includes(size, root, index, hashes[index], path)
        assert not includes(size, root, index, hashes[index], [*path, bytes(32)])
        assert not includes(size, root, index, bytes(32), path)
        assert not path or not includes(size, root, index, hashes[index], path[:-1])
    for old in {1, size // 2 or 1, size - 1 or 1, size}:
        proof, old_root = growth_proof(old, hashes), LOG.root(old)
        assert grows(old, old_root, size, root, proof)
        assert not grows(old, old_root, size, root, [*proof, bytes(32)])
        assert not grows(old, bytes(32), size, root, proof)


@pytest.mark.parametrize("size", [1, 3, 255, 256, 257, 513, 1000])
def test_tiles_give_the_roots_and_paths_of_the_plain_log(tmp_path: Path, size: int) -> None:
    tiles = Tiles(Folder(LOG.write(tmp_path, size)), size)
    frontier = Frontier()

    for one in LOG.hashes(size):
        frontier.add(one)

    assert tiles.root() == frontier.root() == tree_hash(LOG.hashes(size))
    for index in {0, size // 3, size - 1}:
        assert tiles.path(index) == audit_path(index, LOG.hashes(size))


def test_tile_names_are_those_of_the_specification() -> None:
    from client.verify.tiles import tile_name

    assert tile_name(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_name("entries", 5, 12) == "tile/entries/005.p/12"
    assert tile_path(1_234_067, 256) == "x001/x234/067"
