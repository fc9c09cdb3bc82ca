"""Checking: it is gone when the store, the policies and a stock client with a warm cache all say so, and not before."""

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.withdrawals.models import Certificate, Step
from registry.withdrawals.queries import checklist_of
from tests.workers.packages import Home, bring_both
from tests.workers.withdrawals import assembled, carried, doomed, left_of, published, step, uploads_of, version_of
from workers import checking, withdrawing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    settings.GUILDHALL_URL = live_server.url
    return live_server.url


@pytest.mark.usefixtures("site")
def test_what_is_gone_passes_and_a_stock_client_was_tried(home: Home) -> None:
    bring_both(home)
    lost = published(on_withdrawal="close")

    withdrawal = carried(doomed("drama"))

    report = step(withdrawal, Step.CHECK).facts
    [client] = report["clients"]
    assert step(withdrawal, Step.CHECK).done_at is not None
    assert (client["model"], client["site"], client["got"]) == (str(lost.model), "RevisionNotFoundError", "")
    assert client["client"].startswith("huggingface_hub ")
    assert (report["composed"], report["served"]) == (1, 1)
    assert report["listed"] >= len(uploads_of(version_of("drama")))


@pytest.mark.usefixtures("site")
def test_a_stock_client_is_told_of_the_main_that_took_its_place(home: Home) -> None:
    bring_both(home)
    lost = published()

    withdrawal = carried(doomed("drama"))

    lost.model.refresh_from_db()
    [client] = step(withdrawal, Step.CHECK).facts["clients"]
    assert lost.model.main is not None
    assert client["site"] == lost.model.main.revision != lost.revision
    assert client["got"] != lost.revision


def test_an_object_put_back_is_found_destroyed_and_checked_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_both(home)
    assembled(on_withdrawal="close")
    key, check = uploads_of(version_of("drama"))[0], checking.check_withdrawal
    withdrawal = doomed("drama")

    def put_back_first(one: object) -> object:
        storage.put(key, b"from a backup")
        return check(one)  # type: ignore[arg-type]

    with monkeypatch.context() as meddler:
        meddler.setattr(withdrawing, "check_withdrawal", put_back_first)
        found = carried(withdrawal)
    before = {line.name: (line.state, line.sentence) for line in checklist_of(found)}
    left, certified = left_of([key]), Certificate.objects.exists()
    ended = carried(withdrawal)

    assert (left, certified) == ([key], False)
    assert "still in the store" in before[Step.CHECK][1]
    assert before[Step.DESTROY][0] != "done"
    assert left_of([key]) == []
    assert ended.ended_at is not None
    assert Entry.objects.filter(event=Event.WITHDRAWAL_REOPENED).exists()


def test_a_site_that_does_not_answer_proves_nothing_and_is_asked_again(
    home: Home, live_server: LiveServer, settings: Settings
) -> None:
    bring_both(home)
    published(on_withdrawal="close")
    settings.GUILDHALL_URL = "http://127.0.0.1:9"
    withdrawal = doomed("drama")

    waiting = carried(withdrawal)
    [told] = [line for line in checklist_of(waiting) if line.name == Step.CHECK]
    certified = Certificate.objects.exists()
    settings.GUILDHALL_URL = live_server.url
    ended = carried(withdrawal)

    assert not certified
    assert told.state == "failed"
    assert told.sentence.startswith("The site did not answer a stock client at http://127.0.0.1:9")
    assert not Entry.objects.filter(event=Event.WITHDRAWAL_REOPENED).exists()
    assert ended.ended_at is not None
