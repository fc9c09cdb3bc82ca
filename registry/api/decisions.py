"""Decisions, over HTTP: what was asked and answered, and decided again from what is stored."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.queries import demand_any_role
from registry.api.callers import actor_of
from registry.api.problems import PolicyReason
from registry.errors import Invalid
from registry.policy.again import Again, decide_again, decisions, get_decision
from registry.policy.models import Decision
from registry.policy.sets import READERS

ALLOWED = {"true": True, "false": False}


class DecisionBrief(serializers.ModelSerializer[Decision]):
    consumer = serializers.CharField(source="consumer.slug", read_only=True)
    version = serializers.CharField(read_only=True)
    reasons = PolicyReason(many=True, read_only=True)

    class Meta:
        model = Decision
        fields = ["id", "created_at", "consumer", "action", "purpose", "version", "allowed", "reasons", "set_hash"]
        read_only_fields = fields


class AgainOut(serializers.Serializer[Again]):
    """`same`: the stored set, on the stored inputs, gives the stored answer. Else `fault` says what is wrong."""

    same = serializers.BooleanField(read_only=True)
    fault = serializers.CharField(read_only=True)


class DecisionWhole(DecisionBrief):
    inputs = serializers.DictField(child=serializers.JSONField(), read_only=True)
    again = AgainOut(source="*", read_only=True)

    class Meta(DecisionBrief.Meta):
        fields = [*DecisionBrief.Meta.fields, "inputs", "inputs_digest", "again"]
        read_only_fields = fields


class Decisions(ListAPIView[Decision]):
    """/decisions"""

    serializer_class = DecisionBrief
    queryset = Decision.objects.none()

    def get_queryset(self) -> Any:
        rows, asked = decisions(), self.request.query_params
        if consumer := asked.get("consumer"):
            rows = rows.filter(consumer__slug=consumer)
        if digest := asked.get("set_hash"):
            rows = rows.filter(set_hash=digest)
        if allowed := asked.get("allowed"):
            if allowed not in ALLOWED:
                raise Invalid("allowed: say true or false.")
            rows = rows.filter(allowed=ALLOWED[allowed])
        return rows

    @extend_schema(
        operation_id="listDecisions",
        parameters=[
            OpenApiParameter("consumer", str),
            OpenApiParameter("set_hash", str),
            OpenApiParameter("allowed", bool),
        ],
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        demand_any_role(actor_of(request), *READERS)
        return self.list(request)


class DecisionView(APIView):
    """/decisions/{decision_id}"""

    @extend_schema(operation_id="getDecision", responses=DecisionWhole)
    def get(self, request: Request, decision_id: UUID) -> Response:
        """A decision with all it was made from, decided again."""
        demand_any_role(actor_of(request), *READERS)
        decision = get_decision(decision_id)
        again = decide_again(decision)
        shown = {**DecisionBrief(decision).data, "inputs": decision.inputs, "inputs_digest": decision.inputs_digest}
        return Response({**shown, "again": AgainOut(again).data})
