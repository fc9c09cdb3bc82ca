"""The withdrawals room, over HTTP: taking back, pausing, holding, and following a withdrawal to its certificate."""

import base64
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import demand_role, get_organisation, is_member, reach_of
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.session import OnSignIn
from registry.api.versions import VersionOut, version_answer
from registry.audit.queries import entry_of_key, index_of, leaf_at, proof_of
from registry.errors import NotAllowed, NotFound
from registry.experts.queries import get_visible_expert, get_visible_version
from registry.withdrawals import actions
from registry.withdrawals.destruction import hold_on
from registry.withdrawals.models import Certificate, LegalBasis, LegalHold, Withdrawal
from registry.withdrawals.queries import (
    Hit,
    Preview,
    affected_by,
    checklist_of,
    get_withdrawal,
    in_use_of,
    preview_of,
    withdrawal_of,
)
from registry.withdrawals.statements import residuals_of


class AffectedOut(serializers.Serializer[Any]):
    model = serializers.CharField(read_only=True)
    revision = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)
    recomposed_revision = serializers.CharField(read_only=True, allow_null=True)


class StepOut(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=["done", "running", "waiting", "held", "failed"], read_only=True)
    at = serializers.DateTimeField(read_only=True, allow_null=True)
    facts = serializers.DictField(child=serializers.JSONField(), read_only=True)
    sentence = serializers.CharField(read_only=True)


class RecipientOut(serializers.Serializer[Any]):
    organisation = serializers.CharField(read_only=True)
    revisions = serializers.ListField(child=serializers.CharField(), read_only=True)
    deliveries = serializers.IntegerField(read_only=True)
    acknowledged = serializers.IntegerField(read_only=True)


class ResidualsOut(serializers.Serializer[Any]):
    """What a withdrawal cannot reach."""

    pinned_revisions = serializers.ListField(child=serializers.CharField(), read_only=True)
    recipients = RecipientOut(many=True, read_only=True)
    licence = serializers.CharField(read_only=True)
    licence_irrevocable = serializers.BooleanField(read_only=True)
    says = serializers.ListField(child=serializers.CharField(), read_only=True)


class WithdrawalOut(serializers.ModelSerializer[Withdrawal]):
    version = serializers.SerializerMethodField()
    models = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta:
        model = Withdrawal
        fields = [
            "id", "batch", "version", "cause", "legal_basis", "reason", "requested_at", "propagated_at",
            "destroy_after", "destruction_confirmed_at", "ended_at", "models", "steps",
        ]  # fmt: skip
        read_only_fields = fields

    def get_version(self, withdrawal: Withdrawal) -> str:
        return str(withdrawal.version)

    @extend_schema_field(AffectedOut(many=True))
    def get_models(self, withdrawal: Withdrawal) -> object:
        return AffectedOut(affected_by(withdrawal), many=True).data

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, withdrawal: Withdrawal) -> object:
        return StepOut(checklist_of(withdrawal), many=True).data


class WithdrawalWhole(WithdrawalOut):
    """With what it cannot reach: for its owner, and for those whose work is to look."""

    residuals = serializers.SerializerMethodField()

    class Meta(WithdrawalOut.Meta):
        fields = [*WithdrawalOut.Meta.fields, "residuals"]
        read_only_fields = fields

    @extend_schema_field(ResidualsOut)
    def get_residuals(self, withdrawal: Withdrawal) -> object:
        return residuals_of(withdrawal)


class HitOut(serializers.Serializer[Hit]):
    model = serializers.CharField(read_only=True)
    revision = serializers.CharField(read_only=True)
    main = serializers.BooleanField(read_only=True)
    consumer = serializers.CharField(read_only=True)


class PreviewOut(serializers.Serializer[Preview]):
    versions = serializers.ListField(child=serializers.CharField(), read_only=True)
    models = HitOut(many=True, read_only=True)
    downloads = serializers.IntegerField(read_only=True)
    irrevocable = serializers.BooleanField(read_only=True)
    notice = serializers.CharField(read_only=True)


class WithdrawIn(Body):
    reason = serializers.CharField(min_length=10, max_length=500)
    legal_basis = serializers.ChoiceField(choices=LegalBasis.choices, default=LegalBasis.OTHER)
    password = serializers.CharField(
        max_length=200,
        required=False,
        trim_whitespace=False,
        help_text="Yours, to confirm the destruction of the stored bytes too. Denial needs none.",
    )


