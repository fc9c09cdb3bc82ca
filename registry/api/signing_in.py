"""Signing in beyond the password: second steps, passkeys, an identity provider; and what somebody changes about it.

django-allauth does the work behind a handful of its headless addresses, picked here one by one: none of its pages, no
sign-up and no mail can be reached. A change of how somebody signs in and its record land together, or neither.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.headless.account import views as account
from allauth.headless.base import views as headless
from allauth.headless.constants import Client
from allauth.headless.mfa import views as mfa
from allauth.headless.socialaccount import views as providers
from allauth.headless.usersessions import views as sessions
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect import views as openid
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache

from registry.accounts.actions import link_identity, note_credential
from registry.accounts.models import Person
from registry.accounts.queries import person_with_address
from registry.actors import person
from registry.api.problems import answer
from registry.audit.events import Event
from registry.notices.sealing import seal, unseal

View = Callable[..., HttpResponseBase]


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up: people are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SecondSteps(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets lie sealed in the database, as those of webhooks do."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


class Identities(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whom the identity provider vouches for comes in as the person of that address; it makes nobody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            if not sociallogin.user.is_active:
                raise PermissionDenied
            return
        vouched = next((known.email for known in sociallogin.email_addresses if known.verified), "")
        somebody = person_with_address(vouched)
        if somebody is None:
            raise PermissionDenied
        link_identity(
            somebody.id,
            provider=sociallogin.account.provider,
            link=lambda: sociallogin.connect(request, somebody),
            by=person(somebody.id),
        )


def told(view: View, events: Mapping[str, Event]) -> View:
    """The view, with a record of what it changed by which method, in the same transaction."""

    @wraps(view)
    def telling(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        event = events.get(request.method or "")
        who = request.user.pk
        if event is None or who is None:
            return view(request, *args, **kwargs)
        with transaction.atomic():
            reply = view(request, *args, **kwargs)
            if reply.status_code < HTTPStatus.BAD_REQUEST or _ended_itself(event, request):
                note_credential(who, event=event, by=person(who))
        return reply

    return telling


def shallow(view: View) -> View:
    """The view, for bodies that can be read: one that is nested without end is refused like one that is not JSON."""

    @wraps(view)
    def reading(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except RecursionError:
            return answer(request, HTTPStatus.BAD_REQUEST, "The body is nested too deep.")

    return reading


def _ended_itself(event: Event, request: HttpRequest) -> bool:
    """Whoever ends the session they are in is answered as a stranger."""
    return event == Event.SESSION_ENDED and not isinstance(request.user, Person)


def at(address: str, view: Any, **events: Event) -> URLPattern:
    return path(f"auth/{address}", never_cache(shallow(told(view.as_api_view(client=Client.BROWSER), events))))


E = Event
urlpatterns: list[URLPattern] = [
    at("config", headless.ConfigView),
    # second steps and passkeys at the door
    at("second-step", mfa.AuthenticateView),
    at("second-step/passkey", mfa.AuthenticateWebAuthnView),
    at("passkey", mfa.LoginWebAuthnView),
    # is it still you?
    at("again", account.ReauthenticateView),
    at("again/second-step", mfa.ReauthenticateView),
    at("again/passkey", mfa.ReauthenticateWebAuthnView),
    # what somebody changes about how they sign in
    at("password", account.ChangePasswordView, POST=E.PASSWORD_CHANGED),
    at("authenticators", mfa.AuthenticatorsView),
    at("authenticators/totp", mfa.ManageTOTPView, POST=E.TOTP_ACTIVATED, DELETE=E.TOTP_DEACTIVATED),
    at("authenticators/recovery-codes", mfa.ManageRecoveryCodesView, POST=E.RECOVERY_CODES_MADE),
    at("authenticators/passkeys", mfa.ManageWebAuthnView, POST=E.PASSKEY_ADDED, DELETE=E.PASSKEY_REMOVED),
    at("sessions", sessions.SessionsView, DELETE=E.SESSION_ENDED),
    # the identity provider, and the way back from it
    at("provider", providers.RedirectToProviderView),
    path("auth/oidc/<str:provider_id>/callback", openid.callback, name="openid_connect_callback"),
]
