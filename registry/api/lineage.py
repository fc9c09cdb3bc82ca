"""The way of an expert in one picture, over HTTP: data, versions, models, consumers."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.callers import actor_of
from registry.api.experts import versions_seen
from registry.compositions.lineage import Ancestor, Holder, Lineage, lineage_of
from registry.experts.models import VersionState
from registry.experts.queries import get_visible_expert


class AncestorOut(serializers.Serializer[Ancestor]):
    """`trained_on`: the data, as its owner says."""

    id = serializers.UUIDField(source="version.id", read_only=True)
    number = serializers.IntegerField(source="version.number", read_only=True)
    state = serializers.ChoiceField(source="version.state", choices=VersionState.choices, read_only=True)
    trained_on = serializers.CharField(read_only=True)


class HolderOut(serializers.Serializer[Holder]):
    """`version` by its number; `holds`: the model's main still has it; `builds`: published ones that had it."""

    version = serializers.IntegerField(read_only=True)
    model = serializers.CharField(read_only=True)
    consumer = serializers.CharField(read_only=True)
    builds = serializers.IntegerField(read_only=True)
    holds = serializers.BooleanField(read_only=True)


class LineageOut(serializers.Serializer[Lineage]):
    """`left_out`: how many holders more there are than are told."""

    versions = AncestorOut(many=True, read_only=True)
    holders = HolderOut(many=True, read_only=True)
    left_out = serializers.IntegerField(read_only=True)


class LineageView(APIView):
    """/experts/{organisation}/{name}/lineage"""

    @extend_schema(operation_id="getLineage", responses=LineageOut)
    def get(self, request: Request, organisation: str, name: str) -> Response:
        """Which models hold or held an expert's versions: all of them for its owner, for others those that they see."""
        actor = actor_of(request)
        expert = get_visible_expert(f"{organisation}/{name}", actor=actor)
        return Response(LineageOut(lineage_of(expert, versions_seen(expert), actor=actor)).data)
