"""whoami-v2: who a token speaks for."""

from django.http import HttpRequest, HttpResponse

from registry.accounts.models import Person
from registry.accounts.queries import memberships_of
from registry.hub.wire import as_json, hub_view


@hub_view("GET", "HEAD")
def whoami(request: HttpRequest, person: Person) -> HttpResponse:
    """GET /api/whoami-v2"""
    organisations: dict[str, dict[str, str]] = {}
    for membership in memberships_of(person):
        slug = membership.organisation.slug
        organisations[slug] = {
            "type": "org",
            "id": str(membership.organisation_id),
            "name": slug,
            "fullname": membership.organisation.name,
            "roleInOrg": "read",
        }
    return as_json(
        {
            "type": "user",
            "id": str(person.id),
            "name": person.email,
            "fullname": person.name,
            "email": person.email,
            "emailVerified": True,
            "isPro": False,
            "canPay": False,
            "orgs": list(organisations.values()),
            "auth": {"type": "access_token", "accessToken": {"displayName": "guildhall", "role": "read"}},
        }
    )
