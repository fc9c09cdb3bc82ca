"""The service's answers as types: what its OpenAPI document says, as far as this client reads it."""

from typing import Any, TypedDict


class Role(TypedDict):
    organisation: str
    organisation_name: str
    role: str


class Person(TypedDict):
    id: str
    email: str
    name: str
    roles: list[Role]


class Organisation(TypedDict):
    id: str
    slug: str
    name: str
    jurisdiction: str


class Invitation(TypedDict):
    id: str
    email: str
    organisation: str
    role: str
    state: str


class NewInvitation(Invitation):
    link: str


class NewToken(TypedDict):
    id: str
    name: str
    prefix: str
    expires_at: str
    token: str


class Key(TypedDict):
    id: str
    name: str
    fingerprint: str
    public_key: str
    revoked_at: str | None


class Anchor(TypedDict):
    id: str
    slug: str
    name: str
    licence: str
    state: str
    digest: str
    architecture: dict[str, Any]
    failure: str


class VersionBrief(TypedDict):
    id: str
    number: int
    state: str
    licence: str
    created_at: str


class Expert(TypedDict):
    id: str
    organisation: str
    name: str
    full_name: str
    anchor: str
    title: str
    domain: str
    registration: int | None
    latest: VersionBrief | None


class ExpertDetail(Expert):
    versions: list[VersionBrief]


class File(TypedDict):
    id: str
    path: str
    size: int
    sha256: str
    part_size: int
    part_count: int
    completed_at: str | None


class ArrivedPart(TypedDict):
    number: int
    sha256: str


class FileInParts(File):
    parts: list[ArrivedPart]


class SignedPart(TypedDict):
    number: int
    url: str
    headers: dict[str, str]


class Check(TypedDict):
    name: str
    ok: bool
    detail: str


class Version(TypedDict):
    id: str
    expert: str
    number: int
    state: str
    licence: dict[str, Any]
    consent: dict[str, Any]
    provenance: dict[str, Any]
    data_digest: str
    checks: list[Check]
    failure: str
    files: list[File]
    reviews: list[dict[str, Any]]


class Question(TypedDict):
    id: str
    asked_by: str
    text: str
    answered_by: str | None
    answer: str


class PolicySet(TypedDict):
    number: int
    hash: str
    active: bool
    waits: bool
    reason: str


class WholePolicySet(PolicySet):
    text: str
    examples: list[Any]


class ChecklistItem(TypedDict):
    id: str
    kind: str
    text: str
    required: bool


class Checklist(TypedDict):
    number: int
    items: list[ChecklistItem]


class Answer(TypedDict, total=False):
    item: str
    answer: str
    note: str


class Licence(TypedDict, total=False):
    declared: str
    text: str
    attribution: str
    valid_until: str | None


class Consent(TypedDict, total=False):
    legal_basis: str
    purposes: list[str]
    recipients: list[str]
    jurisdictions: list[str]
    valid_from: str
    valid_until: str | None
    withdrawal_method: str
    notice: str
    language: str
    data_categories: list[str]
    controllers: list[str]
    storage_locations: list[str]
    retention: str


class Evidence(TypedDict):
    """What an owner states with each version: terms, the ground behind the data, and where it came from."""

    licence: Licence
    consent: Consent
    provenance: dict[str, Any]


class EvidenceFile(TypedDict):
    """A document beside a version; what it is, its bytes said."""

    id: str
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str


class AffectedModel(TypedDict):
    model: str
    revision: str
    state: str
    recomposed_revision: str | None


class Step(TypedDict):
    """One line of a withdrawal's checklist: done, running, waiting, held or failed."""

    name: str
    state: str
    at: str | None
    facts: dict[str, Any]
    sentence: str


class Withdrawal(TypedDict):
    id: str
    version: str
    reason: str
    requested_at: str
    propagated_at: str | None
    destroy_after: str | None
    destruction_confirmed_at: str | None
    ended_at: str | None
    models: list[AffectedModel]
    steps: list[Step]


class Recipient(TypedDict):
    organisation: str
    revisions: list[str]
    deliveries: int
    acknowledged: int


class Residuals(TypedDict):
    """What a withdrawal cannot reach."""

    pinned_revisions: list[str]
    recipients: list[Recipient]
    licence: str
    licence_irrevocable: bool
    says: list[str]


class WholeWithdrawal(Withdrawal):
    residuals: Residuals


class ProvenKey(TypedDict):
    vkey: str
    leaf: str
    proof: str


class Certificate(TypedDict):
    """All that `guildhall verify certificate` needs, without asking anybody."""

    envelope: dict[str, Any]
    leaf: str
    proof: str
    key: ProvenKey


class Hold(TypedDict):
    id: str
    reason: str
    placed_at: str
    lifted_at: str | None


class WithdrawalPreview(TypedDict):
    versions: list[str]
    models: list[dict[str, Any]]
    downloads: int
    irrevocable: bool
    notice: str


class CompositionBrief(TypedDict):
    id: str
    state: str
    revision: str
    created_at: str
    published_at: str | None


class RevisionBrief(TypedDict):
    revision: str
    published_at: str


class Selector(TypedDict):
    """All approved experts that are allowed: of these domains and organisations, or of all where none is named."""

    domains: list[str]
    organisations: list[str]


class Model(TypedDict):
    id: str
    organisation: str
    name: str
    full_name: str
    anchor: str
    purpose: str
    top_k: int
    on_withdrawal: str
    tuning: bool
    experts: list[str]
    selector: Selector | None
    main: RevisionBrief | None
    latest: CompositionBrief | None


class ModelDetail(Model):
    compositions: list[CompositionBrief]


class Inclusion(TypedDict):
    expert: str
    version: int
    slot: int


class Revision(TypedDict):
    """What was published under one name, and whether it still is."""

    revision: str
    state: str
    main: bool
    published_at: str
    experts: list[Inclusion]
    tags: list[str]


class Difference(TypedDict):
    before: dict[str, str]
    after: dict[str, str]
    experts: dict[str, list[dict[str, Any]]]
    files: dict[str, list[str]]
    bytes_to_fetch: int


class Tag(TypedDict):
    tag: str
    revision: str


class ExplainedExpert(TypedDict):
    expert: str
    version: int
    allowed: bool
    reasons: list[dict[str, str]]


class DryRun(TypedDict):
    """What a request would come to."""

    allowed: bool
    explain: list[ExplainedExpert]
    recipe_digest: str
    revision: str


class Refusal(TypedDict):
    expert: str
    policy: str
    reason: str


class Composition(TypedDict):
    id: str
    model: str
    state: str
    revision: str
    failure: str
    refusals: list[Refusal]
    progress: dict[str, Any]
    validation: dict[str, Any]
    inclusions: list[dict[str, Any]]
    files: list[dict[str, Any]]
    published_at: str | None


class LogEntry(TypedDict):
    id: int
    index: int | None
    at: str
    event: str
    about: str
    actor: str
    actor_name: str | None
    facts: dict[str, Any]
    leaf_hash: str
