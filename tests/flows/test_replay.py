"""On a site where things happened, the log and the tables tell the same; a row changed behind its back is named."""

import subprocess
import sys

import psycopg
import pytest

from client.api import Guildhall
from registry.audit.events import Event
from registry.embedded.processes import REPOSITORY
from registry.embedded.supervisor import Site
from registry.replay.from_log import TELLINGS

# Told for people to read; what they did is told by another entry, or changes nothing that is kept.
WITHOUT_STATE = {
    Event.LOG_KEY_ADDED,
    Event.LOG_KEY_RETIRED,
    Event.PAYLOADS_ERASED,
    Event.DECISION_MADE,
    Event.VERSION_READ,
    Event.ROUTER_TUNED,
    Event.SHARD_MADE,
    Event.SHARD_DROPPED,
    Event.DOWNLOAD_REFUSED,
    Event.WITHDRAWAL_DELAYED,
    Event.OBJECTS_DESTROYED,
    Event.EXPIRY_NOTIFIED,
    Event.REVIEW_REMINDED,
    Event.POLICY_SHADOWED,
    Event.PASSWORD_CHANGED,
    Event.TOTP_ACTIVATED,
    Event.TOTP_DEACTIVATED,
    Event.RECOVERY_CODES_MADE,
    Event.PASSKEY_ADDED,
    Event.PASSKEY_REMOVED,
    Event.SESSION_ENDED,
    Event.IDENTITY_LINKED,
}


def replayed(site: Site) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "audit_replay"],
        cwd=REPOSITORY,
        env=site.command_env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_event_is_replayed_or_known_to_change_nothing() -> None:
    assert set(Event) == TELLINGS.keys() | WITHOUT_STATE


@pytest.mark.timeout(300)
def test_the_log_and_the_database_tell_the_same_until_somebody_changes_a_row(site: Site) -> None:
    with Guildhall(site.url) as operator:
        operator.sign_in(site.operator_email, site.operator_password)
        operator.create_organisation("reenactors", "Reenactors", jurisdiction="DE")
        operator.create_person(
            "rita@reenactors.example", "Rita", password="a word told twice", roles=[("reenactors", "owner")]
        )
        operator.grant_role("reenactors", email="rita@reenactors.example", role="compliance")
        operator.create_person(
            "udo@reenactors.example", "Udo", password="a word told once", roles=[("reenactors", "owner")]
        )
        for email, role in (("rita@reenactors.example", "compliance"), ("udo@reenactors.example", "owner")):
            operator.revoke_role("reenactors", email=email, role=role)
        operator.create_token("for a while", days=1)

    before = replayed(site)
    change = "UPDATE registry_organisation SET jurisdiction = %s WHERE slug = 'reenactors'"
    with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as database:
        database.execute(change, ["FR"])
        changed = replayed(site)
        database.execute(change, ["DE"])
    after = replayed(site)

    assert before.returncode == 0, before.stdout + before.stderr
    assert changed.returncode == 1
    assert "organisation reenactors: jurisdiction is 'DE' by the log and 'FR' in the database." in changed.stdout
    assert after.returncode == 0, after.stdout + after.stderr
