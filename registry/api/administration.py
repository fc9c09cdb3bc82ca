"""What only an operator sees: every token and key, what waits, what is stored, how the parts are."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Min, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from redis import RedisError
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import storage
from registry.accounts.models import ApiToken, Role, SigningKey
from registry.accounts.queries import demand_role, every_key, every_token
from registry.api.accounts import KeyOut, TokenOut
from registry.api.callers import actor_of
from registry.api.health import health
from registry.compositions.models import Composition, CompositionState
from registry.experts.models import ExpertVersion, VersionState
from registry.jobs import look_at_broker
from registry.notices.models import Delivery, DeliveryState
from registry.withdrawals.models import Withdrawal

MOST_OBJECTS = 200_000  # counted at once; a store of more is told as "at least"
COUNTED_FOR = 60  # seconds for which a count is told again
UNDER_WAY = [
    CompositionState.REQUESTED,
    CompositionState.DECIDED,
    CompositionState.ASSEMBLING,
    CompositionState.VALIDATING,
    CompositionState.PROVING,
]
KINDS = {
    "uploads": "Uploaded packages and anchors",
    "xorbs": "Chunks on their way",
    "shards": "Composed weights",
    "files": "Small files of composed models",
    "evidence": "Documents beside versions",
}


class HeldToken(TokenOut):
    """A token and whose it is."""

    person = serializers.CharField(source="person.name", read_only=True)
    email = serializers.CharField(source="person.email", read_only=True)

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "person", "email"]
        read_only_fields = fields


class EveryToken(ListAPIView[ApiToken]):
    """/administration/tokens"""

    serializer_class = HeldToken
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> Any:
        return every_token()

    @extend_schema(operation_id="listEveryToken")
    def get(self, request: Request) -> Response:
        demand_role(actor_of(request), Role.OPERATOR)
        return self.list(request)


class HeldKey(KeyOut):
    """A signing key and whose it is."""

    organisation = serializers.CharField(source="organisation.slug", read_only=True)

    class Meta(KeyOut.Meta):
        fields = [*KeyOut.Meta.fields, "organisation"]
        read_only_fields = fields


class EveryKey(ListAPIView[SigningKey]):
    """/administration/keys"""

    serializer_class = HeldKey
    queryset = SigningKey.objects.none()

    def get_queryset(self) -> Any:
        return every_key()

    @extend_schema(operation_id="listEveryKey")
    def get(self, request: Request) -> Response:
        demand_role(actor_of(request), Role.OPERATOR)
        return self.list(request)


class QueueOut(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    length = serializers.IntegerField(read_only=True)
    waiting_since = serializers.DateTimeField(read_only=True, allow_null=True)
    workers = serializers.ListField(child=serializers.CharField(), read_only=True)


class WorkOut(serializers.Serializer[Any]):
    what = serializers.CharField(read_only=True)
    count = serializers.IntegerField(read_only=True)
    oldest = serializers.DateTimeField(read_only=True, allow_null=True)


class QueuesOut(serializers.Serializer[Any]):
    queues = QueueOut(many=True, read_only=True)
    work = WorkOut(many=True, read_only=True)


class NoBroker(APIException):
    status_code = 503
    default_detail = "The broker does not answer; nothing is taken up until it does."


class Queues(APIView):
    """/administration/queues"""

    @extend_schema(operation_id="getQueues", responses=QueuesOut)
    def get(self, request: Request) -> Response:
        """What waits in the broker, who takes it up, and what is under way by the tables, which are the truth."""
        demand_role(actor_of(request), Role.OPERATOR)
        try:
            seen = look_at_broker()
        except RedisError as fault:
            raise NoBroker from fault
        return Response(QueuesOut({"queues": seen.queues, "work": list(_work())}).data)


def _work() -> Iterable[dict[str, Any]]:
    rows: dict[str, tuple[QuerySet[Any], str]] = {
        "Versions being verified": (ExpertVersion.objects.filter(state=VersionState.SUBMITTED), "submitted_at"),
        "Versions that wait for review": (ExpertVersion.objects.filter(state=VersionState.VERIFIED), "submitted_at"),
        "Builds under way": (Composition.objects.filter(state__in=UNDER_WAY), "created_at"),
        "Withdrawals under way": (Withdrawal.objects.filter(ended_at=None), "requested_at"),
        "Messages to be delivered": (Delivery.objects.filter(state=DeliveryState.WAITING), "created_at"),
    }
    for what, (waiting, since) in rows.items():
        yield {"what": what, "count": waiting.count(), "oldest": waiting.aggregate(oldest=Min(since))["oldest"]}


class StoredOut(serializers.Serializer[Any]):
    kind = serializers.CharField(read_only=True)
    objects = serializers.IntegerField(read_only=True)
    bytes = serializers.IntegerField(read_only=True)


class StorageOut(serializers.Serializer[Any]):
    kinds = StoredOut(many=True, read_only=True)
    complete = serializers.BooleanField(read_only=True)
    counted_at = serializers.DateTimeField(read_only=True)


class Storage(APIView):
    """/administration/storage"""

    @extend_schema(operation_id="getStorage", responses=StorageOut)
    def get(self, request: Request) -> Response:
        """Objects and bytes by what they are for, counted in the store itself at most once a minute."""
        demand_role(actor_of(request), Role.OPERATOR)
        return Response(StorageOut(cache.get_or_set("stored", _stored, COUNTED_FOR)).data)


def _stored() -> dict[str, Any]:
    at = timezone.now()
    tally, complete = storage.tally(most=MOST_OBJECTS)
    names = KINDS | {settings.LOG_PREFIX.partition("/")[0]: "The log's tiles and checkpoints"}
    kinds = [
        {"kind": names.get(first, f"Others under {first}/"), "objects": objects, "bytes": size}
        for first, (objects, size) in sorted(tally.items(), key=lambda item: -item[1][1])
    ]
    return {"kinds": kinds, "complete": complete, "counted_at": at}


class PartOut(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    well = serializers.BooleanField(read_only=True)
    sentence = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)
    milliseconds = serializers.IntegerField(read_only=True)


class HealthOut(serializers.Serializer[Any]):
    parts = PartOut(many=True, read_only=True)


class Health(APIView):
    """/administration/health"""

    @extend_schema(operation_id="getHealth", responses=HealthOut)
    def get(self, request: Request) -> Response:
        demand_role(actor_of(request), Role.OPERATOR)
        return Response(HealthOut({"parts": [asdict(part) for part in health()]}).data)
