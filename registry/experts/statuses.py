"""The signed list of what is withdrawn, paused or suspended, for everybody: a Token Status List (IETF) as a JWT.

It is made from the rows at each request, so that a click shows in the next copy that anybody fetches. Two bits a
version, at the version's own place: 0 in use, 1 out of use for good (withdrawn, or rejected after all), 2 denied for
now (paused or suspended). Whoever keeps a copy has to fetch a new one after `ttl` seconds.
"""

import base64
import json
import zlib
from typing import Any

from django.conf import settings
from django.db import connection

from registry.audit import clock
from registry.audit.keys import statement_signer
from registry.experts.models import VersionState

BITS = 2
CODES = {
    VersionState.WITHDRAWN.value: 1,
    VersionState.REJECTED.value: 1,
    VersionState.PAUSED.value: 2,
    VersionState.SUSPENDED.value: 2,
}
TTL = 900
LIFE = 86_400
STEP = 60  # a list that says the same is the same token for so long: one that caches may ask whether it changed
LISTED = """
SELECT state, string_agg(status_index::text, ' ') FROM registry_expertversion
WHERE state IN ('withdrawn', 'rejected', 'paused', 'suspended') AND status_index IS NOT NULL GROUP BY state
"""
LAST = "SELECT max(status_index) FROM registry_expertversion"


def status_token(now: float | None = None) -> str:
    """The list as it stands, signed by the service's key for statements."""
    issued = int(clock.now().timestamp() if now is None else now) // STEP * STEP
    signer = statement_signer()
    header = {"alg": "EdDSA", "typ": "statuslist+jwt", "kid": signer.name}
    claims = {
        "sub": f"{settings.GUILDHALL_URL}/status",
        "iat": issued,
        "exp": issued + LIFE,
        "ttl": TTL,
        "status_list": {"bits": BITS, "lst": _b64(zlib.compress(packed_statuses()))},
    }
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_b64(signer.sign(text.encode()))}"


def packed_statuses() -> bytes:
    """Every place that was given, four to a byte, the first in the lowest bits."""
    with connection.cursor() as cursor:
        cursor.execute(LAST)
        (last,) = cursor.fetchone()
        cursor.execute(LISTED)
        rows = cursor.fetchall()
    packed = bytearray(0 if last is None else last // 4 + 1)
    for state, places in rows:
        code = CODES[state]
        for place in map(int, places.split(" ")):
            packed[place >> 2] |= code << ((place & 3) << 1)
    return bytes(packed)


def _part(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value, separators=(",", ":")).encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
