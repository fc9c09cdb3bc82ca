"""Withdrawals: asked for once, carried through step by step to the certificate; holds, which stop destruction; and
recalls, which take revisions out of use and destroy nothing."""

from uuid import uuid4

from django.db import models

from registry.compositions.models import Composition
from registry.experts.models import ExpertVersion


class Cause(models.TextChoices):
    OWNER = "owner", "Its owner took it back"
    CONSENT_EXPIRED = "consent-expired", "The consent behind it ended"
    LICENCE_EXPIRED = "licence-expired", "Its licence ended"


class LegalBasis(models.TextChoices):
    """Why the right to use it ended, as far as the owner says."""

    CONSENT_WITHDRAWN = "consent-withdrawn", "A data subject withdrew consent (GDPR Art. 7(3))"
    OBJECTION = "objection", "A data subject objected (GDPR Art. 21)"
    ERASURE = "erasure", "A data subject asked for erasure (GDPR Art. 17)"
    LICENCE_ENDED = "licence-ended", "The licence or contract ended"
    NEVER_HELD = "never-held", "The right was never held"
    OTHER = "other", "Another reason"


class Step(models.TextChoices):
    """In their order. Denial is done with the click; each of the others may be tried again at any time."""

    DENY = "deny", "Denied"
    BLOCK = "block", "Blocked"
    ANNOUNCE = "announce", "Announced"
    RECOMPOSE = "recompose", "Composed again without it"
    DESTROY = "destroy", "Destroyed"
    CHECK = "check", "Checked"
    CERTIFY = "certify", "Certified"


class Withdrawal(models.Model):
    """One version taken out of use, for good. `propagated_at` is set when every affected model has been seen to."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    batch = models.UUIDField(default=uuid4, editable=False, db_index=True)  # one click may take back several
    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=20, choices=Cause, default=Cause.OWNER)
    reason = models.TextField()
    legal_basis = models.CharField(max_length=20, choices=LegalBasis, default=LegalBasis.OTHER)
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(auto_now_add=True)
    propagated_at = models.DateTimeField(null=True, blank=True)
    destroy_after = models.DateTimeField(null=True, blank=True)  # null: from before withdrawals destroyed anything
    destruction_confirmed_at = models.DateTimeField(null=True, blank=True)
    destruction_confirmed_by = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # certified

    class Meta:
        indexes = [
            models.Index(fields=["requested_at"], condition=models.Q(ended_at=None), name="withdrawal_is_open"),
        ]

    def __str__(self) -> str:
        return f"withdrawal:{self.id}"


class WithdrawalStep(models.Model):
    """How far one step is. `facts` are what the certificate says of it; `failure` is why it is not done yet."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=12, choices=Step)
    done_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["withdrawal", "name"], name="step_is_there_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.withdrawal_id}"


class RecallCause(models.TextChoices):
    REJECTED = "rejected", "Compliance rejected it after all"
    LICENCES = "licences", "The licences of its parts no longer go together"


class Recall(models.Model):
    """Revisions taken out of use though nobody withdrew anything: all that hold a version which was approved once and
    then rejected, or a single one whose parts' licences no longer go together. The bytes stay.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    cause = models.CharField(max_length=12, choices=RecallCause)
    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    composition = models.OneToOneField(Composition, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField()  # a sentence; consumers read it
    builds = models.ManyToManyField(Composition, related_name="+")  # that it stopped
    opened_at = models.DateTimeField(auto_now_add=True)
    blocked_at = models.DateTimeField(null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # every model that lost its main was asked for again

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version__isnull=True) ^ models.Q(composition__isnull=True),
                name="recall_is_of_one_thing",
            )
        ]
        indexes = [models.Index(fields=["opened_at"], condition=models.Q(ended_at=None), name="recall_is_open")]

    def __str__(self) -> str:
        return f"recall:{self.id}"

    @property
    def about(self) -> str:
        return str(self.version or self.composition)


class DestroyedObject(models.Model):
    """One version of one object that a withdrawal deleted: the deletion manifest, row by row."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="destroyed")
    key = models.CharField(max_length=200)
    version_id = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["withdrawal", "key", "version_id"], name="object_is_destroyed_once")
        ]

    def __str__(self) -> str:
        return self.key


class LegalHold(models.Model):
    """Somebody's duty to keep the bytes. It stops destruction, never denial."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(lifted_at=None), name="one_hold_of_a_version_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"hold:{self.id}"


class Certificate(models.Model):
    """What was signed at the end. Its digest is in the log's entry."""

    withdrawal = models.OneToOneField(Withdrawal, on_delete=models.PROTECT, primary_key=True, related_name="+")
    envelope = models.JSONField()  # DSSE, around an in-toto statement
    digest = models.CharField(max_length=71)  # of the statement
    vkey = models.CharField(max_length=400)
    entry = models.BigIntegerField()
    issued_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"certificate of {self.withdrawal_id}"


class ExpiryNotice(models.Model):
    """It was said, this many days ahead, that the consent or the licence of a version ends. Said once."""

    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=8)  # consent | licence
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "what", "days"], name="end_is_said_once")]

    def __str__(self) -> str:
        return f"{self.what} of {self.version_id}, {self.days} days ahead"
