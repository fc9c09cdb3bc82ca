"""Coming in by an identity provider: a small real one, which speaks OpenID Connect on a port of its own."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as configured
from pytest_django import Settings
from rest_framework.test import APIClient

from registry.accounts.models import Person
from tests.factories import PASSWORD, log, make_person
from tests.registry.test_second_step import with_totp

CLIENT, SECRET = "guildhall", "between us two"
ADDRESS = "dora@library.example"


@dataclass(slots=True)
class Provider:
    """Knows one person, and hands out codes for them; each works once, with its verifier (PKCE)."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/me",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        code = f"code-{len(self.waiting)}"
        self.waiting[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def token(self, given: dict[str, str]) -> dict[str, Any] | None:
        asked = self.waiting.pop(given["code"], None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or given["client_secret"] != SECRET or proof != asked["code_challenge"]:
            return None
        told = {**self.claims, "iss": self.issuer, "aud": CLIENT, "iat": 1, "exp": 2**33}
        return {"access_token": "for-me", "token_type": "Bearer", "id_token": jwt.encode(told, self.key, "RS256")}


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    known = Provider(claims={"sub": "0815", "email": ADDRESS, "email_verified": True})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                self.send_response(302)
                self.send_header("Location", known.authorize(asked))
                self.end_headers()
            else:
                self.say(known.claims if address.path == "/me" else known.document())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = known.token({name: values[0] for name, values in parse_qs(body).items()})
            self.say(answer or {"error": "invalid_grant"}, status=200 if answer else 400)

        def say(self, body: dict[str, Any], status: int = 200) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is written down."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.issuer = f"http://127.0.0.1:{server.server_port}"
        apps = [
            {
                "provider_id": "organisation",
                "name": "The Library",
                "client_id": CLIENT,
                "secret": SECRET,
                "settings": {"server_url": known.issuer},
            }
        ]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": apps}}
        Thread(target=server.serve_forever, daemon=True).start()
        yield known
        server.shutdown()


def come_in(client: APIClient) -> str:
    """By form to the provider, and back with its code; where that leads."""
    form = "provider=organisation&process=login&callback_url=/login"
    leave = client.post("/auth/provider", form, content_type="application/x-www-form-urlencoded")
    assert leave.status_code == 302, leave.content
    back = httpx.get(leave["Location"]).headers["Location"]
    assert back.startswith("http://testserver/auth/oidc/organisation/callback?code=")
    return str(client.get(back.removeprefix("http://testserver"))["Location"])


def who(client: APIClient) -> Any:
    return client.get("/api/v1/session").json()


def test_the_person_of_a_verified_address_comes_in_and_the_link_is_told(provider: Provider) -> None:
    dora = make_person(ADDRESS)
    client = APIClient()

    assert come_in(client) == "/login"

    assert who(client)["person"]["id"] == str(dora.id)
    assert list(log().values_list("event", "about")) == [("identity.linked", str(dora))]
    provider.claims["email"] = "dora@elsewhere.example"
    again = APIClient()
    come_in(again)
    assert who(again)["person"]["id"] == str(dora.id)
    assert log().count() == 1


@pytest.mark.parametrize(
    "claims", [{"email": "stranger@elsewhere.example"}, {"email_verified": False}], ids=["a stranger", "not verified"]
)
def test_nobody_is_made_and_an_address_that_is_only_claimed_lets_in_nobody(
    provider: Provider, claims: dict[str, Any]
) -> None:
    make_person(ADDRESS)
    people = Person.objects.count()
    provider.claims |= claims
    client = APIClient()

    where = come_in(client)

    assert "error=permission_denied" in where
    assert who(client)["person"] is None
    assert (Person.objects.count(), SocialAccount.objects.count(), log().count()) == (people, 0, 0)


def test_somebody_who_left_does_not_come_in(provider: Provider) -> None:
    dora = make_person(ADDRESS)
    come_in(APIClient())
    Person.objects.filter(id=dora.id).update(is_active=False)
    client = APIClient()

    come_in(client)

    assert who(client)["person"] is None


def test_the_second_step_is_asked_here_too(provider: Provider) -> None:
    make_person(ADDRESS, password=PASSWORD)
    first = APIClient()
    first.post("/api/v1/session", {"email": ADDRESS, "password": PASSWORD})
    with_totp(first)
    client = APIClient()

    come_in(client)

    assert who(client) == {"person": None, "second_step": ["recovery_codes", "totp"]}


def test_the_way_back_leads_nowhere_else(provider: Provider) -> None:
    form = "provider=organisation&process=login&callback_url=https://elsewhere.example/"

    answer = APIClient().post("/auth/provider", form, content_type="application/x-www-form-urlencoded")

    assert "elsewhere.example" not in answer["Location"]


def test_without_an_issuer_there_is_no_provider() -> None:
    assert configured.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] == []
    config = APIClient().get("/auth/config").json()
    assert config["data"]["socialaccount"]["providers"] == []
