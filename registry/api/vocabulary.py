"""The fixed words that forms offer, with what they mean: purposes, legal bases, roles, licences."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.evidence.licence_data import BANS, LICENCES, NOTICES, OUTPUTS, Terms
from registry.evidence.models import FileKind
from registry.evidence.rules import CATEGORY_NAMES, LEGAL_BASES, PURPOSES, VOCABULARY, Purpose


class PurposeOut(serializers.Serializer[Purpose]):
    id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    description = serializers.CharField(read_only=True)
    commercial = serializers.BooleanField(read_only=True)
    dpv = serializers.CharField(read_only=True)
    duo = serializers.ListField(child=serializers.CharField(), read_only=True)


class WordOut(serializers.Serializer[dict[str, str]]):
    id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class TermsOut(serializers.Serializer[Terms]):
    id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    summary = serializers.CharField(read_only=True)
    commercial_use = serializers.BooleanField(read_only=True)
    commercial_limit = serializers.CharField(read_only=True)
    redistribution = serializers.BooleanField(read_only=True)
    derivatives = serializers.BooleanField(read_only=True)
    share_alike = serializers.BooleanField(read_only=True)
    stays_under = serializers.BooleanField(read_only=True)
    attribution = serializers.BooleanField(read_only=True)
    revocable = serializers.BooleanField(read_only=True)
    notices = serializers.SerializerMethodField()
    bans = serializers.SerializerMethodField()
    outputs = serializers.SerializerMethodField()
    only_for = serializers.ListField(child=serializers.CharField(), read_only=True, allow_null=True)
    patents = serializers.CharField(read_only=True)
    law = serializers.CharField(read_only=True)
    text_url = serializers.CharField(source="source", read_only=True)
    reviewed_by = serializers.CharField(read_only=True)

    def get_notices(self, terms: Terms) -> list[str]:
        return [NOTICES[word] for word in terms.notices]

    def get_bans(self, terms: Terms) -> list[str]:
        return [BANS[word].words for word in terms.bans]

    def get_outputs(self, terms: Terms) -> list[str]:
        return [OUTPUTS[word] for word in terms.outputs]


class VocabularyOut(serializers.Serializer[dict[str, object]]):
    version = serializers.IntegerField(read_only=True)
    purposes = PurposeOut(many=True, read_only=True)
    data_categories = WordOut(many=True, read_only=True)
    legal_bases = WordOut(many=True, read_only=True)
    evidence_kinds = WordOut(many=True, read_only=True)
    roles = WordOut(many=True, read_only=True)
    licences = TermsOut(many=True, read_only=True)


class Vocabulary(APIView):
    """/vocabulary"""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="getVocabulary", responses=VocabularyOut)
    def get(self, request: Request) -> Response:
        words = {
            "version": VOCABULARY,
            "purposes": list(PURPOSES.values()),
            "data_categories": [{"id": key, "name": name} for key, name in CATEGORY_NAMES.items()],
            "legal_bases": [{"id": key, "name": name} for key, name in LEGAL_BASES.items()],
            "evidence_kinds": [{"id": kind.value, "name": kind.label} for kind in FileKind],
            "roles": [{"id": role.value, "name": role.label} for role in Role],
            "licences": list(LICENCES.values()),
        }
        return Response(VocabularyOut(words).data)
