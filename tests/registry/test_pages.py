"""The pages: one document for every address of theirs, under a policy that lets nothing strange in."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from registry.api import pages

ROUTES = Path(__file__).parents[2] / "frontend" / "src" / "app" / "router.tsx"
INDEX = f'<meta property="csp-nonce" nonce="{pages.NONCE}"><script type="module" nonce="{pages.NONCE}"></script>'


@pytest.fixture(autouse=True)
def built(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(INDEX)
    settings.FRONTEND_DIST = tmp_path


def test_every_route_of_the_front_end_has_a_page(client: Client) -> None:
    routes = re.findall(r'^  path: "(/[^"]*)"', ROUTES.read_text(), re.MULTILINE)

    answers = {route: client.get(re.sub(r"\$\w+", "some-thing", route)).status_code for route in routes}

    assert len(routes) > 10
    assert answers == dict.fromkeys(routes, 200)


def test_styles_are_let_in_by_a_nonce_that_is_used_once(client: Client) -> None:
    first, second = client.get("/experts"), client.get("/experts")

    nonces = [re.search(r'nonce="([^"]+)"', answer.content.decode()) for answer in (first, second)]
    assert all(
        nonce and f"'nonce-{nonce[1]}'" in answer["Content-Security-Policy"]
        for nonce, answer in zip(nonces, (first, second), strict=True)
    )
    assert first.content != second.content
    assert pages.NONCE not in first.content.decode()


def test_the_policy_lets_no_inline_code_and_no_other_host_in(client: Client, settings: Settings) -> None:
    policy = client.get("/")["Content-Security-Policy"]

    directives: dict[str, Any] = {name: rest for name, *rest in (part.split() for part in policy.split(";"))}
    assert directives["script-src"] == ["'self'"]
    assert directives["default-src"] == ["'self'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert sorted(directives["connect-src"]) == sorted(["'self'", settings.S3_PUBLIC_ENDPOINT_URL])
    assert "unsafe" not in policy


def test_a_person_at_a_wrong_address_gets_a_page_and_a_program_a_problem(client: Client) -> None:
    person = client.get("/no/such/thing/here", headers={"Accept": "text/html,*/*"})
    program = client.get("/no/such/thing/here", headers={"Accept": "*/*"})

    assert (person.status_code, person["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (program.status_code, program["Content-Type"]) == (404, "application/problem+json")


def test_without_a_build_it_says_how_to_make_one(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.FRONTEND_DIST = tmp_path / "nothing"

    answer = client.get("/")

    assert answer.status_code == 503
    assert "npm run build" in answer.content.decode()


def test_a_page_only_reads(client: Client) -> None:
    assert client.post("/experts").status_code == 405
