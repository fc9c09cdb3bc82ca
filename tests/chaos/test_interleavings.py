"""Whatever the dice make happen, and in whatever order: afterwards the log and the tables tell the same, nothing that
was withdrawn or rejected after all is in anything that is served, every certificate verifies, and what was destroyed is
gone from the store.

`make test` runs a handful of seeds; `make chaos` runs five hundred.
"""

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from client.verify.certificates import read_certificate
from registry import storage
from registry.audit.models import Entry, Pending, Sequenced
from registry.audit.queries import first_broken
from registry.audit.sequencer import Sequencer, published_checkpoint
from registry.compositions.leftovers import spoken_of
from registry.compositions.models import (
    RUNNING,
    SERVED,
    Composition,
    Inclusion,
    Model,
    RepositoryFile,
    Shard,
    TunedRouter,
)
from registry.compositions.queries import FILES, SHARDS
from registry.compositions.rules import Selector
from registry.compositions.selectors import is_closed, models_to_follow, selector_of, versions_selected
from registry.experts.models import ExpertVersion, UploadedFile, VersionState
from registry.replay.queries import audit_differences
from registry.withdrawals.destruction import same_bytes
from registry.withdrawals.models import DestroyedObject, Recall, Withdrawal
from registry.withdrawals.queries import why_not_destroyed
from tests.chaos.world import World
from tests.factories import OLGA, api
from tests.workers.packages import Home
from workers import checking

DEEDS = 70
FEW, MANY = range(5), range(5, 505)
SOME, MORE = range(1000, 1003), range(1003, 1103)


