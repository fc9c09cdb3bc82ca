"""Models, over HTTP: what a consumer asks for as a standing request, and what became of it."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import demand_role, get_organisation, roles_of
from registry.api.bodies import Body
from registry.api.callers import actor_of, person_of
from registry.api.problems import PolicyReason
from registry.compositions.actions import request_model
from registry.compositions.models import Composition, CompositionState, Model, OnWithdrawal
from registry.compositions.queries import explain, get_model, models_seen_by
from registry.errors import Denied, Reason
from registry.experts.queries import get_visible_anchor

BUILDS_SHOWN = 50
MAX_NAME = 81  # organisation/name


class CompositionBrief(serializers.ModelSerializer[Composition]):
    class Meta:
        model = Composition
        fields = ["id", "state", "revision", "created_at", "published_at"]
        read_only_fields = fields


class RevisionBrief(serializers.ModelSerializer[Composition]):
    published_at = serializers.DateTimeField(read_only=True)  # what main points at was published

    class Meta:
        model = Composition
        fields = ["revision", "published_at"]
        read_only_fields = fields


class MayModel(serializers.Serializer[Any]):
    """What the caller may do with it."""

    change = serializers.BooleanField(read_only=True)


class ModelOut(serializers.ModelSerializer[Model]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    full_name = serializers.CharField(source="__str__", read_only=True)
    anchor = serializers.CharField(source="anchor.slug", read_only=True)
    experts = serializers.SerializerMethodField()
    main = RevisionBrief(read_only=True, allow_null=True)
    latest = serializers.SerializerMethodField()
    may = serializers.SerializerMethodField()

    class Meta:
        model = Model
        fields = [
            "id",
            "organisation",
            "name",
            "full_name",
            "anchor",
            "purpose",
            "top_k",
            "on_withdrawal",
            "experts",
            "main",
            "latest",
            "created_at",
            "may",
        ]
        read_only_fields = fields

    def get_experts(self, model: Model) -> list[str]:
        return sorted(str(expert) for expert in model.experts.all())

    @extend_schema_field(CompositionBrief(allow_null=True))
    def get_latest(self, model: Model) -> Any:
        builds = cast("list[Composition]", model.newest_builds)  # type: ignore[attr-defined]  # a prefetch's to_attr
        return CompositionBrief(builds[0]).data if builds else None

    @extend_schema_field(MayModel)
    def get_may(self, model: Model) -> Any:
        return {"change": (model.organisation.slug, Role.CONSUMER) in self.context["roles"]}


class ModelDetail(ModelOut):
    compositions = serializers.SerializerMethodField()

    class Meta(ModelOut.Meta):
        fields = [*ModelOut.Meta.fields, "compositions"]
        read_only_fields = fields

    @extend_schema_field(CompositionBrief(many=True))
    def get_compositions(self, model: Model) -> Any:
        newest = model.compositions.order_by("-created_at", "id")[:BUILDS_SHOWN]
        return CompositionBrief(newest, many=True).data


class RequestModel(Body):
    anchor = serializers.CharField(max_length=40)
    experts = serializers.ListField(child=serializers.CharField(max_length=MAX_NAME), max_length=200)
    purpose = serializers.CharField(max_length=40)
    top_k = serializers.IntegerField(required=False, min_value=1, max_value=200)
    on_withdrawal = serializers.ChoiceField(choices=OnWithdrawal.choices, required=False)


class Models(ListAPIView[Model]):
    serializer_class = ModelOut
    queryset = Model.objects.none()

    def get_queryset(self) -> Any:
        rows = models_seen_by(actor_of(self.request))
        organisation = self.request.query_params.get("organisation")
        return rows.filter(organisation__slug=organisation) if organisation else rows

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **_context(self.request)}

    @extend_schema(operation_id="listModels", parameters=[OpenApiParameter("organisation", str)])
    def get(self, request: Request) -> Response:
        """The models of one's own organisations; all of them for auditors, compliance and operators."""
        return self.list(request)


class ModelView(APIView):
    @extend_schema(operation_id="getModel", responses=ModelDetail)
    def get(self, request: Request, org: str, name: str) -> Response:
        return Response(_detail(request, org, name))

    @extend_schema(operation_id="requestModel", request=RequestModel, responses={202: ModelDetail})
    def put(self, request: Request, org: str, name: str) -> Response:
        """Ask for a model. `Location` names its composition; the same request again is the same composition.

        What the policies refuse is kept as a refused composition, and answered with the policies that refuse.
        """
        body = RequestModel(data=request.data)
        body.is_valid(raise_exception=True)
        composition = request_model(org, name, by=actor_of(request), **body.validated_data)
        if composition.state == CompositionState.REFUSED:
            raise denied(composition)
        location = f"/api/v1/compositions/{composition.id}"
        return Response(_detail(request, org, name), status=202, headers={"Location": location})


def denied(composition: Composition) -> Denied:
    """The refusal as an answer; it is on record already."""
    named = list(dict.fromkeys(refusal["expert"] for refusal in composition.refusals))
    reasons = [Reason(refusal["policy"], refusal["reason"]) for refusal in composition.refusals]
    return Denied(f"The policies refuse {' and '.join(named)} for this request.", policies=reasons)


def _detail(request: Request, org: str, name: str) -> Any:
    model = get_model(org, name, seen_by=actor_of(request))
    return ModelDetail(model, context=_context(request)).data


def _context(request: Request) -> dict[str, Any]:
    return {"request": request, "roles": roles_of(person_of(request).id)}


class ExplainModel(Body):
    organisation = serializers.CharField(max_length=40)
    anchor = serializers.CharField(max_length=40)
    purpose = serializers.CharField(max_length=40)


class ExplainedExpert(serializers.Serializer[Any]):
    expert = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    allowed = serializers.BooleanField(read_only=True)
    reasons = PolicyReason(many=True, read_only=True)


class Explanation(serializers.Serializer[Any]):
    experts = ExplainedExpert(many=True, read_only=True)


class Explain(APIView):
    @extend_schema(operation_id="explainModel", request=ExplainModel, responses=Explanation)
    def post(self, request: Request) -> Response:
        """Which experts of an anchor the policies would allow now, and why not the others. Nothing is kept."""
        body = ExplainModel(data=request.data)
        body.is_valid(raise_exception=True)
        given, actor = body.validated_data, actor_of(request)
        consumer = get_organisation(given["organisation"])
        demand_role(actor, Role.CONSUMER, consumer)
        anchor = get_visible_anchor(given["anchor"], actor=actor)
        explained = explain(consumer=consumer, anchor=anchor, purpose=given["purpose"], seen_by=actor)
        experts = [
            {
                "expert": str(version.expert),
                "version": version.number,
                "allowed": verdict.allowed,
                "reasons": verdict.reasons,
            }
            for version, verdict in explained
        ]
        return Response(Explanation({"experts": experts}).data)
