"""Where an expert went: on what its versions were trained, and which models hold or held each.

Its owner sees every model, as the statements of use name them too; others see the models that they see anyway.
"""

from dataclasses import dataclass

from django.db.models import Count, F, Max, Q

from registry.accounts.models import Role
from registry.accounts.queries import has_role, reach_of
from registry.actors import Actor
from registry.compositions.models import Inclusion
from registry.evidence.models import Provenance
from registry.experts.models import Expert, ExpertVersion, VersionState

MOST = 100  # more is no picture any more
# What is withdrawn is held by nothing from then on, also before its builds are blocked one by one.
STANDS = Q(composition=F("composition__model__main"), composition__blocked_at__isnull=True) & ~Q(
    version__state=VersionState.WITHDRAWN
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A model that was published with a version in it. `holds`: its main still has it."""

    version: int
    model: str
    consumer: str
    builds: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A version, and the data that its owner says it was trained on."""

    version: ExpertVersion
    trained_on: str


@dataclass(frozen=True, slots=True)
class Lineage:
    versions: tuple[Ancestor, ...]
    holders: tuple[Holder, ...]  # the latest first
    left_out: int


def lineage_of(expert: Expert, versions: list[ExpertVersion], *, actor: Actor) -> Lineage:
    """Of these versions, which the actor may see."""
    data = dict(Provenance.objects.filter(version__in=versions).values_list("version", "statement__dataset"))
    rows = Inclusion.objects.filter(version__in=versions, composition__published_at__isnull=False)
    if not has_role(actor, Role.OWNER, expert.organisation):
        rows = rows.filter(reach_of(actor).rows("composition__model__organisation"))
    found = (
        rows.values(
            number=F("version__number"),
            consumer=F("composition__model__organisation__slug"),
            name=F("composition__model__name"),
        )
        .annotate(
            builds=Count("composition", distinct=True),
            holding=Count("composition", filter=STANDS),
            last=Max("composition__published_at"),
        )
        .order_by("-last", "number", "consumer", "name")
    )
    holders = tuple(
        Holder(row["number"], f"{row['consumer']}/{row['name']}", row["consumer"], row["builds"], row["holding"] > 0)
        for row in found[:MOST]
    )
    left_out = max(0, found.count() - MOST) if len(holders) == MOST else 0
    told = tuple(Ancestor(version, str(data.get(version.id) or "")) for version in versions)
    return Lineage(told, holders, left_out)
