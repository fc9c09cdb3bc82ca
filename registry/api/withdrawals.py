"""The withdrawals room, over HTTP."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import demand_role
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.experts.queries import get_visible_version
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.models import Withdrawal
from registry.withdrawals.queries import Hit, Preview, affected_by, preview_of, withdrawal_of


class AffectedOut(serializers.Serializer[Any]):
    model = serializers.CharField(read_only=True)
    revision = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)
    recomposed_revision = serializers.CharField(read_only=True, allow_null=True)


class WithdrawalOut(serializers.ModelSerializer[Withdrawal]):
    version = serializers.SerializerMethodField()
    models = serializers.SerializerMethodField()

    class Meta:
        model = Withdrawal
        fields = ["id", "version", "reason", "requested_at", "propagated_at", "models"]
        read_only_fields = fields

    def get_version(self, withdrawal: Withdrawal) -> str:
        return str(withdrawal.version)

    @extend_schema_field(AffectedOut(many=True))
    def get_models(self, withdrawal: Withdrawal) -> object:
        return AffectedOut(affected_by(withdrawal), many=True).data


class HitOut(serializers.Serializer[Hit]):
    model = serializers.CharField(read_only=True)
    revision = serializers.CharField(read_only=True)
    main = serializers.BooleanField(read_only=True)
    consumer = serializers.CharField(read_only=True)


class PreviewOut(serializers.Serializer[Preview]):
    models = HitOut(many=True, read_only=True)
    downloads = serializers.IntegerField(read_only=True)
    irrevocable = serializers.BooleanField(read_only=True)
    notice = serializers.CharField(read_only=True)


class WithdrawVersionIn(Body):
    reason = serializers.CharField(min_length=10, max_length=500)


class WithdrawVersion(APIView):
    """/versions/{version_id}/withdraw"""

    @extend_schema(operation_id="withdrawVersion", request=WithdrawVersionIn, responses=WithdrawalOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        body = WithdrawVersionIn(data=request.data)
        body.is_valid(raise_exception=True)
        get_visible_version(version_id, actor=actor_of(request))
        withdrawal = withdraw_version(version_id, by=actor_of(request), **body.validated_data)
        return Response(WithdrawalOut(withdrawal).data)


class WithdrawalOfVersion(APIView):
    """/versions/{version_id}/withdrawal"""

    @extend_schema(operation_id="getWithdrawal", responses=WithdrawalOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_visible_version(version_id, actor=actor_of(request))
        return Response(WithdrawalOut(withdrawal_of(version.id)).data)


class WithdrawalPreview(APIView):
    """/versions/{version_id}/withdrawal-preview"""

    @extend_schema(operation_id="previewWithdrawal", responses=PreviewOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        version = get_visible_version(version_id, actor=actor_of(request))
        demand_role(actor_of(request), Role.OWNER, version.expert.organisation)
        return Response(PreviewOut(preview_of(version)).data)
