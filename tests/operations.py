"""Every operation of the REST API: how it is reached, with what body, and who may. Nobody else gets past 403 or 404."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from registry.accounts.actions import IssuedInvitation, invite_person
from registry.accounts.models import ApiToken, Role
from registry.actors import PROPAGATOR, Actor, person
from registry.audit.rotation import note_keys
from registry.audit.statements import sign
from registry.compositions.actions import set_tag
from registry.digests import sha256
from registry.evidence.files import add_evidence
from registry.evidence.models import ConsentState
from registry.evidence.receipts import issue_receipt
from registry.experts.models import AnchorState, ExpertVersion, UploadedFile, VersionState
from registry.experts.rules import ANCHOR_FILES, PACKAGE_FILES
from registry.experts.uploads import add_version_file
from registry.policy.actions import decide, place_quarantine, shadow_policy_set
from registry.policy.cedar import default_policies
from registry.policy.examples import default_examples
from registry.policy.models import PolicySet
from registry.reviews.checklists import CURRENT
from registry.reviews.claims import claim_version
from registry.reviews.queries import as_seen
from registry.reviews.questions import ask_owner
from registry.withdrawals.actions import certify, pause_version, place_hold, withdraw_version
from registry.withdrawals.statements import certificate_of
from tests.factories import (
    ADA,
    BEN,
    CAST,
    CY,
    IN_ORDER_BODY,
    OLGA,
    OTTO,
    PASSWORD,
    catch_up,
    make_active,
    make_anchor,
    make_delivery,
    make_draft,
    make_expert,
    make_file,
    make_key,
    make_organisation,
    make_person,
    make_proposal,
    make_revision,
    make_token,
    make_version,
    make_webhook,
    request,
    row_of,
)
from tests.registry.uploading import evidence_for

REASON = "The licence was not ours to give."
EVERYBODY = frozenset(CAST)
CHECKERS = frozenset({BEN, OLGA, OTTO})
STEWARDS = frozenset({BEN, OTTO})
OWNER = frozenset({ADA})
READERS = frozenset({ADA, BEN, OLGA})  # of the documents that were handed in; operators are not among them
OPERATOR = frozenset({OTTO})
CONSUMER = frozenset({CY})
REVIEWER = frozenset({BEN})
KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
FILE = {"path": "expert.json", "size": 4, "sha256": sha256(b"true")}


@dataclass(frozen=True, slots=True)
class Operation:
    """`address` makes the world that the call needs, and answers where it goes."""

    method: str
    address: Callable[[], str]
    may: frozenset[Actor]
    body: Callable[[], Any] = field(default=lambda: None)
    strangers: bool = False
    raw: str = ""  # the body, where it is not JSON
    headers: Callable[[], dict[str, str]] = field(default=dict)  # asked after the address was made


def last_seen() -> dict[str, str]:
    """As somebody sends it who has just read the version that the address made."""
    version = ExpertVersion.objects.order_by("-created_at").first()
    return {"If-Match": as_seen(version)} if version else {}


def always(value: Any) -> Callable[[], Any]:
    return lambda: value


def draft() -> str:
    return f"/versions/{make_draft().id}"


def a_document(then: Callable[[ExpertVersion], None] = lambda version: None) -> Callable[[], str]:
    """Of a version in review: the owner's people read it, and those who decide on it or look into decisions."""

    def address() -> str:
        version = make_draft()
        file = add_evidence(version.id, BytesIO(b"We agree."), kind="consent", name="consent.txt", by=ADA)
        then(version)
        return f"/evidence/{file.id}"

    return address


def hand_in(version: ExpertVersion) -> None:
    version.state, version.submitted_at = VersionState.VERIFIED, timezone.now()
    version.save()


def with_receipt(then: str) -> Callable[[], str]:
    def address() -> str:
        version = make_version()
        issue_receipt(version, ConsentState.GIVEN, at=timezone.now(), party=str(ADA), by=ADA)
        return f"/versions/{version.id}/{then}"

    return address


def whole_draft() -> str:
    version = make_draft()
    for path in PACKAGE_FILES:
        make_file(version, path)
    return f"/versions/{version.id}/submit"


def whole_anchor() -> str:
    anchor = make_anchor("whole", state=AnchorState.DRAFT)
    for path in ANCHOR_FILES:
        row = make_file(make_draft(), path)
        UploadedFile.objects.filter(id=row.id).update(version=None, anchor=anchor)
    return "/anchors/whole/submit"


