"""Policy sets, over HTTP: read, tried, proposed by one person, activated by another, gone back to."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.queries import demand_any_role
from registry.actors import Actor
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.paging import Pages
from registry.compositions.foresight import (
    Foresight,
    ModelChange,
    activating,
    approving,
    foresee,
    reclassifying,
    rejecting,
)
from registry.errors import Invalid
from registry.policy.actions import activate_policy_set, propose_policies, propose_rollback, shadow_policy_set
from registry.policy.cedar import MAX_TEXT
from registry.policy.examples import MAX_EXAMPLES, Tried
from registry.policy.models import PolicySet
from registry.policy.queries import ENGINE
from registry.policy.rules import Rule
from registry.policy.sets import (
    READERS,
    Checked,
    Fault,
    checked_proposal,
    demand_steward,
    get_policy_set,
    has_decided,
    is_steward,
    may_activate,
    policy_sets,
    tried_examples,
)
from registry.policy.shadow import DECISIONS, MOST, Otherwise, Shadow


class RuleOut(serializers.Serializer[Rule]):
    id = serializers.CharField(read_only=True)
    effect = serializers.CharField(read_only=True)  # permit | forbid
    reason = serializers.CharField(read_only=True)
    law = serializers.CharField(read_only=True)
    rereview = serializers.BooleanField(read_only=True)


class ShadowNote(serializers.Serializer[Any]):
    """What its newest shadow run came to, beside the set named by its hash."""

    sentence = serializers.CharField(read_only=True)
    against = serializers.CharField(read_only=True)
    looked_at = serializers.IntegerField(read_only=True)
    changed = serializers.IntegerField(read_only=True)
    sent_back = serializers.IntegerField(read_only=True)


class PolicySetOut(serializers.ModelSerializer[PolicySet]):
    """`waits`: it was proposed, and a second person has not activated it yet."""

    waits = serializers.BooleanField(read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.name", read_only=True, default="")
    activated_by = serializers.CharField(source="activated_by.name", read_only=True, default="")

    class Meta:
        model = PolicySet
        fields = [
            "number", "hash", "active", "shipped", "waits", "reason", "created_at", "proposed_by", "proposed_at",
            "shadowed_at", "activated_by", "activated_at",
        ]  # fmt: skip
        read_only_fields = fields


class PolicySetMay(serializers.Serializer[Any]):
    """What the caller may do with it as it stands. `propose`: any set; `activate`: this one, which another proposed."""

    propose = serializers.BooleanField(read_only=True)
    activate = serializers.BooleanField(read_only=True)
    go_back = serializers.BooleanField(read_only=True)


class PolicySetWhole(PolicySetOut):
    """With its text, its rules as a person reads them, and its examples."""

    may = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()
    shadow = ShadowNote(read_only=True, allow_null=True)
    examples = serializers.ListField(child=serializers.JSONField(), read_only=True)

    class Meta(PolicySetOut.Meta):
        fields = [*PolicySetOut.Meta.fields, "may", "text", "rules", "shadow", "examples"]
        read_only_fields = fields

    @extend_schema_field(PolicySetMay)
    def get_may(self, policies: PolicySet) -> Any:
        actor: Actor = self.context["actor"]
        return {
            "propose": is_steward(actor),
            "activate": may_activate(policies, actor=actor),
            "go_back": is_steward(actor) and has_decided(policies) and not policies.active and not policies.waits,
        }

    @extend_schema_field(RuleOut(many=True))
    def get_rules(self, policies: PolicySet) -> Any:
        return [RuleOut(rule).data for rule in ENGINE.rules(policies.text)]


def policy_set_answer(number: int, request: Request, *, status: int = 200) -> Response:
    context = {"actor": actor_of(request)}
    return Response(PolicySetWhole(get_policy_set(number), context=context).data, status=status)


class ProposePolicies(Body):
    """`examples`: [{name, facts, refused_by}], where facts say what is unlike the plain case."""

    text = serializers.CharField(max_length=MAX_TEXT, trim_whitespace=False)
    examples = serializers.ListField(child=serializers.JSONField(), max_length=MAX_EXAMPLES)
    reason = serializers.CharField(min_length=10, max_length=2000)


class CheckPolicies(Body):
    text = serializers.CharField(max_length=MAX_TEXT, trim_whitespace=False)
    examples = serializers.ListField(child=serializers.JSONField(), max_length=MAX_EXAMPLES)


class ProposeRollback(Body):
    reason = serializers.CharField(min_length=10, max_length=2000)


class TriedExample(serializers.Serializer[Tried]):
    name = serializers.CharField(source="example.name", read_only=True)
    as_expected = serializers.BooleanField(read_only=True)
    refused_by = serializers.ListField(child=serializers.CharField(), read_only=True)
    expected = serializers.ListField(source="example.refused_by", child=serializers.CharField(), read_only=True)


class FaultOut(serializers.Serializer[Fault]):
    """`line` and `column` count from one on; null where it is of the whole, or of the examples."""

    sentence = serializers.CharField(read_only=True)
    line = serializers.IntegerField(source="place.line", read_only=True, allow_null=True, default=None)
    column = serializers.IntegerField(source="place.column", read_only=True, allow_null=True, default=None)


class CheckedPolicies(serializers.Serializer[Checked]):
    """What keeps it from being proposed; none: it can be. Rules and examples as far as they can be read."""

    faults = FaultOut(many=True, read_only=True)
    rules = RuleOut(many=True, read_only=True)
    examples = TriedExample(many=True, read_only=True)


class TriedExamples(serializers.Serializer[Any]):
    passed = serializers.BooleanField(read_only=True)
    examples = TriedExample(many=True, read_only=True)


class ShadowIn(Body):
    decisions = serializers.IntegerField(required=False, min_value=1, max_value=MOST)


class OtherwiseOut(serializers.Serializer[Otherwise]):
    """A question that would be answered otherwise; `allowed` as it would be, `rules` those that make the difference."""

    consumer = serializers.CharField(read_only=True)
    action = serializers.CharField(read_only=True)
    purpose = serializers.CharField(read_only=True)
    version = serializers.CharField(read_only=True)
    allowed = serializers.BooleanField(read_only=True)
    rules = serializers.ListField(child=serializers.CharField(), read_only=True)


class ShadowOut(serializers.Serializer[Shadow]):
    sentence = serializers.CharField(read_only=True)
    looked_at = serializers.IntegerField(read_only=True)
    changed = serializers.IntegerField(read_only=True)
    since = serializers.DateTimeField(read_only=True, allow_null=True)
    let_in = serializers.ListField(child=serializers.CharField(), read_only=True)
    kept_out = serializers.ListField(child=serializers.CharField(), read_only=True)
    by_rule = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    otherwise = OtherwiseOut(many=True, read_only=True)
    sent_back = serializers.ListField(child=serializers.CharField(), read_only=True)


class ModelChangeOut(serializers.Serializer[ModelChange]):
    """`by_itself`: without anybody asking for the model again."""

    model = serializers.CharField(read_only=True)
    loses = serializers.ListField(child=serializers.CharField(), read_only=True)
    gains = serializers.ListField(child=serializers.CharField(), read_only=True)
    rules = serializers.ListField(child=serializers.CharField(), read_only=True)
    by_itself = serializers.BooleanField(read_only=True)


class ForesightOut(serializers.Serializer[Foresight]):
    """`sent_back`: approved versions that would be reviewed again."""

    sentence = serializers.CharField(read_only=True)
    sent_back = serializers.ListField(child=serializers.CharField(), read_only=True)
    models = ModelChangeOut(many=True, read_only=True)
    decisions = ShadowOut(read_only=True)


class Reclassification(Body):
    licence = serializers.CharField(max_length=200)
    into = serializers.CharField(max_length=200)


class Simulate(Body):
    """One of the four: approve or reject a version, activate a set, conclude another licence where one counts now."""

    approve = serializers.UUIDField(required=False)
    reject = serializers.UUIDField(required=False)
    activate = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    reclassify = Reclassification(required=False)
    decisions = serializers.IntegerField(required=False, min_value=1, max_value=MOST)


class PolicyPages(Pages):
    ordering = ("-number",)


class Policies(ListAPIView[PolicySet]):
    """/policies"""

    serializer_class = PolicySetOut
    pagination_class = PolicyPages
    queryset = PolicySet.objects.none()

    def get_queryset(self) -> Any:
        return policy_sets()

    @extend_schema(operation_id="listPolicySets")
    def get(self, request: Request) -> Response:
        """All sets there ever were, the newest first; one of them decides."""
        demand_any_role(actor_of(request), *READERS)
        return self.list(request)

    @extend_schema(operation_id="proposePolicySet", request=ProposePolicies, responses={201: PolicySetWhole})
    def post(self, request: Request) -> Response:
        """Put a set forward. It decides nothing until somebody else activates it."""
        demand_steward(actor_of(request))
        body = ProposePolicies(data=request.data)
        body.is_valid(raise_exception=True)
        proposed = propose_policies(by=actor_of(request), **body.validated_data)
        return policy_set_answer(proposed.number, request, status=201)


class Check(APIView):
    """/policies/check"""

    @extend_schema(operation_id="checkPolicySet", request=CheckPolicies, responses=CheckedPolicies)
    def post(self, request: Request) -> Response:
        """What would keep a set from being proposed, and where; and what its examples come to. Nothing is stored."""
        demand_steward(actor_of(request))
        body = CheckPolicies(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(CheckedPolicies(checked_proposal(by=actor_of(request), **body.validated_data)).data)


class SimulateView(APIView):
    """/policies/simulate"""

    @extend_schema(operation_id="simulateChange", request=Simulate, responses=ForesightOut)
    def post(self, request: Request) -> Response:
        """Which models and which consumers a deed would change, before it is done. Nothing is stored."""
        demand_any_role(actor_of(request), *READERS)
        body = Simulate(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if sum(name in given for name in ("approve", "reject", "activate", "reclassify")) != 1:
            raise Invalid("Name one deed: approve or reject a version, activate a set, or reclassify a licence.")
        if "approve" in given:
            deed = approving(given["approve"])
        elif "reject" in given:
            deed = rejecting(given["reject"])
        elif "activate" in given:
            deed = activating(given["activate"])
        else:
            deed = reclassifying(**given["reclassify"])
        return Response(ForesightOut(foresee(deed, decisions=given.get("decisions", DECISIONS))).data)


class Policy(APIView):
    """/policies/{number}"""

    @extend_schema(operation_id="getPolicySet", responses=PolicySetWhole)
    def get(self, request: Request, number: int) -> Response:
        demand_any_role(actor_of(request), *READERS)
        return policy_set_answer(number, request)


class Examples(APIView):
    """/policies/{number}/examples"""

    @extend_schema(operation_id="tryPolicyExamples", responses=TriedExamples)
    def get(self, request: Request, number: int) -> Response:
        """The set's examples, run by the engine now."""
        demand_any_role(actor_of(request), *READERS)
        tried = tried_examples(get_policy_set(number))
        passed = all(one.as_expected for one in tried)
        return Response({"passed": passed, "examples": [TriedExample(one).data for one in tried]})


