"""Evidence files, over HTTP: the bytes come as they are, and go out as an attachment that nothing opens."""

from io import BytesIO
from typing import IO, Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.evidence.files import (
    MAX_BYTES,
    MAX_BYTES_OF_VERSION,
    add_evidence,
    download_name,
    get_readable_file,
    may_add_evidence,
    read_evidence,
    readable_evidence_of,
    remove_evidence,
)
from registry.evidence.models import EvidenceFile, FileKind
from registry.experts.queries import get_visible_version


class EvidenceFileOut(serializers.ModelSerializer[EvidenceFile]):
    added_by = serializers.CharField(source="added_by.name", read_only=True)

    class Meta:
        model = EvidenceFile
        fields = ["id", "kind", "name", "media_type", "size", "sha256", "added_by", "added_at"]
        read_only_fields = fields


class KindOut(serializers.Serializer[Any]):
    id = serializers.ChoiceField(choices=FileKind.choices, read_only=True)
    name = serializers.CharField(read_only=True)
    files = serializers.IntegerField(read_only=True)


class EvidenceOut(serializers.Serializer[Any]):
    """The documents beside a version, and of which kind there are how many."""

    files = EvidenceFileOut(many=True, read_only=True)
    kinds = KindOut(many=True, read_only=True)
    may_add = serializers.BooleanField(read_only=True)
    may_remove = serializers.BooleanField(read_only=True)
    max_bytes = serializers.IntegerField(read_only=True)
    max_bytes_of_version = serializers.IntegerField(read_only=True)


class AsItIs(BaseParser):
    """The body is the file. What it is, its bytes say."""

    media_type = "application/octet-stream"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class AddEvidence(Body):
    kind = serializers.ChoiceField(choices=FileKind.choices)
    name = serializers.CharField(max_length=120)


class VersionEvidence(APIView):
    """/versions/{version_id}/evidence"""

    parser_classes = [AsItIs]

    @extend_schema(operation_id="listEvidence", responses=EvidenceOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        """For its owner's people; and, once it was handed in, for compliance and auditors."""
        actor = actor_of(request)
        version = get_visible_version(version_id, actor=actor)
        files = list(readable_evidence_of(version, actor=actor))
        count = {kind: sum(file.kind == kind for file in files) for kind in FileKind}
        adding, removing = may_add_evidence(actor, version)
        found = {
            "files": files,
            "kinds": [{"id": kind.value, "name": kind.label, "files": count[kind]} for kind in FileKind],
            "may_add": adding,
            "may_remove": removing,
            "max_bytes": MAX_BYTES,
            "max_bytes_of_version": MAX_BYTES_OF_VERSION,
        }
        return Response(EvidenceOut(found).data)

    @extend_schema(
        operation_id="addEvidence",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: EvidenceFileOut},
        parameters=[
            OpenApiParameter("kind", str, required=True, enum=FileKind.values, description="What it speaks for."),
            OpenApiParameter("name", str, required=True, description="How to call it."),
        ],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Lay a document beside a version that is not decided yet: PDF, PNG, JPEG or plain text, without anything in it
        that runs. What readers had read of the version is stale from then on."""
        given = AddEvidence(data={"kind": request.query_params.get("kind"), "name": request.query_params.get("name")})
        given.is_valid(raise_exception=True)
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        file = add_evidence(version_id, _body(request), by=actor, **given.validated_data)
        return Response(EvidenceFileOut(file).data, status=201)


class OneEvidenceFile(APIView):
    """/evidence/{file_id}"""

    @extend_schema(operation_id="readEvidence", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, file_id: UUID) -> HttpResponse:
        """Its bytes, as they were taken."""
        file = get_readable_file(file_id, actor=actor_of(request))
        answer = HttpResponse(read_evidence(file), content_type=file.media_type)
        answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(download_name(file))}"
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        answer["ETag"] = f'"{file.sha256}"'
        return answer

    @extend_schema(operation_id="removeEvidence", responses={204: None})
    def delete(self, request: Request, file_id: UUID) -> Response:
        """Take it off a draft. What was handed in stays."""
        remove_evidence(file_id, by=actor_of(request))
        return Response(status=204)


def _body(request: Request) -> IO[bytes]:
    data: Any = request.data
    return data if hasattr(data, "read") else BytesIO()
