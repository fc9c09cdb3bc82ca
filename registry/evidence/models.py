"""What speaks for a version: licence terms, the consent behind the data, where it came from; files and receipts."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Person
from registry.experts.models import ExpertVersion


class LicenceTerms(models.Model):
    """An SPDX expression, declared by the owner and concluded by compliance; neither overwrites the other."""

    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+", primary_key=True)
    declared = models.CharField(max_length=200)
    concluded = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)  # needed for a LicenseRef-*
    attribution = models.CharField(max_length=300, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    concluded_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.concluded or self.declared


class ConsentRecord(models.Model):
    """The legal ground behind the data. Fields follow ISO/IEC TS 27560; evaluated at each build and download.

    What the standard wants to be said where data is personal, and is not said, stays empty: `rules.gaps_of` names it.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    legal_basis = models.CharField(max_length=40)
    vocabulary = models.PositiveIntegerField(default=1)  # the version of the words for purposes and kinds of data
    purposes = models.JSONField()  # ids of evidence.rules.PURPOSES
    notice = models.CharField(max_length=300, blank=True)  # where people could read what they agreed to
    language = models.CharField(max_length=35, blank=True)  # of that notice: BCP 47
    data_categories = models.JSONField(default=list)  # ids of evidence.rules.DATA_CATEGORIES
    controllers = models.JSONField(default=list)  # empty: the owner's organisation alone
    storage_locations = models.JSONField(default=list)  # ISO 3166 codes
    retention = models.CharField(max_length=40, blank=True)  # an ISO 8601 duration
    recipients = models.JSONField(default=list)  # organisation slugs; empty: any
    jurisdictions = models.JSONField(default=list)  # ISO 3166 codes; empty: any
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    withdrawal_method = models.CharField(max_length=300)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"consent:{self.id}"


class Provenance(models.Model):
    """Who trained what, when, on what: the owner's statement, and what the check of its signature said."""

    version = models.OneToOneField(ExpertVersion, on_delete=models.PROTECT, related_name="+", primary_key=True)
    statement = models.JSONField()
    signature_verified = models.BooleanField(default=False)
    key_fingerprint = models.CharField(max_length=71, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"provenance of {self.version_id}"


class FileKind(models.TextChoices):
    """What a file speaks for; but for the last, the kinds that the reviewers' checklist asks about."""

    CONSENT = "consent", "Consent record"
    LICENCE = "licence", "Licence agreement"
    PRIVACY = "privacy", "Privacy report"
    PROVENANCE = "provenance", "Provenance of the data"
    OTHER = "other", "Other"


class EvidenceFile(models.Model):
    """A document that an owner laid beside a version: read by them, by compliance and by auditors, and by nobody else.

    The object is there before the row; its bytes are those of the digest, which the log holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=FileKind)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=40)  # by its content
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=71)
    key = models.CharField(max_length=200, unique=True)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "sha256"], name="evidence_is_added_once"),
            models.CheckConstraint(condition=models.Q(kind__in=FileKind.values), name="evidence_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"evidence:{self.id}"


class ConsentState(models.TextChoices):
    """The states of ISO/IEC TS 27560."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    INVALIDATED = "invalidated"
    TERMINATED = "terminated"


class ConsentReceipt(models.Model):
    """A signed receipt as it was made at the moment itself, to the byte. Its digest is in the log's entry."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    consent = models.ForeignKey(ConsentRecord, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=ConsentState)
    envelope = models.JSONField()  # DSSE, around an in-toto statement
    digest = models.CharField(max_length=71)  # of the statement
    vkey = models.CharField(max_length=400)
    entry = models.BigIntegerField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consent", "state"], name="receipt_is_issued_once"),
            models.CheckConstraint(condition=models.Q(state__in=ConsentState.values), name="consent_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"receipt:{self.id}"
