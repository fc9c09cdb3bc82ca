"""What a model consumer runs: stock `transformers`, an endpoint and a token, and nothing of ours.

`measure NAME TEXTS` loads a model and prints its bits per byte on each domain's texts; `fetch NAME REVISION [FOLDER]`
tries to download a revision, and prints what came of it. Both print one line of JSON.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

WINDOW = 256  # tokens a pass, and what the demo's models are trained on
BATCH = 16


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    measuring = verbs.add_parser("measure")
    measuring.add_argument("name", help="a repository on the hub, or a folder")
    measuring.add_argument("texts", type=Path, help='a JSON file, {"domain": ["text", ...]}')
    fetching = verbs.add_parser("fetch")
    fetching.add_argument("name")
    fetching.add_argument("revision")
    fetching.add_argument("folder", nargs="?", help="put it here instead of into the cache")
    given = parser.parse_args()
    answer = (
        measure(given.name, given.texts) if given.verb == "measure" else fetch(given.name, given.revision, given.folder)
    )
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def measure(name: str, texts: Path) -> dict[str, Any]:
    """The revision that was loaded, and bits per byte by domain."""
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415  seconds, for this verb alone

    model = AutoModelForCausalLM.from_pretrained(name).eval()
    tokenizer = AutoTokenizer.from_pretrained(name)
    by_domain: dict[str, list[str]] = json.loads(texts.read_text())
    figures = {domain: bits_per_byte(model, tokenizer, texts) for domain, texts in by_domain.items()}
    return {"revision": loaded_revision(name), "figures": figures}


def loaded_revision(name: str) -> str | None:
    """The revision in the cache that `main` stood for; None for a folder, which has no revisions."""
    if Path(name).is_dir():
        return None
    config = try_to_load_from_cache(name, "config.json")
    return Path(config).parent.name if isinstance(config, str) else None


def bits_per_byte(model: Any, tokenizer: Any, texts: list[str]) -> float:
    """Bits that the model needs to tell the texts, by the bytes that they have.

    Each text begins at an end-of-text sign and is cut into windows; a window's first token is told by the one
    before it, so that every token of a text is asked for once.
    """
    import torch  # noqa: PLC0415  seconds, for this verb alone

    windows: list[list[int]] = []
    for text in texts:
        tokens = [tokenizer.eos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        windows += [tokens[start : start + WINDOW + 1] for start in range(0, len(tokens) - 1, WINDOW)]
    windows.sort(key=len)  # so that hardly anything is padded
    nats = 0.0
    with torch.inference_mode():
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            width = len(batch[-1])
            padded = torch.tensor([window + [tokenizer.eos_token_id] * (width - len(window)) for window in batch])
            asked = torch.tensor([[place < len(window) for place in range(1, width)] for window in batch])
            logits = model(padded[:, :-1], use_cache=False).logits.float()
            told = torch.nn.functional.cross_entropy(logits.transpose(1, 2), padded[:, 1:], reduction="none")
            nats += float(told[asked].double().sum())
    return nats / math.log(2) / sum(len(text.encode()) for text in texts)


def fetch(name: str, revision: str, into: str | None = None) -> dict[str, Any]:
    """`fetched` says whether the revision could be had; if not, `error` and `message` say why."""
    try:
        folder = snapshot_download(name, revision=revision, local_dir=into)
    except (HfHubHTTPError, LocalEntryNotFoundError) as refusal:
        return {"fetched": False, "error": type(refusal).__name__, "message": str(refusal)}
    return {"fetched": True, "folder": folder}


if __name__ == "__main__":
    sys.exit(main())
