"""Deciding: the answer is kept with all it was made from, and the log hears of it; a dry run leaves no trace."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flexcore.cards import PERSONAL
from registry.actors import CONSOLE
from registry.audit.models import Entry
from registry.digests import digest_of, sha256
from registry.errors import Denied
from registry.policy.actions import decide, ensure_policy_set
from registry.policy.cedar import default_policies
from registry.policy.models import Decision, PolicySet
from registry.policy.queries import COMPOSE, judge
from tests.factories import CY, make_organisation, make_version

OTHER = '@id("permit.all")\npermit (principal, action, resource);\n'


def test_a_decision_is_stored_with_its_inputs_and_recorded() -> None:
    version = make_version(purposes=["education"])

    decision = decide(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research", by=CY)

    assert not decision.allowed
    assert [reason["policy"] for reason in decision.reasons] == ["forbid.purpose-outside-consent"]
    assert decision.set_hash == sha256(default_policies().encode())
    assert decision.inputs["subject"]["purposes"] == ["education"]
    decision.refresh_from_db()
    assert decision.inputs_digest == digest_of(decision.inputs)
    entry = Entry.objects.get(event="decision.made")
    assert (entry.about, entry.actor) == ("playhouse/drama@1", str(CY))


def test_a_dry_run_stores_and_records_nothing() -> None:
    version = make_version(state="verified")
    before = Entry.objects.count()

    verdict = judge(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research")

    assert [reason.policy for reason in verdict.reasons] == ["forbid.not-approved"]
    assert Decision.objects.count() == 0
    assert Entry.objects.count() == before


def test_what_the_database_says_is_what_is_decided() -> None:
    library = make_organisation("library")
    version = make_version(licence="CC-BY-NC-4.0", purposes=["service", "research"])
    expired = make_version(valid_until=timezone.now() - timedelta(minutes=1))
    over = make_version(licence_until=timezone.now() - timedelta(minutes=1))
    bare = make_version(evidence=False)
    untested = make_version(data_card={PERSONAL: ["names"]})
    leaking = make_version(card={"privacy": {"mechanism": "DP-SGD", "epsilon": 8.00001, "extraction": {"rate": 0.02}}})
    unreadable = make_version(card={"privacy": {"mechanism": "dp-sgd", "epsilon": "small", "extraction_rate": True}})
    unsigned = make_version(signed=False)

    said = {
        v.number: {r.policy for r in judge(v, consumer=library, action=COMPOSE, purpose=purpose).reasons}
        for v, purpose in [
            (version, "service"),
            (expired, "research"),
            (over, "research"),
            (bare, "research"),
            (unsigned, "research"),
            (untested, "research"),
            (leaking, "research"),
            (unreadable, "research"),
        ]
    }

    assert said == {
        version.number: {"forbid.licence-non-commercial"},
        expired.number: {"forbid.consent-expired"},
        over.number: {"forbid.licence-expired"},
        bare.number: {
            "forbid.consent-not-yet-valid",
            "forbid.licence-unknown",
            "forbid.purpose-outside-consent",
            "forbid.signature-unverified",
        },
        unsigned.number: {"forbid.signature-unverified"},
        untested.number: {"forbid.personal-data-untested"},
        leaking.number: {"forbid.epsilon-too-large", "forbid.extraction-rate-too-high"},
        unreadable.number: {"forbid.privacy-claim-incomplete"},
    }


def test_what_compliance_concluded_counts_not_what_was_declared() -> None:
    version = make_version(licence="CC-BY-4.0", concluded="CC-BY-ND-4.0")

    verdict = judge(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research")

    assert [reason.policy for reason in verdict.reasons] == ["forbid.licence-no-derivatives"]


def test_without_an_active_set_nothing_is_permitted() -> None:
    PolicySet.objects.update(active=False)
    version = make_version()

    with pytest.raises(Denied, match="No policy set is active"):
        decide(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research", by=CY)


def test_the_shipped_set_is_activated_once() -> None:
    ensure_policy_set(by=CONSOLE)
    ensure_policy_set(by=CONSOLE)

    assert PolicySet.objects.filter(active=True, shipped=True).count() == 1
    assert Entry.objects.filter(event="policy.activated").count() == 1


def test_a_newer_shipped_set_replaces_an_older_one() -> None:
    PolicySet.objects.update(text=OTHER, hash=sha256(OTHER.encode()))

    ensure_policy_set(by=CONSOLE)

    assert PolicySet.objects.get(active=True).text == default_policies()
    assert PolicySet.objects.count() == 2
