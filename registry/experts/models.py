"""Anchors, experts, their versions, and the files that were brought for them."""

from uuid import uuid4

from django.db import models

from registry.accounts.models import Organisation, Person, SigningKey
from registry.errors import WrongState


class AnchorState(models.TextChoices):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    FAILED = "failed"


class VersionState(models.TextChoices):
    DRAFT = "draft"
    SUBMITTED = "submitted"  # all files are here; the worker reads them
    VERIFIED = "verified"  # waits for review
    FAILED = "failed"  # the files are not what they should be
    APPROVED = "approved"
    PAUSED = "paused"  # denied everywhere until its owner resumes it; nothing of it is blocked or destroyed
    SUSPENDED = "suspended"  # was approved; denied everywhere until compliance has decided on it again
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


# Whose bytes are needed, or may be again.
STILL_WANTED = {
    VersionState.SUBMITTED,
    VersionState.VERIFIED,
    VersionState.APPROVED,
    VersionState.PAUSED,
    VersionState.SUSPENDED,
}
ANCHOR_ROADS: dict[str, set[str]] = {
    AnchorState.DRAFT: {AnchorState.SUBMITTED},
    AnchorState.SUBMITTED: {AnchorState.VERIFIED, AnchorState.FAILED},
    AnchorState.VERIFIED: set(),
    AnchorState.FAILED: set(),
}
ROADS: dict[str, set[str]] = {
    VersionState.DRAFT: {VersionState.SUBMITTED, VersionState.WITHDRAWN},
    VersionState.SUBMITTED: {VersionState.VERIFIED, VersionState.FAILED, VersionState.WITHDRAWN},
    VersionState.VERIFIED: {VersionState.APPROVED, VersionState.REJECTED, VersionState.WITHDRAWN},
    VersionState.FAILED: set(),
    VersionState.APPROVED: {VersionState.PAUSED, VersionState.SUSPENDED, VersionState.WITHDRAWN},
    VersionState.PAUSED: {VersionState.APPROVED, VersionState.SUSPENDED, VersionState.WITHDRAWN},
    VersionState.SUSPENDED: {VersionState.APPROVED, VersionState.REJECTED, VersionState.WITHDRAWN},
    VersionState.REJECTED: {VersionState.WITHDRAWN},  # an owner can always take the bytes back
    VersionState.WITHDRAWN: set(),
}


class Anchor(models.Model):
    """The frozen public model that experts train beside. Immutable once verified; named by its digest."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    licence = models.CharField(max_length=200)  # SPDX expression
    state = models.CharField(max_length=16, choices=AnchorState, default=AnchorState.DRAFT)
    digest = models.CharField(max_length=71, blank=True)
    data_digest = models.CharField(max_length=71, blank=True)  # of the public expert
    architecture = models.JSONField(default=dict)
    card = models.JSONField(default=dict)  # anchor.json
    failure = models.TextField(blank=True)
    public_text_digest = models.CharField(max_length=71, blank=True)  # JSON Lines that routers may be tuned on
    public_text_key = models.CharField(max_length=200, blank=True)
    next_registration = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=models.Q(state="verified"), name="verified_anchor_is_unique"
            ),
            models.CheckConstraint(condition=models.Q(state__in=AnchorState.values), name="anchor_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"anchor:{self.slug}"

    def move_to(self, state: AnchorState) -> None:
        if state not in ANCHOR_ROADS[self.state]:
            raise WrongState(f"{self} is {self.state}; it cannot become {state}.")
        self.state = state


class Expert(models.Model):
    """A named asset of one organisation, for one anchor."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    anchor = models.ForeignKey(Anchor, on_delete=models.PROTECT, related_name="experts")
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    domain = models.CharField(max_length=40)
    # Its place among the anchor's experts: given at the first approval, never reused, so slots have no history.
    registration = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="expert_name_is_unique"),
            models.UniqueConstraint(fields=["anchor", "registration"], name="registration_is_given_once"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation.slug}/{self.name}"