class ReasonIn(Body):
    reason = serializers.CharField(min_length=10, max_length=500)


class PasswordIn(Body):
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class HoldOut(serializers.ModelSerializer[LegalHold]):
    class Meta:
        model = LegalHold
        fields = ["id", "reason", "placed_at", "lifted_at"]
        read_only_fields = fields


class HoldFound(serializers.Serializer[Any]):
    hold = HoldOut(read_only=True, allow_null=True)


def _given(body: type[Body], request: Request) -> dict[str, Any]:
    read = body(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


class Click(APIView):
    """Takes back. A password that comes with it is counted like one at the door, so that no stolen token finds it out
    by trying; beyond the count it is taken for a wrong one, for denial waits for nobody.
    """

    throttle_scope = "login"

    def given(self, request: Request) -> dict[str, Any]:
        given = _given(WithdrawIn, request)
        if given.get("password") and not OnSignIn().allow_request(request, self):
            del given["password"]
        return given


class WithdrawVersion(Click):
    """/versions/{version_id}/withdraw"""

    @extend_schema(operation_id="withdrawVersion", request=WithdrawIn, responses=WithdrawalOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        given = self.given(request)
        get_visible_version(version_id, actor=actor_of(request))
        withdrawal = actions.withdraw_version(version_id, by=actor_of(request), **given)
        return Response(WithdrawalOut(withdrawal).data)


class WithdrawExpert(Click):
    """/experts/{organisation}/{name}/withdraw"""

    @extend_schema(operation_id="withdrawExpert", request=WithdrawIn, responses=WithdrawalOut(many=True))
    def post(self, request: Request, organisation: str, name: str) -> Response:
        given = self.given(request)
        expert = get_visible_expert(f"{organisation}/{name}", actor=actor_of(request))
        return Response(
            WithdrawalOut(actions.withdraw_expert(str(expert), by=actor_of(request), **given), many=True).data
        )


class WithdrawOrganisation(Click):
    """/organisations/{slug}/withdraw"""

    @extend_schema(operation_id="withdrawOrganisation", request=WithdrawIn, responses=WithdrawalOut(many=True))
    def post(self, request: Request, slug: str) -> Response:
        given = self.given(request)
        return Response(
            WithdrawalOut(actions.withdraw_organisation(slug, by=actor_of(request), **given), many=True).data
        )


class WithdrawalOfVersion(APIView):
    """/versions/{version_id}/withdrawal"""

    @extend_schema(operation_id="getWithdrawalOfVersion", responses=WithdrawalOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_visible_version(version_id, actor=actor_of(request))
        return Response(WithdrawalOut(withdrawal_of(version.id)).data)


class OneWithdrawal(APIView):
    """/withdrawals/{withdrawal_id}"""

    @extend_schema(operation_id="getWithdrawal", responses=WithdrawalWhole)
    def get(self, request: Request, withdrawal_id: UUID) -> Response:
        return Response(WithdrawalWhole(_for_its_own(withdrawal_id, request)).data)


class ConfirmDestruction(APIView):
    """/withdrawals/{withdrawal_id}/confirm-destruction"""

    throttle_classes = [OnSignIn]
    throttle_scope = "login"

    @extend_schema(operation_id="confirmDestruction", request=PasswordIn, responses=WithdrawalOut)
    def post(self, request: Request, withdrawal_id: UUID) -> Response:
        given = _given(PasswordIn, request)
        get_visible_version(get_withdrawal(withdrawal_id).version_id, actor=actor_of(request))
        withdrawal = actions.confirm_destruction(withdrawal_id, by=actor_of(request), **given)
        return Response(WithdrawalOut(withdrawal).data)


class CertificateKeyOut(serializers.Serializer[Any]):
    vkey = serializers.CharField(read_only=True)
    leaf = serializers.CharField(read_only=True)
    proof = serializers.CharField(read_only=True)


class CertificateOut(serializers.Serializer[Any]):
    """All that `guildhall verify certificate` needs, offline."""

    envelope = serializers.DictField(child=serializers.JSONField(), read_only=True)
    leaf = serializers.CharField(read_only=True)
    proof = serializers.CharField(read_only=True)
    key = CertificateKeyOut(read_only=True)


class CertificateOfWithdrawal(APIView):
    """/withdrawals/{withdrawal_id}/certificate"""

    @extend_schema(operation_id="getCertificate", responses=CertificateOut)
    def get(self, request: Request, withdrawal_id: UUID) -> Response:
        withdrawal = _for_its_own(withdrawal_id, request)
        found = Certificate.objects.filter(withdrawal=withdrawal).first()
        if found is None:
            raise NotFound("This withdrawal is not certified yet; its checklist says what is still to be done.")
        key = entry_of_key(found.vkey)
        return Response(
            {
                "envelope": found.envelope,
                **proven(found.entry),
                "key": {"vkey": found.vkey, **proven(key)},
            }
        )


class WithdrawalPreview(APIView):
    """/versions/{version_id}/withdrawal-preview"""

    @extend_schema(operation_id="previewWithdrawal", responses=PreviewOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_visible_version(version_id, actor=actor_of(request))
        demand_role(actor_of(request), Role.OWNER, version.expert.organisation)
        return Response(PreviewOut(preview_of([version])).data)


class ExpertWithdrawalPreview(APIView):
    """/experts/{organisation}/{name}/withdrawal-preview"""

    @extend_schema(operation_id="previewExpertWithdrawal", responses=PreviewOut)
    def get(self, request: Request, organisation: str, name: str) -> Response:
        expert = get_visible_expert(f"{organisation}/{name}", actor=actor_of(request))
        demand_role(actor_of(request), Role.OWNER, expert.organisation)
        return Response(PreviewOut(preview_of(in_use_of(expert=expert))).data)


class OrganisationWithdrawalPreview(APIView):
    """/organisations/{slug}/withdrawal-preview"""

    @extend_schema(operation_id="previewOrganisationWithdrawal", responses=PreviewOut)
    def get(self, request: Request, slug: str) -> Response:
        owner = get_organisation(slug)
        demand_role(actor_of(request), Role.OWNER, owner)
        return Response(PreviewOut(preview_of(in_use_of(expert__organisation=owner))).data)


class PauseVersion(APIView):
    """/versions/{version_id}/pause"""

    @extend_schema(operation_id="pauseVersion", request=ReasonIn, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        given = _given(ReasonIn, request)
        get_visible_version(version_id, actor=actor_of(request))
        actions.pause_version(version_id, by=actor_of(request), **given)
        return version_answer(version_id, request)


class ResumeVersion(APIView):
    """/versions/{version_id}/resume"""

    @extend_schema(operation_id="resumeVersion", request=None, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        get_visible_version(version_id, actor=actor_of(request))
        actions.resume_version(version_id, by=actor_of(request))
        return version_answer(version_id, request)


class Hold(APIView):
    """/versions/{version_id}/hold"""

    @extend_schema(operation_id="getHold", responses=HoldFound)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_visible_version(version_id, actor=actor_of(request))
        if not reach_of(actor_of(request)).everything:
            raise NotAllowed("Holds are for compliance, auditors and operators to see.")
        return Response(HoldFound({"hold": hold_on(version)}).data)

    @extend_schema(operation_id="placeHold", request=ReasonIn, responses=HoldOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        given = _given(ReasonIn, request)
        get_visible_version(version_id, actor=actor_of(request))
        return Response(HoldOut(actions.place_hold(version_id, by=actor_of(request), **given)).data)

    @extend_schema(operation_id="liftHold", responses=HoldOut)
    def delete(self, request: Request, version_id: UUID) -> Response:
        get_visible_version(version_id, actor=actor_of(request))
        return Response(HoldOut(actions.lift_hold(version_id, by=actor_of(request))).data)


def _for_its_own(withdrawal_id: UUID, request: Request) -> Withdrawal:
    """A withdrawal with all that belongs to it: for its owner's people, and for those whose work is to look."""
    withdrawal = get_withdrawal(withdrawal_id)
    organisation = withdrawal.version.expert.organisation
    if not (reach_of(actor_of(request)).everything or is_member(actor_of(request), organisation.id)):
        raise NotFound("There is no such withdrawal.")
    return withdrawal


def proven(entry: int) -> dict[str, str]:
    index = index_of(entry)
    if index is None:
        raise NotFound("The certificate is on its way into the published log; ask again in a second.")
    return {"leaf": base64.b64encode(leaf_at(index)).decode(), "proof": proof_of(index)}
