"""The policies as they were proposed and activated, what they decided, and what is kept from all use meanwhile."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Organisation, Person
from registry.experts.models import ExpertVersion


class PolicySet(models.Model):
    """Cedar policies as one text, named by hash, with the examples that show what they mean. One set is active.

    A set is proposed by one person and activated by another; an earlier one that is to come back likewise.
    """

    number = models.AutoField(primary_key=True)
    text = models.TextField()
    hash = models.CharField(max_length=71, unique=True)
    examples = models.JSONField(default=list)  # [{name, facts, refused_by}]: see policy.examples
    active = models.BooleanField(default=False)
    shipped = models.BooleanField(default=False)  # came with the software, and gives way to the next that does
    created_at = models.DateTimeField(auto_now_add=True)
    # The newest proposal, and the newest activation: a set whose proposal is the newer one waits for a second person.
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    # Its newest shadow run: {against, looked_at, changed, sent_back, sentence}.
    shadow = models.JSONField(null=True, blank=True)
    shadowed_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["active"], condition=models.Q(active=True), name="one_set_is_active")
        ]

    def __str__(self) -> str:
        return f"policy set {self.number}"

    @property
    def waits(self) -> bool:
        """For a second person."""
        return self.proposed_at is not None and (self.activated_at is None or self.activated_at < self.proposed_at)


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

    class Meta:
        indexes = [models.Index(fields=["-created_at", "id"], name="decision_by_age")]

    def __str__(self) -> str:
        return f"decision:{self.id}"


class Quarantine(models.Model):
    """A version, or all of an organisation's, denied to everybody until compliance lifts it. Nothing else changes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField()
    placed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version__isnull=True) ^ models.Q(organisation__isnull=True),
                name="quarantine_is_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(lifted_at=None), name="version_is_quarantined_once"
            ),
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(lifted_at=None), name="organisation_is_quarantined_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.version) if self.version else f"organisation:{self.organisation}"