class ShadowView(APIView):
    """/policies/{number}/shadow"""

    @extend_schema(operation_id="shadowPolicySet", request=ShadowIn, responses=ShadowOut)
    def post(self, request: Request, number: int) -> Response:
        """What the set would have answered to the last decisions' questions, and whom it would send back to review.

        Without a run since its proposal, beside the set that decides, it is not activated.
        """
        demand_any_role(actor_of(request), *READERS)
        body = ShadowIn(data=request.data)
        body.is_valid(raise_exception=True)
        ran = shadow_policy_set(number, by=actor_of(request), **body.validated_data)
        return Response(ShadowOut(ran).data)


class Activate(APIView):
    """/policies/{number}/activate"""

    @extend_schema(operation_id="activatePolicySet", request=None, responses=PolicySetWhole)
    def post(self, request: Request, number: int) -> Response:
        """Make a proposed set the one that decides. Nobody activates their own proposal."""
        activate_policy_set(number, by=actor_of(request))
        return policy_set_answer(number, request)


class Rollback(APIView):
    """/policies/{number}/rollback"""

    @extend_schema(operation_id="proposeRollback", request=ProposeRollback, responses=PolicySetWhole)
    def post(self, request: Request, number: int) -> Response:
        """Propose to go back to an earlier set; it decides again when somebody else activates it."""
        demand_steward(actor_of(request))
        body = ProposeRollback(data=request.data)
        body.is_valid(raise_exception=True)
        propose_rollback(number, by=actor_of(request), **body.validated_data)
        return policy_set_answer(number, request)
