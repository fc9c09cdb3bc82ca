"""The service's own account for looking at itself from outside: an auditor sees what is there, and reads no file."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from registry.accounts.actions import create_organisation, create_person, create_token, grant_role, revoke_token
from registry.accounts.models import Organisation, Person, Role
from registry.actors import CONSOLE, Actor
from registry.errors import Taken

EMAIL = "checker@guildhall.invalid"
OFFICE = "guildhall"


@contextmanager
def checker_token(*, by: Actor) -> Iterator[str]:
    """A token that lives for this block; its making and its end are on record."""
    if by.person_id is not None:
        raise PermissionError("Only the service checks itself.")
    somebody = _checker()
    token = create_token(somebody.id, name="self-check", days=1, by=CONSOLE)
    try:
        yield token.text
    finally:
        revoke_token(token.row.id, by=CONSOLE)


def _checker() -> Person:
    known = Person.objects.filter(email=EMAIL).first()
    if known is None:
        if not Organisation.objects.filter(slug=OFFICE).exists():
            create_organisation(OFFICE, name="Guildhall office", by=CONSOLE)
        try:
            known = create_person(EMAIL, name="Guildhall's checker", password=secrets.token_urlsafe(32), by=CONSOLE)
        except Taken:
            known = Person.objects.get(email=EMAIL)
    grant_role(EMAIL, organisation=OFFICE, role=Role.AUDITOR, by=CONSOLE)
    return known
