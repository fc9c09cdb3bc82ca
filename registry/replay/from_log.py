"""The state as the log tells it: entry by entry, from the first. Nothing but leaves is looked at."""

from collections.abc import Callable, Iterable
from typing import Any

from registry.audit.events import Event
from registry.compositions.builds import EVENT_OF as BUILD_EVENTS
from registry.experts.models import VersionState
from registry.replay.state import State

E = Event
Leaf = dict[str, Any]
Telling = Callable[[State, Leaf], None]


def state_from_log(leaves: Iterable[Leaf]) -> State:
    state = State()
    for leaf in leaves:
        tell = TELLINGS.get(Event(leaf["event"]))
        if tell is not None:
            tell(state, leaf)
    return state


def sets(kind: str, *names: str, **fixed: Any) -> Telling:
    """The entry's own facts of these names, and these fixed ones, become those of what it is about."""

    def tell(state: State, leaf: Leaf) -> None:
        facts = state.of(kind, _name(leaf["about"]))
        facts |= {name: leaf["facts"][name] for name in names if name in leaf["facts"]} | fixed

    return tell


def _name(about: str) -> str:
    """`model:library/plays` -> library/plays; a version's name is its whole."""
    return about.partition(":")[2] if ":" in about else about


def _role(state: State, leaf: Leaf) -> None:
    person = state.of("person", _name(leaf["about"]))
    role = f"{leaf['facts']['role']} in {leaf['facts']['organisation']}"
    roles = set(person.pop("roles", ()))
    roles = roles | {role} if leaf["event"] == E.ROLE_GRANTED else roles - {role}
    if roles:  # the tables have no row for a person without roles
        person["roles"] = sorted(roles)


def _uploaded(done: bool) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        files = state.of("files", leaf["about"])
        path = leaf["facts"]["path"]
        if leaf["event"] in {E.UPLOAD_SWEPT, E.UPLOAD_REMOVED}:
            files.pop(path, None)
            if not files:  # the tables have no row for a version without files
                state.forget("files", leaf["about"])
        else:
            files[path] = f"{leaf['facts']['sha256']} {'complete' if done else 'under way'}"

    return tell


def _reviewed(state: State, leaf: Leaf) -> None:
    decided = state.of("reviews", leaf["about"])
    decided[review_name(leaf["actor"], leaf["facts"].get("round", 1))] = leaf["facts"]["verdict"]
    state.forget("review claim", leaf["about"])


def review_name(who: str, number: int) -> str:
    """Each round of reviews has its own decisions; the first is told as it always was."""
    return who if number == 1 else f"{who} in round {number}"


def _claimed(state: State, leaf: Leaf) -> None:
    state.of("review claim", leaf["about"]).update(by=leaf["actor"], until=leaf["facts"]["until"])


def _released(state: State, leaf: Leaf) -> None:
    state.forget("review claim", leaf["about"])


def _question(answered: bool) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        state.of("question", leaf["facts"]["question"]).update(about=leaf["about"], answered=answered)

    return tell


def _evidence(state: State, leaf: Leaf) -> None:
    facts = leaf["facts"]
    if leaf["event"] == E.EVIDENCE_ADDED:
        told = {name: facts[name] for name in ("kind", "media_type", "size", "sha256")}
        state.of("evidence file", facts["file"]).update(told, about=leaf["about"])
    else:
        state.forget("evidence file", facts["file"])


def _receipt(state: State, leaf: Leaf) -> None:
    state.of("receipts", leaf["about"])[leaf["facts"]["state"]] = leaf["facts"]["statement_digest"]


def _suspended(state: State, leaf: Leaf) -> None:
    state.of("version", leaf["about"])["state"] = VersionState.SUSPENDED.value
    rounds = state.of("suspensions", leaf["about"]).setdefault("causes", [])
    rounds.append(f"{leaf['facts']['cause']} in round {leaf['facts']['round']}")
    rounds.sort()


def _policies(state: State, leaf: Leaf) -> None:
    state.of("policies", "active")["hash"] = leaf["facts"]["hash"]


def _proposed(state: State, leaf: Leaf) -> None:
    state.of("policy proposal", leaf["about"]).update(hash=leaf["facts"]["hash"], by=leaf["actor"])


def _quarantined(state: State, leaf: Leaf) -> None:
    state.of("quarantine", leaf["about"])["placed"] = leaf["event"] == E.QUARANTINE_PLACED