def begun_file() -> str:
    version = make_draft()
    file = add_version_file(version.id, path="expert.json", size=4, sha256=sha256(b"true"), by=ADA)
    return f"/files/{file.id}"


def draft_anchor() -> str:
    make_anchor("draft", state=AnchorState.DRAFT)
    return "/anchors/draft/files"


def token_of_ada() -> str:
    make_token(ADA, text := f"gh_{uuid4().hex}")
    return f"/tokens/{ApiToken.objects.get(prefix=text[:10], person=row_of(ADA)).id}"


def a_new_model() -> dict[str, Any]:
    make_version(make_expert())
    return {"anchor": "small", "experts": ["playhouse/drama"], "purpose": "research"}


def explainable() -> str:
    make_version()
    return "/models/explain"


def withdrawn() -> str:
    version = make_version()
    withdraw_version(version.id, by=ADA, reason=REASON)
    return f"/versions/{version.id}/withdrawal"


def a_withdrawal(then: str = "") -> Callable[[], str]:
    def address() -> str:
        version = make_version()
        return f"/withdrawals/{withdraw_version(version.id, by=ADA, reason=REASON).id}{then}"

    return address


def to_confirm() -> str:
    ada = row_of(ADA)
    ada.set_password(PASSWORD)
    ada.save()
    return a_withdrawal("/confirm-destruction")()


def certified() -> str:
    withdrawal = withdraw_version(make_version().id, by=ADA, reason=REASON)
    note_keys()
    signed = sign(certificate_of(withdrawal))
    certify(withdrawal.id, envelope=signed.envelope, digest=signed.digest, vkey=signed.vkey, by=PROPAGATOR)
    catch_up()
    return f"/withdrawals/{withdrawal.id}/certificate"


def paused(then: str) -> Callable[[], str]:
    return lambda: f"/versions/{pause_version(make_version().id, by=ADA, reason=REASON).id}{then}"


def held() -> str:
    return f"/versions/{place_hold(make_version().id, by=BEN, reason=REASON).version_id}/hold"


def a_tag() -> str:
    revision = make_revision()
    set_tag(revision.model_id, "v1", revision="main", by=CY)
    return f"/models/{revision.model}/tags/v1"


def an_anchor() -> str:
    return f"/anchors/{make_anchor().slug}"


def an_expert() -> str:
    make_version(make_expert())
    return "/experts/playhouse/drama"


def somebody() -> str:
    make_person("dora@library.example", password=PASSWORD)
    return "/session"


def invitation() -> IssuedInvitation:
    return invite_person("new@library.example", organisation="library", role=Role.CONSUMER, by=OTTO)


def claimed() -> str:
    return f"/versions/{claim_version(waiting().id, by=BEN).version_id}/claim"


def waiting() -> ExpertVersion:
    return make_version(state=VersionState.VERIFIED)


def asked() -> str:
    return f"/questions/{ask_owner(waiting().id, text='Whose plays are these?', by=BEN).id}/answer"


def a_new_expert() -> dict[str, Any]:
    make_anchor()
    return {"organisation": "playhouse", "name": "opera", "anchor": "small", "title": "Opera", "domain": "opera"}


def new_policies() -> str:
    return f"{default_policies()}\n// {uuid4()}\n"


def a_policy_set(then: str = "") -> Callable[[], str]:
    return lambda: f"/policies/{PolicySet.objects.get(active=True).number}{then}"


def a_proposed_set() -> str:
    """Of somebody else's than those who are to activate it."""
    third = person(make_person(roles=[("third-house", Role.COMPLIANCE)]).id)
    proposed = make_proposal(new_policies(), by=third)
    shadow_policy_set(proposed.number, by=third)
    return f"/policies/{proposed.number}/activate"


def an_earlier_set() -> str:
    before = PolicySet.objects.get(active=True)
    make_active(new_policies())
    return f"/policies/{before.number}/rollback"


def a_decision() -> str:
    library = make_organisation("library")
    decision = decide(make_version(), consumer=library, action="compose", purpose="research", by=CY)
    return f"/decisions/{decision.id}"


def a_quarantine() -> str:
    return f"/quarantines/{place_quarantine(version_id=make_version().id, reason=REASON, by=BEN).id}/lift"


