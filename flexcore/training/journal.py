"""What a run says of each step: a line of JSON in a file beside its checkpoint, and a picture of it at the end.

The journal is for the owner's eyes. It stays on this machine, and no package holds it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from flexcore.training.sharding import number
from flexcore.untrusted import Malformed, parse_json

MAX_LINE = 1 << 16
WIDTH, HEIGHT, EDGE = 640, 240, 44  # of the picture
POINTS = 320
SMOOTH = 0.9


def journal_path(checkpoint: Path) -> Path:
    """Beside the checkpoint, under the name of the run."""
    return checkpoint.with_name(checkpoint.name.removeprefix(".").removesuffix(".checkpoint") + ".metrics.jsonl")


class Journal:
    """Goes on where the run goes on: what was noted of steps that are made again is dropped."""

    def __init__(self, checkpoint: Path, first_step: int) -> None:
        self.path = journal_path(checkpoint)
        if number() > 0:
            return  # the first process notes for all
        kept = [line for line in _lines(self.path) if json.loads(line)["step"] < first_step] if first_step else []
        self.path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def note(self, **facts: float) -> None:
        if number() > 0:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({name: round(fact, 6) for name, fact in facts.items()}) + "\n")


def draw(journal: Path, picture: Path) -> None:
    """Bits per byte over the steps, smoothed, as SVG."""
    noted = [parse_json(line.encode(), journal.name, max_bytes=MAX_LINE) for line in _lines(journal)]
    if not noted:
        raise Malformed(f"{journal} notes no step yet; let the run go on for a while.")
    bits, smooth = [], float(noted[0]["bits_per_byte"])
    for note in noted:
        smooth = SMOOTH * smooth + (1 - SMOOTH) * float(note["bits_per_byte"])
        bits.append(smooth)
    picture.write_text(_svg([int(note["step"]) for note in noted], bits), encoding="utf-8")


def _svg(steps: Sequence[int], bits: Sequence[float]) -> str:
    low, high = min(bits), max(bits)
    span, last = (high - low) or 1.0, max(steps[-1], 1)
    stride = -(-len(steps) // POINTS)
    points = " ".join(
        f"{EDGE + (WIDTH - 2 * EDGE) * step / last:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (bit - low) / span:.1f}"
        for step, bit in list(zip(steps, bits, strict=True))[::stride]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="Bits per byte from {bits[0]:.3f} to {bits[-1]:.3f}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<polyline fill="none" stroke="#1f6feb" stroke-width="1.5" points="{points}"/>'
        f'<text x="4" y="{EDGE}">{high:.3f}</text><text x="4" y="{HEIGHT - EDGE}">{low:.3f}</text>'
        f'<text x="{EDGE}" y="{HEIGHT - 16}">bits per byte of the training text, {last + 1} steps</text></svg>\n'
    )


def _lines(path: Path) -> list[str]:
    """The whole ones: a run that was killed may have left half a line at the end."""
    if not path.is_file():
        return []
    return [line for line in path.read_text(encoding="utf-8").splitlines(keepends=False) if line.endswith("}")]
