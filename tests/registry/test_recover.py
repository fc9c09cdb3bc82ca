"""A database from an old backup has forgotten what was taken away; after the recovery it is taken away again."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from registry.accounts.actions import create_token, grant_role, revoke_role, revoke_token
from registry.accounts.models import ApiToken, Role
from registry.accounts.queries import has_role
from registry.audit.guard import LogHalted, demand_whole_log
from registry.audit.models import LogState
from registry.experts.models import ExpertVersion, VersionState
from registry.withdrawals.actions import pause_version, withdraw_version
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, EVE, OTTO, catch_up, make_expert, make_version, row_of

WHY = "The licence was not ours to give."


def test_what_was_taken_away_after_the_backup_is_taken_away_again() -> None:
    drama, code = make_version(), make_version(make_expert("code"))
    token = create_token(row_of(ADA).id, name="laptop", by=ADA).row
    grant_role("eve@elsewhere.example", organisation="playhouse", role=Role.OWNER, by=OTTO)
    catch_up()
    with transaction.atomic():
        backup = transaction.savepoint()
        withdraw_version(drama.id, by=ADA, reason=WHY)
        pause_version(code.id, by=ADA, reason=WHY)
        revoke_token(token.id, by=ADA)
        revoke_role("eve@elsewhere.example", organisation="playhouse", role=Role.OWNER, by=OTTO)
        catch_up()
        transaction.savepoint_rollback(backup)
    with pytest.raises(LogHalted):
        demand_whole_log()

    said = StringIO()
    call_command("audit_recover", stdout=said)

    states = dict(ExpertVersion.objects.values_list("id", "state"))
    assert states == {drama.id: VersionState.WITHDRAWN, code.id: VersionState.PAUSED}
    assert Withdrawal.objects.get().version == drama
    assert ApiToken.objects.get(id=token.id).revoked_at is not None
    assert not has_role(EVE, Role.OWNER, "playhouse")
    assert not LogState.objects.get().halted
    assert "playhouse/drama@1: withdrawn again." in said.getvalue()
    demand_whole_log()


def test_again_it_finds_nothing_to_do() -> None:
    withdraw_version(make_version().id, by=ADA, reason=WHY)
    catch_up()

    said = StringIO()
    call_command("audit_recover", stdout=said)

    assert "0 entries were learned" in said.getvalue()
    assert "playhouse" not in said.getvalue()
    assert Withdrawal.objects.count() == 1
