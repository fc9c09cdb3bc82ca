"""The reviews room, over HTTP: what waits, and what is decided."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import demand_role
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.paging import Pages
from registry.api.versions import VersionBrief, VersionOut, version_answer
from registry.evidence.queries import licences_of
from registry.experts.models import ExpertVersion
from registry.experts.queries import get_visible_version
from registry.reviews.actions import review_version
from registry.reviews.models import Verdict
from registry.reviews.queries import may_review, versions_awaiting_review


class QueueItem(serializers.Serializer[Any]):
    version = serializers.SerializerMethodField()
    expert = serializers.CharField(read_only=True)
    organisation = serializers.CharField(source="expert.organisation.name", read_only=True)
    domain = serializers.CharField(source="expert.domain", read_only=True)
    submitted_at = serializers.DateTimeField(read_only=True)
    mine = serializers.SerializerMethodField()

    @extend_schema_field(VersionBrief)
    def get_version(self, version: ExpertVersion) -> Any:
        return VersionBrief(version, context=self.context).data

    def get_mine(self, version: ExpertVersion) -> bool:
        """It belongs to the caller's own organisation, or they brought it: somebody else has to decide."""
        return not may_review(self.context["actor"], version)


class QueuePages(Pages):
    ordering = ("submitted_at", "id")


class ReviewQueue(ListAPIView[ExpertVersion]):
    """/reviews/queue"""

    serializer_class = QueueItem
    pagination_class = QueuePages
    queryset = ExpertVersion.objects.none()

    @extend_schema(operation_id="listReviewQueue")
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        demand_role(actor, Role.COMPLIANCE)
        page = self.paginate_queryset(versions_awaiting_review()) or []
        context = {"actor": actor, "licences": licences_of(version.id for version in page)}
        return self.get_paginated_response(QueueItem(page, many=True, context=context).data)


class ReviewVersionIn(Body):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = serializers.CharField(min_length=10, max_length=2000)
    concluded_licence = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ReviewVersion(APIView):
    """/versions/{version_id}/reviews"""

    @extend_schema(
        operation_id="reviewVersion",
        request=ReviewVersionIn,
        responses=VersionOut,
        parameters=[
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The ETag of the version as you read it; a decision on anything older is refused (412).",
            )
        ],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        body = ReviewVersionIn(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        seen = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        review_version(version_id, by=actor, seen=seen, **body.validated_data)
        return version_answer(version_id, request)
