"""Web and workers die at each step of an intake, on every road: nothing is lost, and a sweep leaves nothing behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as site
from django.core.cache import cache
from pytest_django import Settings

from registry import storage
from registry.actors import SWEEPER
from registry.audit.models import Entry
from registry.evidence import files as evidence_files
from registry.evidence.files import sweep_evidence
from registry.evidence.models import EvidenceFile
from registry.experts import uploads
from registry.experts.models import Anchor, Expert, ExpertVersion, IncomingObject, UploadedFile, VersionState
from registry.experts.uploads import sweep_uploads
from registry.jobs import Job
from registry.replay.queries import audit_differences
from registry.xet import storing
from registry.xet.models import StoredXorb
from registry.xet.storing import sweep_xorbs
from tests.factories import ADA, api, make_expert
from tests.registry.chunked import name_of, shard_of, xorb_of
from tests.registry.documents import pdf
from tests.registry.test_hub_chunked_uploads import Store
from tests.registry.test_hub_uploads import Hub, large, small
from tests.registry.uploading import cut, declare, evidence_for, send_parts
from tests.workers.dying import life
from tests.workers.packages import Home, bring_anchor, register_key
from tests.workers.queue import waiting
from workers.joining import join_incoming
from workers.probing import probe_version
from workers.sweeps import send_again_what_is_stuck
from workers.verification import verify_version

pytestmark = pytest.mark.django_db(transaction=True)

WORK: dict[str, Callable[[str], object]] = {
    Job.VERIFY_VERSION: verify_version,
    Job.PROBE_VERSION: probe_version,
    Job.JOIN_OBJECT: join_incoming,
}
QUEUES = ("default", "gpu")
WEIGHTS = "expert.safetensors"
Step = Callable[[], object]


@dataclass(slots=True)
class Owner:
    """Somebody who brings a package, and who does what did not end well once more: what is there is looked at first."""

    package: Mapping[str, bytes]
    anchor: Anchor
    expert: Expert
    client: Any = field(default_factory=lambda: api(ADA))
    hub: Hub = field(default_factory=Hub)

    def version(self) -> ExpertVersion:
        return self.expert.versions.get()

    def draft(self) -> None:
        address = f"/api/v1/experts/{self.expert}"
        if not self.client.get(address).json()["versions"]:
            answer = self.client.post(f"{address}/versions", evidence_for(self.anchor.digest))
            assert answer.status_code == 201, answer.content

    def document(self) -> None:
        address = f"/api/v1/versions/{self.version().id}/evidence?kind=licence&name=contract.pdf"
        answer = self.client.post(address, pdf(), content_type="application/octet-stream")
        assert answer.status_code in (200, 201), answer.content

    def put(self, path: str) -> None:
        answer = declare(self.client, self.version().id, path, self.package[path])
        assert answer.status_code in (200, 201), answer.content
        file = answer.json()
        if file["completed_at"] is None:
            arrived = {part["number"] for part in self.client.get(f"/api/v1/files/{file['id']}").json()["parts"]}
            pieces = cut(self.package[path], file["part_size"])
            if missing := {number: data for number, data in pieces.items() if number not in arrived}:
                send_parts(self.client, file, missing)
            answer = self.client.post(f"/api/v1/files/{file['id']}/complete")
            assert answer.status_code == 200, answer.content

    def push_large(self) -> None:
        data = self.package[WEIGHTS]
        if "actions" in self.hub.batch(data, expert=str(self.expert)).json()["objects"][0]:
            assert self.hub.send(data, expert=str(self.expert)).status_code == 200

    def push_chunks(self) -> None:
        data = self.package[WEIGHTS]
        store, xorb = Store(str(self.expert)), name_of([data])
        assert store.send(xorb_of([data]), xorb).status_code == 200
        assert store.post("v2/shards", shard_of((data, [(xorb, 0, 1, len(data))]))).status_code == 200

    def join(self) -> None:
        while IncomingObject.objects.exclude(terms=None).filter(completed_at=None).exists():
            work_off()

    def commit(self) -> None:
        lines = [small(path, data) for path, data in self.package.items() if path != WEIGHTS]
        answer = self.hub.commit(*lines, large(WEIGHTS, self.package[WEIGHTS]), expert=str(self.expert))
        assert answer.status_code == 200, answer.content

    def change_their_mind(self) -> None:
        """Other words first, and then the right ones: a file of a draft is replaced."""
        assert self.hub.commit(small("data-card.json", b"{}"), expert=str(self.expert)).status_code == 200

    def submit(self) -> None:
        version = self.version()
        if version.state == VersionState.DRAFT:
            assert self.client.post(f"/api/v1/versions/{version.id}/submit").status_code == 200

    def wait(self) -> None:
        while self.version().state == VersionState.SUBMITTED:
            work_off()


Road = Callable[[Owner], list[Step]]


def parts(owner: Owner) -> list[Step]:
    files = [partial(owner.put, path) for path in owner.package]
    return [owner.draft, owner.document, *files, owner.submit, owner.wait]


def classic(owner: Owner) -> list[Step]:
    return [owner.draft, owner.push_large, owner.change_their_mind, owner.commit, owner.submit, owner.wait]


def chunked(owner: Owner) -> list[Step]:
    return [owner.draft, owner.push_chunks, owner.join, owner.commit, owner.submit, owner.wait]


ROADS = [parts, classic, chunked]


def work_off() -> None:
    """One job of the queues, as a worker takes it: gone from the queue whatever becomes of it. What no queue holds, the
    sweep sends again.
    """
    if not any(waiting(queue) for queue in QUEUES):
        cache.clear()
        send_again_what_is_stuck()
    for queue in QUEUES:
        for name, ids in waiting(queue)[:1]:
            with redis.Redis.from_url(site.REDIS_URL) as valkey:
                valkey.rpop(queue)
            if name in WORK:
                WORK[name](*ids)


def clean_up() -> None:
    sweep_uploads(by=SWEEPER)
    sweep_xorbs()
    sweep_evidence(by=SWEEPER)


@pytest.fixture(autouse=True)
def nothing_is_spared_for_being_young(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STUCK_SECONDS = 0
    for sweeper in (uploads, storing, evidence_files):
        monkeypatch.setattr(sweeper, "STRAY_HOURS", 0)
    with redis.Redis.from_url(site.REDIS_URL) as valkey:
        valkey.delete(*QUEUES)


@pytest.fixture
def another(home: Home) -> Callable[[], Owner]:
    """An owner with an expert of its own, as often as it is called."""
    register_key(home)
    anchor, package = bring_anchor(home), bytes_of(home.drama.folder)
    return lambda: Owner(package, anchor, make_expert(f"drama-{Expert.objects.count()}", anchor=anchor))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def outcome(owner: Owner) -> dict[str, Any]:
    """What can be seen of the intake, whenever it happens and whatever lies beside it."""
    version = owner.version()
    events = Entry.objects.filter(about=str(version)).order_by("id").values_list("event", flat=True)
    return {
        "state": version.state,
        "failure": version.failure,
        "digests": (version.data_digest, version.router_digest),
        "checks": [(check["name"], check["ok"]) for check in version.checks],
        "files": {row.path: row.sha256 for row in version.files.all() if row.completed_at},
        "documents": list(EvidenceFile.objects.filter(version=version).values_list("sha256", flat=True)),
        "events": list(events),
    }


def left_behind() -> dict[str, Any]:
    """What is in the store and on no row, the other way round, and what the log and the rows do not tell alike."""
    named = set(UploadedFile.objects.filter(version__isnull=False).values_list("key", flat=True))
    named |= set(EvidenceFile.objects.values_list("key", flat=True))
    known = named | set(UploadedFile.objects.values_list("key", flat=True))
    stored = {key for prefix in ("uploads/", "xorbs/", "evidence/") for key, _ in storage.keys_under(prefix)}
    return {
        "objects": stored - known,
        "missing": named - stored,
        "begun": [key for key, _, _ in storage.begun_uploads("uploads/")],
        "incoming": IncomingObject.objects.count() + StoredXorb.objects.count(),
        "audit": [line for line in audit_differences() if "@1" in line],
    }


NOTHING = {"objects": set(), "missing": set(), "begun": [], "incoming": 0, "audit": []}


def dying(step: Step) -> list[str]:
    """Die before and after the first trace, the second and so on, each time going on where the last death was."""
    deaths: list[str] = []
    for trace in count(1):
        for after in (False, True):
            with life(trace, after=after) as lived:
                step()
            if not lived.ended:
                return deaths
            deaths.append(lived.traces[-1])
    raise AssertionError("A step never comes to its end.")


@pytest.mark.parametrize("road", ROADS)
def test_each_step_dies_often_and_is_done_again(road: Road, another: Callable[[], Owner]) -> None:
    calm, troubled = another(), another()
    for step in road(calm):
        step()

    deaths = [dying(step) for step in road(troubled)]
    clean_up()

    assert all(deaths)
    assert outcome(troubled) == outcome(calm)
    assert left_behind() == NOTHING


@pytest.mark.long
@pytest.mark.parametrize("road", ROADS)
def test_one_death_anywhere_changes_nothing(road: Road, another: Callable[[], Owner]) -> None:
    calm = another()
    steps = road(calm)
    for step in steps:
        step()
    deaths = 0

    for place in range(len(steps)):
        for after in (False, True):
            trace, ended = 1, True
            while ended:
                troubled = another()
                for at, step in enumerate(road(troubled)):
                    if at == place:
                        with life(trace, after=after) as lived:
                            step()
                        ended = lived.ended
                        deaths += ended
                    if at != place or ended:
                        step()
                trace += 1
                clean_up()
                assert outcome(troubled) == outcome(calm), (place, trace, after)
                assert left_behind() == NOTHING, (place, trace, after)

    assert deaths > 40


def test_a_bad_package_fails_once_and_nothing_of_it_stays(another: Callable[[], Owner]) -> None:
    owner = another()
    weights = bytearray(owner.package[WEIGHTS])
    weights[-4:] = b"\x00\x00\xc0\x7f"
    owner.package = {**owner.package, WEIGHTS: bytes(weights)}
    *before, wait = parts(owner)
    for step in before:
        step()

    deaths = dying(wait) + dying(clean_up)
    clean_up()

    assert set(deaths) > {"delete", "commit"}
    assert owner.version().state == VersionState.FAILED
    assert "not finite" in owner.version().failure
    assert left_behind() == NOTHING
    assert not storage.names_under("uploads/") & {row.key for row in owner.version().files.all()}


@pytest.mark.parametrize("road", ROADS)
def test_what_is_given_up_is_swept_however_often_the_sweep_dies(
    road: Road, another: Callable[[], Owner], settings: Settings
) -> None:
    owner = another()
    with life(15, after=True):
        for step in road(owner)[:-2]:
            step()
    settings.UPLOAD_HOURS = 0

    deaths = dying(clean_up)

    assert deaths
    assert left_behind() == NOTHING
    assert not owner.version().files.exists()
