"""Before every byte: the policies are asked again, and either answer is on record."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.audit.queries import entries
from registry.compositions.models import Composition, RepositoryFile
from registry.errors import Denied
from registry.evidence.models import ConsentRecord
from registry.usage.grants import grant_download
from registry.usage.models import Download
from tests.factories import CY, OLGA, make_revision


def file_of(revision: Composition) -> RepositoryFile:
    return revision.files.get(path="expert-01.safetensors")


def let_consent_end() -> None:
    ConsentRecord.objects.update(valid_until=timezone.now() - timedelta(seconds=1))


def test_each_file_is_a_row_and_each_person_one_line_in_the_log() -> None:
    revision = make_revision()

    grant_download(revision, file_of(revision), by=CY)
    grant_download(revision, revision.files.get(path="config.json"), by=CY)
    grant_download(revision, file_of(revision), by=OLGA)

    rows = Download.objects.order_by("id").values_list("path", "bytes", "organisation__slug")
    assert list(rows) == [
        ("expert-01.safetensors", 9, "library"),
        ("config.json", 2, "library"),
        ("expert-01.safetensors", 9, "library"),
    ]
    assert [e.actor for e in entries(event="download.granted")] == [str(CY), str(OLGA)]


def test_a_consent_that_ended_since_stops_the_download() -> None:
    revision = make_revision()
    grant_download(revision, file_of(revision), by=CY)
    let_consent_end()

    with pytest.raises(Denied) as refusal:
        grant_download(revision, file_of(revision), by=CY)

    assert refusal.value.policies
    assert all(reason.reason for reason in refusal.value.policies)
    assert Download.objects.count() == 1


def test_a_refusal_is_on_record_once_however_often_it_is_asked_for() -> None:
    revision = make_revision()
    let_consent_end()

    for _ in range(3):
        with pytest.raises(Denied):
            grant_download(revision, file_of(revision), by=CY)

    assert entries(event="download.refused").count() == 1
