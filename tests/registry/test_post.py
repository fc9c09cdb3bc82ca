"""Posting to an address that a stranger chose: to the public internet only, in time, and only the status comes back."""

import datetime
import ssl
import time
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from registry.errors import Invalid
from registry.notices.post import check_url, post
from registry.notices.rules import address_fault, check_form, is_public
from tests.listening import listening

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.fixture
def at_home(settings: Settings) -> None:
    """This machine's own addresses count as a network that the operator allows."""
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_of_the_public_internet_is_refused(text: str) -> None:
    fault = address_fault(["93.184.215.14", text], secure=True, allowed=[])

    assert "not an address of the public internet" in fault


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_what_is_public_is_public(text: str) -> None:
    assert is_public(ip_address(text))
    assert address_fault([text], secure=True, allowed=[]) == ""


def test_what_is_public_must_be_reached_by_https() -> None:
    assert "not https" in address_fault(["1.1.1.1"], secure=False, allowed=[])


def test_an_allowed_network_may_be_spoken_to_without_tls_and_only_that() -> None:
    allowed = [ip_network("10.0.0.0/8")]

    assert address_fault(["10.1.2.3"], secure=False, allowed=allowed) == ""
    assert address_fault(["::ffff:10.1.2.3"], secure=False, allowed=allowed) == ""
    assert address_fault(["192.168.1.1"], secure=True, allowed=allowed) != ""
    assert address_fault(["10.1.2.3", "127.0.0.1"], secure=True, allowed=allowed) != ""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25lo]",
        "169.254.169.254",
    ],
)
def test_no_form_of_a_private_address_is_connected_to(host: str) -> None:
    with listening() as server:
        port = server.url.rpartition(":")[2].partition("/")[0]

        answer = post(f"https://{host}:{port}/hook", b"{}", {})

        assert server.connections == 0
    assert not answer.taken
    assert "Not sent" in answer.sentence
    with pytest.raises(Invalid, match=r"^The url will not do: .*\.$|^The url "):
        check_url(f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://example.com/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://", "name a host"),
        ("https:///hook", "name a host"),
        ("https://user:word@example.com/", "user or a password"),
        ("https://example.com/#there", "fragment"),
        ("https://example.com:0/", "name a host"),
        ("https://example.com:99999/", "is not one"),
        ("https://[::1/", "is not one"),
        ("https://example.com/a b", "plain ASCII"),
        ("https://example.com/\r\nx: y", "plain ASCII"),
        ("https://exämple.com/", "plain ASCII"),
        ("https://example.com\\@127.0.0.1/", "plain ASCII"),
        ("https://example.com/" + "a" * 500, "plain ASCII"),
    ],
)
def test_an_address_that_is_none_is_refused_in_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        check_form(url)


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match=r"nowhere\.invalid: it has no address"):
        check_url("https://nowhere.invalid/hook")


@pytest.mark.usefixtures("at_home")
def test_it_arrives_as_it_was_sent() -> None:
    with listening() as server:
        answer = post(server.url, b'{"a":1}', {"webhook-id": "msg_1"})

    assert answer.taken
    assert answer.sentence == "It answered 200."
    (headers, body) = server.heard[0]
    assert body == b'{"a":1}'
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("behaviour", ["hang", "drip"])
def test_who_does_not_answer_in_time_is_left(behaviour: str) -> None:
    with listening(behaviour) as server:
        began = time.monotonic()

        answer = post(server.url, b"{}", {}, seconds=0.6)

        took = time.monotonic() - began
    assert not answer.taken
    assert answer.sentence == "There was no answer within 0.6 seconds."
    assert took < 2


@pytest.mark.usefixtures("at_home")
def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    with listening("huge") as server:
        began = time.monotonic()

        answer = post(server.url, b"{}", {})

        took = time.monotonic() - began
    assert answer.taken
    assert took < 5


@pytest.mark.usefixtures("at_home")
def test_no_redirect_is_followed() -> None:
    with listening() as inner, listening(inner.url) as outer:
        answer = post(outer.url, b"{}", {})

    assert len(outer.heard) == 1
    assert inner.connections == 0
    assert not answer.taken
    assert answer.sentence == "It answered 307; redirects are not followed."


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [(500, "It answered 500."), (404, "It answered 404."), ("garbage", "It broke off, or did not speak HTTP.")],
)
def test_what_is_no_yes_is_a_no(behaviour: int | str, sentence: str) -> None:
    with listening(behaviour) as server:
        answer = post(server.url, b"{}", {})

    assert (answer.taken, answer.sentence, answer.gone) == (False, sentence, False)


@pytest.mark.usefixtures("at_home")
def test_who_is_gone_says_so() -> None:
    with listening(410) as server:
        assert post(server.url, b"{}", {}).gone


@pytest.mark.usefixtures("at_home")
def test_where_nobody_listens_there_is_no_connection() -> None:
    with listening() as server:
        url = server.url

    assert post(url, b"{}", {}).sentence == "It could not be connected to."


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path / "hook.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + made.public_bytes(Encoding.PEM))
    return file


@pytest.mark.usefixtures("at_home")
def test_over_tls_the_certificate_must_be_one_that_the_machine_trusts(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with listening(wrap=partial(context.wrap_socket, server_side=True)) as server:
        strange = post(server.url, b"{}", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted = post(server.url, b"{}", {})

    assert strange.sentence == "The TLS connection failed: CERTIFICATE_VERIFY_FAILED."
    assert trusted.taken
    assert len(server.heard) == 1
