"""Licences taken together, over HTTP: what a set of experts and licences comes to for a purpose."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.compositions.licensing import combine_named
from registry.evidence.combining import Combined
from registry.evidence.duties import Finding
from registry.evidence.licences import MAX_EXPRESSION

MAX_NAME = 81  # organisation/name


class FindingOut(serializers.Serializer[Finding]):
    rule = serializers.CharField(read_only=True)
    sentence = serializers.CharField(read_only=True)
    parts = serializers.ListField(child=serializers.CharField(), read_only=True)
    licences = serializers.ListField(child=serializers.CharField(), read_only=True)


class CombinedOut(serializers.Serializer[Combined]):
    """What holds for the whole. `shared_as`: the licence that share-alike parts want for it, where any does."""

    counts_as = serializers.CharField(read_only=True)
    allowed = serializers.BooleanField(read_only=True)
    outbound = serializers.CharField(read_only=True)
    shared_as = serializers.CharField(read_only=True)
    duties = FindingOut(many=True, read_only=True)
    conflicts = FindingOut(many=True, read_only=True)


class CombineLicences(Body):
    """Experts by name, bare licences, or both; with an anchor or without. `counts_as` tries the other reading."""

    purpose = serializers.CharField(max_length=40)
    anchor = serializers.CharField(max_length=40, required=False)
    experts = serializers.ListField(child=serializers.CharField(max_length=MAX_NAME), max_length=200, required=False)
    licences = serializers.ListField(
        child=serializers.CharField(max_length=MAX_EXPRESSION), max_length=200, required=False
    )
    counts_as = serializers.CharField(max_length=40, required=False)


class CombineLicencesView(APIView):
    """/licences/combine"""

    @extend_schema(operation_id="combineLicences", request=CombineLicences, responses=CombinedOut)
    def post(self, request: Request) -> Response:
        """What their licences ask for together, and what they have against one another. Nothing is stored."""
        body = CombineLicences(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        found = combine_named(
            anchor=given.get("anchor"),
            experts=given.get("experts", ()),
            licences=given.get("licences", ()),
            purpose=given["purpose"],
            counts_as=given.get("counts_as"),
            by=actor_of(request),
        )
        return Response(CombinedOut(found).data)
