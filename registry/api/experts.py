"""The experts room, over HTTP: anchors, the catalogue of experts, and one expert with its versions."""

from collections.abc import Iterable
from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import has_role
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.files import AddFile, FileOut
from registry.api.versions import VersionBrief
from registry.errors import Invalid
from registry.evidence.licences import MAX_EXPRESSION, normalised_licence
from registry.evidence.queries import licences_of
from registry.experts import actions
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.experts.queries import find_experts, get_visible_anchor, get_visible_expert, visible_anchors
from registry.experts.uploads import add_anchor_file

FILTERS = ("domain", "anchor", "organisation", "state", "q")
MAX_FILTER = 200


class AnchorOut(serializers.ModelSerializer[Anchor]):
    architecture = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Anchor
        fields = [
            "id",
            "slug",
            "name",
            "description",
            "licence",
            "state",
            "digest",
            "architecture",
            "failure",
            "created_at",
        ]
        read_only_fields = fields


class CreateAnchor(Body):
    slug = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    licence = serializers.CharField(max_length=MAX_EXPRESSION)


class Anchors(ListAPIView[Anchor]):
    serializer_class = AnchorOut
    queryset = Anchor.objects.none()

    def get_queryset(self) -> Any:
        return visible_anchors(actor_of(self.request))

    @extend_schema(operation_id="listAnchors")
    def get(self, request: Request) -> Response:
        """The public models that experts are made for."""
        return self.list(request)

    @extend_schema(operation_id="createAnchor", request=CreateAnchor, responses={201: AnchorOut})
    def post(self, request: Request) -> Response:
        """A public model to be. Operators only; its files are brought next."""
        body = CreateAnchor(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        given["licence"] = normalised_licence(given["licence"])
        anchor = actions.create_anchor(by=actor_of(request), **given)
        return Response(AnchorOut(anchor).data, status=201)


class AnchorView(APIView):
    @extend_schema(operation_id="getAnchor", responses=AnchorOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(AnchorOut(get_visible_anchor(slug, actor=actor_of(request))).data)


class AnchorFiles(APIView):
    @extend_schema(operation_id="addAnchorFile", request=AddFile, responses={201: FileOut})
    def post(self, request: Request, slug: str) -> Response:
        """Declare one file of an anchor that is a draft; as for a version."""
        body = AddFile(data=request.data)
        body.is_valid(raise_exception=True)
        anchor = get_visible_anchor(slug, actor=actor_of(request))
        file = add_anchor_file(anchor.id, by=actor_of(request), **body.validated_data)
        return Response(FileOut(file).data, status=201)


class SubmitAnchor(APIView):
    @extend_schema(operation_id="submitAnchor", request=None, responses=AnchorOut)
    def post(self, request: Request, slug: str) -> Response:
        """Close the draft and have it verified."""
        anchor = get_visible_anchor(slug, actor=actor_of(request))
        return Response(AnchorOut(actions.submit_anchor(anchor.id, by=actor_of(request))).data)


def versions_seen(expert: Expert) -> list[ExpertVersion]:
    """As `visible_experts` put them there: only what the caller may see, the newest first."""
    return cast("list[ExpertVersion]", expert.seen_versions)  # type: ignore[attr-defined]  # a prefetch's to_attr


class ExpertOut(serializers.ModelSerializer[Expert]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    full_name = serializers.CharField(source="__str__", read_only=True)
    anchor = serializers.CharField(source="anchor.slug", read_only=True)
    latest = serializers.SerializerMethodField()

    class Meta:
        model = Expert
        fields = [
            "id",
            "organisation",
            "name",
            "full_name",
            "title",
            "description",
            "domain",
            "anchor",
            "registration",
            "latest",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(VersionBrief(allow_null=True))
    def get_latest(self, expert: Expert) -> Any:
        versions = versions_seen(expert)
        return VersionBrief(versions[0], context=self.context).data if versions else None


class ExpertMay(serializers.Serializer[Any]):
    upload = serializers.BooleanField(read_only=True)


class ExpertDetail(ExpertOut):
    versions = serializers.SerializerMethodField()
    may = serializers.SerializerMethodField()

    class Meta(ExpertOut.Meta):
        fields = [*ExpertOut.Meta.fields, "versions", "may"]
        read_only_fields = fields

    @extend_schema_field(VersionBrief(many=True))
    def get_versions(self, expert: Expert) -> Any:
        return VersionBrief(versions_seen(expert), many=True, context=self.context).data

    @extend_schema_field(ExpertMay)
    def get_may(self, expert: Expert) -> Any:
        return {"upload": has_role(self.context["actor"], Role.OWNER, expert.organisation)}


def with_licences(experts: Iterable[Expert]) -> dict[str, Any]:
    """The licences of every version that is shown, read at once."""
    return {"licences": licences_of(version.id for expert in experts for version in versions_seen(expert))}


class CreateExpert(Body):
    organisation = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=40)
    anchor = serializers.CharField(max_length=40)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    domain = serializers.CharField(max_length=40)


class Experts(ListAPIView[Expert]):
    serializer_class = ExpertOut
    queryset = Expert.objects.none()

    def get_queryset(self) -> Any:
        asked = {name: self.request.query_params.get(name, "") for name in FILTERS}
        for name, value in asked.items():
            if len(value) > MAX_FILTER:
                raise Invalid(f"{name}: at most {MAX_FILTER} characters are searched for.")
        if asked["state"] and asked["state"] not in VersionState.values:
            raise Invalid(f"state: choose one of {', '.join(VersionState.values)}.")
        return find_experts(actor_of(self.request), **asked)

    @extend_schema(
        operation_id="listExperts",
        parameters=[
            OpenApiParameter("domain", str),
            OpenApiParameter("anchor", str, description="The anchor's slug."),
            OpenApiParameter("organisation", str, description="The organisation's slug."),
            OpenApiParameter("state", str, enum=VersionState.values, description="Some version is in this state."),
            OpenApiParameter("q", str, description="Words in its names, title, domain or description."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The catalogue: experts with a version that is or was approved, and all of one's own."""
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(ExpertOut(page, many=True, context=with_licences(page)).data)

    @extend_schema(operation_id="createExpert", request=CreateExpert, responses={201: ExpertDetail})
    def post(self, request: Request) -> Response:
        """A name for versions to come, beside one anchor for good."""
        body = CreateExpert(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        expert = actions.create_expert(given.pop("organisation"), by=actor_of(request), **given)
        return expert_answer(str(expert), request, status=201)


def expert_answer(full_name: str, request: Request, *, status: int = 200) -> Response:
    actor = actor_of(request)
    expert = get_visible_expert(full_name, actor=actor)
    context = {"actor": actor, **with_licences([expert])}
    return Response(ExpertDetail(expert, context=context).data, status=status)


class ExpertView(APIView):
    @extend_schema(operation_id="getExpert", responses=ExpertDetail)
    def get(self, request: Request, organisation: str, name: str) -> Response:
        """An expert and its versions, the newest first."""
        return expert_answer(f"{organisation}/{name}", request)
