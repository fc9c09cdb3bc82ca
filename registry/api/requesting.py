"""One model, over HTTP: read, asked for, asked for as a dry run, waited for, and asked for twice under one key."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of, person_of
from registry.api.compositions import CompositionOut, RefusalOut
from registry.api.licences import CombinedOut
from registry.api.models import ExplainedExpert, ModelDetail, context_of, explained
from registry.api.problems import CONTENT_TYPE, describe
from registry.api.watching import LONGEST_WAIT, seconds_to_wait, wait_for_end
from registry.compositions.actions import request_model
from registry.compositions.answers import answer_for, keep_answer, let_go
from registry.compositions.dry_runs import DryRun, dry_run
from registry.compositions.models import RUNNING, Composition, CompositionState, KeptAnswer, Model, OnWithdrawal
from registry.compositions.queries import explain_model, get_model
from registry.digests import digest_of
from registry.errors import Denied, Reason

MAX_NAME = 81  # organisation/name
NO = {"0", "false", "no"}


class SelectorIn(Body):
    domains = serializers.ListField(child=serializers.CharField(max_length=40), max_length=200, required=False)
    organisations = serializers.ListField(child=serializers.CharField(max_length=40), max_length=200, required=False)


class RequestModel(Body):
    """`experts` by name, or a `selector`: one of the two. `tuning`: let router rows learn on public text afterwards."""

    anchor = serializers.CharField(max_length=40)
    experts = serializers.ListField(child=serializers.CharField(max_length=MAX_NAME), max_length=200, required=False)
    selector = SelectorIn(required=False)
    purpose = serializers.CharField(max_length=40)
    top_k = serializers.IntegerField(required=False, min_value=1, max_value=200)
    on_withdrawal = serializers.ChoiceField(choices=OnWithdrawal.choices, required=False)
    tuning = serializers.BooleanField(required=False)


class RequestedModel(ModelDetail):
    """The model, its build, and of each expert that was meant whether it is allowed; a selector leaves out the rest."""

    composition = serializers.SerializerMethodField()
    explain = serializers.SerializerMethodField()

    class Meta(ModelDetail.Meta):
        fields = [*ModelDetail.Meta.fields, "composition", "explain"]
        read_only_fields = fields

    @extend_schema_field(CompositionOut)
    def get_composition(self, model: Model) -> Any:
        return CompositionOut(self.context["composition"]).data

    @extend_schema_field(ExplainedExpert(many=True))
    def get_explain(self, model: Model) -> Any:
        return explained(explain_model(model, seen_by=actor_of(self.context["request"])))


class DryRunOut(serializers.Serializer[DryRun]):
    """What the request would come to. `refusals`: what the experts' licences have against one another; `explain`: what
    is said of each alone. `revision` where the recipe was built before, `composition` where it stands.
    """

    allowed = serializers.BooleanField(read_only=True)
    explain = serializers.SerializerMethodField()
    refusals = RefusalOut(many=True, read_only=True)
    licences = CombinedOut(read_only=True)
    recipe = serializers.DictField(child=serializers.JSONField(), read_only=True, allow_null=True)
    recipe_digest = serializers.CharField(read_only=True)
    revision = serializers.CharField(read_only=True)
    composition = serializers.UUIDField(source="composition.id", read_only=True, allow_null=True, default=None)

    @extend_schema_field(ExplainedExpert(many=True))
    def get_explain(self, run: DryRun) -> Any:
        return explained(run.verdicts)


FINISHED = PolymorphicProxySerializer(
    component_name="RequestedOrExplained", serializers=[RequestedModel, DryRunOut], resource_type_field_name=None
)
PARAMETERS = [
    OpenApiParameter("explain", bool, description="A dry run: nothing is stored, and the answer says what would be."),
    OpenApiParameter("Prefer", str, "header", description=f"wait=N: up to {LONGEST_WAIT} seconds, until it is built."),
    OpenApiParameter(
        "Idempotency-Key", str, "header", description="The same key again is answered the same for a day."
    ),
]


class ModelView(APIView):
    @extend_schema(operation_id="getModel", responses=ModelDetail)
    def get(self, request: Request, org: str, name: str) -> Response:
        model = get_model(org, name, seen_by=actor_of(request))
        return Response(ModelDetail(model, context=context_of(request)).data)

    @extend_schema(
        operation_id="requestModel",
        request=RequestModel,
        parameters=PARAMETERS,
        responses={200: FINISHED, 202: RequestedModel},
    )
    def put(self, request: Request, org: str, name: str) -> Response:
        """Ask for a model. `Location` names its composition; the same request again is the same composition.

        What the policies refuse is kept as a refused composition, and answered with the policies that refuse. With
        `Prefer: wait=N` the answer is 200 when the build has ended in time.
        """
        body = RequestModel(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if request.query_params.get("explain", "no").lower() not in NO:
            return Response(DryRunOut(dry_run(org, name, by=actor_of(request), **given)).data)
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return _requested(request, org, name, given)
        kept = answer_for(person_of(request).id, key, digest_of({"model": f"{org}/{name}", "body": given}))
        return _requested_once(request, org, name, given, kept) if kept.status is None else _again(kept)


def _requested(request: Request, org: str, name: str, given: dict[str, Any]) -> Response:
    composition = request_model(org, name, by=actor_of(request), **given)
    if composition.state == CompositionState.REFUSED:
        raise denied(composition)
    seconds = seconds_to_wait(request)
    composition = wait_for_end(composition, seconds)
    ended = seconds > 0 and composition.state not in RUNNING
    headers = {"Location": f"/api/v1/compositions/{composition.id}"}
    if ended:
        headers["Preference-Applied"] = f"wait={seconds}"
    model = get_model(org, name, seen_by=actor_of(request))
    shown = RequestedModel(model, context={**context_of(request), "composition": composition})
    return Response(shown.data, status=200 if ended else 202, headers=headers)


def _requested_once(request: Request, org: str, name: str, given: dict[str, Any], kept: KeptAnswer) -> Response:
    """What came to a build is kept, a refusal by the policies too; of anything else nothing has come."""
    try:
        answer = _requested(request, org, name, given)
    except Denied as denial:
        if denial.policies:
            keep_answer(kept, status=denial.status, body=describe(denial))
        else:
            let_go(kept)
        raise
    except Exception:
        let_go(kept)
        raise
    keep_answer(kept, status=answer.status_code, body=answer.data, location=answer.headers["Location"])
    return answer


def _again(kept: KeptAnswer) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    if kept.location:
        headers["Location"] = kept.location
    content_type = CONTENT_TYPE if kept.status and kept.status >= 400 else None
    return Response(kept.body, status=kept.status, headers=headers, content_type=content_type)


def denied(composition: Composition) -> Denied:
    """The refusal as an answer; it is on record already."""
    named = list(dict.fromkeys(refusal["expert"] for refusal in composition.refusals))
    reasons = dict.fromkeys(Reason(refusal["policy"], refusal["reason"]) for refusal in composition.refusals)
    return Denied(f"The policies refuse {' and '.join(named)} for this request.", policies=list(reasons))
