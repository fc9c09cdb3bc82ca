"""Rows for tests, every field with a default, so that a test says only what matters.

Ada owns (playhouse), Ben reviews (review-office), Cy consumes (library), Olga audits (watch), Otto operates
(guildhall); Eve has no role anywhere.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.test import APIClient

from flexcore.manifest import ExpertEntry, FileEntry, Manifest, Recipe
from registry.accounts.models import ApiToken, Membership, Organisation, Person, Role, SigningKey
from registry.accounts.queries import token_hash
from registry.actors import ASSEMBLER, CONSOLE, Actor, person
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.audit.sequencer import Sequencer
from registry.compositions.actions import (
    FileRow,
    include_composition,
    record_assembled,
    request_model,
    start_assembly,
)
from registry.compositions.models import Composition, CompositionState
from registry.digests import sha256
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import Anchor, AnchorState, Expert, ExpertVersion, UploadedFile, VersionState
from registry.experts.numbering import next_status_index
from registry.notices.models import Delivery, Webhook
from registry.notices.sealing import seal
from registry.policy.actions import activate_policy_set, ensure_policy_set, propose_policies, shadow_policy_set
from registry.policy.examples import default_examples
from registry.policy.models import PolicySet
from registry.reviews.checklists import CHECKLISTS, CURRENT, Answers
from registry.reviews.queries import as_seen
from workers import publishing

ADA = person(UUID(int=0xADA))
BEN = person(UUID(int=0xBE9))
CY = person(UUID(int=0xC1))
OLGA = person(UUID(int=0x01CA))
OTTO = person(UUID(int=0x0770))
EVE = person(UUID(int=0xE1E))
CAST: dict[Actor, tuple[str, str, Role | None]] = {
    ADA: ("Ada", "playhouse", Role.OWNER),
    BEN: ("Ben", "review-office", Role.COMPLIANCE),
    CY: ("Cy", "library", Role.CONSUMER),
    OLGA: ("Olga", "watch", Role.AUDITOR),
    OTTO: ("Otto", "guildhall", Role.OPERATOR),
    EVE: ("Eve", "elsewhere", None),
}
BEEN_APPROVED = {VersionState.APPROVED, VersionState.PAUSED, VersionState.SUSPENDED, VersionState.WITHDRAWN}
PASSWORD = "a long and quiet word"
ARCHITECTURE = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-06,
    "rope_theta": 500000.0,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "dtype": "F32",
}
# Every item of the checklist looked at, as a reviewer would say it who found nothing wrong.
IN_ORDER = Answers(items={item.id: {"answer": "yes", "note": ""} for item in CHECKLISTS[CURRENT]})
IN_ORDER_BODY = [{"item": item.id, "answer": "yes"} for item in CHECKLISTS[CURRENT]]
numbers = count(1)


def made_digest(*parts: object) -> str:
    return sha256("|".join(str(part) for part in parts or (uuid4(),)).encode())


def make_cast() -> None:
    """Everybody above, each with the one role that their name stands for."""
    for actor in CAST:
        row_of(actor)


def settle() -> None:
    """The cast and our policy set, unless they are there: the database is set up with them, once, and only what
    empties its tables (a test with transactions of its own) takes them away."""
    if PolicySet.objects.filter(active=True).exists():
        return
    with transaction.atomic():
        make_cast()
        ensure_policy_set(by=CONSOLE)
        transaction.get_connection().run_on_commit.clear()  # nobody waits for the jobs


def make_organisation(slug: str = "playhouse", **fields: Any) -> Organisation:
    return Organisation.objects.get_or_create(slug=slug, defaults={"name": slug.title(), **fields})[0]


def make_person(
    email: str = "", *, roles: Sequence[tuple[str, Role]] = (), password: str | None = None, **fields: Any
) -> Person:
    """Somebody; without a password they cannot sign in (hashing one takes its time)."""
    email = email or f"somebody-{next(numbers)}@elsewhere.example"
    somebody = Person(email=email, name=fields.pop("name", email.partition("@")[0]), **fields)
    if password is None:
        somebody.set_unusable_password()
    else:
        somebody.set_password(password)
    somebody.save(force_insert=True)
    for slug, role in roles:
        give_role(somebody, slug, role)
    return somebody


def give_role(somebody: Person | Actor, slug: str, role: Role) -> Membership:
    owner = row_of(somebody) if isinstance(somebody, Actor) else somebody
    return Membership.objects.get_or_create(person=owner, organisation=make_organisation(slug), role=role)[0]


def row_of(actor: Actor) -> Person:
    """The person behind one of the names above; made when they are not there yet."""
    assert actor.person_id is not None
    known = Person.objects.filter(id=actor.person_id).first()
    if known is not None:
        return known
    name, slug, role = CAST[actor]
    email = f"{name.lower()}@{slug}.example"
    return make_person(email, id=actor.person_id, name=name, roles=[(slug, role)] if role else ())


def log() -> QuerySet[Entry]:
    """What the log tells of the test's own deeds, in order."""
    return Entry.objects.exclude(
        event__in=[Event.POLICY_PROPOSED, Event.POLICY_SHADOWED, Event.POLICY_ACTIVATED]
    ).order_by("id")


