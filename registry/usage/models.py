"""What left the house, and to whom."""

from django.db import models

from registry.accounts.models import Organisation, Person
from registry.compositions.models import Composition


class Download(models.Model):
    """A grant to read one file of one revision, at the moment it was given."""

    composition = models.ForeignKey(Composition, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=120)
    bytes = models.BigIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["composition", "at"], name="download_by_composition")]

    def __str__(self) -> str:
        return f"{self.path} of {self.composition_id}"
