"""Lists the rooms' tables for Django; nothing else."""

from registry.accounts.models import ApiToken, Membership, Organisation, Person, SigningKey
from registry.audit.models import Entry, LogKey, LogState, Payload, Pending, Sequenced, Tile
from registry.compositions.models import (
    Composition,
    Inclusion,
    KeptAnswer,
    Model,
    Paper,
    RepositoryFile,
    Shard,
    Tag,
    TunedRouter,
)
from registry.evidence.models import ConsentReceipt, ConsentRecord, EvidenceFile, LicenceTerms, Provenance
from registry.experts.models import (
    Anchor,
    Expert,
    ExpertVersion,
    IncomingObject,
    SignedPart,
    UploadedFile,
    WeightSample,
)
from registry.notices.models import Delivery, Webhook
from registry.policy.models import Decision, PolicySet, Quarantine
from registry.reviews.models import Question, Review, ReviewClaim, ReviewNotice, Suspension
from registry.usage.models import Download
from registry.withdrawals.models import Certificate, DestroyedObject, LegalHold, Recall, Withdrawal, WithdrawalStep
from registry.xet.models import StoredXorb

__all__ = [
    "Anchor",
    "ApiToken",
    "Certificate",
    "Composition",
    "ConsentReceipt",
    "ConsentRecord",
    "Decision",
    "Delivery",
    "DestroyedObject",
    "Download",
    "Entry",
    "EvidenceFile",
    "Expert",
    "ExpertVersion",
    "Inclusion",
    "IncomingObject",
    "KeptAnswer",
    "LegalHold",
    "LicenceTerms",
    "LogKey",
    "LogState",
    "Membership",
    "Model",
    "Organisation",
    "Paper",
    "Payload",
    "Pending",
    "Person",
    "PolicySet",
    "Provenance",
    "Quarantine",
    "Question",
    "Recall",
    "RepositoryFile",
    "Review",
    "ReviewClaim",
    "ReviewNotice",
    "Sequenced",
    "Shard",
    "SignedPart",
    "SigningKey",
    "StoredXorb",
    "Suspension",
    "Tag",
    "Tile",
    "TunedRouter",
    "UploadedFile",
    "Webhook",
    "WeightSample",
    "Withdrawal",
    "WithdrawalStep",
]
