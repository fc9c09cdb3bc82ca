"""Who is calling: a person by API token, or a person by the session cookie of our own pages."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from registry.accounts.models import ApiToken, Person
from registry.accounts.queries import live_token
from registry.actors import Actor, person

CHALLENGE = 'Bearer realm="guildhall"'


class TokenCaller(BaseAuthentication):
    """`Authorization: Bearer gh_…`. A token that is unknown, expired or revoked is refused, not ignored."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = live_token(text.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked; make another under your account.")
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class SessionCaller(SessionAuthentication):
    """The pages' session cookie. What changes something needs the CSRF token in `X-CSRFToken`."""

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def actor_of(request: Request) -> Actor:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return person(request.user.id)


def person_of(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    target_class = TokenCaller
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API token: gh_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    target_class = SessionCaller
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With X-CSRFToken on changes."}
