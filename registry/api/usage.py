"""The usage room, over HTTP: a statement for the owner, as JSON or as a table for a spreadsheet."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import demand_role, get_organisation, has_role
from registry.api.callers import actor_of
from registry.usage.queries import usage_of
from registry.usage.statements import Line, Statement

COLUMNS = ("expert", "consumer", "inclusions", "downloads")


class LineOut(serializers.Serializer[Line]):
    expert = serializers.CharField(read_only=True)
    consumer = serializers.CharField(read_only=True)
    inclusions = serializers.IntegerField(read_only=True)
    downloads = serializers.IntegerField(read_only=True)


class StatementOut(serializers.Serializer[Statement]):
    """`size`: by how many of the log's entries; whoever recomputes it leaves out what came later."""

    organisation = serializers.CharField(read_only=True)
    month = serializers.CharField(read_only=True, allow_null=True)
    size = serializers.IntegerField(read_only=True)
    lines = LineOut(many=True, read_only=True)


class Table(BaseRenderer):
    """A statement's lines as CSV. Names are of a-z, 0-9, - and / only: no spreadsheet takes one for a formula."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if not isinstance(data, Mapping) or "lines" not in data:
            return json.dumps(data).encode()  # a refusal, which stays the document it is
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["month", *COLUMNS])
        table.writerows([data["month"] or "", *(line[name] for name in COLUMNS)] for line in data["lines"])
        return text.getvalue().encode()


class Usage(APIView):
    """/organisations/{slug}/usage"""

    renderer_classes = [JSONRenderer, Table]

    @extend_schema(
        operation_id="getUsage",
        parameters=[OpenApiParameter("month", str, description="Such as 2026-11; all time where it is left out.")],
        responses={(200, "application/json"): StatementOut, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, slug: str) -> Response:
        organisation = get_organisation(slug)
        if not has_role(actor_of(request), Role.AUDITOR):
            demand_role(actor_of(request), Role.OWNER, organisation)
        return Response(StatementOut(usage_of(organisation, month=request.query_params.get("month") or None)).data)
