"""A stock client whose cache holds a revision as `main`, made to ask for the model by name.

`warm_client MODEL REVISION` prints one line of JSON: the revision it was given, if any, and the library's version.
It imports nothing of ours.
"""

import json
import os
import sys
from pathlib import Path

import huggingface_hub
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError


def main(model: str, revision: str) -> None:
    cache = Path(os.environ["HF_HOME"]) / "hub" / f"models--{model.replace('/', '--')}"
    snapshot = cache / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(revision)
    try:
        got, said = Path(hf_hub_download(model, "config.json")).parent.name, "a file"
    except (HfHubHTTPError, LocalEntryNotFoundError) as refusal:
        got, said = "", type(refusal).__name__
    told = {"got": got, "said": said, "client": f"huggingface_hub {huggingface_hub.__version__}"}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
