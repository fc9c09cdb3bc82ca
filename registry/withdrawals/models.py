"""Withdrawals: asked for once, carried through to the end."""

from uuid import uuid4

from django.db import models

from registry.experts.models import ExpertVersion


class Withdrawal(models.Model):
    """One version taken out of use, for good. `propagated_at` is set when every affected model has been seen to."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(auto_now_add=True)
    propagated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"withdrawal:{self.id}"
