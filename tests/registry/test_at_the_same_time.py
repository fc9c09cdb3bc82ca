"""Many at once: each gets its own number, one of them gets the name, and the log stays whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from registry.accounts.actions import create_organisation
from registry.accounts.models import Organisation
from registry.actors import SWEEPER
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.models import Entry
from registry.audit.queries import first_broken
from registry.digests import sha256
from registry.experts.actions import draft_version, submit_version
from registry.experts.models import Anchor, Expert, ExpertVersion, UploadedFile, VersionState
from registry.experts.rules import PACKAGE_FILES
from registry.experts.uploads import add_version_file
from registry.reviews.actions import review_version
from registry.reviews.models import Verdict
from registry.usage.grants import grant_download
from registry.usage.models import Download
from tests.factories import (
    ADA,
    BEN,
    CY,
    IN_ORDER,
    OTTO,
    api,
    log,
    make_draft,
    make_expert,
    make_file,
    make_revision,
    make_version,
)

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 6


def together(deed: Callable[[int], Any]) -> list[Any]:
    """What the deed answered or raised, done by many at once, each on a connection of its own."""

    def one(number: int) -> Any:
        try:
            return deed(number)
        except Exception as refusal:  # the test looks at what was raised
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(one, range(CROWD)))


def test_each_draft_gets_its_own_number() -> None:
    expert = make_expert("drama")

    drafts = together(lambda _: draft_version(expert.id, by=ADA))

    assert sorted(draft.number for draft in drafts) == list(range(1, CROWD + 1))


def test_each_expert_gets_its_own_place_beside_the_anchor() -> None:
    versions = [make_version(make_expert(f"expert-{n}"), state=VersionState.VERIFIED) for n in range(CROWD)]

    together(
        lambda n: review_version(
            versions[n].id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so."
        )
    )

    assert set(Expert.objects.values_list("registration", flat=True)) == set(range(1, CROWD + 1))
    assert Anchor.objects.get().next_registration == CROWD + 1


def test_one_gets_the_name_and_the_others_hear_that_it_is_taken() -> None:
    clients = [api(OTTO) for _ in range(CROWD)]

    answers = together(lambda n: clients[n].post("/api/v1/organisations", {"slug": "new", "name": "New"}))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (CROWD - 1)
    assert Organisation.objects.filter(slug="new").count() == 1
    assert log().filter(event=Event.ORGANISATION_CREATED).count() == 1


def test_a_draft_is_submitted_once() -> None:
    version = make_draft()
    for path in PACKAGE_FILES:
        make_file(version, path)

    together(lambda _: submit_version(version.id, by=ADA))

    assert log().filter(event=Event.VERSION_SUBMITTED).count() == 1


def test_one_file_is_one_upload() -> None:
    version = make_draft()

    files = together(lambda _: add_version_file(version.id, path="expert.json", size=4, sha256=sha256(b"true"), by=ADA))

    row = UploadedFile.objects.get()
    assert {(file.id, file.upload_id) for file in files} == {(row.id, row.upload_id)}
    assert log().filter(event=Event.UPLOAD_STARTED).count() == 1


def test_the_log_of_a_crowd_is_whole_and_holds_only_what_was_committed() -> None:
    def tell(number: int) -> None:
        with transaction.atomic():
            record(Event.TOKEN_REVOKED, about=f"token:{number}", by=SWEEPER, facts={"person": f"person:{number}"})
            if number % 2:
                transaction.set_rollback(True)

    together(tell)

    told = Entry.objects.filter(event=Event.TOKEN_REVOKED).order_by("id")
    assert sorted(entry.about for entry in told) == [f"token:{n}" for n in range(0, CROWD, 2)]
    assert first_broken() is None


def test_a_name_that_is_refused_leaves_no_trace() -> None:
    together(lambda n: create_organisation("playhouse", name=f"The {n}", by=OTTO))

    assert not log().exists()
    assert not ExpertVersion.objects.exists()


def test_a_client_that_asks_for_many_files_at_once_is_one_line_in_the_log() -> None:
    revision = make_revision()
    file = revision.files.get(path="expert-01.safetensors")

    together(lambda _: grant_download(revision, file, by=CY))

    assert log().filter(event=Event.DOWNLOAD_GRANTED).count() == 1
    assert Download.objects.count() == CROWD
