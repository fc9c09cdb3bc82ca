"""Answers that stand: said again while nothing behind them changed, and never once something did."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.utils import timezone

from registry.accounts.models import ApiToken, Membership, Organisation, Person
from registry.compositions.actions import set_tag
from registry.compositions.models import Composition, CompositionState, Model, RepositoryFile
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import ExpertVersion, VersionState
from registry.hub import standing
from registry.hub.asgi import Receive, Scope, Send
from registry.hub.standing import StandingAnswers
from registry.policy.models import PolicySet, Quarantine
from tests.factories import BEN, CY, EVE, make_token, row_of
from tests.repositories import published_stage

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = [
    ("GET", "/api/models/library/stage"),
    ("GET", "/api/models/library/stage/tree/main?recursive=true&expand=false"),
    ("GET", "/api/models/library/stage/refs"),
    ("HEAD", "/library/stage/resolve/main/config.json"),
    ("HEAD", "/library/stage/resolve/main/expert-00.safetensors"),
]
INFO = ASKED[0]


class House:
    """The application as the web server runs it, with a count of what came through to Django."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.django = get_asgi_application()
        self.through = 0
        self.whole = StandingAnswers(self._counted)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.through += 1
        await self.django(scope, receive, send)

    def ask(self, token: str, *asked: tuple[str, str], headers: dict[str, str] | None = None) -> list[httpx.Response]:
        """All at once."""
        return self.runner.run(self._ask(token, asked, headers or {}))

    async def _ask(
        self, token: str, asked: tuple[tuple[str, str], ...], headers: dict[str, str]
    ) -> list[httpx.Response]:
        transport = httpx.ASGITransport(self.whole)  # type: ignore[arg-type]  # it has looser types of its own
        given = {"authorization": f"Bearer {token}"} | headers
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=given) as client:
            return await asyncio.gather(*(client.request(method, address) for method, address in asked))


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(standing, "SECONDS", 1000.0)
    with asyncio.Runner() as runner:
        house = House(runner)
        yield house
        runner.run(house.whole.stamps.close())


@pytest.fixture
def stage(house: House) -> Composition:
    return published_stage()[0]


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize("asked", ASKED)
def test_what_was_answered_is_said_again_to_each_who_may_ask(
    house: House, stage: Composition, asked: tuple[str, str]
) -> None:
    [first] = house.ask(make_token(CY), asked)

    [again] = house.ask(make_token(CY), asked, headers={"x-request-id": "mine"})

    assert house.through == 1
    assert (again.status_code, again.content, told(again)) == (200, first.content, told(first))
    assert first.headers["x-request-id"] != again.headers["x-request-id"] == "mine"


def test_all_who_ask_at_once_wait_for_one_answer(house: House, stage: Composition) -> None:
    answers = house.ask(make_token(CY), *[INFO] * 20)

    assert house.through == 1
    assert {answer.content for answer in answers} == {answers[0].content}


