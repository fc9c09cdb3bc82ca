"""Bringing what was made to the site: signed at home, uploaded in parts, verified, and approved by somebody else."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from client.api import Guildhall
from client.connection import Refused
from client.packages import push_anchor, push_version
from client.shapes import Evidence, Version
from client.signing import SIGNATURE, KeyPair, NotSigned, make_key, sign_package, verify_package
from client.waiting import wait_for_anchor, wait_for_version
from experiments.demo.recipe import ExpertRecipe
from experiments.demo.telling import Upload, say
from flexcore.package import check_anchor_package, check_expert_package


@dataclass(frozen=True, slots=True)
class Owner:
    """An organisation's line to the site, and the key it signs with."""

    guildhall: Guildhall
    organisation: str
    key: KeyPair


def owner_with_key(guildhall: Guildhall, organisation: str, *, keys: Path) -> Owner:
    """The owner, whose public key the site knows; the private one stays in the folder."""
    pair = KeyPair(private=keys / f"{organisation}.pem", public=keys / f"{organisation}.pub")
    if not pair.public.exists():
        pair.private.unlink(missing_ok=True)  # half a pair is what a killed run leaves
        pair = make_key(keys, name=organisation)
    known = [key["public_key"].strip() for key in guildhall.list_keys(organisation) if not key["revoked_at"]]
    if pair.public_pem.strip() not in known:
        guildhall.register_key(organisation, name="the demo's key", public_key=pair.public_pem)
    return Owner(guildhall, organisation, pair)


def publish_anchor(operator: Guildhall, folder: Path) -> str:
    """The slug of the anchor on the site: the one that is there, or this one uploaded and verified."""
    digest = check_anchor_package(folder).digest
    for anchor in operator.list_anchors():
        if anchor["digest"] == digest and anchor["state"] == "verified":
            say(f"{anchor['slug']} is there already")
            return anchor["slug"]
    slug = f"public-{_short(digest)}"
    push_anchor(
        operator,
        folder,
        slug=slug,
        name="A small public model",
        licence="CC-BY-SA-4.0",
        description="About 2.6 million weights, trained on encyclopaedic English and a little of everything.",
        progress=Upload(slug),
    )
    wait_for_anchor(operator, slug)
    say(f"{slug} is uploaded and verified")
    return slug


def publish_expert(owner: Owner, recipe: ExpertRecipe, folder: Path, *, anchor: str) -> Version:
    """The expert's version with these weights: one that is there and not withdrawn, or a new one, verified."""
    name = _expert(owner, recipe, anchor=anchor)
    data_digest = check_expert_package(folder).data_digest
    found = _usable(owner.guildhall, name, data_digest)
    if found is None:
        _sign(owner, folder)
        stated = evidence(owner, recipe, folder)
        with TemporaryDirectory() as desk:
            documents = [("provenance", _where_from(recipe, Path(desk)))]
            pushed = push_version(
                owner.guildhall, folder, expert=name, evidence=stated, documents=documents, progress=Upload(name)
            )
        found = wait_for_version(owner.guildhall, pushed["id"])
        say(f"{name}@{found['number']} is signed, uploaded and verified")
    else:
        say(f"{name}@{found['number']} is there already, {found['state']}")
    return found


def approve(reviewer: Guildhall, version: Version) -> Version:
    """The verdict of another organisation's compliance officer; one that was given stands."""
    if version["state"] == "approved":
        return version
    decided = reviewer.approve_version(
        version["id"],
        reason="The licence and the consent cover the purposes stated, and the package is what its owner signed.",
    )
    say(f"{decided['expert']}@{decided['number']} is {decided['state']}")
    return decided


def evidence(owner: Owner, recipe: ExpertRecipe, folder: Path) -> Evidence:
    """What the owner states beside the weights."""
    contents = check_expert_package(folder)
    return {
        "licence": {"declared": recipe.licence, "attribution": f"{recipe.title}, by {owner.organisation}"},
        "consent": {
            "legal_basis": "no-personal-data",
            "purposes": ["research"],
            "withdrawal_method": "One click in the registry, or a request to the organisation.",
            "controllers": [owner.organisation],
        },
        "provenance": {
            "statement": {
                "anchor_digest": contents.anchor_digest,
                "dataset": f"{recipe.title}: {recipe.collection}",
                "trained_by": owner.organisation,
                "code": "flexcore train, of the version that the registry runs",
            }
        },
    }


def _where_from(recipe: ExpertRecipe, folder: Path) -> Path:
    """A document for the reviewer, as owners lay one beside their version: where the texts come from."""
    file = folder / f"{recipe.domain}-provenance.txt"
    text = f"{recipe.title}\n\n{recipe.collection}\n{recipe.volume}.\nLicence of the texts: {recipe.licence}.\n"
    file.write_text(text + "They are published, and about nobody who could be asked.\n", encoding="utf-8")
    return file


def _expert(owner: Owner, recipe: ExpertRecipe, *, anchor: str) -> str:
    """The expert's full name. An expert belongs to one anchor: beside a new one, it goes by a longer name."""
    plain = f"{owner.organisation}/{recipe.domain}"
    for name in (plain, f"{plain}-{anchor.rpartition('-')[2]}"):
        try:
            if owner.guildhall.get_expert(name)["anchor"] == anchor:
                return name
        except Refused as refusal:
            if refusal.status != 404:
                raise
            owner.guildhall.create_expert(
                name, anchor=anchor, title=recipe.title, domain=recipe.domain, description=recipe.collection
            )
            return name
    raise Refused(f"{plain} belongs to another anchor, and so does its longer name.", status=0, code="demo")


def _usable(guildhall: Guildhall, name: str, data_digest: str) -> Version | None:
    """The newest version with these very weights that is verified or approved. Withdrawn ones are gone for good."""
    for brief in sorted(guildhall.get_expert(name)["versions"], key=lambda each: -each["number"]):
        if brief["state"] in {"submitted", "verified", "approved"}:
            version = wait_for_version(guildhall, brief["id"])
            if version["data_digest"] == data_digest:
                return version
    return None


def _sign(owner: Owner, folder: Path) -> None:
    """A signature that holds is kept, so that a broken-off upload finds the same files again."""
    try:
        verify_package(folder, public_key=owner.key.public)
    except NotSigned:
        (folder / SIGNATURE).unlink(missing_ok=True)
        sign_package(folder, private_key=owner.key.private)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:8]
