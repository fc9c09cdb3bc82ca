"""Compliance decisions about expert versions, and what leads to them: who is at it, what was asked, why again."""

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
    round = models.PositiveIntegerField(default=1)  # one more each time that an approved version is decided on again
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.TextField()
    checklist = models.PositiveIntegerField(null=True, blank=True)  # the version of the list that was answered
    answers = models.JSONField(default=dict)  # item -> {answer, note}
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "round", "reviewer"], name="a_reviewer_decides_once_a_round"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="verdict_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.version_id}"


class ReviewClaim(models.Model):
    """Somebody is at it until then. Afterwards the row says nothing, and the next claim takes its place."""

    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+", primary_key=True)
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"claim of {self.version_id}"


class Question(models.Model):
    """What a reviewer wants to know of the owner's people, and their answer."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    text = models.TextField()
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"question:{self.id}"


class SuspensionCause(models.TextChoices):
    KEY_REVOKED = "key-revoked"
    LICENCE_RECLASSIFIED = "licence-reclassified"
    DEMANDED = "demanded"
    POLICY = "policy"


class Said(models.TextChoices):
    """What is said of a version in a round of its reviews, once."""

    DUE = "due"  # to reviewers: its decision is due soon
    OVERDUE = "overdue"  # to reviewers, and to its owner
    SUSPENDED = "suspended"  # to who holds it
    APPROVED = "approved"  # to who was told that it was suspended


class ReviewNotice(models.Model):
    """It was said, in this round. The messages and this row land together."""

    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveIntegerField()
    what = models.CharField(max_length=12, choices=Said)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "round", "what"], name="review_is_said_once")]

    def __str__(self) -> str:
        return f"{self.what} of {self.version_id} in round {self.round}"


class Suspension(models.Model):
    """Why a version that was approved has to be decided on again. A round may have several causes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveIntegerField()
    cause = models.CharField(max_length=24, choices=SuspensionCause)
    policy = models.CharField(max_length=60, blank=True)  # the rule that sent it back, where one did
    reason = models.TextField()
    was_paused = models.BooleanField(default=False)  # its owner's pause outlives the review
    suspended_at = models.DateTimeField()
    suspended_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cause__in=SuspensionCause.values), name="suspension_cause_is_known"
            )
        ]
        indexes = [models.Index(fields=["version", "round", "suspended_at"], name="suspension_by_round")]

    def __str__(self) -> str:
        return f"{self.cause} of {self.version_id}"
