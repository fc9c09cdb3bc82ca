"""A compliance decision about one expert version."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Person
from registry.experts.models import ExpertVersion


class Verdict(models.TextChoices):
    APPROVE = "approve"
    REJECT = "reject"


class Review(models.Model):
    """Who looked, what they said, and why. Never by somebody of the expert's own organisation."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "reviewer"], name="a_reviewer_decides_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="verdict_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.version_id}"
