"""A small world in which anything may happen in any order: people act, workers work, messages get lost or come twice,
processes are killed, time passes. A seed decides, so that what went wrong goes wrong again.

Everything is the service's own code, on its own servers, through its own actions; only the clock and the queue's luck
are the seed's.
"""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pytest
from django.conf import settings
from django.test import TestCase
from django.utils import timezone
from numpy.typing import NDArray
from rest_framework.test import APIClient

from flexcore.manifest import Tuning
from registry import jobs, storage
from registry.actors import SWEEPER
from registry.audit import clock
from registry.audit.rotation import note_keys
from registry.audit.sequencer import Sequencer
from registry.compositions.actions import cancel_composition, remove_tag, request_model, set_tag
from registry.compositions.models import RUNNING, Composition, Model, OnWithdrawal
from registry.compositions.queries import FILES, SHARDS
from registry.compositions.selectors import models_to_follow
from registry.digests import sha256
from registry.errors import Refusal
from registry.evidence.actions import ConsentClaim, LicenceClaim, draft_version_with_evidence
from registry.evidence.models import ConsentRecord
from registry.experts.actions import create_expert, keep_public_text, submit_version
from registry.experts.models import Anchor, ExpertVersion, VersionState
from registry.experts.rules import PACKAGE_FILES
from registry.experts.uploads import add_version_file, complete_file, sign_parts
from registry.jobs import Job
from registry.policy.cedar import default_policies
from registry.reviews.actions import review_version, suspend_version
from registry.reviews.models import Verdict
from registry.withdrawals.actions import (
    confirm_destruction,
    expire_version,
    lift_hold,
    pause_version,
    place_hold,
    resume_version,
    withdraw_expert,
    withdraw_version,
)
from registry.withdrawals.holders import versions_to_tell_of
from registry.withdrawals.models import Cause, LegalHold, Withdrawal
from registry.withdrawals.recalls import open_recalls, versions_to_recall
from tests.chaos.killing import killed_at
from tests.factories import ADA, BEN, CY, IN_ORDER, PASSWORD, make_active, make_token, row_of
from tests.flexcore.packages import ELSEWHERE
from tests.registry.uploading import put
from tests.workers.packages import Home, bring_anchor, register_key
from workers import routers
from workers.celery import app
from workers.probe_text import DOCUMENTS

MODELS = ("reader", "player", "critic")
EXPERTS = ("drama", "code")
WHY = "So the dice have fallen."
SHORT = replace(Tuning.usual(ELSEWHERE), steps=3, batch=1, positions=24)
Deed = Callable[[], object]
Thing = TypeVar("Thing")


def by_letters(texts: Sequence[str]) -> NDArray[np.float32]:
    """How much of a text are vowels, and how much is the rest."""
    vowels = [sum(text.lower().count(letter) for letter in "aeiou") for text in texts]
    found = np.asarray([[v, len(t) - v] for v, t in zip(vowels, texts, strict=True)], dtype=np.float32)
    normed: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return normed


