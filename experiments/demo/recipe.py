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
    """The whole job's training. `texts` and `size` are options as miniflexmix and `flexcore anchor` take them.

    `neighbours` are trained as well, for a site that others use too; nothing is measured of them.
    """

    experts: tuple[ExpertRecipe, ...]
    neighbours: tuple[ExpertRecipe, ExpertRecipe]
    anchor_steps: int
    texts: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    replay: float = 0.25
    seed: int = 0

    @property
    def domains(self) -> tuple[str, ...]:
        """Those that the story measures."""
        return (PUBLIC, *(expert.domain for expert in self.experts))

    @property
    def all_domains(self) -> tuple[str, ...]:
        return (*self.domains, *(expert.domain for expert in self.neighbours))


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
RECIPES = ExpertRecipe(
    domain="recipes",
    steps=60,
    title="Recipes of a free cookbook",
    licence="CC-BY-SA-4.0",
    volume="2.4 MB of text, 3,100 recipes",
    collection="The Wikibooks Cookbook's recipes, as one published package holds them.",
)
MEDICAL = ExpertRecipe(
    domain="medical",
    steps=60,
    title="Examination questions and abstracts in medicine",
    licence="MIT",
    volume="4.1 MB of text, 2,827 documents",
    collection="Invented cases of licensing examinations, and abstracts of published papers with a question each.",
)
DEMO = Recipe(
    experts=(DRAMA, CODE),
    neighbours=(RECIPES, MEDICAL),
    anchor_steps=2800,
    texts=("--domains", ",".join((PUBLIC, *(each.domain for each in (DRAMA, CODE, RECIPES, MEDICAL))))),
)
