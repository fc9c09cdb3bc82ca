"""The addresses under /api/v1, room by room."""

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from registry.api import accounts, audit, session, vocabulary

urlpatterns: list[URLPattern] = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("vocabulary", vocabulary.Vocabulary.as_view()),
    # audit
    path("log", audit.Log.as_view()),
    # accounts
    path("session", session.SessionView.as_view()),
    path("people", accounts.People.as_view()),
    path("organisations", accounts.Organisations.as_view()),
    path("organisations/<slug:slug>/roles", accounts.Roles.as_view()),
    path("organisations/<slug:slug>/keys", accounts.Keys.as_view()),
    path("keys/<uuid:key_id>/revoke", accounts.RevokeKey.as_view()),
    path("tokens", accounts.Tokens.as_view()),
    path("tokens/<uuid:token_id>", accounts.Token.as_view()),
]
