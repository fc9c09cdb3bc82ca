"""Policy sets and the decisions made with them."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Organisation, Person
from registry.experts.models import ExpertVersion


class PolicySet(models.Model):
    """Cedar policies as one text, named by hash. One set is active."""

    number = models.AutoField(primary_key=True)
    text = models.TextField()
    hash = models.CharField(max_length=71, unique=True)
    active = models.BooleanField(default=False)
    shipped = models.BooleanField(default=False)  # came with the software, and gives way to the next that does
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["active"], condition=models.Q(active=True), name="one_set_is_active")
        ]

    def __str__(self) -> str:
        return f"policy set {self.number}"


class Decision(models.Model):
    """The engine's answer for (consumer, action, purpose, expert version), and all it was made from."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    consumer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    action = models.CharField(max_length=16)  # compose | download
    purpose = models.CharField(max_length=40)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    allowed = models.BooleanField()
    reasons = models.JSONField(default=list)  # [{policy, reason}]
    set_hash = models.CharField(max_length=71)
    inputs = models.JSONField()
    inputs_digest = models.CharField(max_length=71)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"decision:{self.id}"
