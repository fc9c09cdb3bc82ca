"""The reviews room, over HTTP: what waits, who is at it, what is decided, and what is decided on again."""

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
from registry.api.waiting import ClaimOut, claim_of, deadline_of
from registry.errors import Invalid, Unread
from registry.evidence.licences import MAX_EXPRESSION
from registry.evidence.queries import licences_of
from registry.experts.models import ExpertVersion
from registry.experts.queries import get_visible_version
from registry.reviews.actions import reclassify_licence, review_version, suspend_version
from registry.reviews.checklists import CHECKLISTS, CURRENT, MAX_NOTE, Answers, Item, Kind, Said
from registry.reviews.claims import claim_version, release_version
from registry.reviews.models import Verdict
from registry.reviews.queries import live_claims, may_review, versions_awaiting_review


class QueueItem(serializers.Serializer[Any]):
    version = serializers.SerializerMethodField()
    expert = serializers.CharField(read_only=True)
    organisation = serializers.CharField(source="expert.organisation.name", read_only=True)
    domain = serializers.CharField(source="expert.domain", read_only=True)
    submitted_at = serializers.DateTimeField(read_only=True)
    waiting_since = serializers.DateTimeField(read_only=True)
    due_at = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()
    claim = serializers.SerializerMethodField()
    mine = serializers.SerializerMethodField()

    @extend_schema_field(VersionBrief)
    def get_version(self, version: ExpertVersion) -> Any:
        return VersionBrief(version, context=self.context).data

    @extend_schema_field(serializers.DateTimeField())
    def get_due_at(self, version: Any) -> Any:
        return deadline_of(version.waiting_since)["due_at"]

    def get_overdue(self, version: Any) -> bool:
        return bool(deadline_of(version.waiting_since)["overdue"])

    @extend_schema_field(ClaimOut(allow_null=True))
    def get_claim(self, version: ExpertVersion) -> Any:
        claim = claim_of(version.id, self.context["claims"], actor=self.context["actor"])
        return ClaimOut(claim).data if claim else None

    def get_mine(self, version: ExpertVersion) -> bool:
        """It belongs to the caller's own organisation, or they brought it: somebody else has to decide."""
        return not may_review(self.context["actor"], version)


class QueuePages(Pages):
    ordering = ("waiting_since", "id")


class ReviewQueue(ListAPIView[ExpertVersion]):
    """/reviews/queue"""

    serializer_class = QueueItem
    pagination_class = QueuePages
    queryset = ExpertVersion.objects.none()

    @extend_schema(operation_id="listReviewQueue")
    def get(self, request: Request) -> Response:
        """What waits for a decision, the longest waiting first, so that what is overdue leads."""
        actor = actor_of(request)
        demand_role(actor, Role.COMPLIANCE)
        page = self.paginate_queryset(versions_awaiting_review()) or []
        ids = [version.id for version in page]
        context = {"actor": actor, "licences": licences_of(ids), "claims": live_claims(ids)}
        return self.get_paginated_response(QueueItem(page, many=True, context=context).data)


class ItemOut(serializers.Serializer[Item]):
    id = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind], read_only=True)
    text = serializers.CharField(read_only=True)
    required = serializers.BooleanField(read_only=True)  # type: ignore[assignment]  # a field of ours


class ChecklistOut(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True)
    items = ItemOut(many=True, read_only=True)


class Checklist(APIView):
    """/reviews/checklist"""

    @extend_schema(operation_id="getChecklist", responses=ChecklistOut)
    def get(self, request: Request) -> Response:
        """What a reviewer has to look at before an approval; its number goes into the decision."""
        return Response(ChecklistOut({"number": CURRENT, "items": CHECKLISTS[CURRENT]}).data)


class AnswerIn(Body):
    item = serializers.CharField(max_length=60)
    answer = serializers.ChoiceField(choices=[said.value for said in Said])
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)


class ReviewVersionIn(Body):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = serializers.CharField(min_length=10, max_length=2000)
    concluded_licence = serializers.CharField(max_length=MAX_EXPRESSION, required=False, allow_blank=True)
    checklist = serializers.IntegerField(min_value=1, max_value=10_000, default=CURRENT)
    answers = AnswerIn(many=True, required=False)


def _answers(number: int, given: list[dict[str, str]]) -> Answers:
    items = {one["item"]: {"answer": one["answer"], "note": one.get("note", "")} for one in given}
    if len(items) != len(given):
        raise Invalid("An item of the checklist is answered twice; answer each once.")
    return Answers(checklist=number, items=items)


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
                description="The ETag of the version as you read it: without it a decision is refused (428), and on "
                "anything older too (412).",
            )
        ],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Approve or reject what you read. An approval answers every required item of the checklist."""
        body = ReviewVersionIn(data=request.data)
        body.is_valid(raise_exception=True)
        actor, given = actor_of(request), body.validated_data
        get_visible_version(version_id, actor=actor)
        seen = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        if not seen:
            raise Unread("Send the ETag of the version that you read as If-Match, so that nothing else is decided on.")
        answers = _answers(given.pop("checklist"), given.pop("answers", []))
        review_version(version_id, by=actor, seen=seen, answers=answers, **given)
        return version_answer(version_id, request)


class ClaimVersion(APIView):
    """/versions/{version_id}/claim"""

    @extend_schema(operation_id="claimVersion", request=None, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        """For a while nobody else decides on it. Claimed again by the same person it begins anew; it ends by itself."""
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        claim_version(version_id, by=actor)
        return version_answer(version_id, request)

    @extend_schema(operation_id="releaseVersion", responses={200: VersionOut})
    def delete(self, request: Request, version_id: UUID) -> Response:
        """Give one's claim back."""
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        release_version(version_id, by=actor)
        return version_answer(version_id, request)


class SuspendIn(Body):
    reason = serializers.CharField(min_length=10, max_length=2000)


class SuspendVersion(APIView):
    """/versions/{version_id}/suspend"""

    @extend_schema(operation_id="suspendVersion", request=SuspendIn, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        """Have an approved version decided on again; until then it is denied everywhere."""
        body = SuspendIn(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        suspend_version(version_id, by=actor, **body.validated_data)
        return version_answer(version_id, request)


class ReclassifyIn(Body):
    licence = serializers.CharField(max_length=MAX_EXPRESSION)
    reason = serializers.CharField(min_length=10, max_length=2000)


class ReclassifyLicence(APIView):
    """/versions/{version_id}/reclassify"""

    @extend_schema(operation_id="reclassifyLicence", request=ReclassifyIn, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        """Conclude another licence for what was approved; it is suspended until it is decided on again."""
        body = ReclassifyIn(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        reclassify_licence(version_id, by=actor, **body.validated_data)
        return version_answer(version_id, request)
