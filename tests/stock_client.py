"""A person at a terminal with nothing of ours: huggingface_hub and transformers as published, told only HF_ENDPOINT and
HF_TOKEN.

`run_stock_client` starts one; run as a program it does what it is told, one JSON object on stdout at the end.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 240
PROMPT = [2, 5, 7, 11, 13, 17, 19, 23]


def run_stock_client(
    *deeds: str, endpoint: str, token: str, home: Path, model: str, revision: str = "main"
) -> dict[str, Any]:
    """What each deed gave, or {"raised": exception, "message": words}. The same `home` again is a warm cache."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.stock_client", model, revision, *deeds],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    told["stderr"] = done.stderr
    return told


def model_info(model: str, revision: str) -> Any:
    from huggingface_hub import HfApi

    info = HfApi().model_info(model, revision=revision)
    return {"sha": info.sha, "files": sorted(item.rfilename for item in info.siblings or [])}


def lists(model: str, revision: str) -> Any:
    from huggingface_hub import HfApi, HfFileSystem

    hub = HfApi()
    hub.auth_check(model)
    files = HfFileSystem().ls(f"{model}@{revision}", detail=False)
    return {
        "files": sorted(hub.list_repo_files(model, revision=revision)),
        "ls": sorted(str(name).rpartition("/")[2] for name in files),
        "branches": [branch.target_commit for branch in hub.list_repo_refs(model).branches],
        "commits": [commit.commit_id for commit in hub.list_repo_commits(model, revision=revision)],
        "exists": hub.file_exists(model, "config.json", revision=revision),
        "misses": hub.file_exists(model, "tokenizer.model", revision=revision),
        "paths": sorted(
            entry.path for entry in hub.get_paths_info(model, ["config.json", "no.such"], revision=revision)
        ),
        "tensors": len(hub.get_safetensors_metadata(model, revision=revision).weight_map),
        "who": hub.whoami()["fullname"],
    }


def snapshot(model: str, revision: str) -> Any:
    import hashlib

    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(model, revision=revision))
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return {"commit": folder.name, "files": found}


def file(model: str, revision: str) -> Any:
    from huggingface_hub import hf_hub_download

    return {"text": Path(hf_hub_download(model, "config.json", revision=revision)).read_text()}


def load(model: str, revision: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, revision=revision)
    loaded = AutoModelForCausalLM.from_pretrained(model, revision=revision, dtype=torch.float32)
    with torch.no_grad():
        logits = loaded(torch.tensor([PROMPT])).logits
    return {"class": type(loaded).__name__, "tokens": len(tokenizer), "logits": logits[0].tolist()}


DEEDS: dict[str, Callable[[str, str], Any]] = {
    deed.__name__: deed for deed in (model_info, lists, snapshot, file, load)
}


def main(model: str, revision: str, *deeds: str) -> None:
    told = {}
    for deed in deeds:
        try:
            told[deed] = DEEDS[deed](model, revision)
        except Exception as fault:  # noqa: BLE001, RUF100  whatever it is, it is the answer
            told[deed] = {"raised": type(fault).__name__, "message": str(fault)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
