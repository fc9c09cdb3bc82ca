"""Who else lives on the site, and what they are about: not part of the story's checks, but of what its pages show.

Each thing is looked for before it is done, so that a second run finds it and goes on.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from client.connection import Refused
from client.packages import push_version
from client.shapes import Selector, Version
from client.signing import SIGNATURE, make_key, sign_package
from client.waiting import wait_for_version
from experiments.demo.people import BEN, CLEO, LENA, MINA, NORA
from experiments.demo.publishing import Owner, approve, evidence, owner_with_key, publish_expert
from experiments.demo.recipe import ExpertRecipe
from experiments.demo.serving import request
from experiments.demo.telling import say
from experiments.demo.visit import Visit

AtHome = tuple[ExpertRecipe, Path]

DESK, STOREFRONT = "newsroom/desk", "newsroom/storefront"
QUESTION = "Which of these were written for a real examination, and did its publisher agree to this use of them?"
RULE = """
@id("forbid.code-for-the-unplaced")
@reason("{version} is program code, and {consumer} has not said where it sits; export rules depend on it.")
forbid (principal, action, resource)
when { resource.domain == "code" && principal.jurisdictions.isEmpty() };
"""
EXAMPLE = {
    "name": "Program code, and nobody knows where the consumer sits",
    "facts": {"subject": {"domain": "code"}, "consumer": {"jurisdiction": ""}},
    "refused_by": ["forbid.code-for-the-unplaced"],
}
WHY = "Counsel wants to know under which export rules each consumer stands before code goes out."
INVITED = "fred@teaching-clinic.example"


def live_beside(
    there: Visit, homes: Sequence[AtHome], *, anchor: str, coder: AtHome, experts: Sequence[Version]
) -> None:
    """Two more owners, one approved and one waiting for review; a consumer; a rule proposed; somebody invited."""
    (cooking, cookery), (medicine, clinic) = homes
    school, doctors = (
        owner_with_key(there.people[each], each.organisation, keys=there.folder / "keys") for each in (LENA, MINA)
    )
    approved = approve(there.people[BEN], publish_expert(school, cooking, cookery, anchor=anchor))
    send_signed_by_a_stranger(school, cooking, cookery, approved)
    ask_about(there, publish_expert(doctors, medicine, clinic, anchor=anchor))
    begin_a_draft(there, *coder, expert=experts[-1]["expert"])
    domains = [there.operator.get_expert(each["expert"])["domain"] for each in (*experts, approved)]
    use_at_the_newsroom(there, anchor=anchor, wanted={"domains": domains, "organisations": []})
    propose_a_rule(there)
    if not any(each["email"] == INVITED and each["state"] == "open" for each in there.operator.list_invitations()):
        there.operator.invite_person(INVITED, organisation=MINA.organisation, role="owner")


def send_signed_by_a_stranger(owner: Owner, recipe: ExpertRecipe, folder: Path, approved: Version) -> None:
    """The same weights under a key that the site does not know: verification says so, and nobody can approve it."""
    briefs = owner.guildhall.get_expert(approved["expert"])["versions"]
    if any(each["state"] == "failed" for each in briefs):
        return
    with TemporaryDirectory() as desk:
        package = Path(shutil.copytree(folder, Path(desk) / "package"))
        (package / SIGNATURE).unlink()
        sign_package(package, private_key=make_key(Path(desk), name="stranger").private)
        stated = evidence(owner, recipe, package)
        pushed = push_version(owner.guildhall, package, expert=approved["expert"], evidence=stated)
    try:
        wait_for_version(owner.guildhall, pushed["id"])
    except Refused as refusal:
        say(f"{approved['expert']}@{pushed['number']} is refused: {refusal}")


def ask_about(there: Visit, version: Version) -> None:
    """Compliance has it on the desk, and waits for the owner's answer."""
    reviewer = there.people[BEN]
    if version["state"] == "verified" and not reviewer.list_questions(version["id"]):
        reviewer.ask_owner(version["id"], QUESTION)
        say(f"{version['expert']}@{version['number']} waits for its owner's answer to {BEN.name}")


def begin_a_draft(there: Visit, recipe: ExpertRecipe, folder: Path, *, expert: str) -> None:
    owner = owner_with_key(there.people[CLEO], CLEO.organisation, keys=there.folder / "keys")
    if not any(each["state"] == "draft" for each in owner.guildhall.get_expert(expert)["versions"]):
        notes = "The next release's modules; the weights are still in training."
        owner.guildhall.draft_version(expert, evidence(owner, recipe, folder), notes=notes)


def use_at_the_newsroom(there: Visit, *, anchor: str, wanted: Selector) -> None:
    """A second consumer names domains, not experts, and is refused what the owners' consent does not allow."""
    consumer = there.people[NORA]
    served = request(consumer, DESK, anchor=anchor, selector=wanted)
    there.new_consumer("newsroom", NORA).fetch(DESK, served.revision)
    consumer.set_tag(DESK, "first-edition", revision=served.revision)
    try:
        consumer.request_model(STOREFRONT, anchor=anchor, selector=wanted, purpose="service")
    except Refused as refusal:
        say(f"{STOREFRONT} is refused: {refusal}")


def propose_a_rule(there: Visit) -> None:
    """Proposed by the operator and tried on the past; it waits for a second person."""
    sets = list(there.operator.list_policy_sets())
    active = there.operator.get_policy_set(next(each["number"] for each in sets if each["active"]))
    if any(each["waits"] for each in sets) or RULE in active["text"]:
        return
    proposed = there.operator.propose_policy_set(
        active["text"] + RULE, examples=[*active["examples"], EXAMPLE], reason=WHY
    )
    shadow = there.operator.shadow_policy_set(proposed["number"])
    say(f"policy set {proposed['number']} waits for a second person: {shadow['sentence']}")
