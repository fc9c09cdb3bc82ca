"""Compositions, over HTTP: one build of a model, how far it is, what it holds and on whose word."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.callers import actor_of
from registry.api.licences import CombinedOut
from registry.api.problems import PolicyReason
from registry.compositions.actions import cancel_composition
from registry.compositions.licensing import licences_in_build
from registry.compositions.models import Composition, CompositionState, RepositoryFile
from registry.compositions.queries import get_composition, versions_in
from registry.policy.models import Decision


class RefusalOut(serializers.Serializer[Any]):
    expert = serializers.CharField(read_only=True)
    policy = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)


class ProgressOut(serializers.Serializer[Any]):
    """Empty when nobody works on it."""

    step = serializers.CharField(required=False)
    done = serializers.IntegerField(required=False)
    total = serializers.IntegerField(required=False)
    bytes_done = serializers.IntegerField(required=False)
    bytes_total = serializers.IntegerField(required=False)
    seconds_left = serializers.IntegerField(required=False)  # of this step, as far as its pace so far tells


class InclusionOut(serializers.Serializer[Any]):
    expert = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    slot = serializers.IntegerField(read_only=True)
    version_id = serializers.UUIDField(read_only=True)


class RepositoryFileOut(serializers.ModelSerializer[RepositoryFile]):
    class Meta:
        model = RepositoryFile
        fields = ["path", "size", "digest"]
        read_only_fields = fields


class DecisionOut(serializers.ModelSerializer[Decision]):
    expert = serializers.CharField(source="version.expert", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    reasons = PolicyReason(many=True, read_only=True)

    class Meta:
        model = Decision
        fields = ["expert", "version", "allowed", "reasons", "set_hash"]
        read_only_fields = fields


class CompositionOut(serializers.ModelSerializer[Composition]):
    model = serializers.CharField(read_only=True)
    refusals = RefusalOut(many=True, read_only=True)
    progress = ProgressOut(read_only=True)
    validation = serializers.DictField(child=serializers.JSONField(), read_only=True)
    inclusions = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    decisions = serializers.SerializerMethodField()
    licences = serializers.SerializerMethodField()

    class Meta:
        model = Composition
        fields = [
            "id",
            "model",
            "state",
            "revision",
            "failure",
            "refusals",
            "progress",
            "validation",
            "inclusions",
            "files",
            "decisions",
            "licences",
            "created_at",
            "published_at",
            "blocked_at",
        ]
        read_only_fields = fields

    @extend_schema_field(InclusionOut(many=True))
    def get_inclusions(self, composition: Composition) -> Any:
        """What it holds, or will hold when it is done; what was refused is not included anywhere."""
        if composition.state == CompositionState.REFUSED:
            return []
        rows = [
            {"expert": str(version.expert), "version": version.number, "slot": slot, "version_id": version.id}
            for slot, version in versions_in(composition)
        ]
        return InclusionOut(rows, many=True).data

    @extend_schema_field(RepositoryFileOut(many=True))
    def get_files(self, composition: Composition) -> Any:
        return RepositoryFileOut(composition.files.order_by("path"), many=True).data

    @extend_schema_field(DecisionOut(many=True))
    def get_decisions(self, composition: Composition) -> Any:
        rows = composition.decisions.select_related("version__expert__organisation").order_by("created_at", "id")
        return DecisionOut(rows, many=True).data

    @extend_schema_field(CombinedOut)
    def get_licences(self, composition: Composition) -> Any:
        """What the licences of its parts ask for together, as they stand now."""
        return CombinedOut(licences_in_build(composition)).data


class CompositionView(APIView):
    @extend_schema(operation_id="getComposition", responses=CompositionOut)
    def get(self, request: Request, composition_id: UUID) -> Response:
        return Response(CompositionOut(get_composition(composition_id, seen_by=actor_of(request))).data)


class CancelComposition(APIView):
    @extend_schema(operation_id="cancelComposition", request=None, responses=CompositionOut)
    def post(self, request: Request, composition_id: UUID) -> Response:
        """Stop a build that still runs."""
        composition = get_composition(composition_id, seen_by=actor_of(request))
        return Response(CompositionOut(cancel_composition(composition.id, by=actor_of(request))).data)
