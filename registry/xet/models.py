"""Xorbs that were brought and are not yet put together."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Person
from registry.experts.models import Expert


class StoredXorb(models.Model):
    """A xorb whose content was checked, for one expert, by one person. Where its chunks end is kept beside it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="+")
    brought_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    hash = models.CharField(max_length=64)
    size = models.BigIntegerField()
    chunks = models.BinaryField()  # for each: how many bytes it takes, how many it unpacks to
    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["expert", "brought_by", "hash"], name="xorb_is_kept_once")]

    def __str__(self) -> str:
        return self.key
