"""When a message is tried again, how it is signed (Standard Webhooks), and what addresses it may go to. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from registry.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PAUSES = tuple(timedelta(seconds=s) for s in (5, 60, 300, 1800, 7200))
DAY = timedelta(days=1)
PATIENCE = timedelta(days=30)
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105  how the standard marks a secret; none itself
MAX_URL = 500
# Special-purpose networks of IANA's registries that Python 3.11 still takes for global.
SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")
)
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


def next_try(now: datetime, *, attempts: int, since: datetime) -> datetime | None:
    """When to try again after this many failures; None: not any more."""
    pause = PAUSES[attempts - 1] if attempts <= len(PAUSES) else DAY
    return now + pause if now + pause <= since + PATIENCE else None


def secret_text(key: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signed_headers(secret: str, *, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, version 1: HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    told = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(told).decode()}",
    }


def is_public(address: Address) -> bool:
    """Somebody's on the open net; not ours, not a neighbour's, not a group's, not one form hidden in another."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address not in GLOBAL_UNICAST:
            return False
    if any(address.version == network.version and address in network for network in SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    looked_at = inner or address
    return any(looked_at.version == network.version and looked_at in network for network in networks)


def address_fault(found: Sequence[str], *, secure: bool, allowed: Sequence[Network]) -> str:
    """Why a host with these addresses is not spoken to, or nothing. One bad address spoils all."""
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        return "it has no address"
    for address in addresses:
        if is_within(address, allowed):
            continue
        if not is_public(address):
            return f"it leads to {address}, which is not an address of the public internet"
        if not secure:
            return "it is not https, and what we tell must not be read on the way"
    return ""


def check_form(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address as people write them; a clear sentence where it will not do."""
    if len(url) > MAX_URL or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise Invalid(f"The url must be plain ASCII without spaces, of at most {MAX_URL} signs.")
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("The url is not one; write https://, a host, and a path.") from None
    if scheme not in {"https", "http"} or not host or port == 0:
        raise Invalid("The url must begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise Invalid("The url must not hold a user or a password; the signature says that a message is ours.")
    if parts.fragment:
        raise Invalid("The url must not hold a fragment (#…); it is never sent.")
    return scheme, host, port or (443 if scheme == "https" else 80)
