"""Tokens are shown once and kept as a hash; signing keys belong to an organisation and end when it says so."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.accounts.actions import create_token
from registry.accounts.models import ApiToken, SigningKey
from registry.accounts.queries import live_keys_of, person_by_token
from registry.audit.models import Entry
from registry.errors import Invalid, NotAllowed
from tests.factories import ADA, CY, OTTO, api, log, make_organisation, row_of

P256 = ec.generate_private_key(ec.SECP256R1())


def public_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    answer = api(ADA).post("/api/v1/tokens", {"name": "laptop"})

    text = answer.json()["token"]
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert text.startswith("gh_")
    token = ApiToken.objects.get(name="laptop")
    assert text not in (token.hash, token.prefix)
    assert person_by_token(text) == row_of(ADA)
    assert text.encode() not in b"".join(bytes(entry.leaf) for entry in Entry.objects.all())


def test_the_list_does_not_show_the_token_again() -> None:
    client = api(ADA)
    client.post("/api/v1/tokens", {"name": "laptop"})

    listed = client.get("/api/v1/tokens").json()

    assert {row["name"] for row in listed} == {"laptop", "test"}
    assert not any("token" in row or "hash" in row for row in listed)


def test_nobody_makes_a_token_for_somebody_else() -> None:
    with pytest.raises(NotAllowed):
        create_token(row_of(ADA).id, name="borrowed", by=CY)


def test_an_operator_may() -> None:
    issued = create_token(row_of(ADA).id, name="given", by=OTTO)

    assert person_by_token(issued.text) == row_of(ADA)


@pytest.mark.parametrize("days", [0, 366])
def test_a_token_does_not_last_for_ever(days: int) -> None:
    with pytest.raises(Invalid):
        create_token(row_of(ADA).id, name="old", days=days, by=ADA)


def test_a_revoked_token_ends_at_once() -> None:
    client = api(ADA)
    made = client.post("/api/v1/tokens", {"name": "laptop"}).json()

    answer = client.delete(f"/api/v1/tokens/{made['id']}")

    assert answer.status_code == 204
    assert person_by_token(made["token"]) is None
    assert Entry.objects.filter(event="token.revoked").count() == 1


def test_a_token_of_somebody_else_is_not_there() -> None:
    made = api(ADA).post("/api/v1/tokens", {"name": "laptop"}).json()

    answer = api(CY).delete(f"/api/v1/tokens/{made['id']}")

    assert answer.status_code == 404
    assert person_by_token(made["token"]) is not None


def test_an_owner_registers_a_key_and_revokes_it() -> None:
    client = api(ADA)

    made = client.post("/api/v1/organisations/playhouse/keys", {"name": "press", "public_key": public_pem(P256)})
    playhouse = make_organisation("playhouse")
    before = live_keys_of(playhouse.id)
    answer = client.post(f"/api/v1/keys/{made.json()['id']}/revoke")

    assert made.status_code == 201
    assert [key.fingerprint for key in before] == [made.json()["fingerprint"]]
    assert answer.json()["revoked_at"] is not None
    assert live_keys_of(playhouse.id) == []
    assert list(log().values_list("event", flat=True)) == ["key.registered", "key.revoked"]


def test_the_same_key_is_registered_once() -> None:
    client = api(ADA)
    body = {"name": "press", "public_key": public_pem(P256)}
    client.post("/api/v1/organisations/playhouse/keys", body)

    answer = client.post("/api/v1/organisations/playhouse/keys", body)

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        public_pem(ec.generate_private_key(ec.SECP384R1())),
        public_pem(ed25519.Ed25519PrivateKey.generate()),
        private_pem(P256),
        "x" * 3000,
    ],
    ids=["nothing", "text", "another curve", "another kind", "a private key", "a long text"],
)
def test_what_is_not_a_p256_public_key_is_refused(text: str) -> None:
    answer = api(ADA).post("/api/v1/organisations/playhouse/keys", {"name": "press", "public_key": text})

    assert answer.status_code == 400
    assert not SigningKey.objects.exists()


def test_a_stranger_may_look_at_keys_but_neither_add_nor_revoke() -> None:
    made = api(ADA).post("/api/v1/organisations/playhouse/keys", {"name": "k", "public_key": public_pem(P256)}).json()
    stranger = api(CY)

    assert [row["id"] for row in stranger.get("/api/v1/organisations/playhouse/keys").json()] == [made["id"]]
    assert stranger.post(f"/api/v1/keys/{made['id']}/revoke").status_code == 403
    assert stranger.get("/api/v1/organisations/nowhere/keys").status_code == 404
