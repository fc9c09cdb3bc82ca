"""The key that signs models: made by the command, kept by the embedded site, refused when it is broken."""

import base64
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django import Settings

from registry.audit.keys import model_signer
from registry.audit.model_keys import make_model_key, pem_of, read_model_key
from registry.audit.notes import Unreadable, make_note_key
from registry.embedded.keys import MODELS, kept_key


def test_the_command_prints_the_secret_and_the_public_key(settings: Settings) -> None:
    said = StringIO()

    call_command("make_note_key", "guildhall.example/models", "--models", stdout=said)

    secret, public = said.getvalue().split()
    settings.MODEL_KEY = secret
    assert model_signer().vkey == public
    assert pem_of(public) == model_signer().public_pem


def test_the_same_words_get_the_same_signature() -> None:
    key = make_model_key("a/models")

    assert key.sign(b"words") == read_model_key(key.text).sign(b"words")
    assert key.sign(b"words") != key.sign(b"others")


def test_the_embedded_site_keeps_its_key(tmp_path: Path) -> None:
    first, again = kept_key(tmp_path, signs=MODELS), kept_key(tmp_path, signs=MODELS)

    assert first == again
    assert read_model_key(first).name.endswith("/models")
    assert (tmp_path / MODELS).stat().st_mode & 0o777 == 0o600


GOOD = make_model_key("a/models").text
BROKEN = {
    "nothing": "",
    "of another kind": make_note_key("a/models").text,
    "cut off": GOOD[:-8],
    "under another name": GOOD.replace("a/models", "b/models"),
    "no number of the curve": "PRIVATE+KEY+a/models+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    "public": make_model_key("a/models").vkey,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_key_is_refused_and_not_repeated(what: str, settings: Settings) -> None:
    settings.MODEL_KEY = BROKEN[what]

    with pytest.raises(ImproperlyConfigured, match="GUILDHALL_MODEL_KEY: ") as refusal:
        model_signer()

    assert not BROKEN[what] or BROKEN[what][-16:] not in str(refusal.value)


def test_other_keys_have_no_pem() -> None:
    assert pem_of(make_note_key("a/log").vkey) is None
    with pytest.raises(Unreadable):
        read_model_key("")
