"""The feed of withdrawals: public, the newest first, with the revisions to let go and the place in the log."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from registry.audit.events import Event
from registry.audit.queries import leaf_at
from registry.experts.models import VersionState
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.feed import A_PAGE
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, catch_up, make_draft, make_expert, make_revision, make_version

WHY = "The licence was not ours to give."
ADDRESS = "/feed/withdrawals.json"


def test_it_tells_what_was_withdrawn_and_which_revisions_to_let_go(client: Client) -> None:
    version = make_version()
    revision = make_revision(version).revision
    withdraw_version(version.id, by=ADA, reason=WHY)
    catch_up()

    answer = client.get(ADDRESS)

    feed = answer.json()
    (item,) = feed["items"]
    about = item["_guildhall"]
    assert answer["Content-Type"] == "application/feed+json"
    assert answer["Cache-Control"] == "public, max-age=60"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert item["title"] == "playhouse/drama@1 was withdrawn"
    assert about["version"] == "playhouse/drama@1"
    assert about["data_digest"] == version.data_digest
    assert about["status_index"] == version.status_index
    assert about["revisions"] == [revision]
    assert f'"event":"{Event.VERSION_WITHDRAWN}"'.encode() in leaf_at(about["log_index"])
    assert WHY not in answer.content.decode()


def test_before_the_log_has_a_place_for_it_there_is_none(client: Client) -> None:
    withdraw_version(make_version().id, by=ADA, reason=WHY)

    (item,) = client.get(ADDRESS).json()["items"]

    assert item["_guildhall"]["log_index"] is None


def test_what_was_never_approved_is_nobodys_business(client: Client) -> None:
    withdraw_version(make_draft().id, by=ADA, reason=WHY)

    assert client.get(ADDRESS).json()["items"] == []


def test_it_goes_on_page_by_page_from_the_newest(client: Client) -> None:
    expert = make_expert()
    for number in range(A_PAGE + 3):
        version = make_version(expert, state=VersionState.WITHDRAWN)
        withdrawal = Withdrawal.objects.create(version=version, reason=WHY, requested_by=str(ADA))
        Withdrawal.objects.filter(id=withdrawal.id).update(requested_at=timezone.now() - timedelta(hours=number))

    first = client.get(ADDRESS).json()
    second = client.get(first["next_url"].partition("/feed/")[2].join(["/feed/", ""])).json()

    names = [item["_guildhall"]["version"] for item in first["items"] + second["items"]]
    assert names == [f"playhouse/drama@{number}" for number in range(1, A_PAGE + 4)]
    assert "next_url" not in second


def test_what_is_no_moment_is_refused_in_one_sentence(client: Client) -> None:
    for wrong in ("yesterday", "2026-13-99T99:99:99Z", "2026-11-22T10:00:00", "\x00"):
        answer = client.get(ADDRESS, {"before": wrong})

        assert answer.status_code == 400
