"""Licences over HTTP: their texts, and what a set of experts and licences comes to for a purpose."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.compositions.licensing import combine_named
from registry.errors import Invalid
from registry.evidence.combining import Combined
from registry.evidence.duties import Finding
from registry.evidence.licences import MAX_EXPRESSION, texts_of

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


class LicenceTextOut(serializers.Serializer[Any]):
    """`text`: empty where neither SPDX nor the registry has one."""

    id = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)


class LicenceTextsOut(serializers.Serializer[Any]):
    licences = LicenceTextOut(many=True, read_only=True)


class LicenceTextsView(APIView):
    """/licences/texts"""

    @extend_schema(
        operation_id="getLicenceTexts",
        parameters=[OpenApiParameter("expression", str, required=True, description="Such as MIT AND CC-BY-4.0.")],
        responses=LicenceTextsOut,
    )
    def get(self, request: Request) -> Response:
        """The standard texts of the licences that an expression names, to be read beside what an owner gave."""
        expression = request.query_params.get("expression", "")
        if not 1 <= len(expression.strip()) <= MAX_EXPRESSION:
            raise Invalid(f"Give the expression, of 1 to {MAX_EXPRESSION} characters: ?expression=MIT.")
        texts = texts_of(expression)
        return Response({"licences": [{"id": name, "text": text} for name, text in texts.items()]})


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
