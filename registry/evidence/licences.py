"""Licences as data: what those that models really carry allow and ask for. A help for reading, not legal advice.

Expressions are SPDX; `A AND B` takes the strictest of both, `A OR B` lets one choose the freest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from license_expression import ExpressionError, get_spdx_licensing

from registry.errors import Invalid
from registry.evidence.licence_texts import HOUSE_TEXTS, licence_text

_spdx = get_spdx_licensing()
MAX_EXPRESSION = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence, or an expression of several, allows and asks for."""

    id: str
    name: str
    summary: str
    commercial_use: bool = True
    redistribution: bool = True
    derivatives: bool = True
    share_alike: bool = False
    attribution: bool = True
    revocable: bool = False
    known: bool = True


def _table(*rows: Terms) -> dict[str, Terms]:
    return {row.id: row for row in rows}


LICENCES = _table(
    Terms(
        "Apache-2.0",
        "Apache License 2.0",
        "Use for anything; keep the notices; a patent grant comes with it. Cannot be taken back.",
    ),
    Terms("MIT", "MIT License", "Use for anything; keep the copyright notice. Cannot be taken back."),
    Terms(
        "BSD-3-Clause",
        "BSD 3-Clause",
        "Use for anything; keep the notice; do not use the authors' names to advertise. Cannot be taken back.",
    ),
    Terms(
        "PSF-2.0",
        "Python Software Foundation License 2.0",
        "Use for anything; keep the notice and say what was changed. Cannot be taken back.",
    ),
    Terms(
        "CC0-1.0",
        "Creative Commons Zero 1.0",
        "As close to the public domain as the law lets it be. Cannot be taken back.",
        attribution=False,
    ),
    Terms(
        "LicenseRef-scancode-public-domain",
        "Public domain",
        "Nobody holds rights in it, so nobody can take it back.",
        attribution=False,
    ),
    Terms("CC-BY-4.0", "Creative Commons Attribution 4.0", "Use for anything; name the author. Cannot be taken back."),
    Terms(
        "CC-BY-SA-4.0",
        "Creative Commons Attribution-ShareAlike 4.0",
        "Use for anything; name the author; share what you make from it under the same licence. Cannot be taken back.",
        share_alike=True,
    ),
    Terms(
        "CC-BY-NC-4.0",
        "Creative Commons Attribution-NonCommercial 4.0",
        "Not for commercial use; name the author. Cannot be taken back.",
        commercial_use=False,
    ),
    Terms(
        "CC-BY-NC-SA-4.0",
        "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
        "Not for commercial use; name the author; share alike. Cannot be taken back.",
        commercial_use=False,
        share_alike=True,
    ),
    Terms(
        "CC-BY-ND-4.0",
        "Creative Commons Attribution-NoDerivatives 4.0",
        "Pass it on unchanged only; name the author. Cannot be taken back.",
        derivatives=False,
    ),
    Terms(
        "ODC-By-1.0",
        "Open Data Commons Attribution 1.0",
        "For data: use for anything; name the source. Cannot be taken back.",
    ),
    Terms(
        "PDDL-1.0",
        "Open Data Commons Public Domain Dedication 1.0",
        "For data: as close to the public domain as the law lets it be. Cannot be taken back.",
        attribution=False,
    ),
    Terms(
        "LicenseRef-scancode-bigscience-open-rail-m",
        "BigScience OpenRAIL-M",
        "Use for anything but the purposes it lists as harmful; pass the same restrictions on. Cannot be taken back "
        "while they are kept.",
    ),
    Terms(
        "LicenseRef-guildhall-revocable-1.0",
        "Guildhall revocable contribution terms 1.0",
        "Use inside composed models for the purposes you consent to, until you withdraw; not to be passed on further.",
        redistribution=False,
        revocable=True,
    ),
)


def normalised_licence(expression: str, *, text: str = "") -> str:
    """The expression as SPDX writes it. Free words, unknown ids, and licences whose text nobody has are refused."""
    parsed = _parse(expression)
    unknown = [key for key in _spdx.unknown_license_keys(parsed) if key not in HOUSE_TEXTS]
    for key in unknown:
        if not key.startswith("LicenseRef-"):
            raise Invalid(
                f'"{key}" is not an SPDX licence identifier; choose one from the list, such as CC-BY-4.0, or name your '
                "own as LicenseRef-… and give its full text."
            )
        if not text.strip():
            raise Invalid(f"{key} is a licence of your own; give its full text.")
    for name in _names_in(parsed):
        if licence_text(name) is None and not text.strip():
            raise Invalid(f"The text of {name} is not on SPDX's list, and goes with every model; give its full text.")
    return str(parsed.render())


def licences_in(expression: str) -> tuple[str, ...]:
    """The ids of the licences and exceptions that it names, in its order, each once."""
    return _names_in(_parse(expression))


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


def _parse(expression: str):  # type: ignore[no-untyped-def]  # the library has no types
    cleaned = expression.strip()
    if not cleaned or len(cleaned) > MAX_EXPRESSION:
        raise Invalid(f"Give the licence as an SPDX expression of 1 to {MAX_EXPRESSION} characters, such as CC-BY-4.0.")
    try:
        return _spdx.parse(cleaned, validate=False)
    except ExpressionError as error:
        raise Invalid(
            f'"{cleaned}" is not an SPDX licence expression, such as "CC-BY-4.0" or "MIT AND CC0-1.0".'
        ) from error


def _names_in(parsed) -> tuple[str, ...]:  # type: ignore[no-untyped-def]  # the library has no types
    return tuple(dict.fromkeys(str(one.render()) for one in _spdx.license_symbols(parsed, decompose=True)))


def _evaluate(node) -> Terms:  # type: ignore[no-untyped-def]  # the library has no types
    if isinstance(node, _spdx.AND):
        return _join([_evaluate(part) for part in node.args], grants=all, duties=any)
    if isinstance(node, _spdx.OR):
        return _join([_evaluate(part) for part in node.args], grants=any, duties=all)
    key = str(node.render())
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


def _join(parts: list[Terms], *, grants: Callable[..., bool], duties: Callable[..., bool]) -> Terms:
    return Terms(
        id="",
        name=" and ".join(p.name for p in parts) if grants is all else " or ".join(p.name for p in parts),
        summary=" ".join(p.summary for p in parts),
        commercial_use=grants(p.commercial_use for p in parts),
        redistribution=grants(p.redistribution for p in parts),
        derivatives=grants(p.derivatives for p in parts),
        share_alike=duties(p.share_alike for p in parts),
        attribution=duties(p.attribution for p in parts),
        revocable=grants(p.revocable for p in parts),
        known=grants(p.known for p in parts),
    )