class ExpertVersion(models.Model):
    """One upload. Its number and bytes never change; its state moves along ROADS. Pauses and suspensions lead back."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=VersionState, default=VersionState.DRAFT)
    notes = models.TextField(blank=True)
    data_digest = models.CharField(max_length=71, blank=True)
    router_digest = models.CharField(max_length=71, blank=True)
    card = models.JSONField(default=dict)  # expert.json
    data_card = models.JSONField(default=dict)
    signed_with = models.ForeignKey(SigningKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checks = models.JSONField(default=list)  # [{name, ok, detail, attention}] as they were done
    reading = models.JSONField(default=dict)  # what its files said, from when they were read until the verdict
    report = models.JSONField(default=dict)  # figures of the verification: weights beside the anchor's, the probe
    failure = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)  # from then on everybody may know of it
    last_approved_at = models.DateTimeField(null=True, blank=True)  # in its newest round of reviews
    # Its place in the signed status list: given at the first approval, never given again.
    status_index = models.PositiveIntegerField(null=True, blank=True, unique=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["expert", "number"], name="version_number_is_unique"),
            models.CheckConstraint(condition=models.Q(state__in=VersionState.values), name="version_state_is_known"),
        ]
        indexes = [
            # The signed list is made from these at each request; they are few among many.
            models.Index(
                fields=["state", "status_index"],
                condition=models.Q(state__in=["withdrawn", "rejected", "paused", "suspended"]),
                name="version_out_of_use",
            )
        ]

    def __str__(self) -> str:
        return f"{self.expert}@{self.number}"

    def move_to(self, state: VersionState) -> None:
        if state not in ROADS[self.state]:
            raise WrongState(f"{self} is {self.state}; it cannot become {state}.")
        self.state = state


class UploadedFile(models.Model):
    """One file of a version or of an anchor, brought in presigned parts straight to S3."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.ForeignKey(ExpertVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="files")
    anchor = models.ForeignKey(Anchor, on_delete=models.PROTECT, null=True, blank=True, related_name="files")
    path = models.CharField(max_length=80)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=71)  # as declared; the worker checks it
    key = models.CharField(max_length=200, unique=True)
    upload_id = models.CharField(max_length=400, blank=True)  # the multipart upload while it runs
    part_size = models.BigIntegerField()
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "path"], name="version_path_is_unique"),
            models.UniqueConstraint(fields=["anchor", "path"], name="anchor_path_is_unique"),
            models.CheckConstraint(
                condition=models.Q(version__isnull=True) ^ models.Q(anchor__isnull=True),
                name="file_has_one_home",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class IncomingObject(models.Model):
    """Bytes that a stock client of the hub's protocol brings: known by digest alone until a commit gives them a name.

    Then the row becomes an UploadedFile, which takes over the object in the store as it lies.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=71)  # as declared; the worker checks it
    size = models.BigIntegerField()
    key = models.CharField(max_length=200, unique=True)
    upload_id = models.CharField(max_length=400, blank=True)
    part_size = models.BigIntegerField()
    terms = models.JSONField(null=True)  # what it is put together from, while it is: [xorb, first chunk, end]
    failure = models.TextField(blank=True)  # why it could not be
    brought_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["expert", "sha256", "size"], name="incoming_object_is_known_once")
        ]

    def __str__(self) -> str:
        return self.key


class SignedPart(models.Model):
    """The digest that a part of an unfinished file was last signed with; not every store tells it when asked."""

    file = models.ForeignKey(UploadedFile, on_delete=models.CASCADE, related_name="signed_parts")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)  # hex

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="part_is_signed_once")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.file_id}"


class WeightSample(models.Model):
    """A few values of each tensor of an expert: enough to see whom it resembles. Goes when the expert's bytes go."""

    version = models.OneToOneField(
        ExpertVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="weight_sample"
    )
    anchor = models.OneToOneField(Anchor, on_delete=models.PROTECT, null=True, blank=True, related_name="weight_sample")
    data = models.BinaryField()  # as flexcore.samples packs it

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version__isnull=True) ^ models.Q(anchor__isnull=True),
                name="sample_is_of_one_expert",
            ),
        ]

    def __str__(self) -> str:
        return f"sample of {self.version_id or self.anchor_id}"