@dataclass
class World:
    """One run: the seed's dice, the messages under way, and the hours that have passed."""

    seed: int
    home: Home
    patch: pytest.MonkeyPatch
    queue: list[tuple[Job, tuple[str, ...]]] = field(default_factory=list)
    hours: float = 0.0
    told: list[str] = field(default_factory=list)  # what happened, for whoever has to find out why
    within: int = 40  # touches of the outside: how far a process comes at most that is to be killed

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311  it is to be the same each time
        true = timezone.now
        self.patch.setattr(timezone, "now", lambda: true() + timedelta(hours=self.hours))
        self.patch.setattr(jobs, "_sender", lambda: self)
        app.loader.import_default_modules()
        for prefix in (SHARDS, FILES):  # other tests, and other seeds, use the same packages
            storage.delete_under(prefix)
        self._tune_quickly(bring_anchor(self.home))
        register_key(self.home)
        ada = row_of(ADA)
        ada.set_password(PASSWORD)
        ada.save()
        self.client = APIClient()
        token = make_token(CY, expires_at=true() + timedelta(days=1000))
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        for name in EXPERTS:
            create_expert("playhouse", name=name, anchor="small", title=name, domain=name, by=ADA)
        note_keys()
        self.deeds: dict[Deed, int] = {
            self.upload: 6,
            self.review: 8,
            self.suspend: 2,
            self.decide_again: 2,
            self.request: 8,
            self.tag: 2,
            self.untag: 1,
            self.cancel: 1,
            self.download: 5,
            self.pause: 2,
            self.resume: 2,
            self.withdraw: 2,
            self.withdraw_all: 1,
            self.expire: 1,
            self.hold: 1,
            self.lift: 1,
            self.confirm: 2,
            self.activate_policies: 1,
            self.work: 34,
            self.publish_the_log: 10,
            self.sweep: 3,
            self.tidy: 2,
            self.wait: 2,
        }

    def furnish(self) -> None:
        """Both experts are approved, a tuned model of both and an untuned one are served; kills come early."""
        self.within = 10
        for name in EXPERTS:
            self._calmly(partial(self._bring, name))
        self._until(lambda: not ExpertVersion.objects.filter(state=VersionState.SUBMITTED).exists())
        for version in ExpertVersion.objects.filter(state=VersionState.VERIFIED):
            self._calmly(
                partial(review_version, version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason=WHY)
            )
        for model, tuning in (("reader", True), ("player", False)):
            self._calmly(partial(self._ask, model, list(EXPERTS), tuning=tuning))
        self._until(lambda: not Composition.objects.filter(state__in=RUNNING).exists())
        self.told.append("furnished")

    def happen(self, times: int) -> None:
        for _ in range(times):
            self.do(self.dice.choices(list(self.deeds), list(self.deeds.values()))[0])

    def do(self, deed: Deed) -> None:
        """One deed of one process; it may be refused, and it may be killed on the way."""
        fate = self.dice.randrange(1, self.within) if self.dice.random() < 0.2 else 0
        self.told.append(f"{getattr(deed, '__name__', deed)}{f' killed at {fate}' if fate else ''}")
        with TestCase.captureOnCommitCallbacks(execute=True), killed_at(fate), suppress(Refusal):
            deed()

    def settle(self) -> None:
        """Nobody does anything any more: every hold is lifted, every destruction confirmed, and time passes."""
        for hold in LegalHold.objects.filter(lifted_at=None):
            self._calmly(partial(lift_hold, hold.version_id, by=BEN))
        for withdrawal in Withdrawal.objects.filter(ended_at=None):
            self._calmly(partial(confirm_destruction, withdrawal.id, password=PASSWORD, by=ADA))
        self.hours += 100
        self._until(self._is_quiet, hours=5)
        self._calmly(self._catch_up)
        self.hours += 2 * settings.KEEP_UNUSED_HOURS
        self._calmly(self.tidy)
        self._calmly(self._catch_up)

    def _until(self, done: Callable[[], bool], *, hours: float = 0.0) -> None:
        """Machines do what there is to do; each look comes so many hours after the last."""
        for _ in range(40):
            self.hours += hours
            clock.forget()
            self._calmly(self._catch_up)
            self._calmly(self._sweep)
            waiting, self.queue = self.queue, []
            for job, ids in dict.fromkeys(waiting):
                self._calmly(partial(app.tasks[job.value], *ids))
            if done():
                break

    def _tune_quickly(self, anchor: Anchor) -> None:
        """Few steps on little text. The embedder is one of as many dimensions as the cards' vectors have."""
        data = "".join(json.dumps({"text": text}) + "\n" for text in DOCUMENTS).encode()
        digest = sha256(data)
        key = f"public-texts/{digest.removeprefix('sha256:')}"
        storage.put(key, data)
        keep_public_text(anchor.id, digest=digest, key=key, by=ADA)
        self.patch.setattr(Tuning, "usual", lambda public_text: replace(SHORT, public_text=public_text))
        self.patch.setattr(routers, "embeddings", by_letters)

    def _is_quiet(self) -> bool:
        builds = Composition.objects.filter(state__in=RUNNING).exists()
        uploads = ExpertVersion.objects.filter(state=VersionState.SUBMITTED).exists()
        withdrawals = Withdrawal.objects.filter(ended_at=None).exists()
        reviewed = open_recalls().exists() or versions_to_recall().exists() or versions_to_tell_of().exists()
        return not builds and not uploads and not withdrawals and not reviewed and not models_to_follow()

    def _calmly(self, deed: Deed) -> None:
        with TestCase.captureOnCommitCallbacks(execute=True), suppress(Refusal):
            deed()

    def send_task(self, name: str, *, args: list[str], queue: str, headers: dict[str, str]) -> None:
        """A message is on its way: mostly once, now and then twice, or never."""
        copies = self.dice.choices((1, 2, 0), (8, 1, 1))[0]
        self.queue += [(Job(name), tuple(args))] * copies

    def _one_of(self, things: Any) -> Any:
        found = list(things)
        if not found:
            raise Refusal("There is none.")
        return self.dice.choice(found)

    def _version(self, *states: VersionState) -> ExpertVersion:
        rows = ExpertVersion.objects.filter(state__in=states).order_by("expert__name", "number")
        found: ExpertVersion = self._one_of(rows)
        return found

    # What people do.

    def upload(self) -> None:
        self._bring(self.dice.choice(EXPERTS))

    def _bring(self, name: str) -> None:
        ends = timezone.now() + timedelta(hours=self.dice.choice((30, 5000))) if self.dice.random() < 0.3 else None
        consent = ConsentClaim(
            legal_basis="no-personal-data", purposes=("research",), withdrawal_method="Write to us.", valid_until=ends
        )
        statement = {
            "anchor_digest": self.home.anchor.digest,
            "dataset": "Plays.",
            "trained_by": "The playhouse",
            "code": "flexcore",
        }
        licence = LicenceClaim(declared="CC-BY-4.0", attribution="The playhouse")
        version = draft_version_with_evidence(
            f"playhouse/{name}", licence=licence, consent=consent, statement=statement, by=ADA
        )
        folder = getattr(self.home, name).folder
        for path in PACKAGE_FILES:
            data = (folder / path).read_bytes()
            file = add_version_file(version.id, path=path, size=len(data), sha256=sha256(data), by=ADA)
            [signed] = sign_parts(file.id, [(1, hashlib.sha256(data).hexdigest())], by=ADA)
            assert put(signed.url, data, signed.headers) == 200
            complete_file(file.id, by=ADA)
        submit_version(version.id, by=ADA)

    def review(self) -> None:
        verdict = Verdict.APPROVE if self.dice.random() < 0.9 else Verdict.REJECT
        review_version(self._version(VersionState.VERIFIED).id, by=BEN, verdict=verdict, answers=IN_ORDER, reason=WHY)

    def suspend(self) -> None:
        suspend_version(self._version(VersionState.APPROVED, VersionState.PAUSED).id, reason=WHY, by=BEN)

    def decide_again(self) -> None:
        verdict = Verdict.APPROVE if self.dice.random() < 0.5 else Verdict.REJECT
        review_version(self._version(VersionState.SUSPENDED).id, by=BEN, verdict=verdict, answers=IN_ORDER, reason=WHY)

    def request(self) -> None:
        experts = self.dice.choice((["drama"], ["code"], ["drama", "code"], ["drama", "code"]))
        by_domain = self.dice.random() < 0.4
        request_model(
            "library",
            self.dice.choice(MODELS),
            anchor="small",
            experts=None if by_domain else [f"playhouse/{name}" for name in experts],
            selector={"domains": experts} if by_domain else None,
            purpose="research",
            on_withdrawal=self.dice.choice(OnWithdrawal.values),
            tuning=self.dice.random() < 0.6,
            by=CY,
        )

    def _ask(self, model: str, experts: list[str], *, tuning: bool) -> None:
        request_model(
            "library",
            model,
            anchor="small",
            experts=[f"playhouse/{name}" for name in experts],
            purpose="research",
            on_withdrawal=OnWithdrawal.RECOMPOSE,
            tuning=tuning,
            by=CY,
        )

    def tag(self) -> None:
        model = self._one_of(Model.objects.order_by("name"))
        set_tag(model.id, self.dice.choice(("v1", "v2")), revision="main", by=CY)

    def untag(self) -> None:
        remove_tag(self._one_of(Model.objects.order_by("name")).id, "v1", by=CY)

    def cancel(self) -> None:
        cancel_composition(self._one_of(Composition.objects.filter(state__in=RUNNING).order_by("created_at")).id, by=CY)

    def download(self) -> None:
        model = self._one_of(Model.objects.order_by("name"))
        self.client.get(f"/{model}/resolve/main/config.json")

    def pause(self) -> None:
        pause_version(self._version(VersionState.APPROVED).id, by=ADA, reason=WHY)

    def resume(self) -> None:
        resume_version(self._version(VersionState.PAUSED).id, by=ADA)

    def withdraw(self) -> None:
        password = PASSWORD if self.dice.random() < 0.5 else ""
        states = [state for state in VersionState if state != VersionState.FAILED]
        withdraw_version(self._version(*states).id, by=ADA, reason=WHY, password=password)

    def withdraw_all(self) -> None:
        withdraw_expert(f"playhouse/{self.dice.choice(EXPERTS)}", by=ADA, reason=WHY)

    def expire(self) -> None:
        """The sweep's part: what has ended is taken back, whoever looks first."""
        ended = ConsentRecord.objects.filter(valid_until__lte=timezone.now()).order_by("created_at")
        in_use = ended.filter(version__state__in=[VersionState.APPROVED, VersionState.PAUSED])
        expire_version(self._one_of(in_use).version_id, cause=Cause.CONSENT_EXPIRED, by=SWEEPER)

    def hold(self) -> None:
        place_hold(self._one_of(ExpertVersion.objects.order_by("created_at")).id, reason=WHY, by=BEN)

    def lift(self) -> None:
        lift_hold(self._one_of(LegalHold.objects.filter(lifted_at=None).order_by("placed_at")).version_id, by=BEN)

    def confirm(self) -> None:
        waiting = Withdrawal.objects.filter(destruction_confirmed_at=None).order_by("requested_at")
        confirm_destruction(self._one_of(waiting).id, password=PASSWORD, by=ADA)

    def activate_policies(self) -> None:
        make_active(f"{default_policies()}\n// {self.dice.random()}\n")

    # What machines do.

    def work(self) -> None:
        if self.queue:
            job, ids = self.queue.pop(self.dice.randrange(len(self.queue)))
            self.told[-1] += f" {job.value}"
            app.tasks[job.value](*ids)

    def publish_the_log(self) -> None:
        Sequencer().step()

    def sweep(self) -> None:
        self._sweep()

    def tidy(self) -> None:
        app.tasks[Job.TIDY.value]()

    def wait(self) -> None:
        self.hours += self.dice.choice((0.5, 5, 40))
        clock.forget()

    def _sweep(self) -> None:
        app.tasks[Job.SWEEP.value]()

    def _catch_up(self) -> None:
        sequencer = Sequencer()
        while sequencer.step():
            pass
