"""Who somebody is, and what they may do and see. The one place that row-level scoping starts from."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from registry.accounts.models import ApiToken, Invitation, Membership, Organisation, Person, Role, SigningKey
from registry.actors import CONSOLE, Actor
from registry.audit import clock
from registry.errors import NotAllowed, NotFound

SEES_ALL = {Role.COMPLIANCE, Role.AUDITOR, Role.OPERATOR}


@dataclass(frozen=True, slots=True)
class Reach:
    """What an actor may look at beyond what is public: everything, or what belongs to these organisations."""

    everything: bool
    organisations: frozenset[UUID]

    def rows(self, organisation: str = "organisation") -> Q:
        """A filter for rows that belong to an organisation, by the path of lookups that leads to it."""
        if self.everything:
            return Q(pk__isnull=False)  # true of every row; an empty Q would vanish from `… | Q(…)`
        return Q(**{f"{organisation}__in": self.organisations})


def reach_of(actor: Actor) -> Reach:
    if actor.person_id is None:
        return Reach(everything=True, organisations=frozenset())
    held = list(Membership.objects.filter(person=actor.person_id).values_list("organisation", "role"))
    return Reach(
        everything=any(role in SEES_ALL for _, role in held),
        organisations=frozenset(organisation for organisation, _ in held),
    )


def roles_of(person_id: UUID) -> set[tuple[str, Role]]:
    held = Membership.objects.filter(person=person_id).values_list("organisation__slug", "role")
    return {(slug, Role(role)) for slug, role in held}


def has_role(actor: Actor, role: Role, organisation: Organisation | str | None = None) -> bool:
    """Does the actor hold the role: in this organisation, or in any when none is named?"""
    if actor.person_id is None:
        return actor == CONSOLE and role == Role.OPERATOR
    rows = Membership.objects.filter(person=actor.person_id, person__is_active=True, role=role)
    if organisation is not None:
        rows = rows.filter(organisation__slug=str(organisation))
    return rows.exists()


def demand_role(actor: Actor, role: Role, organisation: Organisation | str | None = None) -> None:
    """Raise unless the actor holds the role."""
    if has_role(actor, role, organisation):
        return
    where = "" if organisation is None else f" in {organisation}"
    raise NotAllowed(f"This needs the role {role.value}{where}; you do not hold it.")


def demand_any_role(actor: Actor, *roles: Role) -> None:
    """Raise unless the actor holds one of the roles, in whichever organisation."""
    if any(has_role(actor, role) for role in roles):
        return
    raise NotAllowed(f"This needs one of the roles {', '.join(role.value for role in roles)}; you hold none of them.")


def is_member(actor: Actor, organisation: UUID) -> bool:
    return Membership.objects.filter(person=actor.person_id, organisation=organisation).exists()


def person_id_of(actor: Actor) -> UUID:
    """For what only a person does."""
    if actor.person_id is None:
        raise NotAllowed("This is done by a person, not by a part of the service.")
    return actor.person_id


def token_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def live_token(text: str) -> ApiToken | None:
    """The token with this text, if it is neither expired nor revoked and its person is active."""
    return (
        ApiToken.objects.select_related("person")
        .filter(hash=token_hash(text), revoked_at=None, expires_at__gt=clock.now(), person__is_active=True)
        .first()
    )


def person_by_token(text: str) -> Person | None:
    token = live_token(text)
    return token.person if token else None


def get_organisation(slug: str) -> Organisation:
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise NotFound(f"There is no organisation called {slug}.")
    return organisation


def get_person(person_id: UUID) -> Person:
    found = Person.objects.filter(id=person_id).first()
    if found is None:
        raise NotFound("There is no such person.")
    return found


def open_invitation(code: str, *, lock: bool = False) -> Invitation:
    """The invitation with this code, if it still opens the door; why it does not is nobody's business."""
    rows = Invitation.objects.select_related("organisation").filter(
        hash=token_hash(code), accepted_at=None, revoked_at=None, expires_at__gt=clock.now()
    )
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound("This invitation is used up, revoked or too old; ask for another.")
    return found


def invitations() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("organisation")


def people(words: str = "") -> QuerySet[Person]:
    """Those who may sign in, by a part of name or address."""
    return Person.objects.filter(Q(name__icontains=words) | Q(email__icontains=words), is_active=True)


def person_with_address(email: str) -> Person | None:
    return Person.objects.filter(email=email.lower(), is_active=True).first() if email else None


def every_token() -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("person")


def every_key() -> QuerySet[SigningKey]:
    return SigningKey.objects.select_related("organisation")


def memberships_of(person: Person) -> QuerySet[Membership]:
    return person.memberships.select_related("organisation").order_by("organisation__slug", "role")


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    return person.tokens.order_by("-created_at")


def keys_of(organisation: Organisation) -> QuerySet[SigningKey]:
    return organisation.signing_keys.order_by("-created_at")


def live_keys_of(organisation_id: UUID) -> list[SigningKey]:
    """The keys that a signature of this organisation may be checked with today."""
    return list(SigningKey.objects.filter(organisation=organisation_id, revoked_at=None).order_by("created_at"))
