"""Quarantines, over HTTP: what compliance has denied to everybody for a while."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.queries import demand_any_role
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.paging import Pages
from registry.policy.actions import lift_quarantine, place_quarantine
from registry.policy.models import Quarantine
from registry.policy.sets import READERS, demand_steward, quarantines


class QuarantineOut(serializers.ModelSerializer[Quarantine]):
    version = serializers.CharField(read_only=True, allow_null=True)
    organisation = serializers.CharField(source="organisation.slug", read_only=True, default="")
    placed_by = serializers.CharField(source="placed_by.name", read_only=True)
    lifted_by = serializers.CharField(source="lifted_by.name", read_only=True, default="")

    class Meta:
        model = Quarantine
        fields = ["id", "version", "organisation", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at"]
        read_only_fields = fields


class PlaceQuarantine(Body):
    """The id of a version, or the slug of an organisation: one of the two."""

    version = serializers.UUIDField(source="version_id", required=False)
    organisation = serializers.CharField(max_length=40, required=False)
    reason = serializers.CharField(min_length=10, max_length=2000)


class LiftQuarantine(Body):
    reason = serializers.CharField(min_length=10, max_length=2000)


class QuarantinePages(Pages):
    ordering = ("-placed_at", "id")


class Quarantines(ListAPIView[Quarantine]):
    """/quarantines"""

    serializer_class = QuarantineOut
    pagination_class = QuarantinePages
    queryset = Quarantine.objects.none()

    def get_queryset(self) -> Any:
        return quarantines()

    @extend_schema(operation_id="listQuarantines")
    def get(self, request: Request) -> Response:
        """The newest first, also those that were lifted."""
        demand_any_role(actor_of(request), *READERS)
        return self.list(request)

    @extend_schema(operation_id="placeQuarantine", request=PlaceQuarantine, responses={201: QuarantineOut})
    def post(self, request: Request) -> Response:
        """Deny a version, or all of an organisation's, to everybody until it is lifted. Nothing is destroyed."""
        demand_steward(actor_of(request))
        body = PlaceQuarantine(data=request.data)
        body.is_valid(raise_exception=True)
        placed = place_quarantine(by=actor_of(request), **body.validated_data)
        return Response(QuarantineOut(quarantines().get(id=placed.id)).data, status=201)


class LiftQuarantineView(APIView):
    """/quarantines/{quarantine_id}/lift"""

    @extend_schema(operation_id="liftQuarantine", request=LiftQuarantine, responses=QuarantineOut)
    def post(self, request: Request, quarantine_id: UUID) -> Response:
        """Let it be used again. Nobody lifts what lies on their own organisation."""
        demand_steward(actor_of(request))
        body = LiftQuarantine(data=request.data)
        body.is_valid(raise_exception=True)
        lift_quarantine(quarantine_id, by=actor_of(request), **body.validated_data)
        return Response(QuarantineOut(quarantines().get(id=quarantine_id)).data)
