"""What left the house."""

from django.db.models import QuerySet

from registry.compositions.models import Composition
from registry.usage.models import Download


def downloads_of(composition: Composition) -> QuerySet[Download]:
    return Download.objects.filter(composition=composition)
