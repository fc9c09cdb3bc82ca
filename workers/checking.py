"""Looking whether a withdrawn version is really gone: in the store, by its names, by asking for it, and as a stock
client with a warm cache would.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from registry import storage
from registry.accounts.checker import checker_token
from registry.actors import CHECKER
from registry.compositions.models import Composition, CompositionState
from registry.policy.queries import COMPOSE, judge
from registry.withdrawals.destruction import doomed_by
from registry.withdrawals.models import Withdrawal
from registry.withdrawals.queries import stopped_by

CLIENTS = 3  # warm clients that are tried, each with another model
SECONDS = 120
NO_ANSWER = "no answer"
PROBE = Path(__file__).with_name("warm_client.py")


class NotGone(Exception):
    """It could still be had, or nobody could look: one sentence."""


class Remnants(NotGone):
    """Bytes of it are still in the store: one sentence, and how much."""

    def __init__(self, sentence: str, count: int = 1) -> None:
        super().__init__(sentence)
        self.count = count


def check_withdrawal(withdrawal: Withdrawal) -> dict[str, Any]:
    """What was looked at, as the certificate tells it; NotGone when anything was found, or could not be looked at."""
    keys = sorted({*withdrawal.destroyed.values_list("key", flat=True), *doomed_by(withdrawal).keys})
    left = [key for key in keys if storage.remnants_of(key)]
    if left:
        raise Remnants(f"{len(left)} objects are still in the store, the first is {left[0]}.", len(left))
    for key in keys[:1000]:
        if storage.size_of(key) is not None:
            raise Remnants(f"{key} could still be read.")
    stopped = stopped_by(withdrawal).filter(state=CompositionState.WITHDRAWN)
    blocked = list(stopped.select_related("model__organisation", "model__main"))
    for build in blocked:
        _ask_policies(withdrawal, build)
    return {
        "listed": len(keys),
        "read": min(len(keys), 1000),
        "composed": len({build.model_id for build in blocked}),
        "served": len(blocked),
        "clients": [_warm_client(build) for build in blocked[:CLIENTS]],
    }


def _ask_policies(withdrawal: Withdrawal, build: Composition) -> None:
    model = build.model
    verdict = judge(withdrawal.version, consumer=model.organisation, action=COMPOSE, purpose=model.purpose)
    if verdict.allowed:
        raise NotGone(f"The policies would still let {model} be composed with {withdrawal.version}.")
    if model.main_id == build.id:
        raise NotGone(f"The main of {model} still points at {build.revision[:12]}.")


def _warm_client(build: Composition) -> dict[str, str]:
    """Stock huggingface_hub, with the blocked revision in its cache, asks for the model by its name."""
    with TemporaryDirectory() as home, checker_token(by=CHECKER) as token:
        done = subprocess.run(  # noqa: S603  our own program, under our own Python
            [sys.executable, "-P", str(PROBE), str(build.model), build.revision],
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": home,
                "HF_HOME": home,
                "HF_ENDPOINT": settings.GUILDHALL_URL,
                "HF_TOKEN": token,
                "HF_HUB_DISABLE_TELEMETRY": "1",
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    if done.returncode:
        raise NotGone(f"A stock client could not be tried: {' '.join(done.stderr.strip().splitlines()[-1:])[:300]}")
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    if told["site"] == NO_ANSWER:
        # From an unreachable site it would take what lies in its cache: that says nothing of the site.
        raise NotGone(f"The site did not answer a stock client at {settings.GUILDHALL_URL}: {told['said']}.")
    if told["got"] == build.revision:
        raise NotGone(f"A stock client with a warm cache still gets {build.revision[:12]} of {build.model}: {told}.")
    return {"model": str(build.model), **told}
