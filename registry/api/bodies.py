"""What a request may bring: JSON that PostgreSQL, the log and every reader take the same way; known fields only."""

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_BODY_BYTES = 2 * 2**20
MAX_DEPTH = 32
ZONED = re.compile(r"T.*(Z|[+-]\d{2}:?\d{2})$", re.IGNORECASE)
MAX_EXACT_INTEGER = 2**53 - 1  # RFC 8785 and every browser lose whole numbers beyond it


class StrictJSON(BaseParser):
    """One JSON value of bounded size and depth, without doubles, NUL characters or numbers that would change."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        data = stream.read(MAX_BODY_BYTES + 1)
        if len(data) > MAX_BODY_BYTES:
            raise RequestDataTooBig
        try:
            value = json.loads(
                data.decode("utf-8"),
                parse_int=_whole,
                parse_float=_finite,
                parse_constant=_no_constant,
                object_pairs_hook=_without_doubles,
            )
        except RecursionError:
            raise ParseError(f"The body is nested more than {MAX_DEPTH} deep.") from None
        except ValueError as fault:
            raise ParseError(f"The body is not JSON that we can read: {fault}.") from None
        _check(value, MAX_DEPTH)
        return value


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_EXACT_INTEGER:
        raise ValueError("a whole number is larger than 2^53 - 1")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names the same field twice")
    return found


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise ParseError(f"The body is nested more than {MAX_DEPTH} deep.")
    if isinstance(value, str):
        if "\x00" in value:
            raise ParseError("The body holds a NUL character; leave it out.")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ParseError("The body holds half of a surrogate pair; it is not Unicode text.")
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth)
            _check(item, depth - 1)


class Moment(serializers.DateTimeField):
    """A moment with its zone. Without one nobody could tell whether a consent that ends at midnight has ended."""

    def to_internal_value(self, value: Any) -> Any:
        if isinstance(value, str) and not ZONED.search(value.strip()):
            raise serializers.ValidationError("Give the moment with its zone, as in 2027-01-01T00:00:00+01:00.")
        return super().to_internal_value(value)


class Body(serializers.Serializer[Any]):
    """The shape of a request. A field that it does not know is refused: a misspelt wish must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name)[:80] for name in set(data) - set(self.fields))
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError(
                    {name: [f"There is no such field; known are: {known}."] for name in unknown}
                )
        return super().to_internal_value(data)
