"""Who takes part, and how they get in: the operator makes organisations and people, everybody else brings a token.

Passwords and tokens are drawn here and kept in one private file, so that a second run finds the same people.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from client.api import Guildhall
from client.connection import Refused

TOKEN_DAYS = 7


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the story, and the one role in the one organisation that they have."""

    email: str
    name: str
    organisation: str
    organisation_name: str
    role: str
    jurisdiction: str = ""


ADA = Member("ada@playhouse.example", "Ada", "playhouse", "The Playhouse", "owner", "GB")
CLEO = Member("cleo@codeworks.example", "Cleo", "codeworks", "Codeworks", "owner", "US")
BEN = Member("ben@review-office.example", "Ben", "review-office", "The Review Office", "compliance", "DE")
CY = Member("cy@library.example", "Cy", "library", "The Library", "consumer", "DE")
OLGA = Member("olga@watch.example", "Olga", "watch", "The Watch", "auditor", "DE")
# They live on the same site, and their affairs are their own.
LENA = Member("lena@cookery-school.example", "Lena", "cookery-school", "The Cookery School", "owner", "FR")
MINA = Member("mina@teaching-clinic.example", "Mina", "teaching-clinic", "The Teaching Clinic", "owner", "IT")
NORA = Member("nora@newsroom.example", "Nora", "newsroom", "The Newsroom", "consumer")
MEMBERS = (ADA, CLEO, BEN, CY, OLGA, LENA, MINA, NORA)


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody needs to come in; drawn before it is first used, so that no run forgets one."""

    password: str
    token: str = ""


class Logins:
    """The private file with everybody's login at one site."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.exists() else {}
        self._logins = {email: Login(**login) for email, login in kept.items()}

    def of(self, email: str) -> Login:
        if email not in self._logins:
            self.keep(email, Login(secrets.token_urlsafe(12)))
        return self._logins[email]

    def keep(self, email: str, login: Login) -> None:
        self._logins[email] = login
        kept = {email: {"password": each.password, "token": each.token} for email, each in self._logins.items()}
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps(kept, indent=1))
        unfinished.replace(self._file)


def admit(
    url: str, *, operator: Guildhall, logins: Logins, open_until: ExitStack, members: Sequence[Member] = MEMBERS
) -> Mapping[Member, Guildhall]:
    """Everybody's own line to the site, each with a token of theirs; who or what is missing is made first."""
    there = {organisation["slug"] for organisation in operator.list_organisations()}
    for member in members:
        if member.organisation not in there:
            operator.create_organisation(
                member.organisation, member.organisation_name, jurisdiction=member.jurisdiction
            )
    return {
        member: open_until.enter_context(
            Guildhall(url, token=_token(member, url=url, operator=operator, logins=logins))
        )
        for member in members
    }


def _token(member: Member, *, url: str, operator: Guildhall, logins: Logins) -> str:
    login = logins.of(member.email)
    if login.token and _is_good(login.token, url=url):
        return login.token
    with Guildhall(url) as line:
        try:
            line.sign_in(member.email, login.password)
        except Refused:
            _create(member, operator=operator, password=login.password)
            line.sign_in(member.email, login.password)
        token = line.create_token("the demo", days=TOKEN_DAYS)["token"]
    logins.keep(member.email, Login(login.password, token))
    return token


def _create(member: Member, *, operator: Guildhall, password: str) -> None:
    roles = [(member.organisation, member.role)]
    try:
        operator.create_person(member.email, member.name, password=password, roles=roles)
    except Refused as refusal:
        raise Refused(
            f"{member.email} cannot be let in: {refusal} Where the person exists with another password, remove the"
            " site's data and the demo's together, and run it again.",
            status=refusal.status,
            code=refusal.code,
        ) from refusal


def _is_good(token: str, *, url: str) -> bool:
    with Guildhall(url, token=token) as line:
        try:
            return line.get_session() is not None
        except Refused as refusal:
            if refusal.status == 0:
                raise
            return False
