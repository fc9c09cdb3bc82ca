"""docs/verify.md as a stranger follows it: its commands, in its order, in an environment with only `client` in it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.client.certificates import RECEIPT, bundle
from tests.client.model_signatures import public_pem, sign_with_the_public_tool, vkey
from tests.client.models import add_papers, included, make_model, make_site, status_list
from tests.client.served import served
from tests.client.stranger import follow_the_page, make_stranger


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, checklog: Path) -> Path:
    bill = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}).encode()
    model = make_model(tmp_path_factory.mktemp("house"), texts={"bom.cdx.json": bill})
    return make_stranger(tmp_path_factory.mktemp("stranger"), model=model, checklog=checklog)


def test_the_page_works_for_a_stranger(stranger: Path, tmp_path: Path) -> None:
    model = stranger / "model"
    entry = included(model, papers=add_papers(model))
    published = make_site(tmp_path / "site", model, entry, signs_models=vkey())
    sign_with_the_public_tool(model)
    _put(published.folder / "log/model-key.pem", public_pem())
    size = len(published.log.entries)
    last = size - 1
    (stranger / "certificate.json").write_text(json.dumps(bundle()))
    (stranger / "receipt.json").write_text(json.dumps(bundle(RECEIPT, event="receipt.issued")))
    _put(published.folder / f"api/v1/log/{last}/leaf", published.log.entries[last])
    _put(published.folder / f"api/v1/log/{last}/proof", published.log.proof(last).encode())

    with served(published.folder) as url:
        (published.folder / "status").write_bytes(status_list({}, subject=f"{url}/status"))
        done = follow_the_page(stranger, url)

    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        f"holds {size} entries, and they are what was signed",
        "every file is what the log's entry 301 includes",
        "every file is signed by log.example/models, a key that the log names",
        "nothing in it is withdrawn or paused",
        "Verification succeeded",
        '"predicateType": "https://slsa.dev/provenance/v1"',
        "playhouse/drama for reader: 1 inclusions, 0 downloads",
        "withdrawn: playhouse/drama@1",
        f"{size} entries are what was signed",
        f"entry {last} of {size} is this one",
        f"the log of {size} entries continues the one of {size}",
        f"entry 301 of {size} is this one",
    ):
        assert said in done.stdout
    assert json.loads((stranger / "last-seen.json").read_text())["size"] == size


def test_the_environment_has_the_client_and_none_of_the_service(stranger: Path) -> None:
    listed = subprocess.run(
        [stranger / "checking/bin/pip", "list", "--format=json"], capture_output=True, text=True, timeout=60, check=True
    )

    names = {item["name"].lower() for item in json.loads(listed.stdout)}

    assert "guildhall-client" in names
    assert not names & {"guildhall", "django", "celery", "torch", "boto3", "rfc8785", "pyjwt"}


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