def make_token(owner: Actor, text: str = "", **fields: Any) -> str:
    """A token of somebody; its text."""
    text = text or f"gh_test{uuid4().hex}"
    defaults = {"name": "test", "prefix": text[:10], "expires_at": timezone.now() + timedelta(days=1)}
    ApiToken.objects.create(person=row_of(owner), hash=token_hash(text), **(defaults | fields))
    return text


def api(caller: Actor | None = None) -> APIClient:
    """A client of the REST API that calls as somebody, with a real token; as a stranger when nobody is named."""
    client = APIClient()
    if caller is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(caller)}")
    return client


def make_proposal(text: str, *, examples: Sequence[Any] | None = None, by: Actor = BEN) -> PolicySet:
    """A set that waits for a second person; without examples of its own it comes with those of the shipped set."""
    row_of(by)
    given = default_examples() if examples is None else examples
    return propose_policies(text, examples=given, reason="We tried it, and it does what it should.", by=by)


def make_active(text: str, *, examples: Sequence[Any] | None = None) -> PolicySet:
    """Ben proposes it, looks at what it would change, and Otto activates it."""
    proposed = make_proposal(text, examples=examples)
    shadow_policy_set(proposed.number, by=BEN)
    return activate_policy_set(proposed.number, by=OTTO)


def make_key(organisation: str = "playhouse", **fields: Any) -> SigningKey:
    defaults = {"name": "key", "public_key": "PEM", "fingerprint": made_digest()}
    return SigningKey.objects.create(organisation=make_organisation(organisation), **(defaults | fields))


def make_anchor(slug: str = "small", *, state: str = AnchorState.VERIFIED, **fields: Any) -> Anchor:
    """The anchor with this slug: the same row however often it is asked for."""
    known = Anchor.objects.filter(slug=slug).first()
    if known is not None:
        return known
    defaults: dict[str, Any] = {"name": slug.title(), "licence": "Apache-2.0", "state": state}
    if state == AnchorState.VERIFIED:
        defaults |= {
            "digest": made_digest("anchor", slug),
            "data_digest": made_digest("public expert", slug),
            "architecture": ARCHITECTURE,
        }
    return Anchor.objects.create(slug=slug, **(defaults | {"created_by": row_of(OTTO)} | fields))


def make_expert(name: str = "drama", *, organisation: str = "playhouse", **fields: Any) -> Expert:
    """The expert of this name: the same row however often it is asked for."""
    home = make_organisation(organisation)
    known = Expert.objects.filter(organisation=home, name=name).first()
    if known is not None:
        return known
    defaults = {"title": name.title(), "domain": name}
    fields.setdefault("anchor", None)
    fields["anchor"] = fields["anchor"] or make_anchor()
    fields.setdefault("created_by", row_of(ADA))
    return Expert.objects.create(organisation=home, name=name, **(defaults | fields))


def make_version(
    expert: Expert | None = None, *, state: str = VersionState.APPROVED, evidence: bool = True, **fields: Any
) -> ExpertVersion:
    """The next version of an expert, in any state, with licence, consent and provenance.

    `licence`, `purposes`, `recipients`, `jurisdictions`, `valid_from`, `valid_until`, `licence_until` and `signed`
    go to the evidence.
    """
    expert = expert or make_expert()
    terms = {
        "declared": fields.pop("licence", "CC-BY-4.0"),
        "concluded": fields.pop("concluded", ""),
        "valid_until": fields.pop("licence_until", None),
    }
    consent = {
        "purposes": fields.pop("purposes", ["research", "evaluation"]),
        "recipients": fields.pop("recipients", []),
        "jurisdictions": fields.pop("jurisdictions", []),
        "valid_from": fields.pop("valid_from", timezone.now() - timedelta(days=1)),
        "valid_until": fields.pop("valid_until", None),
    }
    signed = fields.pop("signed", True)
    number = fields.pop("number", expert.versions.count() + 1)
    version = ExpertVersion.objects.create(
        expert=expert, number=number, state=state, **(_facts(expert, number, state) | fields)
    )
    if state in BEEN_APPROVED and expert.registration is None:
        _register(expert)
    if evidence:
        _speak_for(version, terms, consent, signed=signed)
    return version


def etag_of(version: ExpertVersion) -> str:
    """What a reviewer sends as If-Match, who has read it as it is now."""
    version.refresh_from_db()
    return f'"{as_seen(version)}"'


make_draft = partial(make_version, state=VersionState.DRAFT)


def _facts(expert: Expert, number: int, state: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"created_by": row_of(ADA)}
    if state in {VersionState.DRAFT, VersionState.SUBMITTED, VersionState.FAILED}:
        return facts
    return facts | {
        "data_digest": made_digest("data", expert.id, number),
        "router_digest": made_digest("router", expert.id, number),
        "submitted_at": timezone.now(),
        "submitted_by": row_of(ADA),
        "verified_at": timezone.now(),
        "approved_at": timezone.now() if state in BEEN_APPROVED else None,
        "status_index": next_status_index() if state in BEEN_APPROVED else None,
    }


