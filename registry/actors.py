"""Who does a thing. Made at the edge (a request, a task), required by every action, written into every log entry."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or a part of the service acting for itself. Its text is a pseudonym: it names nobody."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def person_id(self) -> UUID | None:
        return UUID(self.id) if self.kind == "person" else None


def person(person_id: UUID) -> Actor:
    return Actor("person", str(person_id))


VERIFIER = Actor("service", "verifier")
ASSEMBLER = Actor("service", "assembler")
PROPAGATOR = Actor("service", "propagator")
CHECKER = Actor("service", "checker")
MESSENGER = Actor("service", "messenger")
SWEEPER = Actor("service", "sweeper")
CONSOLE = Actor("service", "console")
DOOR = Actor("service", "door")  # lets in who was invited; nobody is signed in yet