def _wished(state: State, leaf: Leaf) -> None:
    facts = leaf["facts"]
    model = state.of("model", _name(leaf["about"]))
    model.setdefault("main", None)
    model.setdefault("tags", {})
    model |= {name: facts[name] for name in ("anchor", "experts", "purpose", "top_k", "on_withdrawal")}
    model["selector"] = facts.get("selector")
    model["tuning"] = facts.get("tuning", False)


def _main(state: State, leaf: Leaf) -> None:
    state.of("model", _name(leaf["about"]))["main"] = leaf["facts"].get("to")


def _tag(state: State, leaf: Leaf) -> None:
    tags = state.of("model", _name(leaf["about"])).setdefault("tags", {})
    if leaf["event"] == E.TAG_SET:
        tags[leaf["facts"]["tag"]] = leaf["facts"]["revision"]
    else:
        tags.pop(leaf["facts"]["tag"], None)


def _build(to: str) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        build = state.of("composition", _name(leaf["about"]))
        build |= {"state": to, "model": leaf["facts"]["model"], "recipe_digest": leaf["facts"]["recipe_digest"]}
        if "revision" in leaf["facts"]:
            build["revision"] = leaf["facts"]["revision"]

    return tell


def _included(state: State, leaf: Leaf) -> None:
    facts = leaf["facts"]
    state.of("inclusions", facts["composition"])[leaf["about"]] = facts["slot"]


def _step(name: str, *, done: bool = True) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        withdrawal = state.of("withdrawal", leaf["about"])
        steps = set(withdrawal.get("steps", []))
        withdrawal["steps"] = sorted(steps | {name} if done else steps - {name})
        withdrawal.setdefault("confirmed", False)
        if name == "certify":
            withdrawal["certificate"] = leaf["facts"]["statement_digest"]

    return tell


def _recall(name: str) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        steps = state.of("recall", leaf["about"]).setdefault("steps", [])
        if name not in steps:
            steps.append(name)
            steps.sort()

    return tell


def _granted(state: State, leaf: Leaf) -> None:
    readers = state.of("downloads", _name(leaf["about"])).setdefault("readers", [])
    if leaf["actor"] not in readers:
        readers.append(leaf["actor"])
        readers.sort()


def _announced(state: State, leaf: Leaf) -> None:
    for sent in leaf["facts"]["deliveries"]:
        told = {"kind": leaf["facts"]["kind"], "about": leaf["about"], "organisation": sent["organisation"]}
        state.of("delivery", sent["id"]).update(told, channel=sent["channel"], state="waiting")


def _came_to(to: str) -> Telling:
    def tell(state: State, leaf: Leaf) -> None:
        state.of("delivery", leaf["facts"]["id"])["state"] = to

    return tell


def _acknowledged(state: State, leaf: Leaf) -> None:
    facts = leaf["facts"]
    state.of("acknowledgement", f"{facts['organisation']} of {facts['kind']} {leaf['about']}")["by"] = leaf["actor"]


