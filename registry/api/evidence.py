"""The evidence room, over HTTP: what an owner states with a version, and what is shown of it."""

from typing import Any

from rest_framework import serializers

from registry.api.bodies import Body, Moment
from registry.evidence.actions import ConsentClaim, LicenceClaim
from registry.evidence.licences import MAX_EXPRESSION
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.evidence.rules import gaps_of

MAX_LICENCE_TEXT = 200_000


class LicenceIn(Body):
    declared = serializers.CharField(max_length=MAX_EXPRESSION)
    text = serializers.CharField(max_length=MAX_LICENCE_TEXT, required=False, allow_blank=True)
    attribution = serializers.CharField(max_length=300, required=False, allow_blank=True)
    valid_until = Moment(required=False, allow_null=True)


class ConsentIn(Body):
    legal_basis = serializers.CharField(max_length=40)
    purposes = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50)
    recipients = serializers.ListField(child=serializers.CharField(max_length=40), max_length=200, required=False)
    jurisdictions = serializers.ListField(child=serializers.CharField(max_length=8), max_length=300, required=False)
    valid_from = Moment(required=False)
    valid_until = Moment(required=False, allow_null=True)
    withdrawal_method = serializers.CharField(max_length=300)
    notice = serializers.CharField(max_length=300, required=False, allow_blank=True)
    language = serializers.CharField(max_length=35, required=False, allow_blank=True)
    data_categories = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, required=False)
    controllers = serializers.ListField(child=serializers.CharField(max_length=120), max_length=20, required=False)
    storage_locations = serializers.ListField(child=serializers.CharField(max_length=8), max_length=50, required=False)
    retention = serializers.CharField(max_length=40, required=False, allow_blank=True)


class ProvenanceIn(Body):
    statement = serializers.DictField(child=serializers.JSONField(allow_null=True))


class LicenceOut(serializers.ModelSerializer[LicenceTerms]):
    class Meta:
        model = LicenceTerms
        fields = ["declared", "concluded", "text", "attribution", "valid_until"]
        read_only_fields = fields


class ConsentOut(serializers.ModelSerializer[ConsentRecord]):
    purposes = serializers.ListField(child=serializers.CharField(), read_only=True)
    recipients = serializers.ListField(child=serializers.CharField(), read_only=True)
    jurisdictions = serializers.ListField(child=serializers.CharField(), read_only=True)
    data_categories = serializers.ListField(child=serializers.CharField(), read_only=True)
    controllers = serializers.ListField(child=serializers.CharField(), read_only=True)
    storage_locations = serializers.ListField(child=serializers.CharField(), read_only=True)
    gaps = serializers.SerializerMethodField()

    class Meta:
        model = ConsentRecord
        fields = [
            "legal_basis",
            "purposes",
            "recipients",
            "jurisdictions",
            "valid_from",
            "valid_until",
            "withdrawal_method",
            "vocabulary",
            "notice",
            "language",
            "data_categories",
            "controllers",
            "storage_locations",
            "retention",
            "gaps",
        ]
        read_only_fields = fields

    def get_gaps(self, record: ConsentRecord) -> list[str]:
        """What ISO/IEC TS 27560 wants of a record about personal data, and this one does not say."""
        return gaps_of(record)


class ProvenanceOut(serializers.ModelSerializer[Provenance]):
    statement = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Provenance
        fields = ["statement", "signature_verified", "key_fingerprint", "checked_at"]
        read_only_fields = fields


def licence_claim(given: dict[str, Any]) -> LicenceClaim:
    return LicenceClaim(**given)


def consent_claim(given: dict[str, Any]) -> ConsentClaim:
    return ConsentClaim(**given)
