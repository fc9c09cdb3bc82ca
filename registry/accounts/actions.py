"""Making people, organisations, roles, tokens and keys. The log names nobody: people are pseudonyms in it."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from registry.accounts.models import ApiToken, Invitation, Membership, Organisation, Person, Role, SigningKey
from registry.accounts.queries import (
    demand_role,
    get_organisation,
    get_person,
    has_role,
    open_invitation,
    person_id_of,
    token_hash,
)
from registry.accounts.rules import check_jurisdiction, check_organisation_slug, read_public_key
from registry.actors import Actor, person
from registry.audit.actions import erase_payloads
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.queries import ids_of_person
from registry.errors import Invalid, NotFound, Taken, WrongState

MAX_TOKEN_DAYS = 365
MAX_INVITATION_DAYS = 90
ERASED = "erased.invalid"  # where nobody has an address


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token and its text, which is told once and kept nowhere."""

    row: ApiToken
    text: str


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation and its code, which is told once and kept nowhere."""

    row: Invitation
    code: str


@transaction.atomic
def create_organisation(slug: str, *, name: str, jurisdiction: str = "", by: Actor) -> Organisation:
    demand_role(by, Role.OPERATOR)
    check_organisation_slug(slug)
    check_jurisdiction(jurisdiction)
    if Organisation.objects.filter(slug=slug).exists():
        raise Taken(f"There is an organisation called {slug} already.")
    organisation = Organisation.objects.create(slug=slug, name=name, jurisdiction=jurisdiction)
    facts = {"organisation": str(organisation.id), "jurisdiction": jurisdiction}
    record(Event.ORGANISATION_CREATED, about=f"organisation:{slug}", by=by, facts=facts)
    return organisation


@transaction.atomic
def create_person(email: str, *, name: str, password: str, roles: Sequence[tuple[str, Role]] = (), by: Actor) -> Person:
    """Somebody who can sign in, with their first roles."""
    demand_role(by, Role.OPERATOR)
    somebody = _enter(email, name=name, password=password)
    record(Event.PERSON_CREATED, about=str(somebody), by=by, facts={})
    for slug, role in roles:
        _grant(somebody, get_organisation(slug), role, by=by)
    return somebody


def _enter(email: str, *, name: str, password: str) -> Person:
    email = email.lower()
    if Person.objects.filter(email=email).exists():
        raise Taken("There is somebody with this e-mail address already.")
    somebody = Person(email=email, name=name)
    try:
        validate_password(password, somebody)
    except ValidationError as fault:
        raise Invalid(f"The password will not do: {' '.join(fault.messages)}") from fault
    somebody.set_password(password)
    somebody.save(force_insert=True)
    return somebody


@transaction.atomic
def grant_role(email: str, *, organisation: str, role: Role, by: Actor) -> Membership:
    """Give somebody a role in an organisation; one they hold already stays as it is."""
    demand_role(by, Role.OPERATOR)
    somebody = Person.objects.filter(email=email.lower()).first()
    if somebody is None:
        raise NotFound("There is nobody with this e-mail address.")
    membership, new = _membership(somebody, get_organisation(organisation), role)
    if new:
        record(Event.ROLE_GRANTED, about=str(somebody), by=by, facts={"organisation": organisation, "role": role.value})
    return membership


@transaction.atomic
def revoke_role(email: str, *, organisation: str, role: Role, by: Actor) -> None:
    """Take a role away; the last operator keeps theirs. One that is not held is no fault."""
    demand_role(by, Role.OPERATOR)
    rows = Membership.objects.select_for_update(of=("self",)).select_related("person", "organisation")
    held = rows.filter(person__email=email.lower(), organisation__slug=organisation, role=role).first()
    if held is not None:
        _revoke(held, by=by)


def _revoke(held: Membership, *, by: Actor) -> None:
    others = Membership.objects.select_for_update().filter(role=Role.OPERATOR, person__is_active=True)
    if held.role == Role.OPERATOR and not others.exclude(person=held.person_id).exists():
        raise WrongState("This is the last operator; make another one first.")
    held.delete()
    facts = {"organisation": held.organisation.slug, "role": held.role}
    record(Event.ROLE_REVOKED, about=str(held.person), by=by, facts=facts)


@transaction.atomic
def erase_person(person_id: UUID, *, reason: str, by: Actor) -> Person:
    """Forget who somebody was: name, address, and the private words of what they did. The pseudonym stays in the log,
    and names nobody any more; every proof stays as it was.
    """
    demand_role(by, Role.OPERATOR)
    somebody = Person.objects.select_for_update().filter(id=person_id).first()
    if somebody is None:
        raise NotFound("There is no such person.")
    if not somebody.is_active:
        return somebody
    for held in somebody.memberships.select_related("organisation", "person").order_by("id"):
        _revoke(held, by=by)
    for token in somebody.tokens.filter(revoked_at=None).order_by("id"):
        revoke_token(token.id, by=by)
    Invitation.objects.filter(email=somebody.email).update(email=f"{somebody.id}@{ERASED}")
    somebody.email, somebody.name, somebody.is_active = f"{somebody.id}@{ERASED}", "erased", False
    somebody.set_unusable_password()
    somebody.save()
    for session in UserSession.objects.filter(user=somebody):
        session.end()
    for kept in (UserSession, Authenticator, SocialAccount, EmailAddress):
        kept.objects.filter(user=somebody).delete()
    erase_payloads(ids_of_person(str(somebody)), reason=reason, by=by)
    record(Event.PERSON_ERASED, about=str(somebody), by=by, facts={}, private={"reason": reason})
    return somebody


@transaction.atomic
def note_credential(person_id: UUID, *, event: Event, by: Actor) -> None:
    """Tell that somebody changed how they sign in; what they changed stays out of the log."""
    record(event, about=str(get_person(person_id)), by=by, facts={})


@transaction.atomic
def drop_second_step(person_id: UUID, *, by: Actor) -> int:
    """For who lost telephone and recovery codes: the password alone lets them in again, until they set up another."""
    demand_role(by, Role.OPERATOR)
    somebody = get_person(person_id)
    held = Authenticator.objects.filter(user=somebody)
    passkeys: int = held.filter(type=Authenticator.Type.WEBAUTHN).count()
    number: int = held.count()
    held.delete()
    if number > passkeys:
        record(Event.TOTP_DEACTIVATED, about=str(somebody), by=by, facts={})
    for _ in range(passkeys):
        record(Event.PASSKEY_REMOVED, about=str(somebody), by=by, facts={})
    return number


@transaction.atomic
def link_identity(person_id: UUID, *, provider: str, link: Callable[[], None], by: Actor) -> None:
    """From now on the identity provider's word lets this person in."""
    link()
    record(Event.IDENTITY_LINKED, about=str(get_person(person_id)), by=by, facts={"provider": provider})


