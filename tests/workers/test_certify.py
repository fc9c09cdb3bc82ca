"""Certifying: what is signed at the end verifies offline with the log's key alone, and names what it cannot reach."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from registry.audit.keys import log_signers
from registry.audit.rotation import note_keys
from registry.notices.actions import acknowledge
from registry.notices.models import Delivery
from registry.usage.grants import grant_download
from registry.withdrawals.models import Withdrawal
from tests.client.verifying import Verify, verify
from tests.factories import ADA, CY, api, catch_up
from tests.workers.packages import Home, bring_both
from tests.workers.withdrawals import carried, doomed, published

__all__ = ["verify"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(home: Home, live_server: LiveServer, settings: Settings) -> Withdrawal:
    """Drama was in two revisions' models, Cy had downloaded one of them and acknowledged; all is done."""
    settings.GUILDHALL_URL = live_server.url
    note_keys()  # as the sequencer does when it starts
    bring_both(home)
    lost = published(on_withdrawal="close")
    published("closed", experts=("drama",), on_withdrawal="close")
    published("other", experts=("code",))
    grant_download(lost, lost.files.get(path="config.json"), by=CY)
    withdrawal = doomed("drama", grace_over=False)
    carried(withdrawal)
    acknowledge(Delivery.objects.get(organisation__slug="library").id, by=CY)
    Withdrawal.objects.filter(id=withdrawal.id).update(destroy_after=withdrawal.requested_at)
    carried(withdrawal)
    catch_up()
    return withdrawal


def test_its_certificate_verifies_offline_tells_the_residuals_and_cannot_be_changed(
    ended: Withdrawal, verify: Verify, tmp_path: Path
) -> None:
    answer = api(ADA).get(f"/api/v1/withdrawals/{ended.id}/certificate")
    bundle: dict[str, Any] = answer.json()
    assert answer.status_code == 200, bundle
    payload = base64.b64decode(bundle["envelope"]["payload"])
    residuals = json.loads(payload)["predicate"]["residuals"]
    lie = json.loads(json.dumps(bundle))
    lie["envelope"]["payload"] = base64.b64encode(payload.replace(b"library", b"nowhere")).decode()

    verdict = _check(verify, tmp_path, bundle)
    refusal = _check(verify, tmp_path, lie)

    assert verdict.status == 0, verdict.err
    assert "withdrawn: playhouse/drama@1" in verdict.out
    assert refusal.status == 1
    assert "was changed after it was signed" in refusal.err
    blocked = {row["revision"] for row in api(ADA).get(f"/api/v1/withdrawals/{ended.id}").json()["models"]}
    assert set(residuals["pinned_revisions"]) == blocked
    assert len(blocked) == 2
    [library] = residuals["recipients"]
    assert library["organisation"] == "library"
    assert (library["deliveries"], library["acknowledged"]) == (1, 1)


def _check(verify: Verify, folder: Path, bundle: dict[str, Any]) -> Any:
    file = folder / "certificate.json"
    file.write_text(json.dumps(bundle))
    return verify("certificate", file, "--key", log_signers()[0].vkey)


def test_there_is_none_before_the_end(home: Home) -> None:
    bring_both(home)
    withdrawal = carried(doomed("drama", grace_over=False))

    answer = api(ADA).get(f"/api/v1/withdrawals/{withdrawal.id}/certificate")

    assert answer.status_code == 404
    assert "not certified yet" in answer.json()["detail"]