CHANGES: dict[str, Callable[[], object]] = {
    "the click": lambda: ExpertVersion.objects.update(state=VersionState.WITHDRAWN),
    "a pause": lambda: ExpertVersion.objects.update(state=VersionState.PAUSED),
    "a consent that ends": lambda: ConsentRecord.objects.update(valid_until=timezone.now() - timedelta(hours=1)),
    "a consent for other things": lambda: ConsentRecord.objects.update(purposes=["teaching"]),
    "a licence that ends": lambda: LicenceTerms.objects.update(valid_until=timezone.now() - timedelta(hours=1)),
    "a signature that is none": lambda: Provenance.objects.update(signature_verified=False),
    "a set of policies that permits nothing": lambda: PolicySet.objects.filter(active=True).update(
        text='@id("permit.nothing") permit(principal, action, resource) when { false };'
    ),
    "a quarantine": lambda: Quarantine.objects.create(
        organisation=Organisation.objects.get(slug="playhouse"), reason="Names.", placed_by=row_of(BEN)
    ),
    "a revision that is blocked": lambda: Composition.objects.update(state=CompositionState.WITHDRAWN),
    "a main that is cleared": lambda: Model.objects.update(main=None),
    "a token that is revoked": lambda: ApiToken.objects.update(revoked_at=timezone.now()),
    "a token that ended": lambda: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
    "a person who left": lambda: Person.objects.update(is_active=False),
    "a role that was taken": lambda: Membership.objects.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_nothing_is_said_again_after_a_change(house: House, stage: Composition, change: Callable[[], object]) -> None:
    cy = make_token(CY)
    before = house.ask(cy, *ASKED)
    change()

    after = house.ask(cy, *ASKED)

    assert {answer.status_code for answer in before} == {200}
    assert house.through == 2 * len(ASKED)
    for (_, address), answer in zip(ASKED, after, strict=True):
        # What refs there are is no secret to who may open the model; main is gone from them where it was taken.
        assert answer.status_code in {401, 404} or address.endswith("/refs")


def test_what_more_is_known_by_now_is_told(house: House, stage: Composition) -> None:
    tree, refs = ASKED[1], ASKED[2]
    cy = make_token(CY)
    house.ask(cy, tree, refs)
    RepositoryFile.objects.filter(path="expert-00.safetensors").update(sha256="5" * 64)
    set_tag(stage.model_id, "v1", revision=stage.revision, by=CY)

    listed, named = house.ask(cy, tree, refs)

    digests = {entry["path"]: entry.get("lfs", {}).get("oid") for entry in listed.json()}
    assert digests["expert-00.safetensors"] == "5" * 64
    assert [tag["name"] for tag in named.json()["tags"]] == ["v1"]


def test_a_stranger_is_not_told_what_others_were(house: House, stage: Composition) -> None:
    house.ask(make_token(CY), *ASKED)

    answers = house.ask(make_token(EVE), *ASKED)

    assert {answer.headers["x-error-code"] for answer in answers} == {"RepoNotFound"}


def test_no_other_name_or_scheme_of_the_site_is_in_an_answer(house: House, stage: Composition) -> None:
    cy = make_token(CY)
    house.ask(cy, INFO)

    [foreign] = house.ask(cy, INFO, headers={"host": "evil.example"})

    assert foreign.status_code == 400


@pytest.mark.parametrize("ending", [ConsentRecord, LicenceTerms])
def test_what_ends_by_itself_is_not_said_again(
    house: House, stage: Composition, ending: type[ConsentRecord] | type[LicenceTerms], monkeypatch: pytest.MonkeyPatch
) -> None:
    cy = make_token(CY)
    ending.objects.update(valid_until=timezone.now() + timedelta(hours=1))
    [before] = house.ask(cy, INFO)
    true = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: true() + timedelta(hours=2))

    [after] = house.ask(cy, INFO)

    assert (before.status_code, after.status_code) == (200, 404)


def test_nothing_is_said_again_for_ever(house: House, stage: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "SECONDS", -1.0)
    cy = make_token(CY)

    house.ask(cy, INFO)
    house.ask(cy, INFO)

    assert house.through == 2


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/models/library/stage/revision/v9"),
        ("GET", "/api/models/library/%00stage"),
        ("GET", "/api/models/library/stage/tree/main/%F0%9F%98%80"),
        ("HEAD", "/api/models/library/stage/refs"),
        ("HEAD", "/library/stage/resolve/main/nothing.json"),
        ("GET", "/library/stage/resolve/main/config.json"),
    ],
)
def test_everything_else_is_for_the_views(house: House, stage: Composition, method: str, address: str) -> None:
    cy = make_token(CY)

    house.ask(cy, (method, address))
    house.ask(cy, (method, address))

    assert house.through == 2


def test_without_its_own_connection_the_views_answer(
    house: House, stage: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    cy = make_token(CY)
    house.ask(cy, INFO)
    house.runner.run(house.whole.stamps._line.close())  # type: ignore[union-attr]  # as a database that was restarted

    [lost] = house.ask(cy, INFO)
    [back] = house.ask(cy, INFO)

    assert (lost.status_code, back.status_code) == (200, 200)
    assert house.through == 2
