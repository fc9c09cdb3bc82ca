"""Verifying an anchor: a whole one is named by its digest; a wrong one fails with one sentence, and none stays."""

from pathlib import Path

import pytest

from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.experts.models import Anchor, AnchorState
from tests.factories import made_digest, make_anchor
from tests.flexcore.packages import TOKENIZER
from tests.workers.packages import Home, bring_anchor, store, write_anchor
from workers.verification import verify_anchor


def verified(anchor: Anchor) -> Anchor:
    verify_anchor(str(anchor.id))
    return Anchor.objects.get(id=anchor.id)


def events_of(anchor: Anchor) -> list[str]:
    return list(Entry.objects.filter(about=str(anchor)).values_list("event", flat=True))


def test_a_whole_anchor_is_named_by_its_digest(home: Home) -> None:
    anchor = bring_anchor(home, state=AnchorState.SUBMITTED)

    after = verified(anchor)

    assert after.state == AnchorState.VERIFIED
    assert (after.digest, after.data_digest) == (home.anchor.digest, home.anchor.data_digest)
    assert after.architecture["hidden_size"] == 32
    assert after.card == home.anchor.card


def test_a_second_run_changes_nothing(home: Home) -> None:
    anchor = bring_anchor(home, state=AnchorState.SUBMITTED)
    verified(anchor)

    after = verified(anchor)

    assert after.state == AnchorState.VERIFIED
    assert events_of(anchor) == [Event.ANCHOR_VERIFIED]


def test_a_file_with_another_digest_fails_and_nothing_stays(home: Home) -> None:
    anchor = bring_anchor(home, state=AnchorState.SUBMITTED)
    anchor.files.filter(path="shared.safetensors").update(sha256=made_digest())

    after = verified(anchor)

    assert after.state == AnchorState.FAILED
    assert "shared.safetensors has the digest" in after.failure
    assert [file.path for file in anchor.files.all() if storage.size_of(file.key) is not None] == []
    assert events_of(anchor) == [Event.ANCHOR_FAILED]


def test_the_same_anchor_under_another_name_fails(home: Home) -> None:
    bring_anchor(home)
    again = make_anchor("again", state=AnchorState.SUBMITTED)
    store(home.anchor_folder, anchor=again)

    after = verified(again)

    assert after.state == AnchorState.FAILED
    assert after.failure == "This anchor is here already, as small."


@pytest.mark.parametrize(
    ("tokenizer", "sentence"),
    [
        (b'{"model": 1}', "tokenizer.json cannot be used"),
        (
            TOKENIZER["tokenizer.json"].replace(b'"<pad>":0', b'"<pad>":4000'),
            "tokenizer.json gives the token 4000, but config.json has a vocabulary of 300",
        ),
    ],
)
def test_a_tokenizer_that_does_not_fit_fails(home: Home, tmp_path: Path, tokenizer: bytes, sentence: str) -> None:
    write_anchor(tmp_path / "anchor", tokenizer=TOKENIZER | {"tokenizer.json": tokenizer})
    anchor = make_anchor(state=AnchorState.SUBMITTED)
    store(tmp_path / "anchor", anchor=anchor)

    after = verified(anchor)

    assert after.state == AnchorState.FAILED
    assert sentence in after.failure
