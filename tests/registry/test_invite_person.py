"""Inviting somebody: a link that works once, for one address and role, while the inviter may still give it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from registry.accounts.actions import accept_invitation, erase_person, invite_person, revoke_invitation
from registry.accounts.models import Invitation, Membership, Person, Role
from registry.accounts.queries import roles_of
from registry.actors import DOOR
from registry.audit.models import Entry
from registry.errors import Invalid, NotAllowed, NotFound, Taken, WrongState
from tests.factories import ADA, OTTO, PASSWORD, api, log, make_organisation, row_of

ADDRESS = "dora@library.example"


def invited(email: str = ADDRESS) -> str:
    return invite_person(email, organisation="library", role=Role.CONSUMER, by=OTTO).code


def test_the_link_brings_in_who_was_invited_and_the_log_names_nobody() -> None:
    body = {"email": "Dora@Library.example", "organisation": "library", "role": "consumer"}
    answer = api(OTTO).post("/api/v1/invitations", body).json()
    code = answer["link"].partition("#")[2]
    door = APIClient()

    read = door.post("/api/v1/invitations/read", {"code": code}).json()
    came = door.post("/api/v1/invitations/accept", {"code": code, "name": "Dora Doe", "password": PASSWORD})

    assert (read["email"], read["organisation_name"], read["role"]) == (ADDRESS, "Library", "consumer")
    assert came.status_code == 201
    dora = Person.objects.get(email=ADDRESS)
    assert roles_of(dora.id) == {("library", Role.CONSUMER)}
    assert door.post("/api/v1/session", {"email": ADDRESS, "password": PASSWORD}).status_code == 200
    assert list(log().values_list("event", "actor")) == [
        ("invitation.made", str(OTTO)),
        ("person.created", str(DOOR)),
        ("role.granted", str(OTTO)),
        ("invitation.accepted", str(DOOR)),
    ]
    assert not any(b"dora" in bytes(leaf).lower() for leaf in log().values_list("leaf", flat=True))


def test_it_works_once() -> None:
    code = invited()
    accept_invitation(code, name="Dora", password=PASSWORD, by=DOOR)

    with pytest.raises(NotFound):
        accept_invitation(code, name="Eve", password=PASSWORD, by=DOOR)


def test_a_weak_password_leaves_the_invitation_open() -> None:
    code = invited()

    with pytest.raises(Invalid):
        accept_invitation(code, name="Dora", password="short", by=DOOR)

    assert accept_invitation(code, name="Dora", password=PASSWORD, by=DOOR).email == ADDRESS


def test_one_that_was_revoked_is_too_old_or_was_made_anew_opens_nothing() -> None:
    revoked, old, replaced = invited("a@library.example"), invited("b@library.example"), invited("c@library.example")
    revoke_invitation(Invitation.objects.get(email="a@library.example").id, by=OTTO)
    Invitation.objects.filter(email="b@library.example").update(expires_at=timezone.now() - timedelta(seconds=1))
    newer = invited("c@library.example")

    for code in (revoked, old, replaced):
        with pytest.raises(NotFound):
            accept_invitation(code, name="Somebody", password=PASSWORD, by=DOOR)

    assert accept_invitation(newer, name="C", password=PASSWORD, by=DOOR).email == "c@library.example"


def test_an_inviter_who_is_no_operator_any_more_brings_in_nobody() -> None:
    code = invited()
    Membership.objects.filter(person=row_of(OTTO)).delete()

    with pytest.raises(NotAllowed):
        accept_invitation(code, name="Dora", password=PASSWORD, by=DOOR)

    assert not Person.objects.filter(email=ADDRESS).exists()


def test_who_is_here_is_not_invited_and_who_came_in_is_not_uninvited() -> None:
    with pytest.raises(Taken):
        invited("ada@playhouse.example")

    accept_invitation(invited(), name="Dora", password=PASSWORD, by=DOOR)
    with pytest.raises(WrongState):
        revoke_invitation(Invitation.objects.get(email=ADDRESS).id, by=OTTO)


def test_only_an_operator_invites() -> None:
    with pytest.raises(NotAllowed):
        invite_person(ADDRESS, organisation="library", role=Role.OPERATOR, by=ADA)

    assert not Entry.objects.filter(event="invitation.made").exists()


def test_where_a_mail_server_is_named_the_link_goes_out(settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    make_organisation("library")
    body = {"email": ADDRESS, "organisation": "library", "role": "consumer", "mail": True}

    answer = api(OTTO).post("/api/v1/invitations", body).json()

    assert answer["mailed"] is True
    assert mail.outbox[0].to == [ADDRESS]
    assert answer["link"] in mail.outbox[0].body


def test_whoever_is_forgotten_is_forgotten_as_invited_too() -> None:
    dora = accept_invitation(invited(), name="Dora", password=PASSWORD, by=DOOR)

    erase_person(dora.id, reason="They asked to be forgotten.", by=OTTO)

    assert not Invitation.objects.filter(email=ADDRESS).exists()
