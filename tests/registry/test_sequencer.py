"""Places without a gap, tiles and checkpoints in the store, and no way to publish two histories."""

import base64
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from registry import storage
from registry.audit import guard, sequencer
from registry.audit.events import Event
from registry.audit.keys import log_signers, model_signer
from registry.audit.log import Deed, leaf_hash, record_many
from registry.audit.merkle import WIDTH, inclusion, node, tile_path
from registry.audit.models import Entry, LogState, Pending, Sequenced
from registry.audit.notes import make_note_key, read_checkpoint, signed_by
from registry.audit.placing import place
from registry.audit.queries import index_of, is_published, keys_of_the_log, proof_of, published_leaves
from registry.audit.reading import reader
from registry.audit.recovery import CannotRecover, recover
from registry.audit.sequencer import Halted, Sequencer
from tests.factories import ADA, api, catch_up


def tell(count: int = 1) -> list[int]:
    facts = {"from": None, "to": "0"}
    with transaction.atomic():
        return record_many([Deed(Event.MAIN_MOVED, f"model:a/{n}", ADA, facts) for n in range(count)])


def entries_in_the_store(size: int) -> Iterator[bytes]:
    """As a stranger reads them: bundle by bundle."""
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        data = storage.read(place(f"tile/entries/{tile_path(first // WIDTH, width)}"), limit=2**24)
        while data:
            length = int.from_bytes(data[:2], "big")
            yield data[2 : 2 + length]
            data = data[2 + length :]


def plain_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(plain_root(leaves[:split]), plain_root(leaves[split:]))


def published() -> str:
    return storage.read(place("checkpoint"), limit=2**16).decode()


def test_what_is_published_is_what_was_written_in_its_order() -> None:
    for count in (1, 255, 1, 400):
        tell(count)
        catch_up()

    checkpoint = read_checkpoint(published())
    leaves = list(entries_in_the_store(checkpoint.size))
    assert leaves == [bytes(entry.leaf) for entry in Entry.objects.order_by("id")]
    assert leaves == [leaf for _, leaf in published_leaves()]
    assert checkpoint.root == plain_root([bytes.fromhex(leaf_hash(leaf)) for leaf in leaves])
    assert signed_by(published(), log_signers()[0].verifier)
    assert not Pending.objects.exists()