def _membership(somebody: Person, organisation: Organisation, role: Role) -> tuple[Membership, bool]:
    return Membership.objects.get_or_create(person=somebody, organisation=organisation, role=role)


def _grant(somebody: Person, organisation: Organisation, role: Role, *, by: Actor) -> None:
    if _membership(somebody, organisation, role)[1]:
        facts = {"organisation": organisation.slug, "role": role.value}
        record(Event.ROLE_GRANTED, about=str(somebody), by=by, facts=facts)


@transaction.atomic
def invite_person(email: str, *, organisation: str, role: Role, days: int = 14, by: Actor) -> IssuedInvitation:
    """Invite somebody who is not here yet. A newer invitation takes the place of an open one."""
    demand_role(by, Role.OPERATOR)
    if not 1 <= days <= MAX_INVITATION_DAYS:
        raise Invalid(f"An invitation lasts from 1 to {MAX_INVITATION_DAYS} days.")
    email = email.lower()
    if Person.objects.filter(email=email).exists():
        raise Taken("There is somebody with this e-mail address already; grant them the role instead.")
    for earlier in Invitation.objects.select_for_update().filter(email=email, accepted_at=None, revoked_at=None):
        _void(earlier, by=by)
    code = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        organisation=get_organisation(organisation),
        role=role,
        hash=token_hash(code),
        invited_by_id=person_id_of(by),
        expires_at=timezone.now() + timedelta(days=days),
    )
    facts = {"organisation": organisation, "role": role.value, "expires_at": invitation.expires_at.isoformat()}
    record(Event.INVITATION_MADE, about=str(invitation), by=by, facts=facts)
    return IssuedInvitation(row=invitation, code=code)


