"""Every stored decision can be decided again from what is stored, whatever became of the world since."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from registry.evidence.models import ConsentRecord
from registry.experts.models import ExpertVersion
from registry.policy.actions import decide
from registry.policy.again import decide_again
from registry.policy.cedar import default_policies
from registry.policy.models import Decision, PolicySet
from registry.policy.queries import COMPOSE
from tests.factories import CY, OLGA, api, make_active, make_organisation, make_version


def decided(purpose: str = "research", **fields: Any) -> Decision:
    version = make_version(**fields)
    library = make_organisation("library")
    decision = decide(version, consumer=library, action=COMPOSE, purpose=purpose, by=CY)
    decision.refresh_from_db()
    return decision


def test_it_comes_out_the_same_after_everything_has_changed() -> None:
    allowed, refused = decided(valid_until=timezone.now() + timedelta(days=1)), decided("education")
    ConsentRecord.objects.update(purposes=[], valid_until=timezone.now())
    ExpertVersion.objects.update(state="withdrawn")
    make_active(f"{default_policies()}\n// another set\n")

    again = [decide_again(decision) for decision in (allowed, refused)]

    assert [one.same for one in again] == [True, True]
    assert [one.verdict.allowed for one in again if one.verdict] == [True, False]


def test_an_answer_that_was_changed_is_found() -> None:
    decision = decided("education")
    decision.allowed, decision.reasons = True, []

    assert "comes out otherwise" in decide_again(decision).fault


def test_inputs_that_were_changed_are_found() -> None:
    decision = decided("education")
    decision.inputs["subject"]["purposes"] = ["education"]

    assert "not those that were decided on" in decide_again(decision).fault


def test_a_set_that_was_changed_or_is_gone_is_found() -> None:
    decision = decided()
    PolicySet.objects.update(text="permit (principal, action, resource);")
    changed = decide_again(decision)
    decision.set_hash = "sha256:" + "0" * 64

    assert "not on file" in changed.fault
    assert "not on file" in decide_again(decision).fault


def test_the_command_decides_all_again_and_names_what_differs() -> None:
    fine, wrong = decided(), decided("education")
    out = StringIO()

    call_command("decide_again", stdout=out)
    Decision.objects.filter(id=wrong.id).update(allowed=True)

    assert out.getvalue() == "2 decisions come out as they were stored.\n"
    call_command("decide_again", str(fine.id), stdout=out)
    with pytest.raises(CommandError, match="1 of 2 decisions"):
        call_command("decide_again", stdout=out)


def test_an_auditor_reads_it_with_its_inputs() -> None:
    decision = decided("education")
    olga = api(OLGA)

    listed = olga.get("/api/v1/decisions?allowed=false&consumer=library").json()["results"]
    told = olga.get(f"/api/v1/decisions/{decision.id}").json()

    assert [row["id"] for row in listed] == [str(decision.id)]
    assert olga.get("/api/v1/decisions?allowed=true").json()["results"] == []
    assert told["inputs"]["subject"]["name"] == "playhouse/drama@1"
    assert told["again"] == {"same": True, "fault": ""}
    assert olga.get("/api/v1/decisions?allowed=perhaps").status_code == 400
