"""Consent receipts, over HTTP: each as it was signed at its moment, with all that checks it offline."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.callers import actor_of
from registry.api.withdrawals import CertificateKeyOut, proven
from registry.audit.queries import entry_of_key, is_published
from registry.errors import NotFound
from registry.evidence.files import may_read_evidence
from registry.evidence.models import ConsentReceipt, ConsentState
from registry.evidence.receipts import receipts_of
from registry.experts.models import ExpertVersion
from registry.experts.queries import get_visible_version


class ReceiptOut(serializers.Serializer[Any]):
    """All that `guildhall verify receipt` needs, offline. Without proof for the second until the log is published."""

    state = serializers.ChoiceField(choices=ConsentState.choices, read_only=True)
    issued_at = serializers.DateTimeField(read_only=True)
    digest = serializers.CharField(read_only=True)
    envelope = serializers.DictField(child=serializers.JSONField(), read_only=True)
    leaf = serializers.CharField(read_only=True, allow_null=True)
    proof = serializers.CharField(read_only=True, allow_null=True)
    key = CertificateKeyOut(read_only=True, allow_null=True)


class ReceiptsOut(serializers.Serializer[Any]):
    receipts = ReceiptOut(many=True, read_only=True)


def _bundle(receipt: ConsentReceipt) -> dict[str, Any]:
    said = {
        "state": receipt.state,
        "issued_at": receipt.issued_at,
        "digest": receipt.digest,
        "envelope": receipt.envelope,
    }
    try:
        key = entry_of_key(receipt.vkey)
    except NotFound:
        key = None
    if key is None or not (is_published(receipt.entry) and is_published(key)):
        return {**said, "leaf": None, "proof": None, "key": None}
    return {**said, **proven(receipt.entry), "key": {"vkey": receipt.vkey, **proven(key)}}


def _version(version_id: UUID, request: Request) -> ExpertVersion:
    actor = actor_of(request)
    version = get_visible_version(version_id, actor=actor)
    if not may_read_evidence(actor, version):
        raise NotFound("There is no such version whose receipts you may read.")
    return version


class Receipts(APIView):
    """/versions/{version_id}/receipts"""

    @extend_schema(operation_id="listReceipts", responses=ReceiptsOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        """All receipts of its consent, the newest first: given, and how it ended."""
        version = _version(version_id, request)
        return Response(ReceiptsOut({"receipts": [_bundle(one) for one in receipts_of(version)]}).data)


class Receipt(APIView):
    """/versions/{version_id}/receipt"""

    @extend_schema(
        operation_id="getReceipt",
        responses=ReceiptOut,
        parameters=[
            OpenApiParameter("state", str, enum=ConsentState.values, description="That of this state, not the newest.")
        ],
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """The newest receipt of its consent, or that of one state."""
        rows = receipts_of(_version(version_id, request))
        state = request.query_params.get("state")
        found = rows.filter(state=state).first() if state else rows.first()
        if found is None:
            raise NotFound("There is no such receipt: one is made when a version is submitted, and one when it ends.")
        return Response(ReceiptOut(_bundle(found)).data)