OPERATIONS: dict[str, Operation] = {
    "getSession": Operation("GET", always("/session"), EVERYBODY, strangers=True),
    "signIn": Operation(
        "POST", somebody, EVERYBODY, always({"email": "dora@library.example", "password": PASSWORD}), strangers=True
    ),
    "signOut": Operation("DELETE", always("/session"), EVERYBODY, strangers=True),
    "getVocabulary": Operation("GET", always("/vocabulary"), EVERYBODY, strangers=True),
    "listLog": Operation("GET", always("/log"), EVERYBODY),
    "exportLog": Operation("GET", always("/log/export"), EVERYBODY),
    "listPeople": Operation("GET", always("/people"), OPERATOR),
    "createPerson": Operation(
        "POST",
        always("/people"),
        OPERATOR,
        always({"email": "new@library.example", "name": "New", "password": PASSWORD, "roles": []}),
    ),
    "listOrganisations": Operation("GET", always("/organisations"), EVERYBODY),
    "createOrganisation": Operation("POST", always("/organisations"), OPERATOR, always({"slug": "new", "name": "New"})),
    "grantRole": Operation(
        "POST",
        always("/organisations/playhouse/roles"),
        OPERATOR,
        always({"email": "eve@elsewhere.example", "role": "owner"}),
    ),
    "revokeRole": Operation(
        "POST",
        always("/organisations/playhouse/roles/revoke"),
        OPERATOR,
        always({"email": "ada@playhouse.example", "role": "owner"}),
    ),
    "erasePerson": Operation(
        "POST",
        lambda: f"/people/{make_person().id}/erase",
        OPERATOR,
        always({"reason": "They asked to be forgotten."}),
    ),
    "listTokens": Operation("GET", always("/tokens"), EVERYBODY),
    "createToken": Operation("POST", always("/tokens"), EVERYBODY, always({"name": "laptop"})),
    "revokeToken": Operation("DELETE", token_of_ada, OWNER | OPERATOR),
    "listKeys": Operation("GET", always("/organisations/playhouse/keys"), EVERYBODY),
    "registerKey": Operation(
        "POST", always("/organisations/playhouse/keys"), OWNER, always({"name": "press", "public_key": KEY})
    ),
    "revokeKey": Operation("POST", lambda: f"/keys/{make_key().id}/revoke", OWNER | OPERATOR),
    "listInvitations": Operation("GET", always("/invitations"), OPERATOR),
    "invitePerson": Operation(
        "POST",
        always("/invitations"),
        OPERATOR,
        always({"email": "new@library.example", "organisation": "library", "role": "consumer"}),
    ),
    "revokeInvitation": Operation("POST", lambda: f"/invitations/{invitation().row.id}/revoke", OPERATOR),
    "readInvitation": Operation(
        "POST", always("/invitations/read"), EVERYBODY, lambda: {"code": invitation().code}, strangers=True
    ),
    "acceptInvitation": Operation(
        "POST",
        always("/invitations/accept"),
        EVERYBODY,
        lambda: {"code": invitation().code, "name": "New", "password": PASSWORD},
        strangers=True,
    ),
    "listEveryToken": Operation("GET", always("/administration/tokens"), OPERATOR),
    "listEveryKey": Operation("GET", always("/administration/keys"), OPERATOR),
    "getQueues": Operation("GET", always("/administration/queues"), OPERATOR),
    "getStorage": Operation("GET", always("/administration/storage"), OPERATOR),
    "getHealth": Operation("GET", always("/administration/health"), OPERATOR),
    "listWebhooks": Operation("GET", always("/organisations/library/webhooks"), CONSUMER),
    "createWebhook": Operation(
        "POST", always("/organisations/library/webhooks"), CONSUMER, always({"url": "https://1.1.1.1/hook"})
    ),
    "disableWebhook": Operation("POST", lambda: f"/webhooks/{make_webhook().id}/disable", CONSUMER),
    "pingWebhook": Operation("POST", lambda: f"/webhooks/{make_webhook().id}/ping", CONSUMER),
    "listDeliveries": Operation("GET", always("/organisations/library/deliveries"), CONSUMER),
    "acknowledgeDelivery": Operation(
        "POST", lambda: f"/deliveries/{make_delivery().id}/acknowledge", CONSUMER, always({}), strangers=False
    ),
    "getUsage": Operation("GET", always("/organisations/playhouse/usage"), OWNER | {OLGA}),
    "listAnchors": Operation("GET", always("/anchors"), EVERYBODY),
    "createAnchor": Operation(
        "POST", always("/anchors"), OPERATOR, always({"slug": "new", "name": "New", "licence": "MIT"})
    ),
    "getAnchor": Operation("GET", an_anchor, EVERYBODY),
    "addAnchorFile": Operation("POST", draft_anchor, OPERATOR, always(FILE | {"path": "config.json"})),
    "submitAnchor": Operation("POST", whole_anchor, OPERATOR),
    "listExperts": Operation("GET", always("/experts"), EVERYBODY),
    "createExpert": Operation("POST", always("/experts"), OWNER, a_new_expert),
    "getExpert": Operation("GET", an_expert, EVERYBODY),
    "getLineage": Operation("GET", lambda: f"{an_expert()}/lineage", EVERYBODY),
    "draftVersion": Operation(
        "POST",
        lambda: f"{an_expert()}/versions",
        OWNER,
        lambda: evidence_for(make_anchor().digest, notes="New."),
    ),
    "getVersion": Operation("GET", draft, OWNER | CHECKERS),
    "addFile": Operation("POST", lambda: f"{draft()}/files", OWNER, always(FILE)),
    "submitVersion": Operation("POST", whole_draft, OWNER),
    "getFile": Operation("GET", begun_file, OWNER | CHECKERS),
    "signParts": Operation(
        "POST", lambda: f"{begun_file()}/parts", OWNER, always({"parts": [{"number": 1, "sha256": "0" * 64}]})
    ),
    "listReviewQueue": Operation("GET", always("/reviews/queue"), REVIEWER),
    "reviewVersion": Operation(
        "POST",
        lambda: f"/versions/{waiting().id}/reviews",
        REVIEWER,
        always(
            {
                "verdict": "approve",
                "reason": "The licence and the consent agree.",
                "checklist": CURRENT,
                "answers": IN_ORDER_BODY,
            }
        ),
        headers=last_seen,
    ),
    "getChecklist": Operation("GET", always("/reviews/checklist"), EVERYBODY),
    "claimVersion": Operation("POST", lambda: f"/versions/{waiting().id}/claim", REVIEWER),
    "releaseVersion": Operation("DELETE", claimed, REVIEWER),
    "listQuestions": Operation("GET", lambda: f"/versions/{waiting().id}/questions", OWNER | CHECKERS),
    "askOwner": Operation(
        "POST", lambda: f"/versions/{waiting().id}/questions", REVIEWER, always({"text": "Whose plays are these?"})
    ),
    "answerQuestion": Operation("POST", asked, OWNER, always({"text": "They are in the public domain."})),
    "suspendVersion": Operation(
        "POST", lambda: f"/versions/{make_version().id}/suspend", REVIEWER, always({"reason": REASON})
    ),
    "reclassifyLicence": Operation(
        "POST",
        lambda: f"/versions/{make_version().id}/reclassify",
        REVIEWER,
        always({"licence": "CC-BY-NC-4.0", "reason": REASON}),
    ),
    "listPolicySets": Operation("GET", always("/policies"), CHECKERS),
    "proposePolicySet": Operation(
        "POST",
        always("/policies"),
        STEWARDS,
        lambda: {"text": new_policies(), "examples": list(default_examples()), "reason": REASON},
    ),
    "checkPolicySet": Operation(
        "POST",
        always("/policies/check"),
        STEWARDS,
        always({"text": "permit (principal, action, resource);", "examples": []}),
    ),
    "simulateChange": Operation(
        "POST",
        always("/policies/simulate"),
        CHECKERS,
        always({"reclassify": {"licence": "MIT", "into": "CC-BY-ND-4.0"}}),
    ),
    "getPolicySet": Operation("GET", a_policy_set(), CHECKERS),
    "tryPolicyExamples": Operation("GET", a_policy_set("/examples"), CHECKERS),
    "shadowPolicySet": Operation("POST", a_policy_set("/shadow"), CHECKERS, always({"decisions": 10})),
    "activatePolicySet": Operation("POST", a_proposed_set, STEWARDS),
    "proposeRollback": Operation("POST", an_earlier_set, STEWARDS, always({"reason": REASON})),
    "listDecisions": Operation("GET", always("/decisions"), CHECKERS),
    "getDecision": Operation("GET", a_decision, CHECKERS),
    "listQuarantines": Operation("GET", always("/quarantines"), CHECKERS),
    "placeQuarantine": Operation(
        "POST",
        always("/quarantines"),
        STEWARDS,
        lambda: {"version": str(make_version().id), "reason": REASON},
    ),
    "liftQuarantine": Operation("POST", a_quarantine, STEWARDS, always({"reason": REASON})),
    "previewWithdrawal": Operation("GET", lambda: f"/versions/{make_version().id}/withdrawal-preview", OWNER),
    "withdrawVersion": Operation(
        "POST",
        lambda: f"/versions/{make_revision().inclusions.get().version_id}/withdraw",
        OWNER,
        always({"reason": "The licence was not ours to give."}),
    ),
    "getWithdrawalOfVersion": Operation("GET", withdrawn, EVERYBODY),
    "withdrawExpert": Operation(
        "POST", lambda: f"{an_expert()}/withdraw", OWNER, always({"reason": REASON, "legal_basis": "never-held"})
    ),
    "previewExpertWithdrawal": Operation("GET", lambda: f"{an_expert()}/withdrawal-preview", OWNER),
    "withdrawOrganisation": Operation(
        "POST", always("/organisations/playhouse/withdraw"), OWNER, always({"reason": REASON})
    ),
    "previewOrganisationWithdrawal": Operation("GET", always("/organisations/playhouse/withdrawal-preview"), OWNER),
    "getWithdrawal": Operation("GET", a_withdrawal(), OWNER | CHECKERS),
    "confirmDestruction": Operation("POST", to_confirm, OWNER, always({"password": PASSWORD})),
    "getCertificate": Operation("GET", certified, OWNER | CHECKERS),
    "getReceipt": Operation("GET", with_receipt("receipt"), READERS),
    "listReceipts": Operation("GET", with_receipt("receipts"), READERS),
    "listEvidence": Operation("GET", lambda: f"/versions/{waiting().id}/evidence", READERS),
    "addEvidence": Operation(
        "POST", lambda: f"{draft()}/evidence?kind=consent&name=consent.txt", OWNER, raw="We agree."
    ),
    "readEvidence": Operation("GET", a_document(hand_in), READERS),
    "removeEvidence": Operation("DELETE", a_document(), OWNER),
    "pauseVersion": Operation(
        "POST", lambda: f"/versions/{make_version().id}/pause", OWNER, always({"reason": REASON})
    ),
    "resumeVersion": Operation("POST", paused("/resume"), OWNER),
    "placeHold": Operation(
        "POST", lambda: f"/versions/{make_version().id}/hold", frozenset({BEN, OTTO}), always({"reason": REASON})
    ),
    "getHold": Operation("GET", held, CHECKERS),
    "liftHold": Operation("DELETE", held, frozenset({BEN, OTTO})),
    "combineLicences": Operation(
        "POST", always("/licences/combine"), EVERYBODY, always({"purpose": "research", "licences": ["MIT"]})
    ),
    "getLicenceTexts": Operation("GET", always("/licences/texts?expression=MIT"), EVERYBODY),
    "listModels": Operation("GET", always("/models"), EVERYBODY),
    "getModel": Operation("GET", lambda: f"/models/{make_revision().model}", CONSUMER | CHECKERS),
    "requestModel": Operation("PUT", always("/models/library/reader"), CONSUMER, a_new_model),
    "explainModel": Operation(
        "POST", explainable, CONSUMER, always({"organisation": "library", "anchor": "small", "purpose": "research"})
    ),
    "listRevisions": Operation("GET", lambda: f"/models/{make_revision().model}/revisions", CONSUMER | CHECKERS),
    "compareRevisions": Operation(
        "GET", lambda: f"/models/{make_revision().model}/revisions/main/compare/main", CONSUMER | CHECKERS
    ),
    "explainRevision": Operation(
        "GET", lambda: f"/models/{make_revision().model}/revisions/main/explain", CONSUMER | CHECKERS
    ),
    "setTag": Operation(
        "PUT", lambda: f"/models/{make_revision().model}/tags/v1", CONSUMER, always({"revision": "main"})
    ),
    "removeTag": Operation("DELETE", a_tag, CONSUMER),
    "getComposition": Operation("GET", lambda: f"/compositions/{make_revision().id}", CONSUMER | CHECKERS),
    "watchComposition": Operation("GET", lambda: f"/compositions/{make_revision().id}/events", CONSUMER | CHECKERS),
    "cancelComposition": Operation("POST", lambda: f"/compositions/{request(make_version()).id}/cancel", CONSUMER),
    "completeFile": Operation("POST", lambda: f"{begun_file()}/complete", OWNER),
}
