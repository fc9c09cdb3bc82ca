"""Blocking what holds a version: running builds end, revisions are no longer served, `main` is cleared at once."""

from uuid import UUID

import pytest

from registry.actors import PROPAGATOR
from registry.audit.models import Entry
from registry.compositions.actions import block_compositions_with
from registry.compositions.models import CompositionState, Model
from registry.compositions.queries import (
    RevisionNotFound,
    affected_models,
    compositions_with,
    get_model,
    get_revision,
)
from registry.errors import NotFound
from registry.experts.models import ExpertVersion
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, make_expert, make_revision, make_version, request

S = CompositionState
REASON = "playhouse/drama@1 was withdrawn."


def blocked(version_id: UUID) -> dict[str, tuple[str, bool]]:
    hit = block_compositions_with(version_id, reason=REASON, by=PROPAGATOR)
    return {build.model.name: (build.state, build.model.main is None) for build in hit}


def test_it_blocks_what_is_served_and_cancels_what_runs() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    make_revision(drama, code, name="served")
    make_revision(drama, name="older")
    make_revision(code, name="older")
    make_revision(code, name="running")
    request(drama, code, name="running")
    make_revision(code, name="without")

    assert blocked(drama.id) == {
        "served": (S.WITHDRAWN, True),
        "older": (S.WITHDRAWN, False),
        "running": (S.CANCELLED, False),
    }
    assert Entry.objects.filter(event="revision.blocked").count() == 2
    assert Entry.objects.filter(event="main.cleared").values_list("about", flat=True).get() == "model:library/served"


def test_doing_it_again_finds_nothing() -> None:
    drama = make_version()
    make_revision(drama)

    assert blocked(drama.id) == {"reader": (S.WITHDRAWN, True)}
    assert blocked(drama.id) == {}


def test_what_holds_a_version_is_known_beforehand() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    served = make_revision(drama, name="served")
    running = request(drama, code, name="running")
    refused = request(drama, name="refused", purpose="service")

    assert set(compositions_with(drama)) == {served, running}
    assert set(affected_models(drama)) == {served.model, running.model}
    assert refused.state == S.REFUSED


def test_a_blocked_revision_says_what_was_withdrawn() -> None:
    drama = make_version()
    revision = make_revision(drama).revision
    ExpertVersion.objects.filter(id=drama.id).update(state="withdrawn")
    blocked(drama.id)
    model = Model.objects.get()

    for asked in (revision, "main"):
        with pytest.raises(RevisionNotFound, match="playhouse/drama@1 was withdrawn") as refusal:
            get_revision(model, asked)
        assert refusal.value.withdrawn == ("playhouse/drama@1",)


def test_a_superseded_revision_is_still_served_by_its_name() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    older = make_revision(drama)
    newer = make_revision(drama, code)
    model = Model.objects.get()

    assert get_revision(model, older.revision) == older
    assert get_revision(model, newer.revision) == newer
    assert get_revision(model, "main") == newer


@pytest.mark.parametrize("asked", ["", "0" * 40, "refs/pr/1", "MAIN"])
def test_a_revision_that_never_was_is_not_found(asked: str) -> None:
    make_revision()

    with pytest.raises(RevisionNotFound, match="has no revision"):
        get_revision(Model.objects.get(), asked)


def test_a_build_that_was_not_published_is_no_revision() -> None:
    running = request(make_version())

    with pytest.raises(RevisionNotFound):
        get_revision(running.model, "main")


@pytest.mark.parametrize(("somebody", "sees"), [(CY, 1), (OLGA, 1), (OTTO, 1), (BEN, 1), (ADA, 0), (EVE, 0)])
def test_a_model_is_seen_by_its_own_and_by_those_whose_work_is_to_look(somebody: object, sees: int) -> None:
    make_revision()

    try:
        found = get_model("library", "reader", seen_by=somebody)  # type: ignore[arg-type]
    except NotFound:
        found = None

    assert (found is not None) == bool(sees)
