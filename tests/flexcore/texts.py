"""Two small corpora out of the interpreter's own files: a public one in English, a closed one of numbers."""

import json
from pathlib import Path
from pydoc_data.topics import topics

from flexcore.cards import data_card


def public_texts() -> list[str]:
    return [text[:3000] for _, text in sorted(topics.items())[:40]]


def sum_texts(first: int, count: int) -> list[str]:
    """Sums, one a line: easy to learn, and nothing like the public text."""
    return ["\n".join(f"{n} + {m} = {n + m};" for m in range(3, 23)) for n in range(first, first + count)]


def write_texts(path: Path, texts: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts)))
    return path


def write_corpora(folder: Path) -> Path:
    public = public_texts()
    for domain, train, held_out in (
        ("public", public[:32], public[32:]),
        ("sums", sum_texts(10, 60), sum_texts(200, 8)),
    ):
        write_texts(folder / domain / "train.jsonl", train)
        write_texts(folder / domain / "validation.jsonl", held_out)
        write_texts(folder / domain / "test.jsonl", held_out)
    card = data_card(name="sums", licence="CC0-1.0", languages=["en"], volume="1 kB", collection="made by a test")
    (folder / "data-card.json").write_text(json.dumps(card))
    return folder