@pytest.fixture
def world(request: pytest.FixtureRequest, home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.STUCK_SECONDS = 0
    settings.KEEP_UNUSED_HOURS = 30
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The stock client in the check wants a site; what a client is answered is asked of the hub itself below.
    monkeypatch.setattr(checking, "CLIENTS", 0)
    return World(request.param, home, monkeypatch)


@pytest.mark.parametrize("world", FEW, indirect=True)
def test_whatever_happens(world: World, tmp_path: Path) -> None:
    check(world, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("world", MANY, indirect=True)
def test_whatever_else_happens(world: World, tmp_path: Path) -> None:
    check(world, tmp_path)


@pytest.mark.parametrize("world", SOME, indirect=True)
def test_whatever_happens_to_what_is_there(world: World, tmp_path: Path) -> None:
    world.furnish()

    check(world, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("world", MORE, indirect=True)
def test_whatever_else_happens_to_what_is_there(world: World, tmp_path: Path) -> None:
    world.furnish()

    check(world, tmp_path)


def check(world: World, tmp_path: Path) -> None:
    before = set(audit_differences())  # the cast and the anchor were put there without the log

    world.happen(DEEDS)
    world.settle()

    story = "\n".join(world.told)
    assert set(audit_differences()) - before == set(), story
    check_the_log_is_whole()
    assert not Composition.objects.filter(state__in=RUNNING).exists(), story
    check_nothing_withdrawn_is_served(world)
    check_every_withdrawal_ended_with_a_certificate(tmp_path, story)
    assert not Recall.objects.filter(ended_at=None).exists(), story
    check_what_was_destroyed_is_gone(story)
    check_what_is_served_is_whole(world, story)
    check_nothing_is_left_over(story)
    check_every_selector_has_what_there_is(story)


def check_nothing_withdrawn_is_served(world: World) -> None:
    gone = ExpertVersion.objects.filter(state__in=[VersionState.WITHDRAWN, VersionState.REJECTED])
    holding = Inclusion.objects.filter(version__in=gone).values("composition")
    assert not Composition.objects.filter(id__in=holding, state__in=SERVED).exists()
    assert not Model.objects.filter(main__in=holding).exists()
    for build in Composition.objects.filter(id__in=holding).select_related("model__organisation"):
        answer = world.client.get(f"/{build.model}/resolve/{build.revision}/config.json")
        served_again = Composition.objects.filter(model=build.model, revision=build.revision, state__in=SERVED).exists()
        assert served_again or answer.headers.get("X-Error-Code") == "RevisionNotFound", build.state


def check_every_withdrawal_ended_with_a_certificate(tmp_path: Path, story: str) -> None:
    for withdrawal in Withdrawal.objects.select_related("version"):
        steps = {step.name: (step.done_at, step.failure) for step in withdrawal.steps.all()}
        assert withdrawal.ended_at is not None, f"{story}\n{steps}\n{why_not_destroyed(withdrawal)}"
        if not withdrawal.version.data_digest:
            continue
        bundle = api(OLGA).get(f"/api/v1/withdrawals/{withdrawal.id}/certificate").json()
        file = tmp_path / f"{withdrawal.id}.json"
        file.write_text(json.dumps(bundle))
        certificate = read_certificate(file, believe=lambda _: None)
        assert certificate.predicate["withdrawal"] == str(withdrawal.id)


def check_what_was_destroyed_is_gone(story: str) -> None:
    for key in DestroyedObject.objects.values_list("key", flat=True).distinct():
        again = Composition.objects.filter(state__in=SERVED, files__key=key).exists()
        assert again or storage.remnants_of(key) == 0, f"{key}\n{story}"
    assert not TunedRouter.objects.filter(participants__state=VersionState.WITHDRAWN).exists(), story
    for version in ExpertVersion.objects.filter(state=VersionState.WITHDRAWN):
        for key in UploadedFile.objects.filter(version=version).values_list("key", flat=True):
            assert storage.remnants_of(key) == 0, f"{key}\n{story}"
        if version.data_digest and not same_bytes(version):
            assert not list(storage.keys_under(f"shards/{version.data_digest.removeprefix('sha256:')}/")), story


def check_what_is_served_is_whole(world: World, story: str) -> None:
    for build in Composition.objects.filter(state__in=SERVED).prefetch_related("files"):
        for file in build.files.all():
            assert (storage.size_of(file.key) if file.key else len(file.paper.data)) == file.size, (
                f"{file.path} of {build}\n{story}"
            )
    for shard in Shard.objects.all():
        assert storage.size_of(shard.key) in {shard.size, None}
    for model in Model.objects.exclude(main=None).select_related("main", "organisation"):
        held = Inclusion.objects.filter(composition=model.main_id).values_list("version__state", flat=True)
        if set(held) == {VersionState.APPROVED.value}:
            answer = world.client.get(f"/{model}/resolve/main/config.json")
            assert answer.status_code == 200 or "consent" in answer.headers["X-Error-Message"], story


def check_nothing_is_left_over(story: str) -> None:
    """No object that nothing speaks of, and no shard that no model holds, but those that a withdrawal has emptied."""
    for prefix in (SHARDS, FILES):
        keys = [key for key, _ in storage.keys_under(prefix)]
        assert set(keys) == spoken_of(keys), story
    held = set(RepositoryFile.objects.filter(composition__state__in=SERVED).values_list("key", flat=True))
    for shard in Shard.objects.exclude(key__in=held):
        assert storage.size_of(shard.key) is None, f"{shard}\n{story}"
    assert not list(storage.begun_uploads(SHARDS)), story


def check_every_selector_has_what_there_is(story: str) -> None:
    """Of what is approved and allowed at the end; where it is closed, or its build failed, it has nothing instead."""
    assert models_to_follow() == [], story
    for model in Model.objects.filter(selector__isnull=False).exclude(main=None).select_related("main", "anchor"):
        if is_closed(model):
            continue
        meant = {version.id for version in versions_selected(selector_of(model) or Selector(), model.anchor)}
        held = set(Inclusion.objects.filter(composition=model.main_id).values_list("version_id", flat=True))
        newest = model.compositions.order_by("-created_at").first()
        assert newest is not None
        assert held <= meant or not meant or newest.id != model.main_id, f"{model} holds what it does not mean\n{story}"


def check_the_log_is_whole() -> None:
    checkpoint = published_checkpoint()
    assert checkpoint is not None
    assert checkpoint.size == Entry.objects.count() == Sequenced.objects.count()
    assert not Pending.objects.exists()
    assert first_broken() is None
    Sequencer().begin()
