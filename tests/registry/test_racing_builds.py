"""Two at once: whoever comes second waits for the first, and finds that nothing is left to do."""

from contextlib import suppress
from functools import partial

import pytest
from django.db import transaction

from registry.actors import ASSEMBLER, PROPAGATOR
from registry.audit.models import Entry
from registry.compositions.actions import block_compositions_with, include_composition, publish_composition
from registry.compositions.models import Composition, CompositionState, Inclusion, Model
from registry.errors import WrongState
from registry.experts.models import ExpertVersion
from tests.at_once import at_once
from tests.factories import assemble, catch_up, make_expert, make_version, request

pytestmark = pytest.mark.django_db(transaction=True)
S = CompositionState


def publish(composition: Composition) -> None:
    # Too late is an answer too: the withdrawal cancelled it.
    with suppress(WrongState):
        include_composition(composition.id, validation={}, by=ASSEMBLER)
        catch_up()
        publish_composition(composition.id, proof=[], by=ASSEMBLER)


def withdraw(version: ExpertVersion) -> None:
    """What a withdrawal does of this: in one transaction, the version first."""
    with transaction.atomic():
        locked = ExpertVersion.objects.select_for_update().get(id=version.id)
        locked.state = "withdrawn"
        locked.save(update_fields=["state"])
        block_compositions_with(version.id, reason="It was withdrawn.", by=PROPAGATOR)


def test_two_workers_publish_one_build_once() -> None:
    composition = request(make_version(), make_version(make_expert("code", organisation="codeworks")))
    assemble(composition)

    at_once(*[lambda: include_composition(composition.id, validation={}, by=ASSEMBLER)] * 4)
    catch_up()
    at_once(*[lambda: publish_composition(composition.id, proof=[], by=ASSEMBLER)] * 4)

    assert Inclusion.objects.count() == 2
    assert Entry.objects.filter(event="inclusion.recorded").count() == 2
    assert Entry.objects.filter(event="composition.published").count() == 1
    assert Entry.objects.filter(event="main.moved").count() == 1


def test_the_same_request_at_once_is_one_build() -> None:
    version = make_version()

    builds = at_once(*[lambda: request(version)] * 4)

    assert len(set(builds)) == 1
    assert Entry.objects.filter(event="composition.requested").count() == 1
    assert Entry.objects.filter(event="model.requested").count() == 1


def test_other_requests_at_once_leave_one_build_running() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))

    at_once(lambda: request(drama), lambda: request(code), lambda: request(drama, code))

    states = sorted(Composition.objects.values_list("state", flat=True))
    assert states == [S.CANCELLED, S.CANCELLED, S.DECIDED]


@pytest.mark.parametrize("_", range(3))
def test_a_withdrawal_beside_a_publication_leaves_nothing_served(_: int) -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    composition = request(drama, code)
    assemble(composition)

    at_once(
        lambda: publish(composition),
        lambda: withdraw(code),
    )

    composition.refresh_from_db()
    assert composition.state in {S.CANCELLED, S.WITHDRAWN}
    assert Model.objects.get().main is None


def test_withdrawals_and_requests_at_once_wait_and_never_for_ever() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    builds = [request(drama, code, name=f"m{n}") for n in range(3)]
    for build in builds:
        assemble(build)

    at_once(
        *[partial(publish, build) for build in builds],
        lambda: withdraw(code),
        lambda: withdraw(drama),
        lambda: request(drama, name="m1"),
    )

    assert not Composition.objects.filter(state__in=[S.PUBLISHED, S.DECIDED, S.VALIDATING]).exists()