TELLINGS: dict[Event, Telling] = {
    E.ORGANISATION_CREATED: sets("organisation", "jurisdiction"),
    E.PERSON_CREATED: sets("person", active=True),
    E.PERSON_ERASED: sets("person", active=False),
    E.ROLE_GRANTED: _role,
    E.ROLE_REVOKED: _role,
    E.TOKEN_CREATED: sets("token", "person", revoked=False),
    E.TOKEN_REVOKED: sets("token", revoked=True),
    E.INVITATION_MADE: sets("invitation", "organisation", "role", state="open"),
    E.INVITATION_REVOKED: sets("invitation", state="revoked"),
    E.INVITATION_ACCEPTED: sets("invitation", state="accepted"),
    E.KEY_REGISTERED: sets("signing key", "organisation", "fingerprint", revoked=False),
    E.KEY_REVOKED: sets("signing key", revoked=True),
    E.ANCHOR_CREATED: sets("anchor", "licence", state="draft"),
    E.ANCHOR_SUBMITTED: sets("anchor", state="submitted"),
    E.ANCHOR_VERIFIED: sets("anchor", "digest", "data_digest", state="verified"),
    E.ANCHOR_FAILED: sets("anchor", state="failed"),
    E.ANCHOR_TEXT_KEPT: sets("anchor", "public_text"),
    E.EXPERT_CREATED: sets("expert", "anchor_digest", "domain"),
    E.VERSION_DRAFTED: sets("version", state=VersionState.DRAFT.value),
    E.VERSION_SUBMITTED: sets("version", state=VersionState.SUBMITTED.value),
    E.VERSION_VERIFIED: sets(
        "version", "data_digest", "router_digest", "signed_with", state=VersionState.VERIFIED.value
    ),
    E.VERSION_FAILED: sets("version", state=VersionState.FAILED.value),
    E.VERSION_APPROVED: sets("version", "registration", state=VersionState.APPROVED.value),
    E.VERSION_REJECTED: sets("version", state=VersionState.REJECTED.value),
    E.VERSION_PAUSED: sets("version", state=VersionState.PAUSED.value),
    E.VERSION_RESUMED: sets("version", state=VersionState.APPROVED.value),
    E.VERSION_SUSPENDED: _suspended,
    E.VERSION_WITHDRAWN: sets("version", state=VersionState.WITHDRAWN.value),
    E.WITHDRAWAL_REQUESTED: _step("deny"),
    E.WITHDRAWAL_BLOCKED: _step("block"),
    E.WITHDRAWAL_ANNOUNCED: _step("announce"),
    E.WITHDRAWAL_PROPAGATED: _step("recompose"),
    E.WITHDRAWAL_DESTROYED: _step("destroy"),
    E.WITHDRAWAL_REOPENED: _step("destroy", done=False),
    E.WITHDRAWAL_CHECKED: _step("check"),
    E.WITHDRAWAL_CERTIFIED: _step("certify"),
    E.RECALL_OPENED: _recall("opened"),
    E.RECALL_BLOCKED: _recall("blocked"),
    E.RECALL_ANNOUNCED: _recall("announced"),
    E.RECALL_ENDED: _recall("ended"),
    E.DESTRUCTION_CONFIRMED: sets("withdrawal", confirmed=True),
    E.HOLD_PLACED: sets("version", held=True),
    E.HOLD_LIFTED: sets("version", held=False),
    E.UPLOAD_STARTED: _uploaded(done=False),
    E.UPLOAD_COMPLETED: _uploaded(done=True),
    E.UPLOAD_SWEPT: _uploaded(done=False),
    E.UPLOAD_REMOVED: _uploaded(done=False),
    E.LICENCE_DECLARED: sets("licence", "declared", "valid_until"),
    E.LICENCE_CONCLUDED: sets("licence", "concluded"),
    E.CONSENT_GIVEN: sets("consent", "legal_basis", "purposes", "recipients", "jurisdictions"),
    E.RECEIPT_ISSUED: _receipt,
    E.EVIDENCE_ADDED: _evidence,
    E.EVIDENCE_REMOVED: _evidence,
    E.PROVENANCE_STATED: sets("provenance", "statement_digest"),
    E.PROVENANCE_CHECKED: sets("provenance", "signature_verified", "key"),
    E.REVIEW_CLAIMED: _claimed,
    E.REVIEW_RELEASED: _released,
    E.REVIEW_DECIDED: _reviewed,
    E.POLICY_PROPOSED: _proposed,
    E.QUESTION_ASKED: _question(answered=False),
    E.QUESTION_ANSWERED: _question(answered=True),
    E.POLICY_ACTIVATED: _policies,
    E.QUARANTINE_PLACED: _quarantined,
    E.QUARANTINE_LIFTED: _quarantined,
    E.MODEL_REQUESTED: _wished,
    E.MODEL_CHANGED: _wished,
    E.MAIN_MOVED: _main,
    E.MAIN_CLEARED: _main,
    E.TAG_SET: _tag,
    E.TAG_REMOVED: _tag,
    E.INCLUSION_RECORDED: _included,
    E.DOWNLOAD_GRANTED: _granted,
    E.WEBHOOK_CREATED: sets("webhook", "organisation", disabled=False),
    E.WEBHOOK_DISABLED: sets("webhook", disabled=True),
    E.NOTICE_ANNOUNCED: _announced,
    E.NOTICE_DELIVERED: _came_to("delivered"),
    E.NOTICE_GIVEN_UP: _came_to("given-up"),
    E.NOTICE_ACKNOWLEDGED: _acknowledged,
    **{event: _build(state.value) for state, event in BUILD_EVENTS.items()},
}
