"""A visit to a running site: everybody's line to it, and the folder where what they need at home is kept."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from client.api import Guildhall
from experiments.demo.measuring import Consumer
from experiments.demo.people import CY, Logins, Member, admit
from experiments.demo.stranger import Stranger


@dataclass(frozen=True, slots=True)
class Site:
    """Where the site is, and who opens its doors."""

    url: str
    operator_email: str
    operator_password: str


@dataclass(frozen=True, slots=True)
class Visit:
    """The site's people, each with a line of their own."""

    url: str
    folder: Path
    operator: Guildhall
    people: Mapping[Member, Guildhall]
    logins: Logins

    def new_consumer(self, name: str, member: Member = CY) -> Consumer:
        """A consumer's machine that has never downloaded anything: only the endpoint and the member's token."""
        cache = self.folder / name
        shutil.rmtree(cache, ignore_errors=True)
        return Consumer(cache, self.url, self.logins.of(member.email).token)

    def new_stranger(self) -> Stranger:
        """Somebody without an account who has never heard of the site."""
        home = self.folder / "stranger"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        return Stranger(home, self.url)


@contextmanager
def visit(site: Site, folder: Path) -> Iterator[Visit]:
    folder.mkdir(parents=True, exist_ok=True)
    logins = Logins(folder / "logins.json")
    with ExitStack() as lines:
        operator = lines.enter_context(Guildhall(site.url))
        operator.sign_in(site.operator_email, site.operator_password)
        people = admit(site.url, operator=operator, logins=logins, open_until=lines)
        yield Visit(site.url, folder, operator, people, logins)