@transaction.atomic
def revoke_invitation(invitation_id: UUID, *, by: Actor) -> Invitation:
    """Its code opens nothing any more. One that was accepted made a person, whose roles are revoked instead."""
    demand_role(by, Role.OPERATOR)
    invitation = Invitation.objects.select_for_update(of=("self",)).filter(id=invitation_id).first()
    if invitation is None:
        raise NotFound("There is no such invitation.")
    if invitation.accepted_at is not None:
        raise WrongState("This invitation was accepted; revoke the role instead.")
    if invitation.revoked_at is None:
        _void(invitation, by=by)
    return invitation


def _void(invitation: Invitation, *, by: Actor) -> None:
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record(Event.INVITATION_REVOKED, about=str(invitation), by=by, facts={})


@transaction.atomic
def accept_invitation(code: str, *, name: str, password: str, by: Actor) -> Person:
    """Whoever has the code becomes a person with the invited address and role; the role is the inviter's gift, who must
    still be an operator. `by` is the door it came through: nobody is signed in yet.
    """
    invitation = open_invitation(code, lock=True)
    inviter = person(invitation.invited_by_id)
    demand_role(inviter, Role.OPERATOR)
    somebody = _enter(invitation.email, name=name, password=password)
    record(Event.PERSON_CREATED, about=str(somebody), by=by, facts={})
    _grant(somebody, invitation.organisation, Role(invitation.role), by=inviter)
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    record(Event.INVITATION_ACCEPTED, about=str(invitation), by=by, facts={"person": str(somebody)})
    return somebody


@transaction.atomic
def create_token(person_id: UUID, *, name: str, days: int = 90, by: Actor) -> IssuedToken:
    """A token for oneself; an operator may make one for anybody."""
    somebody = get_person(person_id)
    if by.person_id != person_id:
        demand_role(by, Role.OPERATOR)
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise Invalid(f"A token lasts from 1 to {MAX_TOKEN_DAYS} days.")
    text = f"gh_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        person=somebody,
        name=name,
        hash=token_hash(text),
        prefix=text[:10],
        expires_at=timezone.now() + timedelta(days=days),
    )
    facts = {"person": str(somebody), "expires_at": token.expires_at.isoformat()}
    record(Event.TOKEN_CREATED, about=str(token), by=by, facts=facts)
    return IssuedToken(row=token, text=text)


@transaction.atomic
def revoke_token(token_id: UUID, *, by: Actor) -> ApiToken:
    """End a token at once. One's own, or as an operator anybody's; one that is ended already stays so."""
    token = ApiToken.objects.select_for_update().filter(id=token_id).first()
    if token is None or (token.person_id != by.person_id and not has_role(by, Role.OPERATOR)):
        raise NotFound("You have no such token.")
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record(Event.TOKEN_REVOKED, about=str(token), by=by, facts={"person": f"person:{token.person_id}"})
    return token


@transaction.atomic
def register_key(organisation: str, *, name: str, public_key: str, by: Actor) -> SigningKey:
    """A key that packages of this organisation may be signed with."""
    owner = get_organisation(organisation)
    demand_role(by, Role.OWNER, owner)
    pem, fingerprint = read_public_key(public_key)
    if SigningKey.objects.filter(organisation=owner, fingerprint=fingerprint).exists():
        raise Taken(f"{owner} has registered this key already ({fingerprint}).")
    key = SigningKey.objects.create(organisation=owner, name=name, public_key=pem, fingerprint=fingerprint)
    facts = {"organisation": owner.slug, "fingerprint": fingerprint, "public_key": pem}
    record(Event.KEY_REGISTERED, about=str(key), by=by, facts=facts)
    return key


@transaction.atomic
def revoke_key(key_id: UUID, *, by: Actor) -> SigningKey:
    """From now on nothing new is accepted under this key; what was verified with it stays verified."""
    key = SigningKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    if not has_role(by, Role.OPERATOR):
        demand_role(by, Role.OWNER, key.organisation)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        facts = {"organisation": key.organisation.slug, "fingerprint": key.fingerprint}
        record(Event.KEY_REVOKED, about=str(key), by=by, facts=facts)
    return key
