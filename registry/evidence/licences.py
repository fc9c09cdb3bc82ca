"""Licence expressions: parsed, normalised, and what they allow and ask for. A help for reading, not legal advice.

Expressions are SPDX; `A AND B` takes the strictest of both, `A OR B` lets one choose the freest. What a single licence
says stands in licences.toml.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import islice, product

from license_expression import ExpressionError, get_spdx_licensing

from registry.errors import Invalid
from registry.evidence.licence_data import BY_HUB, LICENCES, Terms
from registry.evidence.licence_texts import HOUSE_TEXTS, licence_text

_spdx = get_spdx_licensing()
MAX_EXPRESSION = 200
MAX_ALTERNATIVES = 8
WORD = re.compile(r"[^\s()]+")
SEPARATORS = re.compile(r"[^a-z0-9]")


def normalised_licence(expression: str, *, text: str = "") -> str:
    """The expression as SPDX writes it, with hubs' names made SPDX's. Free words and unknown ids are refused, with the
    nearest id named; so are licences whose text nobody has, and terms that contradict each other.
    """
    parsed = _parse(expression)
    unknown = [key for key in _spdx.unknown_license_keys(parsed) if key not in HOUSE_TEXTS]
    for key in unknown:
        if not key.startswith("LicenseRef-"):
            raise Invalid(_unknown(key))
        if not text.strip():
            raise Invalid(f"{key} is a licence of your own; give its full text.{_hint(key)}")
    for name in _names_in(parsed):
        if licence_text(name) is None and not text.strip():
            raise Invalid(f"The text of {name} is not on SPDX's list, and goes with every model; give its full text.")
    faults = [_contradiction(choice) for choice in alternatives(expression)]
    if all(faults):
        raise Invalid(faults[0])
    return str(parsed.render())


def check_may_end(expression: str) -> None:
    """Refuse an end date for what is known to be given for good."""
    terms = terms_of(expression)
    if terms.known and not terms.revocable:
        raise Invalid(
            f"{expression} cannot be taken back, so it has no end; leave its end date out, or declare terms that end."
        )


def licences_in(expression: str) -> tuple[str, ...]:
    """The ids of the licences and exceptions that it names, in its order, each once."""
    return _names_in(_parse(expression))


def texts_of(expression: str) -> dict[str, str]:
    """The text of each licence and exception that it names; empty where nobody but its owner has one."""
    return {name: licence_text(name) or "" for name in licences_in(expression)}


def all_together(expressions: Iterable[str]) -> str:
    """What applies to something that is made of parts under each of these: all of them."""
    parts: dict[str, str] = {}
    for expression in expressions:
        parsed = _parse(expression)
        for part in parsed.args if isinstance(parsed, _spdx.AND) else [parsed]:
            alone = str(part.render())
            parts[alone] = f"({alone})" if isinstance(part, _spdx.OR) else alone
    return " AND ".join(parts.values() if len(parts) > 1 else parts)


def terms_of(expression: str) -> Terms:
    """The terms of an expression; of a licence that nobody has read yet, the strictest, with `known` False."""
    return replace(_evaluate(_parse(expression)), id=expression)


@lru_cache(maxsize=1024)
def alternatives(expression: str) -> tuple[tuple[Terms, ...], ...]:
    """The sets of licences between which an expression lets one choose, the freest first; at most a few."""
    return tuple(_alternatives(_parse(expression)))


def nearest_licence(words: str) -> str | None:
    """The identifier that somebody who wrote this may have meant."""
    meant, known = _squeezed(words), _known_words()
    if meant in known:
        return known[meant]
    ours = [word for word, name in known.items() if name in LICENCES]
    begun = [word for word in ours if len(meant) >= 4 and word.startswith(meant)]
    close = (
        begun or get_close_matches(meant, ours, n=1, cutoff=0.75) or get_close_matches(meant, known, n=1, cutoff=0.8)
    )
    return known[close[0]] if close else None


@cache
def _known_words() -> dict[str, str]:
    """What a licence may be called, without signs: its id, its name, what hubs call it."""
    listed = [str(name) for name in _spdx.known_symbols if not str(name).startswith("LicenseRef-")]
    words = {_squeezed(name): name for name in listed}
    for row in LICENCES.values():
        bare = row.id.removeprefix("LicenseRef-scancode-").removeprefix("LicenseRef-")
        words |= {_squeezed(word): row.id for word in (*row.hub, row.name, bare, row.id)}
    return words


def _squeezed(words: str) -> str:
    return SEPARATORS.sub("", words.lower())


def _unknown(key: str) -> str:
    return (
        f'"{key}" is not an SPDX licence identifier.{_hint(key)} Choose one from the list, such as CC-BY-4.0, or name '
        "your own as LicenseRef-… and give its full text."
    )


def _hint(key: str) -> str:
    near = nearest_licence(key)
    return f" Did you mean {near}?" if near else ""


def _contradiction(choice: Iterable[Terms]) -> str:
    """Why nobody could keep to all of these for one and the same work; empty when somebody can."""
    read = [one for one in choice if one.known]
    for kept in (one for one in read if not one.redistribution):
        for other in read:
            if other.share_alike:
                return (
                    f"{other.id} asks that what is made from the work be shared, and {kept.id} that it not be passed "
                    "on; nobody can keep to both. Choose one of them."
                )
            if kept.revocable and not other.revocable:
                return (
                    f"{kept.id} can be taken back and {other.id} cannot, so nobody could tell what a withdrawal "
                    "would mean. Choose one of them."
                )
    return ""


def _parse(expression: str):  # type: ignore[no-untyped-def]  # the library has no types
    cleaned = expression.strip()
    if not cleaned or len(cleaned) > MAX_EXPRESSION:
        raise Invalid(f"Give the licence as an SPDX expression of 1 to {MAX_EXPRESSION} characters, such as CC-BY-4.0.")
    spelt = WORD.sub(lambda word: BY_HUB.get(word[0].lower(), word[0]), cleaned)
    try:
        return _spdx.parse(spelt, validate=False)
    except ExpressionError as error:
        near = nearest_licence(cleaned)
        hint = f" Did you mean {near}?" if near else ""
        raise Invalid(
            f'"{cleaned}" is not an SPDX licence expression, such as "CC-BY-4.0" or "MIT AND CC0-1.0".{hint}'
        ) from error


def _names_in(parsed) -> tuple[str, ...]:  # type: ignore[no-untyped-def]  # the library has no types
    return tuple(dict.fromkeys(str(one.render()) for one in _spdx.license_symbols(parsed, decompose=True)))


def _evaluate(node) -> Terms:  # type: ignore[no-untyped-def]  # the library has no types
    if isinstance(node, _spdx.AND):
        return _join([_evaluate(part) for part in node.args], grants=all, duties=any)
    if isinstance(node, _spdx.OR):
        return _join([_evaluate(part) for part in node.args], grants=any, duties=all)
    return _row(str(node.render()))


def _row(key: str) -> Terms:
    return LICENCES.get(key) or Terms(
        key,
        key,
        "Nobody has read this licence for us yet.",
        commercial_use=False,
        redistribution=False,
        derivatives=False,
        share_alike=True,
        known=False,
    )


def _alternatives(node) -> list[tuple[Terms, ...]]:  # type: ignore[no-untyped-def]  # the library has no types
    if isinstance(node, _spdx.OR):
        choices = [choice for part in node.args for choice in _alternatives(part)]
    elif isinstance(node, _spdx.AND):
        several = product(*(_alternatives(part) for part in node.args))
        choices = [tuple(one for part in parts for one in part) for parts in islice(several, MAX_ALTERNATIVES)]
    else:
        choices = [(_row(str(node.render())),)]
    return sorted(choices, key=lambda choice: sum(map(_burden, choice)))[:MAX_ALTERNATIVES]


def _burden(terms: Terms) -> int:
    """How much a licence keeps back or asks for; only for saying which of two is freer."""
    kept = (terms.known, terms.commercial_use, terms.derivatives, terms.redistribution, terms.only_for is None)
    asked = len(terms.bans) + len(terms.outputs) + len(terms.notices) + terms.attribution
    return 100 * kept.count(False) + 20 * terms.share_alike + asked


def _join(parts: list[Terms], *, grants: Callable[..., bool], duties: Callable[..., bool]) -> Terms:
    strict = grants is all
    return Terms(
        id="",
        name=" and ".join(p.name for p in parts) if strict else " or ".join(p.name for p in parts),
        summary=" ".join(p.summary for p in parts),
        commercial_use=grants(p.commercial_use for p in parts),
        commercial_limit="; ".join(_words([(p.commercial_limit,) for p in parts], strict=strict)),
        redistribution=grants(p.redistribution for p in parts),
        derivatives=grants(p.derivatives for p in parts),
        share_alike=duties(p.share_alike for p in parts),
        stays_under=duties(p.stays_under for p in parts),
        attribution=duties(p.attribution for p in parts),
        notices=_words([p.notices for p in parts], strict=strict),
        bans=_words([p.bans for p in parts], strict=strict),
        only_for=_purposes([p.only_for for p in parts], strict=strict),
        outputs=_words([p.outputs for p in parts], strict=strict),
        revocable=grants(p.revocable for p in parts),
        known=grants(p.known for p in parts),
    )


def _words(lists: list[tuple[str, ...]], *, strict: bool) -> tuple[str, ...]:
    """Of several lists of duties: all of them, or those that stand in each."""
    every = dict.fromkeys(word for words in lists for word in words if word)
    return tuple(word for word in every if strict or all(word in words for words in lists))


def _purposes(lists: list[tuple[str, ...] | None], *, strict: bool) -> tuple[str, ...] | None:
    stated = [words for words in lists if words is not None]
    if not stated or (not strict and len(stated) < len(lists)):
        return None
    every = dict.fromkeys(word for words in stated for word in words)
    return tuple(word for word in every if not strict or all(word in words for words in stated))
