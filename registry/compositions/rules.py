"""What a request for a model may look like, and how a recipe follows from it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.errors import Invalid

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
EXPERT = re.compile(r"([a-z0-9-]{1,40})/([a-z0-9-]{1,40})")
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
REVISION = re.compile(r"[0-9a-f]{40}", re.ASCII)
MAIN = "main"
DEFAULT_TOP_K = 2
MAX_EXPERTS = 32  # beside the public one
MAX_SELECTED_BY = 100  # domains or organisations in one selector


@dataclass(frozen=True, slots=True)
class Selector:
    """All approved experts of the anchor that are allowed for the purpose: of these domains, of these organisations.

    None named means all of them.
    """

    domains: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()

    def value(self) -> dict[str, list[str]]:
        return {"domains": list(self.domains), "organisations": list(self.organisations)}

    def __str__(self) -> str:
        named = [("in", self.domains), ("of", self.organisations)]
        return " ".join(f"{word} {' or '.join(names)}" for word, names in named if names)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a consumer asks for, as it was checked: experts by name, or a selector."""

    anchor: str
    experts: tuple[str, ...]  # organisation/expert, in the order of the alphabet: the order of asking means nothing
    selector: Selector | None
    purpose: str
    top_k: int
    on_withdrawal: str
    tuning: bool = False


def check_model_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Invalid(
            "A model's name must have 1 to 40 of the signs a-z, 0-9 and -, and begin and end with a letter or a digit."
        )
    return name


def check_tag_name(name: str) -> str:
    """A tag can be told from `main` and from a revision at sight, whatever the case of its letters."""
    if not TAG.fullmatch(name) or name.endswith("."):
        raise Invalid(
            "A tag has 1 to 40 of the signs A-Z, a-z, 0-9, ., _ and -; it begins with a letter or a digit, and does "
            "not end with a dot."
        )
    if name.lower() in {MAIN, "head"} or REVISION.fullmatch(name.lower()):
        raise Invalid(f"{name} would be taken for main or for a revision; choose another name for the tag.")
    return name


def check_expert_names(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        raise Invalid("A model needs at least one expert beside the public one; name one as organisation/expert.")
    for name in names:
        if not EXPERT.fullmatch(name):
            raise Invalid(f'"{name[:100]}" is no expert\'s name; write organisation/expert.')
    if len(set(names)) < len(names):
        raise Invalid("The same expert is named twice; name each once.")
    if len(names) > MAX_EXPERTS:
        raise Invalid(f"A model has at most {MAX_EXPERTS} experts beside the public one; name fewer.")
    return tuple(sorted(names))


def read_selector(given: Mapping[str, Sequence[str]]) -> Selector:
    """A selector as it was asked for, in the order of the alphabet, each word once."""
    if unknown := sorted(set(given) - {"domains", "organisations"}):
        raise Invalid(f"A selector has no {unknown[0][:40]}; it names domains, organisations, or both.")
    domains, organisations = (tuple(sorted(set(given.get(name, ())))) for name in ("domains", "organisations"))
    for word in (*domains, *organisations):
        if not NAME.fullmatch(word):
            raise Invalid(f'"{word[:40]}" is no name of a domain or an organisation; write it as the catalogue does.')
    if max(len(domains), len(organisations)) > MAX_SELECTED_BY:
        raise Invalid(f"A selector names at most {MAX_SELECTED_BY} domains and as many organisations.")
    return Selector(domains, organisations)


def check_top_k(top_k: int | None, *, experts: int) -> int:
    """How many experts a token is shown to; the public one counts."""
    if top_k is None:
        return min(DEFAULT_TOP_K, 1 + experts)
    if not 1 <= top_k <= 1 + experts:
        raise Invalid(
            f"top_k is {top_k}; choose it from 1 to {1 + experts}, the number of experts with the public one."
        )
    return top_k


def top_k_of(wished: int, *, experts: int) -> int:
    """What is left of the wish when a withdrawal left fewer experts."""
    return min(wished, 1 + experts)