def test_places_are_given_without_a_gap_and_for_good() -> None:
    ids = tell(3)
    with transaction.atomic():
        record_many([Deed(Event.MAIN_MOVED, "model:a/lost", ADA, {"from": None, "to": "0"})])
        transaction.set_rollback(True)
    ids += tell(2)

    catch_up()

    places = [index_of(entry) for entry in ids]
    assert places == list(range(places[0] or 0, (places[0] or 0) + 5))
    assert Sequenced.objects.count() == Entry.objects.count()
    for change in ("UPDATE registry_sequenced SET index = index + 1000", "DELETE FROM registry_sequenced"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_a_full_tile_takes_the_place_of_its_parts() -> None:
    for _ in range(4):
        tell(70)
        catch_up()

    names = {key.removeprefix(place("")) for key, _ in storage.keys_under(place("tile/"))}
    assert {"tile/0/000", "tile/entries/000", "tile/1/000.p/1"} <= names
    assert not any(name.startswith(("tile/0/000.p/", "tile/entries/000.p/")) for name in names)


def test_a_proof_leads_from_the_entry_to_the_checkpoint() -> None:
    [entry] = tell()
    tell(300)
    assert not is_published(entry)
    catch_up()

    index = index_of(entry)
    assert index is not None
    answer = api().get(f"/api/v1/log/{index}/proof")
    leaf = api().get(f"/api/v1/log/{index}/leaf")

    text = answer.content.decode()
    head, _, note = text.partition("\n\n")
    lines = head.splitlines()
    size = read_checkpoint(note).size
    path = [base64.b64decode(line) for line in lines[2:]]
    assert text == proof_of(index)
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"]
    assert note == published()
    assert path == inclusion(reader(), index, size)
    assert json.loads(leaf.content)["about"] == "model:a/0"
    assert is_published(entry)


def test_the_log_is_served_to_strangers_as_the_bytes_of_the_store() -> None:
    tell(300)
    catch_up()

    checkpoint = api().get("/log/checkpoint")
    tile = api().get("/log/tile/0/000")
    bundle = api().get("/log/tile/entries/000")
    nothing = [api().get(f"/log/{path}") for path in ("tile/0/999", "tile/../checkpoint", "tile/0/000.p/0", "tile/x")]

    assert checkpoint.content.decode() == published()
    assert tile.content == storage.read(place("tile/0/000"), limit=2**20)
    assert bundle.content == storage.read(place("tile/entries/000"), limit=2**24)
    assert "immutable" in tile.headers["Cache-Control"]
    assert "immutable" not in checkpoint.headers["Cache-Control"]
    assert {answer.status_code for answer in nothing} == {404}


@pytest.mark.parametrize("where", ["write_tiles", "signed_note", "mark_published"])
def test_killed_anywhere_it_goes_on_without_a_gap_a_double_or_a_fork(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(3)
    catch_up()
    before = read_checkpoint(published())
    tell(5)
    with monkeypatch.context() as patch:
        patch.setattr(sequencer, where, lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            catch_up()
    tell(4)

    fresh = Sequencer()
    fresh.begin()
    while fresh.step():
        pass

    leaves = list(entries_in_the_store(read_checkpoint(published()).size))
    assert leaves == [bytes(entry.leaf) for entry in Entry.objects.order_by("id")]
    assert read_checkpoint(published()).size > before.size
    assert all(
        left + 1 == right
        for left, right in pairwise(Sequenced.objects.order_by("index").values_list("index", flat=True))
    )


def test_a_database_from_before_the_published_checkpoint_is_noticed_and_nothing_is_served() -> None:
    tell(2)
    catch_up()
    with transaction.atomic():
        old = transaction.savepoint()
        tell(3)
        catch_up()
        newest = published()
        transaction.savepoint_rollback(old)  # as if restored from a backup

    with pytest.raises(Halted, match="old one"):
        Sequencer().begin()
    with pytest.raises(guard.LogHalted):
        guard.demand_whole_log()
    tell()
    with pytest.raises(Halted):
        Sequencer().step()

    assert published() == newest
    assert LogState.objects.get().halted


def test_the_web_notices_by_itself_when_it_starts() -> None:
    tell(2)
    catch_up()
    guard.demand_whole_log()
    size = read_checkpoint(published()).size
    storage.put(place("checkpoint"), published().replace(f"\n{size}\n", f"\n{size + 9}\n").encode())
    guard.demand_whole_log()  # it looks once, and when the log gets shorter

    guard.forget()
    with pytest.raises(guard.LogHalted):
        guard.demand_whole_log()


def test_a_sequencer_notices_that_the_database_went_back_under_it() -> None:
    worker = Sequencer()
    tell(5)
    worker.step()
    LogState.objects.update(published_size=1)

    with pytest.raises(Halted, match="are published"):
        worker.step()


def test_another_history_under_the_same_size_is_a_fork_and_is_refused() -> None:
    tell(2)
    catch_up()
    forged = read_checkpoint(published()).body.replace(
        base64.b64encode(read_checkpoint(published()).root).decode(), base64.b64encode(bytes(32)).decode()
    )
    storage.put(place("checkpoint"), f"{forged}\n".encode())

    with pytest.raises(Halted, match="not those that are published"):
        Sequencer().begin()


def test_keys_are_told_of_and_a_change_of_keys_is_signed_by_both(settings: Settings) -> None:
    first, second = make_note_key("a.example/log"), make_note_key("a.example/log")
    settings.LOG_KEYS = first.text
    Sequencer().begin()
    catch_up()
    settings.LOG_KEYS = f"{first.text} {second.text}"
    Sequencer().begin()
    catch_up()
    both = published()
    settings.LOG_KEYS = second.text
    Sequencer().begin()
    catch_up()

    keys = {key.vkey: key for key in keys_of_the_log()}
    assert keys[first.vkey].retired is not None
    assert keys[second.vkey].retired is None
    assert keys[second.vkey].rotation == both
    assert signed_by(both, first.verifier)
    assert signed_by(both, second.verifier)
    assert not signed_by(published(), first.verifier)
    listed = api().get("/log/keys.json").json()["keys"]
    assert [key["purpose"] for key in listed] == ["log", "statements", "models", "log"]
    assert [key["pem"] for key in listed if key["purpose"] == "models"] == [model_signer().public_pem]
    assert api().get("/log/model-key.pem").content.decode() == model_signer().public_pem


def test_an_old_database_learns_what_it_forgot_and_what_it_wrote_meanwhile_goes_behind() -> None:
    tell(3)
    catch_up()
    with transaction.atomic():
        old = transaction.savepoint()
        tell(300)
        catch_up()
        transaction.savepoint_rollback(old)
    newest = published()
    with transaction.atomic():
        record_many([Deed(Event.MAIN_MOVED, "model:a/meanwhile", ADA, {"from": None, "to": "1"})])
    sequencer.assign()  # somebody gave it a place before the fault was noticed
    with pytest.raises(Halted):
        Sequencer().begin()

    done = recover()
    catch_up()

    leaves = [json.loads(leaf)["about"] for leaf in entries_in_the_store(read_checkpoint(published()).size)]
    assert len(done.learned) == 300
    assert done.queued_again == 1
    assert len(leaves) == len(set(Sequenced.objects.values_list("index", flat=True))) == Entry.objects.count()
    assert leaves[-1] == "model:a/meanwhile"
    assert read_checkpoint(newest).size == len(leaves) - 1
    assert not LogState.objects.get().halted
    Sequencer().begin()


def test_a_store_that_lost_the_log_gets_it_again() -> None:
    tell(300)
    catch_up()
    before = {key: storage.read(key, limit=2**24) for key, _ in storage.keys_under(place(""))}
    storage.delete_under(place(""))
    with pytest.raises(Halted, match="no checkpoint"):
        Sequencer().begin()

    done = recover()

    after = {key: storage.read(key, limit=2**24) for key, _ in storage.keys_under(place(""))}
    assert done.republished
    assert after == before


def test_what_was_changed_in_the_store_is_not_learned() -> None:
    tell(3)
    catch_up()
    size = read_checkpoint(published()).size
    name = place(f"tile/entries/{tile_path(0, size)}")
    storage.put(name, storage.read(name, limit=2**20).replace(b"model:a/1", b"model:a/9"))

    with pytest.raises(CannotRecover, match="were changed"):
        recover()
