"""A person at a terminal with nothing of ours: huggingface_hub and transformers as published, told only HF_ENDPOINT and
HF_TOKEN.

`run_stock_client` starts one, of the generation that is installed or of an older one that `make clients` keeps under
var/clients; run as a program it does what it is told, one JSON object a visit on stdout.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "tests" / "clients"
CLIENTS = ROOT / "var" / "clients"
INSTALLED = "hub-2.4"
OLDER = ("hub-0.36", "hub-1.33")
SECONDS = 240
PROMPT = [2, 5, 7, 11, 13, 17, 19, 23]


class Visit(NamedTuple):
    """What is asked of one revision of one model."""

    model: str
    revision: str
    deeds: Sequence[str]


def run_stock_client(
    *deeds: str, endpoint: str, token: str, home: Path, model: str, revision: str = "main"
) -> dict[str, Any]:
    """What each deed gave, or {"raised": exception, "message": words}. The same `home` again is a warm cache."""
    [told] = send_stock_client([Visit(model, revision, deeds)], endpoint=endpoint, token=token, home=home)
    return told


def send_stock_client(
    visits: Sequence[Visit], *, endpoint: str, token: str, home: Path, generation: str = INSTALLED
) -> list[dict[str, Any]]:
    """The same for several visits of one process, by a client of the generation named."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.stock_client", json.dumps(visits)],
        cwd=ROOT,
        env=_environment(endpoint, token, home, generation),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[-len(visits) :]
    return [{**json.loads(line), "stderr": done.stderr} for line in lines]


def hf(
    *words: str, endpoint: str, token: str, home: Path, generation: str = INSTALLED, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The `hf` command of a generation, as a person types it."""
    return subprocess.run(
        [sys.executable, "-m", "huggingface_hub.cli.hf", *words],
        cwd=ROOT,
        env=_environment(endpoint, token, home, generation) | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _environment(endpoint: str, token: str, home: Path, generation: str) -> dict[str, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
    }
    if generation != INSTALLED:
        assert (CLIENTS / generation).is_dir(), f"There is no client {generation} yet; run make clients."
        environment["PYTHONPATH"] = str(CLIENTS / generation)
    return environment


def pinned(generation: str) -> dict[str, str]:
    """The versions that a client of this generation must say it is."""
    pins = PINS / f"{generation}.txt" if generation != INSTALLED else ROOT / "requirements.lock"
    return dict(re.findall(r"^(huggingface-hub|transformers)==(\S+)", pins.read_text(), flags=re.MULTILINE))


def versions(model: str, revision: str) -> Any:
    import huggingface_hub
    import transformers

    return {"huggingface-hub": huggingface_hub.__version__, "transformers": transformers.__version__}


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
        "tags": {tag.name: tag.target_commit for tag in hub.list_repo_refs(model).tags},
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
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, revision=revision)
    return {"tokens": len(tokenizer), **weights(model, revision)}


def weights(model: str, revision: str) -> Any:
    """Without the tokenizer, which asks the hub more than the model does."""
    import torch
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(model, revision=revision, dtype=torch.float32)
    with torch.no_grad():
        logits = loaded(torch.tensor([PROMPT])).logits
    return {"class": type(loaded).__name__, "logits": logits[0].tolist()}


def serving(model: str, revision: str) -> Any:
    """The calls by which vLLM 0.33 brings a model: what there is, the weights alone, the index, then each tensor."""
    from huggingface_hub import HfFileSystem, hf_hub_download, snapshot_download
    from safetensors import safe_open
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(model, revision=revision)
    there = [str(name) for name in HfFileSystem().ls(model, detail=False, revision=revision)]
    assert any(name.endswith(".safetensors") for name in there)
    folder = Path(snapshot_download(model, revision=revision, allow_patterns=["*.safetensors"]))
    index = Path(hf_hub_download(model, "model.safetensors.index.json", revision=revision))
    places = json.loads(index.read_text())["weight_map"]
    shapes: dict[str, list[int]] = {}
    for path in sorted(path for path in folder.glob("*.safetensors") if path.name in set(places.values())):
        with safe_open(path, framework="pt") as tensors:
            shapes |= {name: list(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    return {"architectures": config.architectures, "shapes": shapes, "indexed": sorted(places)}


def spans(model: str, revision: str) -> Any:
    """Parts of a large file, read where it lies, as dataset and inspection tools do."""
    from huggingface_hub import HfFileSystem

    with HfFileSystem().open(f"{model}@{revision}/expert-01.safetensors", "rb", block_size=4096) as file:
        head = file.read(8)
        file.seek(-16, 2)
        return {"head": head.hex(), "tail": file.read().hex(), "size": file.tell()}


DEEDS: dict[str, Callable[[str, str], Any]] = {
    deed.__name__: deed for deed in (versions, model_info, lists, snapshot, file, load, weights, serving, spans)
}


def main(visits: str) -> None:
    for model, revision, deeds in json.loads(visits):
        told = {}
        for deed in deeds:
            try:
                told[deed] = DEEDS[deed](model, revision)
            except Exception as fault:  # noqa: BLE001, RUF100  whatever it is, it is the answer
                told[deed] = {"raised": type(fault).__name__, "message": str(fault)}
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
