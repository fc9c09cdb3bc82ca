"""Messages go out one at a time each, and what came of it is written down."""

from uuid import UUID

from celery import shared_task

from registry.actors import MESSENGER
from registry.audit import clock
from registry.jobs import Job
from registry.notices.actions import note_answer
from registry.notices.queries import due_deliveries
from registry.notices.sending import send
from workers.turns import turn


@shared_task(name=Job.DELIVER.value)
def deliver(delivery_id: str) -> None:
    """Safe to run twice: what is not due is left alone. Killed between sending and writing down, it sends the same
    message with the same id once more, and the receiver knows it by that.
    """
    with turn(Job.DELIVER, UUID(delivery_id)) as ours:
        if not ours:
            return
        delivery = due_deliveries(clock.now()).filter(id=delivery_id).first()
        if delivery is not None:
            note_answer(delivery.id, send(delivery), by=MESSENGER)
