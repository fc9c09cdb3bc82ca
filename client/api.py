"""Guildhall's REST API as one object: a method an operation, under the operation's own name.

Every method returns the answer's object or raises Refused; nothing is retried that could happen twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qs, quote, urlsplit

from client import shapes
from client.connection import Connection, Refused


class Guildhall:
    """One person's view of one Guildhall: with a token, or with a session after `sign_in`."""

    def __init__(self, url: str, *, token: str | None = None, attempts: int = 6) -> None:
        self.connection = Connection(url, token=token, attempts=attempts)
        self.url = self.connection.url
        self.token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    # Transport: every path is under /api/v1, every part of it from outside is quoted.

    def _get(self, *path: str, params: dict[str, str] | None = None) -> Any:
        return self.connection.call("GET", _address(path), params=params).json()

    def _post(self, *path: str, body: Any = None, again: bool = False, headers: dict[str, str] | None = None) -> Any:
        return self.connection.call("POST", _address(path), json=body or {}, again=again, headers=headers).json()

    def _pages(self, *path: str, params: dict[str, str] | None = None) -> Iterator[Any]:
        wanted = dict(params or {})
        while True:
            page = self._get(*path, params=wanted)
            yield from page["results"]
            if not page["next"]:
                return
            wanted["cursor"] = parse_qs(urlsplit(page["next"]).query)["cursor"][0]

    # Session and people

    def get_session(self) -> shapes.Person | None:
        """Who we are; None for nobody."""
        return cast("shapes.Person | None", self._get("session")["person"])

    def sign_in(self, email: str, password: str) -> shapes.Person:
        """Open a session in this object. Programs use a token instead."""
        self.get_session()
        answer = self._post("session", body={"email": email, "password": password})
        if answer["person"] is None:
            sentence = "This account has a second step; make a token on the pages and use that instead."
            raise Refused(sentence, status=401, code="second-step")
        return cast(shapes.Person, answer["person"])

    def sign_out(self) -> None:
        self.connection.call("DELETE", _address(("session",)))

    def create_token(self, name: str, *, days: int = 90) -> shapes.NewToken:
        """A token for whoever is signed in; its text is shown this once."""
        return cast(shapes.NewToken, self._post("tokens", body={"name": name, "days": days}))

    def list_organisations(self) -> list[shapes.Organisation]:
        return cast("list[shapes.Organisation]", self._get("organisations"))

    def create_organisation(self, slug: str, name: str, *, jurisdiction: str = "") -> shapes.Organisation:
        body = {"slug": slug, "name": name, "jurisdiction": jurisdiction}
        return cast(shapes.Organisation, self._post("organisations", body=body))

    def create_person(
        self, email: str, name: str, *, password: str, roles: Iterable[tuple[str, str]] = ()
    ) -> shapes.Person:
        """`roles`: (organisation, role) pairs."""
        held = [{"organisation": organisation, "role": role} for organisation, role in roles]
        body = {"email": email, "name": name, "password": password, "roles": held}
        return cast(shapes.Person, self._post("people", body=body))

    def grant_role(self, organisation: str, *, email: str, role: str) -> Any:
        return self._post("organisations", organisation, "roles", body={"email": email, "role": role})

    def revoke_role(self, organisation: str, *, email: str, role: str) -> None:
        address = _address(("organisations", organisation, "roles", "revoke"))
        self.connection.call("POST", address, json={"email": email, "role": role}, again=True)

    def list_keys(self, organisation: str) -> list[shapes.Key]:
        return cast("list[shapes.Key]", self._get("organisations", organisation, "keys"))

    def register_key(self, organisation: str, *, name: str, public_key: str) -> shapes.Key:
        """`public_key`: PEM, as `client.signing.make_key` writes it."""
        body = {"name": name, "public_key": public_key}
        return cast(shapes.Key, self._post("organisations", organisation, "keys", body=body))

    def revoke_key(self, key_id: str) -> shapes.Key:
        return cast(shapes.Key, self._post("keys", key_id, "revoke", again=True))

    def list_invitations(self) -> Iterator[shapes.Invitation]:
        return self._pages("invitations")

    def invite_person(self, email: str, *, organisation: str, role: str) -> shapes.NewInvitation:
        """The link in it is told this once."""
        body = {"email": email, "organisation": organisation, "role": role}
        return cast(shapes.NewInvitation, self._post("invitations", body=body))

    # Anchors

    def list_anchors(self) -> Iterator[shapes.Anchor]:
        return self._pages("anchors")

    def get_anchor(self, slug: str) -> shapes.Anchor:
        return cast(shapes.Anchor, self._get("anchors", slug))

    def create_anchor(self, slug: str, name: str, *, licence: str, description: str = "") -> shapes.Anchor:
        body = {"slug": slug, "name": name, "licence": licence, "description": description}
        return cast(shapes.Anchor, self._post("anchors", body=body))

    def add_anchor_file(self, slug: str, *, path: str, size: int, sha256: str) -> shapes.File:
        body = {"path": path, "size": size, "sha256": sha256}
        return cast(shapes.File, self._post("anchors", slug, "files", body=body, again=True))

    def submit_anchor(self, slug: str) -> shapes.Anchor:
        return cast(shapes.Anchor, self._post("anchors", slug, "submit"))

    # Experts and versions

    def list_experts(self, **filters: str) -> Iterator[shapes.Expert]:
        """Filters: domain, anchor, organisation, state, q."""
        return self._pages("experts", params=filters)

    def get_expert(self, full_name: str) -> shapes.ExpertDetail:
        return cast(shapes.ExpertDetail, self._get("experts", *_halves(full_name)))

    def create_expert(
        self, full_name: str, *, anchor: str, title: str, domain: str, description: str = ""
    ) -> shapes.ExpertDetail:
        organisation, name = _halves(full_name)
        body = {
            "organisation": organisation,
            "name": name,
            "anchor": anchor,
            "title": title,
            "domain": domain,
            "description": description,
        }
        return cast(shapes.ExpertDetail, self._post("experts", body=body))

    def draft_version(self, full_name: str, evidence: shapes.Evidence, *, notes: str = "") -> shapes.Version:
        body = {**evidence, "notes": notes}
        return cast(shapes.Version, self._post("experts", *_halves(full_name), "versions", body=body))

    def get_version(self, version_id: str) -> shapes.Version:
        return cast(shapes.Version, self._get("versions", version_id))

    def find_version(self, text: str) -> shapes.VersionBrief:
        """The version that "org/name@3" names."""
        full_name, _, number = text.partition("@")
        for version in self.get_expert(full_name)["versions"]:
            if str(version["number"]) == number:
                return version
        raise Refused(f"There is no version {text}; name one such as {full_name}@1.", status=404, code="not-found")

    def add_file(self, version_id: str, *, path: str, size: int, sha256: str) -> shapes.File:
        body = {"path": path, "size": size, "sha256": sha256}
        return cast(shapes.File, self._post("versions", version_id, "files", body=body, again=True))

    def get_file(self, file_id: str) -> shapes.FileInParts:
        return cast(shapes.FileInParts, self._get("files", file_id))

    def sign_parts(self, file_id: str, parts: Sequence[shapes.ArrivedPart]) -> list[shapes.SignedPart]:
        answer = self._post("files", file_id, "parts", body={"parts": list(parts)}, again=True)
        return cast("list[shapes.SignedPart]", answer["parts"])

    def complete_file(self, file_id: str) -> shapes.File:
        return cast(shapes.File, self._post("files", file_id, "complete", again=True))

    def submit_version(self, version_id: str) -> shapes.Version:
        return cast(shapes.Version, self._post("versions", version_id, "submit"))

    def add_evidence(self, version_id: str, file: Path, *, kind: str) -> shapes.EvidenceFile:
        """Lay a document beside a version that is not decided yet. The same one twice is one."""
        answer = self.connection.call(
            "POST",
            _address(("versions", version_id, "evidence")),
            params={"kind": kind, "name": file.name},
            content=file.read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
            again=True,
        )
        return cast(shapes.EvidenceFile, answer.json())

    def list_evidence(self, version_id: str) -> list[shapes.EvidenceFile]:
        return cast("list[shapes.EvidenceFile]", self._get("versions", version_id, "evidence")["files"])

    def read_evidence(self, file_id: str) -> bytes:
        return self.connection.call("GET", _address(("evidence", file_id))).content

    def remove_evidence(self, file_id: str) -> None:
        # Not sent twice by itself: the second time there would be no file, and that would be told as a fault.
        self.connection.call("DELETE", _address(("evidence", file_id)), again=False)

    def list_receipts(self, version_id: str) -> list[dict[str, Any]]:
        """The receipts of its consent, the newest first; each is what `guildhall verify receipt` checks."""
        return cast("list[dict[str, Any]]", self._get("versions", version_id, "receipts")["receipts"])

    # Reviews

    def list_review_queue(self) -> Iterator[Any]:
        return self._pages("reviews", "queue")

    def get_checklist(self) -> shapes.Checklist:
        """What an approval has to answer."""
        return cast(shapes.Checklist, self._get("reviews", "checklist"))

    def claim_version(self, version_id: str) -> shapes.Version:
        """For a while nobody else decides on it."""
        return cast(shapes.Version, self._post("versions", version_id, "claim", again=True))

    def list_questions(self, version_id: str) -> list[shapes.Question]:
        return cast("list[shapes.Question]", self._get("versions", version_id, "questions")["questions"])

    def ask_owner(self, version_id: str, text: str) -> shapes.Question:
        return cast(shapes.Question, self._post("versions", version_id, "questions", body={"text": text}))

    def answer_question(self, question_id: str, text: str) -> shapes.Question:
        return cast(shapes.Question, self._post("questions", question_id, "answer", body={"text": text}))

    def etag_of_version(self, version_id: str) -> str:
        """The mark of a version as it is now; a decision sends it back, so that nothing newer is decided on."""
        return self.connection.call("GET", _address(("versions", version_id))).headers["ETag"]

    def review_version(
        self,
        version_id: str,
        *,
        verdict: str,
        reason: str,
        seen: str,
        answers: Iterable[shapes.Answer] = (),
        concluded_licence: str = "",
    ) -> shapes.Version:
        """`seen`: the ETag of what the reviewer read; a version that changed since is not decided on."""
        body: dict[str, Any] = {"verdict": verdict, "reason": reason}
        if given := list(answers):
            body["answers"] = given
        if concluded_licence:
            body["concluded_licence"] = concluded_licence
        headers = {"If-Match": seen}
        return cast(shapes.Version, self._post("versions", version_id, "reviews", body=body, headers=headers))

    def approve_version(self, version_id: str, *, reason: str) -> shapes.Version:
        """Yes to every item of the checklist, of the version as it is now: for programs that have looked themselves."""
        answers: list[shapes.Answer] = [{"item": item["id"], "answer": "yes"} for item in self.get_checklist()["items"]]
        seen = self.etag_of_version(version_id)
        return self.review_version(version_id, verdict="approve", reason=reason, seen=seen, answers=answers)

    # Policies

    def list_policy_sets(self) -> Iterator[shapes.PolicySet]:
        """All there ever were, the newest first; one of them decides."""
        return self._pages("policies")

    def get_policy_set(self, number: int) -> shapes.WholePolicySet:
        return cast(shapes.WholePolicySet, self._get("policies", str(number)))

    def propose_policy_set(self, text: str, *, examples: Sequence[Any], reason: str) -> shapes.WholePolicySet:
        """It decides nothing until somebody else activates it."""
        body = {"text": text, "examples": list(examples), "reason": reason}
        return cast(shapes.WholePolicySet, self._post("policies", body=body))

    def shadow_policy_set(self, number: int) -> Any:
        """What a proposed set would have said of what was asked, and of what is approved."""
        return self._post("policies", str(number), "shadow", again=True)

    # Models and compositions

    def list_models(self, **filters: str) -> Iterator[shapes.Model]:
        return self._pages("models", params=filters)

    def get_model(self, full_name: str) -> shapes.ModelDetail:
        return cast(shapes.ModelDetail, self._get("models", *_halves(full_name)))

    def request_model(
        self,
        full_name: str,
        *,
        anchor: str,
        experts: Sequence[str] | None = None,
        selector: shapes.Selector | None = None,
        purpose: str,
        top_k: int | None = None,
        on_withdrawal: str = "",
        tuning: bool = False,
    ) -> tuple[shapes.ModelDetail, str]:
        """The model, and the id of the composition to wait for. The same request again is the same composition.

        Experts by name, or a selector: one of the two.
        """
        body = _wish(
            anchor=anchor,
            experts=experts,
            selector=selector,
            purpose=purpose,
            top_k=top_k,
            on_withdrawal=on_withdrawal,
            tuning=tuning,
        )
        answer = self.connection.call("PUT", _address(("models", *_halves(full_name))), json=body)
        return cast(shapes.ModelDetail, answer.json()), answer.headers["Location"].rstrip("/").rpartition("/")[2]

    def try_model(
        self,
        full_name: str,
        *,
        anchor: str,
        experts: Sequence[str] | None = None,
        selector: shapes.Selector | None = None,
        purpose: str,
        top_k: int | None = None,
        on_withdrawal: str = "",
        tuning: bool = False,
    ) -> shapes.DryRun:
        """What the same request would come to. Nothing is asked for."""
        body = _wish(
            anchor=anchor,
            experts=experts,
            selector=selector,
            purpose=purpose,
            top_k=top_k,
            on_withdrawal=on_withdrawal,
            tuning=tuning,
        )
        address = _address(("models", *_halves(full_name)))
        return cast(shapes.DryRun, self.connection.call("PUT", address, json=body, params={"explain": "true"}).json())

    def list_revisions(self, full_name: str) -> Iterator[shapes.Revision]:
        """All that were ever published, the newest first."""
        return self._pages("models", *_halves(full_name), "revisions")

    def compare_revisions(self, full_name: str, before: str, after: str) -> shapes.Difference:
        found = self._get("models", *_halves(full_name), "revisions", before, "compare", after)
        return cast(shapes.Difference, found)

    def set_tag(self, full_name: str, tag: str, *, revision: str) -> shapes.Tag:
        address = _address(("models", *_halves(full_name), "tags", tag))
        return cast(shapes.Tag, self.connection.call("PUT", address, json={"revision": revision}).json())

    def remove_tag(self, full_name: str, tag: str) -> None:
        # Not sent twice by itself: the second time there would be no tag, and that would be told as a fault.
        self.connection.call("DELETE", _address(("models", *_halves(full_name), "tags", tag)), again=False)

    def explain_model(self, *, organisation: str, anchor: str, purpose: str) -> list[Any]:
        body = {"organisation": organisation, "anchor": anchor, "purpose": purpose}
        return cast("list[Any]", self._post("models", "explain", body=body, again=True)["experts"])

    def get_composition(self, composition_id: str) -> shapes.Composition:
        return cast(shapes.Composition, self._get("compositions", composition_id))

    def cancel_composition(self, composition_id: str) -> shapes.Composition:
        return cast(shapes.Composition, self._post("compositions", composition_id, "cancel"))

    # Withdrawals

    def preview_withdrawal(self, version_id: str) -> shapes.WithdrawalPreview:
        return cast(shapes.WithdrawalPreview, self._get("versions", version_id, "withdrawal-preview"))

    def preview_expert_withdrawal(self, full_name: str) -> shapes.WithdrawalPreview:
        return cast(shapes.WithdrawalPreview, self._get("experts", *_halves(full_name), "withdrawal-preview"))

    def preview_organisation_withdrawal(self, slug: str) -> shapes.WithdrawalPreview:
        return cast(shapes.WithdrawalPreview, self._get("organisations", slug, "withdrawal-preview"))

    def withdraw_version(
        self, version_id: str, *, reason: str, legal_basis: str = "", password: str = ""
    ) -> shapes.Withdrawal:
        """`password`: one's own, to confirm that the stored bytes be destroyed; denial needs none."""
        body = _click(reason, legal_basis, password)
        return cast(shapes.Withdrawal, self._post("versions", version_id, "withdraw", body=body))

    def withdraw_expert(
        self, full_name: str, *, reason: str, legal_basis: str = "", password: str = ""
    ) -> list[shapes.Withdrawal]:
        """Every version of it that can be in use, at once."""
        body = _click(reason, legal_basis, password)
        return cast("list[shapes.Withdrawal]", self._post("experts", *_halves(full_name), "withdraw", body=body))

    def withdraw_organisation(
        self, slug: str, *, reason: str, legal_basis: str = "", password: str = ""
    ) -> list[shapes.Withdrawal]:
        """Every version of all of its experts, at once."""
        body = _click(reason, legal_basis, password)
        return cast("list[shapes.Withdrawal]", self._post("organisations", slug, "withdraw", body=body))

    def get_withdrawal_of_version(self, version_id: str) -> shapes.Withdrawal:
        return cast(shapes.Withdrawal, self._get("versions", version_id, "withdrawal"))

    def get_withdrawal(self, withdrawal_id: str) -> shapes.WholeWithdrawal:
        """With what it cannot reach: for its owner's people, and for those whose work is to look."""
        return cast(shapes.WholeWithdrawal, self._get("withdrawals", withdrawal_id))

    def confirm_destruction(self, withdrawal_id: str, *, password: str) -> shapes.Withdrawal:
        body = {"password": password}
        return cast(shapes.Withdrawal, self._post("withdrawals", withdrawal_id, "confirm-destruction", body=body))

    def get_certificate(self, withdrawal_id: str) -> shapes.Certificate:
        return cast(shapes.Certificate, self._get("withdrawals", withdrawal_id, "certificate"))

    def pause_version(self, version_id: str, *, reason: str) -> shapes.Version:
        return cast(shapes.Version, self._post("versions", version_id, "pause", body={"reason": reason}))

    def resume_version(self, version_id: str) -> shapes.Version:
        return cast(shapes.Version, self._post("versions", version_id, "resume", again=True))

    def place_hold(self, version_id: str, *, reason: str) -> shapes.Hold:
        return cast(shapes.Hold, self._post("versions", version_id, "hold", body={"reason": reason}))

    def lift_hold(self, version_id: str) -> shapes.Hold:
        # Not sent twice by itself: the second time there would be no hold, and that would be told as a fault.
        answer = self.connection.call("DELETE", _address(("versions", version_id, "hold")), again=False)
        return cast(shapes.Hold, answer.json())

    # The log

    def list_log(self, **filters: str) -> Iterator[shapes.LogEntry]:
        """The log in the order it was written. Filters: about, event, actor; order="newest" turns it round."""
        return self._pages("log", params=filters)

    def get_usage(self, organisation: str, *, month: str | None = None) -> bytes:
        """The service's statement of how an organisation's experts were used, as it stands."""
        wanted = {"month": month} if month else None
        return self.connection.call("GET", _address(("organisations", organisation, "usage")), params=wanted).content

    def get_vocabulary(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._get("vocabulary"))


def _address(path: Sequence[str]) -> str:
    return "/".join(("/api/v1", *(quote(part, safe="") for part in path)))


def _wish(
    *,
    anchor: str,
    experts: Sequence[str] | None,
    selector: shapes.Selector | None,
    purpose: str,
    top_k: int | None,
    on_withdrawal: str,
    tuning: bool,
) -> dict[str, Any]:
    """What a model is asked for with; what was not said is left out."""
    body = {
        "anchor": anchor,
        "experts": list(experts) if experts is not None else None,
        "selector": selector,
        "purpose": purpose,
        "top_k": top_k,
        "on_withdrawal": on_withdrawal or None,
        "tuning": tuning or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _click(reason: str, legal_basis: str, password: str) -> dict[str, str]:
    more = {"legal_basis": legal_basis, "password": password}
    return {"reason": reason} | {name: value for name, value in more.items() if value}


def _halves(full_name: str) -> tuple[str, str]:
    organisation, _, name = full_name.partition("/")
    if not organisation or not name or "/" in name:
        raise Refused(f"{full_name!r} is not a full name: give organisation/name.", status=0, code="name")
    return organisation, name
