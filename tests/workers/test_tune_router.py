"""A build that asks for it has its router rows tuned on public text first, once for its recipe."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from client.signing import sign_package
from flexcore.layout import expert_layout, router_layout
from flexcore.package import check_expert_package
from flexcore.packing import write_expert_package
from flexcore.training.embedding import embeddings
from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import cancel_composition
from registry.compositions.models import Composition, CompositionState, TunedRouter
from registry.compositions.progress import note_progress
from registry.compositions.queries import content_of
from registry.errors import Invalid
from registry.experts.models import Anchor
from registry.jobs import Job
from registry.reviews.actions import suspend_version
from tests.factories import BEN, CY, publish
from tests.flexcore.packages import DATA_CARD, make_card, random_tensors
from tests.workers.packages import SMALL, Brought, Home, bring_anchor, bring_approved, requested
from tests.workers.queue import waiting
from tests.workers.withdrawals import carried, doomed, version_of
from workers import tuning
from workers.assembly import compose
from workers.probe_text import DOCUMENTS
from workers.tuning import tune_router
from workers.validation import validate_composition
from workers.withdrawing import carry_on_withdrawal

TOPICS = {"drama": "a play on the stage of a theatre", "code": "a function that returns a list of numbers"}
PUBLIC = [f"{text}\n{topic}." for text in DOCUMENTS for topic in (*TOPICS.values(), "and so on")]
S = CompositionState


@pytest.fixture(scope="module")
def packages(home: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Brought]:
    """Experts whose cards tell of their data as the embedder sees it."""
    found = {}
    for name, topic in TOPICS.items():
        vector = [float(value) for value in embeddings([topic])[0]]
        found[name] = write(home, tmp_path_factory.mktemp("tuned") / name, name, vector)
    return found


def write(home: Home, folder: Path, seed: str, vector: list[float]) -> Brought:
    d = SMALL.dimensions
    card = make_card(
        anchor_digest=home.anchor.digest,
        architecture=SMALL,
        domain_embedding={"embedder": "all-MiniLM-L6-v2", "documents": 3, "vector": vector},
    )
    write_expert_package(
        folder,
        expert=random_tensors(expert_layout(d), seed=seed),
        router=random_tensors(router_layout(d, bias=False), seed=seed),
        card=card,
        data_card=DATA_CARD,
    )
    sign_package(folder, private_key=home.key.private)
    return Brought(folder, check_expert_package(folder))


@pytest.fixture
def anchor(home: Home, packages: dict[str, Brought], tmp_path: Path) -> Anchor:
    """With its public text and both experts approved."""
    anchor = bring_anchor(home)
    for name, brought in packages.items():
        bring_approved(brought, anchor, expert=name)
    (tmp_path / "public.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in PUBLIC))
    call_command("keep_public_text", anchor.slug, str(tmp_path / "public.jsonl"))
    return Anchor.objects.get(id=anchor.id)


def again(composition: Composition) -> Composition:
    return Composition.objects.get(id=composition.id)


def built(composition: Composition) -> Composition:
    for work in (compose, tune_router, compose, validate_composition):
        work(str(composition.id))
    return publish(composition)


def count(event: Event) -> int:
    return Entry.objects.filter(event=event).count()


def test_a_tuned_build_waits_for_its_rows_and_holds_them(anchor: Anchor) -> None:
    asked = requested(tuning=True)

    compose(str(asked.id))
    first = again(asked).state
    tune_router(str(asked.id))
    after = built(asked)

    assert first == S.DECIDED
    assert (Job.TUNE_ROUTER, [str(asked.id)]) in waiting("gpu")
    assert after.state == S.PUBLISHED
    row = TunedRouter.objects.get()
    assert content_of(after.files.get(path="router.safetensors")) == bytes(row.router)
    assert {str(version) for version in row.participants.all()} == {"playhouse/drama@1", "playhouse/code@1"}
    told = after.recipe["tuning"]
    assert told["public_text"] == anchor.public_text_digest
    assert told["participants"] == [entry["data_digest"] for entry in after.recipe["experts"]]
    assert "tuned afterwards, on public text alone" in content_of(after.files.get(path="README.md")).decode()
    assert "tuned on public text" in content_of(after.files.get(path="bom.cdx.json")).decode()
    assert row.measured["after"] < row.measured["before"]
    assert count(Event.ROUTER_TUNED) == 1


def test_a_build_that_did_not_ask_is_what_it_always_was(anchor: Anchor) -> None:
    asked = requested()

    compose(str(asked.id))

    assert again(asked).state == S.VALIDATING
    assert "tuning" not in asked.recipe
    assert "tuned" not in content_of(again(asked).files.get(path="README.md")).decode()


def test_the_rows_of_a_recipe_are_tuned_once(anchor: Anchor) -> None:
    built(requested(tuning=True))
    second = requested(name="another", tuning=True)

    compose(str(second.id))
    tune_router(str(second.id))

    assert again(second).state == S.VALIDATING
    assert count(Event.ROUTER_TUNED) == 1


def test_a_build_cancelled_while_it_is_tuned_keeps_nothing(anchor: Anchor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = requested(tuning=True)

    def cancelled_at_three(composition_id: object, *, step: str, done: int, total: int) -> None:
        note_progress(asked.id, step=step, done=done, total=total)
        if done == 3:
            cancel_composition(asked.id, by=CY)

    monkeypatch.setattr(tuning, "note_progress", cancelled_at_three)
    tune_router(str(asked.id))

    assert again(asked).state == S.CANCELLED
    assert again(asked).progress["step"] == "tuning"
    assert not TunedRouter.objects.exists()


def test_a_tuning_that_was_killed_begins_again_with_the_same_result(
    anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requested(tuning=True)

    def killed(composition_id: object, *, recipe_digest: str, router: bytes, **_: object) -> None:
        made.append(router)
        raise SystemExit

    made: list[bytes] = []
    with monkeypatch.context() as patch:
        patch.setattr(tuning, "keep_tuned_router", killed)
        with pytest.raises(SystemExit):
            tune_router(str(asked.id))
    tune_router(str(asked.id))

    assert [bytes(TunedRouter.objects.get().router)] == made


def test_with_one_who_took_part_the_rows_go_and_are_tuned_anew_without_it(anchor: Anchor) -> None:
    before = built(requested(tuning=True))
    key = before.files.get(path="router.safetensors").key
    withdrawal = doomed("drama")
    left = version_of("code")

    carry_on_withdrawal(str(withdrawal.id))
    for build in Composition.objects.filter(state=S.DECIDED):
        built(build)
    carried(withdrawal)

    row = TunedRouter.objects.get()
    after = again(before).model.main
    assert after is not None
    assert list(row.participants.all()) == [left]
    assert row.recipe_digest == after.recipe_digest
    assert after.recipe["tuning"]["participants"] == [left.data_digest]
    assert storage.size_of(key) is None


def test_rows_are_not_kept_once_somebody_took_their_expert_back(
    anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requested(tuning=True)

    def withdrawn_at_three(composition_id: object, *, step: str, done: int, total: int) -> None:
        note_progress(asked.id, step=step, done=done, total=total)
        if done == 3:
            doomed("drama")

    monkeypatch.setattr(tuning, "note_progress", withdrawn_at_three)
    tune_router(str(asked.id))

    assert not TunedRouter.objects.exists()


def test_a_build_whose_expert_was_suspended_while_it_was_tuned_is_cancelled(
    anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requested(tuning=True)

    def suspended_at_three(composition_id: object, *, step: str, done: int, total: int) -> None:
        note_progress(asked.id, step=step, done=done, total=total)
        if done == 3:
            suspend_version(version_of("drama").id, reason="A question.", by=BEN)

    monkeypatch.setattr(tuning, "note_progress", suspended_at_three)
    tune_router(str(asked.id))

    assert again(asked).state == S.CANCELLED
    assert "playhouse/drama@1 was suspended while the model was built" in again(asked).failure
    assert not TunedRouter.objects.exists()


def test_an_expert_of_another_embedder_fails_the_build(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    bring_approved(write(home, tmp_path / "odd", "odd", [0.5, 0.25]), anchor, expert="odd")
    asked = requested(experts=("drama", "odd"), tuning=True)

    tune_router(str(asked.id))

    assert again(asked).state == S.FAILED
    assert "in 2 dimensions, not in the 384 of the embedder" in again(asked).failure


def test_without_a_public_text_it_cannot_be_asked_for(anchor: Anchor) -> None:
    Anchor.objects.update(public_text_digest="")

    with pytest.raises(Invalid, match="no public text is kept for it; ask without tuning"):
        requested(tuning=True)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['{"text": "alone"}'], "holds 1 documents; it takes 16"),
        (['{"text": 3}'] * 20, 'line 1 has no "text"'),
        (["no JSON"] * 20, "is not valid JSON"),
    ],
)
def test_what_is_no_public_text_is_not_kept(home: Home, tmp_path: Path, lines: list[str], words: str) -> None:
    anchor = bring_anchor(home)
    (tmp_path / "public.jsonl").write_text("\n".join(lines))

    with pytest.raises(CommandError, match=words):
        call_command("keep_public_text", anchor.slug, str(tmp_path / "public.jsonl"))

    assert Anchor.objects.get(id=anchor.id).public_text_digest == ""
