"""A stock client whose cache holds a revision as `main`, made to ask for the model by name.

`warm_client MODEL REVISION` prints one line of JSON: what the site says that main is (or the refusal that it answers,
or "no answer"), the revision that the client then takes, if any, and the library's version. It imports nothing of ours.
"""

import json
import os
import sys
from pathlib import Path

import huggingface_hub
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)


def main(model: str, revision: str) -> None:
    cache = Path(os.environ["HF_HOME"]) / "hub" / f"models--{model.replace('/', '--')}"
    snapshot = cache / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(revision)
    site, why = ask(model)
    if site == "no answer":
        tell(site=site, got="", said=why)
        return
    try:
        got, said = Path(hf_hub_download(model, "config.json")).parent.name, "a file"
    except (HfHubHTTPError, LocalEntryNotFoundError) as refusal:
        got, said = "", type(refusal).__name__
    tell(site=site, got=got, said=said)


def ask(model: str) -> tuple[str, str]:
    """Without the cache, which would hide that nobody answered."""
    try:
        return get_hf_file_metadata(hf_hub_url(model, "config.json")).commit_hash or "", ""
    except (RevisionNotFoundError, RepositoryNotFoundError, EntryNotFoundError) as refusal:
        return type(refusal).__name__, ""
    except Exception as fault:
        return "no answer", type(fault).__name__


def tell(**told: str) -> None:
    sys.stdout.write(json.dumps({**told, "client": f"huggingface_hub {huggingface_hub.__version__}"}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