def _register(expert: Expert) -> None:
    expert.registration = expert.anchor.next_registration
    expert.anchor.next_registration += 1
    expert.anchor.save(update_fields=["next_registration"])
    expert.save(update_fields=["registration"])


def _speak_for(version: ExpertVersion, terms: dict[str, Any], consent: dict[str, Any], *, signed: bool) -> None:
    if version.state in BEEN_APPROVED:
        terms["concluded"] = terms["concluded"] or terms["declared"]
    LicenceTerms.objects.create(version=version, attribution="Playhouse", **terms)
    ConsentRecord.objects.create(
        version=version,
        legal_basis="contract",
        withdrawal_method="Write to the playhouse.",
        given_by=row_of(ADA),
        **consent,
    )
    statement = {
        "anchor_digest": version.expert.anchor.digest,
        "dataset": "Plays in the public domain.",
        "trained_by": "The playhouse",
        "code": "flexcore",
    }
    checked = {"signature_verified": True, "key_fingerprint": made_digest("key"), "checked_at": timezone.now()}
    signed = signed and version.state != VersionState.DRAFT
    Provenance.objects.create(version=version, statement=statement, **(checked if signed else {}))


def make_webhook(organisation: str = "library", url: str = "http://127.0.0.1:9/hook", **fields: Any) -> Webhook:
    """A webhook as if it had been made; nobody asks whether a message may go there until one is sent."""
    defaults = {"sealed_secret": seal("whsec_c2VjcmV0"), "created_by": row_of(CY)}
    return Webhook.objects.create(organisation=make_organisation(organisation), url=url, **(defaults | fields))


def make_delivery(webhook: Webhook | None = None, **fields: Any) -> Delivery:
    """A message to the library's webhook that waits to be sent."""
    webhook = webhook or make_webhook()
    now = timezone.now()
    defaults = {"kind": "version.withdrawn", "about": "playhouse/drama@1", "created_at": now, "next_try_at": now}
    return Delivery.objects.create(organisation=webhook.organisation, webhook=webhook, **(defaults | fields))


def make_file(version: ExpertVersion, path: str = "expert.safetensors", **fields: Any) -> UploadedFile:
    """A file that has arrived, as the rows say; put the bytes under `key` yourself if the test reads them."""
    defaults = {
        "size": 1,
        "sha256": made_digest(),
        "key": f"uploads/{uuid4()}/{path}",
        "part_size": 5 * 2**20,
        "completed_at": timezone.now(),
    }
    return UploadedFile.objects.create(version=version, path=path, **(defaults | fields))


def request(*versions: ExpertVersion, name: str = "reader", by: Actor = CY, **fields: Any) -> Composition:
    """Cy's library asks for a model of these versions' experts."""
    experts = [str(version.expert) for version in versions]
    defaults = {"anchor": versions[0].expert.anchor.slug, "experts": experts, "purpose": "research"}
    return request_model("library", name, **(defaults | fields), by=by)


def manifest_of(composition: Composition) -> Manifest:
    """A manifest of its recipe, with files that lie nowhere."""
    asked = composition.recipe
    experts = tuple(ExpertEntry(**entry) for entry in asked["experts"])
    files = [FileEntry("config.json", 2, made_digest("config"))]
    files += [
        FileEntry(f"expert-{slot:02}.safetensors", 9, made_digest("shard", slot)) for slot in range(1 + len(experts))
    ]
    return Manifest(Recipe(asked["anchor_digest"], experts, asked["top_k"]), tuple(files))


def assemble(composition: Composition) -> Composition:
    """As a worker would, but without the bytes: to `validating`."""
    start_assembly(composition.id, by=ASSEMBLER)
    manifest = manifest_of(composition)
    rows = [
        FileRow(path=f.path, size=f.size, digest=f.digest, sha256=f.digest[7:], key=f"nowhere/{f.digest}")
        for f in manifest.files
    ]
    value = json.loads(manifest.canonical())
    return record_assembled(composition.id, manifest=value, files=rows, by=ASSEMBLER)


def make_revision(*versions: ExpertVersion, name: str = "reader", **fields: Any) -> Composition:
    """A published build of these versions (of drama's first one when none is named), and `main` of its model."""
    composition = request(*(versions or (make_version(),)), name=name, **fields)
    if composition.state == CompositionState.PUBLISHED:
        return composition
    assemble(composition)
    include_composition(composition.id, validation={"finite": True}, by=ASSEMBLER)
    return publish(composition)


def catch_up() -> None:
    """The log is published as far as it is written, as the sequencer's process would."""
    sequencer = Sequencer()
    while sequencer.step():
        pass


def publish(composition: Composition) -> Composition:
    """From `proving` on, when the log has caught up."""
    catch_up()
    publishing.publish(str(composition.id))
    return Composition.objects.get(id=composition.id)
