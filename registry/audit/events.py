"""Every kind of thing the log tells. Names are added, never renamed: the log outlives the code."""

from django.db import models


class Event(models.TextChoices):
    LOG_KEY_ADDED = "log_key.added"
    LOG_KEY_RETIRED = "log_key.retired"
    PAYLOADS_ERASED = "payloads.erased"

    ORGANISATION_CREATED = "organisation.created"
    PERSON_CREATED = "person.created"
    PERSON_ERASED = "person.erased"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    TOKEN_CREATED = "token.created"  # noqa: S105  an event's name, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105  an event's name, not a secret
    KEY_REGISTERED = "key.registered"
    KEY_REVOKED = "key.revoked"

    ANCHOR_CREATED = "anchor.created"
    ANCHOR_SUBMITTED = "anchor.submitted"
    ANCHOR_VERIFIED = "anchor.verified"
    ANCHOR_FAILED = "anchor.failed"
    EXPERT_CREATED = "expert.created"
    VERSION_DRAFTED = "version.drafted"
    VERSION_SUBMITTED = "version.submitted"
    VERSION_VERIFIED = "version.verified"
    VERSION_FAILED = "version.failed"
    VERSION_APPROVED = "version.approved"
    VERSION_REJECTED = "version.rejected"
    VERSION_WITHDRAWN = "version.withdrawn"
    UPLOAD_STARTED = "upload.started"
    UPLOAD_COMPLETED = "upload.completed"
    UPLOAD_SWEPT = "upload.swept"

    LICENCE_DECLARED = "licence.declared"
    LICENCE_CONCLUDED = "licence.concluded"
    CONSENT_GIVEN = "consent.given"
    PROVENANCE_STATED = "provenance.stated"
    PROVENANCE_CHECKED = "provenance.checked"
    REVIEW_DECIDED = "review.decided"

    POLICY_ACTIVATED = "policy.activated"
    DECISION_MADE = "decision.made"

    MODEL_REQUESTED = "model.requested"
    MODEL_CHANGED = "model.changed"
    MAIN_MOVED = "main.moved"
    MAIN_CLEARED = "main.cleared"
    COMPOSITION_REQUESTED = "composition.requested"
    COMPOSITION_DECIDED = "composition.decided"
    COMPOSITION_ASSEMBLING = "composition.assembling"
    COMPOSITION_VALIDATING = "composition.validating"
    COMPOSITION_INCLUDED = "composition.included"
    COMPOSITION_PUBLISHED = "composition.published"
    COMPOSITION_REFUSED = "composition.refused"
    COMPOSITION_FAILED = "composition.failed"
    COMPOSITION_CANCELLED = "composition.cancelled"
    COMPOSITION_SUPERSEDED = "composition.superseded"
    REVISION_BLOCKED = "revision.blocked"
    INCLUSION_RECORDED = "inclusion.recorded"
    SHARD_MADE = "shard.made"
    DOWNLOAD_GRANTED = "download.granted"
    DOWNLOAD_REFUSED = "download.refused"

    WITHDRAWAL_REQUESTED = "withdrawal.requested"
    WITHDRAWAL_PROPAGATED = "withdrawal.propagated"
