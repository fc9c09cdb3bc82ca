"""How large and how long: what the demo's anchor and experts are trained on, and with which settings.

The budget is steps, not seconds, so that a run can be had again; a changed recipe is trained anew.
"""

from dataclasses import dataclass
from typing import Any

from flexcore.cards import data_card

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class ExpertRecipe:
    """An expert, by the domain it is trained on, and what its owner says of the data."""

    domain: str
    steps: int
    title: str
    licence: str
    volume: str
    collection: str

    def data_card(self) -> dict[str, Any]:
        return data_card(
            name=self.title,
            licence=self.licence,
            languages=["en"],
            volume=self.volume,
            collection=self.collection,
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole job's training. `texts` and `size` are options as miniflexmix and `flexcore anchor` take them."""

    experts: tuple[ExpertRecipe, ...]
    anchor_steps: int
    texts: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    replay: float = 0.25
    seed: int = 0

    @property
    def domains(self) -> tuple[str, ...]:
        return (PUBLIC, *(expert.domain for expert in self.experts))


DRAMA = ExpertRecipe(
    domain="drama",
    steps=440,
    title="Plays of the English Renaissance",
    licence="CC0-1.0",
    volume="4.4 MB of text, 701 scenes",
    collection="38 plays in the public domain, cut at scenes; whole plays are held out.",
)
CODE = ExpertRecipe(
    domain="code",
    steps=440,
    title="A web framework's source code",
    licence="BSD-3-Clause",
    volume="4.6 MB of text, 529 modules",
    collection="Python modules of one published release, without tests and translations; whole folders are held out.",
)
DEMO = Recipe((DRAMA, CODE), anchor_steps=2800, texts=("--domains", f"{PUBLIC},{DRAMA.domain},{CODE.domain}"))
