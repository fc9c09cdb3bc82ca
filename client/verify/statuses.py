"""The signed list of what is withdrawn or paused (a Token Status List as a JWT), and how old it may be."""

import base64
import binascii
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from client.verify.models import Inclusion
from client.verify.notes import Key
from client.verify.strict import NotVerified, field, read_json, shown

MAX_TOKEN = 16 * 2**20
MAX_LIST = 64 * 2**20
LEEWAY = 60  # seconds that two clocks may differ
BITS = 2
WORDS = {1: "withdrawn or rejected", 2: "paused or suspended"}
LABEL = "The status list"


@dataclass(frozen=True, slots=True)
class StatusList:
    """The state of each version, as the service signed it at `issued`."""

    issued: int
    subject: str
    packed: bytes

    def state(self, index: int) -> int:
        byte, place = divmod(index, 8 // BITS)
        if not 0 <= byte < len(self.packed):
            raise NotVerified(f"{LABEL} does not reach index {index}; it is of another service, or too old.")
        return self.packed[byte] >> (place * BITS) & 3


def read_status_list(token: bytes, keys: Iterable[Key], *, max_age: int, now: float | None = None) -> StatusList:
    """The list, if one of `keys` signed it and it is neither stale nor from the future."""
    now = time.time() if now is None else now
    parts = token.decode("ascii", errors="replace").strip().split(".")
    if len(parts) != 3:
        raise NotVerified(f"{LABEL} is no signed token.")
    header, claims = (read_json(_bytes(part), LABEL) for part in parts[:2])
    if header.get("alg") != "EdDSA" or header.get("typ") != "statuslist+jwt":
        raise NotVerified(f"{LABEL} is of another kind ({shown(header.get('alg'))}, {shown(header.get('typ'))}).")
    signature, text = _bytes(parts[2]), f"{parts[0]}.{parts[1]}".encode()
    if not any(key.made(signature, text) for key in keys if key.name == header.get("kid")):
        raise NotVerified(f"{LABEL} is not signed by the service's key for statements.")
    issued, expires = field(claims, "iat", int, LABEL), field(claims, "exp", int, LABEL)
    if issued > now + LEEWAY:
        raise NotVerified(f"{LABEL} is dated {issued - now:.0f} seconds in the future; check this machine's clock.")
    if now - issued > max_age:
        raise NotVerified(f"{LABEL} is {now - issued:.0f} seconds old; at most {max_age} were allowed. Get a new one.")
    if now > expires:
        raise NotVerified(f"{LABEL} has expired. Get a new one.")
    return StatusList(issued, field(claims, "sub", str, LABEL), _unpacked(field(claims, "status_list", dict, LABEL)))


def check_inclusions(statuses: StatusList, inclusions: Iterable[Inclusion]) -> None:
    """Every version is in use; the first that is not is named."""
    for one in inclusions:
        state = statuses.state(one.status_index)
        if state:
            word = WORDS.get(state, f"in the unknown state {state}")
            raise NotVerified(f"{shown(one.version)} (slot {one.slot}) is {word}; do not load this model any more.")


def seconds(text: str) -> int:
    """ "15m" and the like, as seconds."""
    number, unit = text[:-1], text[-1:]
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(unit)
    if factor is None or not (number.isascii() and number.isdigit() and len(number) < 8):
        raise ValueError(f"{text!r} is no age; write a number and s, m, h or d, such as 15m")
    return int(number) * factor


def _unpacked(listed: dict[str, object]) -> bytes:
    if listed.get("bits") != BITS:
        raise NotVerified(f"{LABEL} has {shown(listed.get('bits'))} bits a version; this program reads {BITS}.")
    unzip = zlib.decompressobj()
    try:
        packed = unzip.decompress(_bytes(field(listed, "lst", str, LABEL)), MAX_LIST)
    except zlib.error as fault:
        raise NotVerified(f"{LABEL} cannot be unpacked.") from fault
    if not unzip.eof:
        raise NotVerified(f"{LABEL} is cut off or larger than {MAX_LIST} bytes.")
    return packed


def _bytes(part: str) -> bytes:
    """base64url without padding."""
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise NotVerified(f"{LABEL} is not in base64url.") from fault
