"""Bringing files, over HTTP: declare, sign parts, complete. The bytes themselves go straight to the object store."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.experts.models import UploadedFile
from registry.experts.queries import parts_of_file
from registry.experts.uploads import arrived_parts, complete_file, get_file_for, sign_parts

MAX_SIGNED_AT_ONCE = 100


class AddFile(Body):
    path = serializers.CharField(max_length=200)
    size = serializers.IntegerField(min_value=0)
    sha256 = serializers.CharField(max_length=71)


class FileOut(serializers.ModelSerializer[UploadedFile]):
    part_count = serializers.SerializerMethodField()

    class Meta:
        model = UploadedFile
        fields = ["id", "path", "size", "sha256", "part_size", "part_count", "completed_at"]
        read_only_fields = fields

    def get_part_count(self, file: UploadedFile) -> int:
        return parts_of_file(file).count


class ArrivedPart(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True)
    sha256 = serializers.CharField(read_only=True)


class FileWithParts(FileOut):
    parts = ArrivedPart(many=True, read_only=True)

    class Meta(FileOut.Meta):
        fields = [*FileOut.Meta.fields, "parts"]
        read_only_fields = fields


class File(APIView):
    @extend_schema(operation_id="getFile", responses=FileWithParts)
    def get(self, request: Request, file_id: UUID) -> Response:
        """A file, and the parts of it that have arrived, so that an interrupted upload sends only the others."""
        file = get_file_for(file_id, actor=actor_of(request))
        parts = ArrivedPart(arrived_parts(file), many=True).data
        return Response({**FileOut(file).data, "parts": parts})


class PartIn(Body):
    number = serializers.IntegerField(min_value=1, max_value=10_000)
    sha256 = serializers.CharField(max_length=64)


class SignParts(Body):
    parts = serializers.ListField(child=PartIn(), min_length=1, max_length=MAX_SIGNED_AT_ONCE)


class SignedPartOut(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True)
    url = serializers.CharField(read_only=True)
    headers = serializers.DictField(child=serializers.CharField(), read_only=True)


class SignedParts(serializers.Serializer[Any]):
    parts = SignedPartOut(many=True, read_only=True)


class Parts(APIView):
    @extend_schema(operation_id="signParts", request=SignParts, responses=SignedParts)
    def post(self, request: Request, file_id: UUID) -> Response:
        """URLs to PUT these parts to. Each takes exactly the bytes of its SHA-256, for five minutes."""
        body = SignParts(data=request.data)
        body.is_valid(raise_exception=True)
        parts = [(part["number"], part["sha256"]) for part in body.validated_data["parts"]]
        answer = Response(SignedParts({"parts": sign_parts(file_id, parts, by=actor_of(request))}).data)
        answer["Cache-Control"] = "no-store"
        return answer


class CompleteFile(APIView):
    @extend_schema(operation_id="completeFile", request=None, responses=FileOut)
    def post(self, request: Request, file_id: UUID) -> Response:
        """Join the parts. Refused while one is missing; asked again, it answers the same."""
        return Response(FileOut(complete_file(file_id, by=actor_of(request))).data)
