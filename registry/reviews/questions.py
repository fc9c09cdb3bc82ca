"""Questions of reviewers, answers of the owner's people. Both are told; the words stay out of log and mail."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from registry.accounts.models import Membership, Organisation, Role
from registry.accounts.queries import demand_role, person_id_of
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Busy, WrongState
from registry.experts.models import ExpertVersion
from registry.experts.queries import lock_version
from registry.notices.actions import announce
from registry.reviews.models import Question
from registry.reviews.queries import AWAITING, demand_reviewer, get_visible_question

MAX_OPEN = 20  # questions about one version


@transaction.atomic
def ask_owner(version_id: UUID, *, text: str, by: Actor) -> Question:
    """Whoever may decide on it may ask; the owner's people are told that there is something to answer."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    _demand_awaiting(version)
    if Question.objects.filter(version=version, answered_at=None).count() >= MAX_OPEN:
        raise Busy(f"{MAX_OPEN} questions about {version} are open; wait for answers before you ask more.")
    question = Question.objects.create(version=version, asked_by_id=person_id_of(by), asked_at=clock.now(), text=text)
    facts = {"question": str(question.id)}
    record(Event.QUESTION_ASKED, about=str(version), by=by, facts=facts, private={"text": text})
    told = _told(
        version, f"A question about {version}", "A reviewer asks something about it; please answer", "versions"
    )
    announce("question.asked", {version.expert.organisation: told}, about=str(question), asks=False, by=by)
    return question


@transaction.atomic
def answer_question(question_id: UUID, *, text: str, by: Actor) -> Question:
    """An owner answers, once; what reviewers have read is stale from then on."""
    version = lock_version(get_visible_question(question_id, actor=by).version_id)
    question = get_visible_question(question_id, actor=by)  # again, behind the lock
    demand_role(by, Role.OWNER, version.expert.organisation)
    if question.answered_at is not None:
        raise WrongState("This question is answered already; its answer stays as it was given.")
    _demand_awaiting(version)
    question.answered_by_id, question.answered_at, question.answer = person_id_of(by), clock.now(), text
    question.save(update_fields=["answered_by", "answered_at", "answer"])
    version.save(update_fields=["changed_at"])
    facts = {"question": str(question.id)}
    record(Event.QUESTION_ANSWERED, about=str(version), by=by, facts=facts, private={"text": text})
    told = _told(version, f"An answer about {version}", "Its owner has answered your question", "reviews")
    homes = _homes_of(question)
    people = [(question.asked_by, home) for home in homes]
    announce("question.answered", dict.fromkeys(homes, told), people, about=str(question), asks=False, by=by)
    return question


def _demand_awaiting(version: ExpertVersion) -> None:
    if version.state not in AWAITING:
        raise WrongState(f"{version} is {version.state}; it does not wait for a decision.")


def _homes_of(question: Question) -> list[Organisation]:
    """In whose name the reviewer asked: where they hold the compliance role."""
    held = Membership.objects.filter(person=question.asked_by_id, role=Role.COMPLIANCE)
    return [row.organisation for row in held.select_related("organisation").order_by("organisation__slug")]


def _told(version: ExpertVersion, title: str, sentence: str, page: str) -> dict[str, str]:
    address = f"{settings.GUILDHALL_URL}/{page}/{version.id}"
    return {"title": title, "text": f"{sentence}: {address}", "version": str(version)}
