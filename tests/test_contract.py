"""docs/openapi.yaml is what the code says; each operation is for whom the table says; no bad input breaks one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.db import transaction
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from registry.accounts.models import Role
from registry.actors import CONSOLE, Actor, person
from registry.api.session import OnSignIn
from registry.api.urls import urlpatterns
from registry.policy.actions import ensure_policy_set
from tests.factories import CAST, OTTO, api, make_cast, make_person
from tests.operations import EVERYBODY, OPERATIONS, Operation

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    2**53 - 1,
    1.5,
    "",
    " ",
    "a" * 300_000,
    "\u202e\ufeff😀",
    "../../etc/passwd",
    "'; DROP TABLE registry_entry; --",
    "%s{0}${x}",
    [],
    [None],
    [[]],
    {},
    {"a": {"b": [1]}},
]
SCHEMA = yaml.safe_load(DOCUMENT.read_text())


@pytest.fixture(autouse=True)
def no_brakes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here many try to sign in; how they are slowed down, and how slow a password's hash is, is asked elsewhere."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(OnSignIn, "THROTTLE_RATES", {"login": None})


def operations_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in schema["paths"].values():
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], item[method]


def takes_json(described: dict[str, Any]) -> bool:
    return "application/json" in described.get("requestBody", {}).get("content", {})


def call(client: APIClient, operation: Operation, **changes: Any) -> Any:
    body = operation.body()
    if changes:
        body = {**(body or {}), **changes}
    address = f"/api/v1{operation.address()}"
    if body is None:
        return client.generic(operation.method, address, operation.raw, content_type="application/octet-stream")
    return _send(client, operation, address, body)


def _send(client: APIClient, operation: Operation, address: str, body: Any) -> Any:
    return getattr(client, operation.method.lower())(address, body, headers=operation.headers())


def test_the_document_is_what_the_code_says(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(made), fail_on_warn=True)

    assert made.read_text() == DOCUMENT.read_text(), "run make schema"


def test_the_document_is_openapi_3_1() -> None:
    validate(SCHEMA)

    assert SCHEMA["openapi"].startswith("3.1")


def test_every_operation_says_what_a_refusal_looks_like() -> None:
    silent = [name for name, operation in operations_of(SCHEMA) if "default" not in operation["responses"]]

    assert silent == []


def test_every_operation_has_its_line_in_the_table() -> None:
    named = {name for name, _ in operations_of(SCHEMA)}

    assert named - set(OPERATIONS) == set(), "say in tests/operations.py who may"
    assert set(OPERATIONS) - named == set(), "the table speaks of operations that are gone"


def test_only_these_are_open_to_a_stranger() -> None:
    unguarded = {name for name, operation in operations_of(SCHEMA) if {} in operation.get("security", [])}

    assert unguarded == {
        "getSession",
        "signIn",
        "signOut",
        "getVocabulary",
        "acknowledgeDelivery",
        "readInvitation",
        "acceptInvitation",
    }


@pytest.fixture
def world(db: None) -> None:
    make_cast()
    ensure_policy_set(by=CONSOLE)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", OPERATIONS)
def test_it_is_for_whom_the_table_says(name: str) -> None:
    operation = OPERATIONS[name]
    callers: list[Actor | None] = [None, *CAST]

    answers = {caller: status_for(operation, caller) for caller in callers}

    expected: dict[Actor | None, str] = {None: "past the door" if operation.strangers else "unknown"}
    expected |= {caller: "past the door" if caller in operation.may else "refused" for caller in CAST}
    assert answers == expected


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", OPERATIONS)
def test_whoever_owns_and_consumes_elsewhere_is_a_stranger_here(name: str) -> None:
    operation = OPERATIONS[name]
    rival = make_person(roles=[("rival", Role.OWNER), ("rival", Role.CONSUMER)])

    answer = status_for(operation, person(rival.id))

    assert answer == ("past the door" if operation.may == EVERYBODY else "refused")


def test_no_address_is_left_out_of_the_document() -> None:
    """The document is what the table is made from; an address that it does not know would be tried as nobody."""
    served = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/api/v1/{route.pattern}") for route in urlpatterns}

    assert served - {"/api/v1/schema"} == set(SCHEMA["paths"])


def status_for(operation: Operation, caller: Actor | None) -> str:
    """Each caller finds the same world: what the call before changed is taken back."""
    with transaction.atomic():
        status = call(api(caller), operation).status_code
        transaction.set_rollback(True)
    if status < 400 or status == 409:
        return "past the door"
    return {401: "unknown", 403: "refused", 404: "refused"}.get(status, f"status {status}")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", [name for name, described in operations_of(SCHEMA) if takes_json(described)])
def test_no_body_from_outside_breaks_it(name: str) -> None:
    operation = OPERATIONS[name]
    caller = next(iter(operation.may)) if operation.may != EVERYBODY else OTTO
    client = api(caller)
    with transaction.atomic():
        fields = list(operation.body())
        transaction.set_rollback(True)

    broken = []
    for field in [*fields, "unheard_of"]:
        for value in HOSTILE:
            with transaction.atomic():
                status = call(client, operation, **{field: value}).status_code
                transaction.set_rollback(True)
            if status >= 500:
                broken.append((field, str(value)[:40]))

    assert broken == []


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "body", [value for value in HOSTILE if not isinstance(value, dict)], ids=lambda v: repr(v)[:30]
)
def test_no_body_that_is_no_object_breaks_anything(body: Any) -> None:
    broken = []
    for name, operation in OPERATIONS.items():
        if operation.method == "GET":
            continue
        with transaction.atomic():
            status = _send(api(OTTO), operation, f"/api/v1{operation.address()}", body).status_code
            transaction.set_rollback(True)
        if status >= 500:
            broken.append(name)

    assert broken == []


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "value", ["", "%00", "a" * 5000, "%F0%9F%98%80", "-1", "%27%3B--", "%FF", "[]", "cD0x"], ids=lambda v: v[:9]
)
def test_no_query_from_outside_breaks_a_list(value: str) -> None:
    client = api(OTTO)
    broken = []
    for name, operation in operations_of(SCHEMA):
        asked = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for parameter in asked:
            address = f"/api/v1{OPERATIONS[name].address()}?{parameter}={value}"
            if client.get(address).status_code >= 500:
                broken.append((name, parameter))

    assert broken == []
