"""What is said of the parts of a composition: whose they are, under which licence, with which files that hold its text.

Pure. What owners wrote is foreign: `line` and `markdown` make of it what cannot be anything but words.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from flexcore.untrusted import Malformed
from registry.digests import sha256
from registry.evidence.licence_texts import licence_text
from registry.evidence.licences import all_together, licences_in

FOLDER = "LICENSES"
MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&!:#])")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.+-]")
JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"  # some scripts need them
LONGEST = 60  # of an id in a file's name


@dataclass(frozen=True, slots=True)
class AnchorCredit:
    """What is said of the public model."""

    name: str
    licence: str
    digest: str


@dataclass(frozen=True, slots=True)
class Described:
    """What an owner says of how an expert came to be; empty where nothing was said."""

    trained_by: str = ""
    code: str = ""
    dataset: str = ""
    data_name: str = ""
    languages: str = ""
    personal_data: tuple[str, ...] = ()
    signed_with: str = ""  # the fingerprint of the key that signed the package


@dataclass(frozen=True, slots=True)
class ExpertCredit:
    """What is said of an expert version, and in whose words."""

    slot: int
    name: str  # organisation/expert
    version: int
    title: str
    owner: str
    declared: str
    attribution: str
    licence_text: str  # the owner's own, if one was brought
    data_digest: str
    concluded: str = ""
    described: Described = field(default_factory=Described)

    @property
    def licence(self) -> str:
        """The one that holds."""
        return self.concluded or self.declared

    @property
    def full_name(self) -> str:
        return f"{self.name}@{self.version}"


def licence_files(part: AnchorCredit | ExpertCredit) -> dict[str, bytes]:
    """The files with the licences of a part in full; Malformed when a text is not to be had.

    What an owner brought has its digest in its name, so that two owners who call their terms by one name keep both.
    """
    own, expressions = "", [part.licence]
    if isinstance(part, ExpertCredit):
        own, expressions = part.licence_text.strip(), [part.declared, part.licence]
    names = list(dict.fromkeys(name for expression in expressions for name in licences_in(expression)))
    files = {}
    if own:
        data = f"{own}\n".encode()
        files[f"{FOLDER}/{NOT_IN_NAMES.sub('-', names[0])[:LONGEST]}-{sha256(data)[7:23]}.txt"] = data
    for name in names:
        text = licence_text(name)
        if text is not None:
            files[f"{FOLDER}/{name}.txt"] = f"{text.strip()}\n".encode()
        elif not own:
            raise Malformed(
                f"The text of {name}, the licence of {part.name}, is not to be had; leave that part out, or have its "
                "owner bring the text with a new version."
            )
    return files


def outbound(anchor: AnchorCredit, experts: Sequence[ExpertCredit]) -> str:
    """What the whole may be used under: all that its parts ask for, at once."""
    return all_together([anchor.licence, *(expert.licence for expert in experts)])


def line(text: str) -> str:
    """Foreign text in one line, without signs that a screen or terminal would act on."""
    kept = "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or _is_shown(sign))
    return " ".join(kept.split())


def markdown(text: str) -> str:
    """Foreign text inside Markdown: one line, and no sign of it means anything."""
    return MARKUP.sub(r"\\\1", line(text))


def _is_shown(sign: str) -> bool:
    return unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs"} or sign in JOINERS
