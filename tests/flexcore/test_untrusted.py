"""Reading the JSON of strangers: bounded, each key once, and a refusal that can be shown as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexcore.untrusted import Fields, Malformed, parse_json, shown


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{" + b" " * 100 + b"}", "x.json has 102 bytes; make it 100 or smaller."),
        (b"\xff{}", "x.json is not UTF-8 text"),
        (b'{"a": 1', "x.json is not valid JSON"),
        (b"[1]", "x.json must hold a JSON object"),
        (b'{"a": 1, "a": 2}', "x.json names a twice"),
        (b'{"a": NaN}', "x.json holds NaN"),
        (b'{"a": -Infinity}', "x.json holds -Infinity"),
        (b'{"a": 1e999}', "x.json holds a number too large"),
        (b'{"a": 9007199254740992}', "x.json holds a whole number beyond 2^53"),
        (b'{"a": "\\u0000"}', "x.json holds text that is not Unicode"),
        (b'{"\\ud800": 1}', "x.json holds text that is not Unicode"),
        (b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "x.json is nested deeper than 12 levels"),
    ],
)
def test_what_cannot_be_stored_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_json(data, "x.json", max_bytes=100)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("data", [b"[" * 500_000, b'{"a":' * 100_000, b'{"a":' + b"9" * 5000 + b"}"])
def test_what_would_exhaust_the_parser_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(data, "x.json", max_bytes=2**20)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0ae\\u. ', max_size=60).map(str.encode))
def test_noise_is_an_object_or_malformed(data: bytes) -> None:
    try:
        found = parse_json(data, "x.json", max_bytes=100)
    except Malformed:
        return

    assert isinstance(found, dict)


def test_a_missing_field_is_named_with_what_it_must_be() -> None:
    fields = Fields({"training": {}}, "expert.json").section("training")

    with pytest.raises(Malformed) as refusal:
        fields.integer("steps")

    assert str(refusal.value).startswith("expert.json: training lacks steps; add it: a whole number from 0 to")


def test_a_wrong_field_is_shown_without_harm() -> None:
    fields = Fields({"name": ["\x1b[31m" + "x" * 500]}, "data-card.json")

    with pytest.raises(Malformed) as refusal:
        fields.text("name")

    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_a_truth_value_is_not_a_number() -> None:
    with pytest.raises(Malformed, match="seed must be a whole number"):
        Fields({"seed": True}, "x").integer("seed")


def test_a_strangers_text_is_made_printable() -> None:
    assert shown("a\x1b[0m\n\udcff") == "a?[0m??"
