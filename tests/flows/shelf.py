"""A reader's models on a running site, brought about as people do it: experts uploaded by their owners, approved by
somebody else, composed on request, read by stock clients.

Tests share one site, so each brings people of its own: the names of their organisations are the caller's.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import shapes
from client.api import Guildhall
from client.packages import push_anchor, push_version
from client.waiting import wait_for_anchor, wait_for_composition, wait_for_version
from registry.embedded.supervisor import Site
from tests.stock_client import INSTALLED, Visit, send_stock_client
from tests.workers.packages import Home, make_home

PASSWORD = "a warm and quiet word"


@dataclass(frozen=True, slots=True)
class People:
    """Each with a line of their own; `reader_token` is what the reader gives to stock clients."""

    operator: Guildhall
    owners: dict[str, Guildhall]  # by expert
    examiner: Guildhall
    reader: Guildhall
    reader_token: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The reader's models on a running site, and the packages they are made of."""

    site: Site
    people: People
    consumer: str
    home: Home
    domains: Mapping[str, str]  # of each expert, which is also its package's name at home
    anchor: str
    versions: dict[str, shapes.Version]

    def compose(self, name: str, experts: list[str], *, on_withdrawal: str = "recompose") -> shapes.Composition:
        _, composition_id = self.people.reader.request_model(
            f"{self.consumer}/{name}",
            anchor=self.anchor,
            experts=experts,
            purpose="research",
            top_k=2,
            on_withdrawal=on_withdrawal,
        )
        return wait_for_composition(self.people.reader, composition_id, seconds=300)

    def ask(self, *deeds: str, model: str, home: Path, revision: str = "main") -> dict[str, Any]:
        [told] = self.send([Visit(f"{self.consumer}/{model}", revision, deeds)], home=home)
        return told

    def send(self, visits: list[Visit], *, home: Path, generation: str = INSTALLED) -> list[dict[str, Any]]:
        endpoint, token = self.site.url, self.people.reader_token
        return send_stock_client(visits, endpoint=endpoint, token=token, home=home, generation=generation)


@contextmanager
def open_shelf(
    site: Site, folder: Path, *, experts: Mapping[str, str], examiners: str, consumer: str
) -> Iterator[Shelf]:
    """`experts` are full names, each with the package at home that it is: drama or code."""
    home = make_home(folder)
    with ExitStack() as lines:
        people = _bring_people(lines, site, experts, examiners=examiners, consumer=consumer)
        anchor = _bring_anchor(people.operator, home)
        versions = {name: _bring_expert(name, domain, people, home, anchor) for name, domain in experts.items()}
        yield Shelf(site, people, consumer, home, experts, anchor, versions)


def _bring_people(lines: ExitStack, site: Site, experts: Mapping[str, str], *, examiners: str, consumer: str) -> People:
    operator = _line(lines, site, site.operator_email, site.operator_password)

    def bring(slug: str, role: str) -> Guildhall:
        operator.create_organisation(slug, slug.title())
        email = f"{role}@{slug}.example"
        operator.create_person(email, f"{role} of {slug}".title(), password=PASSWORD, roles=[(slug, role)])
        return _line(lines, site, email, PASSWORD)

    owners = {name: bring(name.partition("/")[0], "owner") for name in experts}
    examiner, reader = bring(examiners, "compliance"), bring(consumer, "consumer")
    token = reader.create_token("stock client", days=1)["token"]
    return People(operator, owners, examiner, reader, token)


def _line(lines: ExitStack, site: Site, email: str, password: str) -> Guildhall:
    opened = lines.enter_context(Guildhall(site.url))
    opened.sign_in(email, password)
    return opened


def _bring_anchor(operator: Guildhall, home: Home) -> str:
    """Its slug; the same anchor is not taken twice, and another flow may have brought it."""
    for known in operator.list_anchors():
        if known["state"] == "verified" and known["digest"] == home.anchor.digest:
            return known["slug"]
    push_anchor(operator, home.anchor_folder, slug="warm", name="Warm", licence="Apache-2.0")
    return wait_for_anchor(operator, "warm", seconds=300)["slug"]


def _bring_expert(name: str, domain: str, people: People, home: Home, anchor: str) -> shapes.Version:
    owner, organisation = people.owners[name], name.partition("/")[0]
    owner.register_key(organisation, name="home", public_key=home.key.public_pem)
    owner.create_expert(name, anchor=anchor, title=name, domain=domain)
    evidence: shapes.Evidence = {
        "licence": {"declared": "CC-BY-4.0", "attribution": organisation},
        "consent": {
            "legal_basis": "no-personal-data",
            "purposes": ["research"],
            "withdrawal_method": "Write to us.",
        },
        "provenance": {
            "statement": {
                "anchor_digest": home.anchor.digest,
                "dataset": "Made up.",
                "trained_by": organisation,
                "code": "flexcore",
            }
        },
    }
    folder = getattr(home, domain).folder
    version = push_version(owner, folder, expert=name, evidence=evidence)
    wait_for_version(owner, version["id"], seconds=300)
    return people.examiner.approve_version(version["id"], reason="All that it needs is there.")
