"""Models of real packages, taken back and carried through as far as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone
from pytest_django import Settings

from registry import storage
from registry.compositions.models import RUNNING, Composition
from registry.experts.models import ExpertVersion, UploadedFile
from registry.withdrawals.actions import confirm_destruction, withdraw_version
from registry.withdrawals.models import Step, Withdrawal, WithdrawalStep
from tests.factories import ADA, PASSWORD, publish, row_of
from tests.workers.packages import requested
from workers.assembly import compose
from workers.validation import validate_composition
from workers.withdrawing import carry_on_withdrawal

REASON = "the licence was not ours to give"


def published(name: str = "reader", *, experts: tuple[str, ...] = ("drama", "code"), **wish: str) -> Composition:
    return built(requested(name=name, experts=experts, **wish))


def assembled(name: str = "reader", *, experts: tuple[str, ...] = ("drama", "code"), **wish: str) -> Composition:
    """Its files lie in the store, and nobody has tried it yet."""
    build = requested(name=name, experts=experts, **wish)
    compose(str(build.id))
    return Composition.objects.get(id=build.id)


def built(composition: Composition) -> Composition:
    compose(str(composition.id))
    validate_composition(str(composition.id))
    return publish(composition)


def version_of(name: str) -> ExpertVersion:
    return ExpertVersion.objects.get(expert__name=name)


def withdrawn(name: str) -> Withdrawal:
    return withdraw_version(version_of(name).id, by=ADA, reason=REASON)


def doomed(name: str, *, grace_over: bool = True) -> Withdrawal:
    """Withdrawn, and its destruction confirmed."""
    ada = row_of(ADA)
    ada.set_password(PASSWORD)
    ada.save()
    withdrawal = confirm_destruction(withdrawn(name).id, password=PASSWORD, by=ADA)
    return after_the_grace(withdrawal) if grace_over else withdrawal


def after_the_grace(withdrawal: Withdrawal) -> Withdrawal:
    Withdrawal.objects.filter(id=withdrawal.id).update(destroy_after=timezone.now() - timedelta(seconds=1))
    return withdrawal


def carried(withdrawal: Withdrawal) -> Withdrawal:
    """As the workers would: what can be done now, the models that take its place, and what follows."""
    carry_on_withdrawal(str(withdrawal.id))
    for build in Composition.objects.filter(state__in=RUNNING):
        built(build)
    carry_on_withdrawal(str(withdrawal.id))
    return Withdrawal.objects.get(id=withdrawal.id)


def step(withdrawal: Withdrawal, name: Step) -> WithdrawalStep:
    return withdrawal.steps.get(name=name)


def uploads_of(version: ExpertVersion) -> list[str]:
    return list(UploadedFile.objects.filter(version=version).values_list("key", flat=True))


def left_of(keys: list[str]) -> list[str]:
    return [key for key in keys if storage.remnants_of(key)]


@contextmanager
def bucket_with_versions(settings: Settings) -> Iterator[None]:
    """The store keeps what is overwritten and deleted, as an operator may have set it up."""
    before, settings.S3_BUCKET = settings.S3_BUCKET, f"versions-{uuid4()}"
    storage._store().create_bucket(Bucket=settings.S3_BUCKET)
    storage._store().put_bucket_versioning(Bucket=settings.S3_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield
    settings.S3_BUCKET = before
