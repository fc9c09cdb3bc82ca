"""The workers' Celery app. Jobs come by name from `registry.jobs`; queues: `default`, `publishing`, `notices`,
and `gpu` for running models.

The queue is a hint: a message may come twice, late or never. Each task looks at its row first, and the sweep sends
again what got lost.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")
# `manage.py check` does them; here they would load the whole web side, which no worker needs.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from django.conf import settings

from registry.jobs import QUEUE_OF, Job

app = Celery(
    "workers",
    broker=settings.REDIS_URL,
    include=[
        "workers.verification",
        "workers.probing",
        "workers.assembly",
        "workers.tuning",
        "workers.validation",
        "workers.publishing",
        "workers.following",
        "workers.withdrawing",
        "workers.reviewed",
        "workers.delivering",
        "workers.sweeps",
        "workers.tidying",
        "workers.joining",
    ],
)
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # A message is gone only when its task is through; if the worker dies, it goes back at once.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    # When the whole worker dies, the message comes back after this; the sweep is faster.
    broker_transport_options={"visibility_timeout": 2 * settings.JOB_SECONDS},
    broker_connection_retry_on_startup=True,
    task_time_limit=settings.JOB_SECONDS,
    task_default_queue="default",
    task_routes={job.value: {"queue": queue} for job, queue in QUEUE_OF.items()},
    timezone="UTC",
    beat_schedule={
        "sweep": {
            "task": Job.SWEEP.value,
            "schedule": settings.SWEEP_SECONDS,
            # With no worker up, sweeps do not pile up.
            "options": {"queue": "default", "expires": max(1.0, settings.SWEEP_SECONDS)},
        }
    },
)
