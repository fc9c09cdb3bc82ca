"""Models, over HTTP: what a consumer asks for as a standing request, and what became of it."""

from collections.abc import Iterable
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
from registry.compositions.models import Composition, Model
from registry.compositions.queries import explain, find_models
from registry.errors import Invalid
from registry.experts.models import ExpertVersion
from registry.experts.queries import get_visible_anchor
from registry.policy.rules import Remedy, Verdict

MAX_FILTER = 200

BUILDS_SHOWN = 50


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


class SelectorOut(serializers.Serializer[Any]):
    """All approved experts that the policies allow, of these domains and organisations; none named means all."""

    domains = serializers.ListField(child=serializers.CharField(), read_only=True)
    organisations = serializers.ListField(child=serializers.CharField(), read_only=True)


class MayModel(serializers.Serializer[Any]):
    """What the caller may do with it."""

    change = serializers.BooleanField(read_only=True)


class ModelOut(serializers.ModelSerializer[Model]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    full_name = serializers.CharField(source="__str__", read_only=True)
    anchor = serializers.CharField(source="anchor.slug", read_only=True)
    experts = serializers.SerializerMethodField()
    selector = SelectorOut(read_only=True, allow_null=True)
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
            "tuning",
            "experts",
            "selector",
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


class Models(ListAPIView[Model]):
    serializer_class = ModelOut
    queryset = Model.objects.none()

    def get_queryset(self) -> Any:
        asked = {name: self.request.query_params.get(name, "") for name in ("organisation", "q")}
        for name, value in asked.items():
            if len(value) > MAX_FILTER:
                raise Invalid(f"{name}: at most {MAX_FILTER} characters are searched for.")
        return find_models(actor_of(self.request), **asked)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **context_of(self.request)}

    @extend_schema(
        operation_id="listModels",
        parameters=[
            OpenApiParameter("organisation", str),
            OpenApiParameter("q", str, description="Words in its name or its organisation's."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The models of one's own organisations; all of them for auditors, compliance and operators."""
        return self.list(request)


def context_of(request: Request) -> dict[str, Any]:
    return {"request": request, "roles": roles_of(person_of(request).id)}


class ExplainModel(Body):
    organisation = serializers.CharField(max_length=40)
    anchor = serializers.CharField(max_length=40)
    purpose = serializers.CharField(max_length=40)


class RemedyOut(serializers.Serializer[Remedy]):
    """What would change the answer of one rule, and who can do it."""

    policy = serializers.CharField(read_only=True)
    who = serializers.CharField(read_only=True)  # consumer | owner | compliance | time
    sentence = serializers.CharField(read_only=True)


class ExplainedExpert(serializers.Serializer[Any]):
    expert = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    allowed = serializers.BooleanField(read_only=True)
    reasons = PolicyReason(many=True, read_only=True)
    remedies = RemedyOut(many=True, read_only=True)


def explained(verdicts: Iterable[tuple[ExpertVersion, Verdict]]) -> Any:
    rows = [
        {
            "expert": str(version.expert),
            "version": version.number,
            "allowed": verdict.allowed,
            "reasons": verdict.reasons,
            "remedies": verdict.remedies,
        }
        for version, verdict in verdicts
    ]
    return ExplainedExpert(rows, many=True).data


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
        verdicts = explain(consumer=consumer, anchor=anchor, purpose=given["purpose"], seen_by=actor)
        return Response({"experts": explained(verdicts)})
