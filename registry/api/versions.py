"""Expert versions, over HTTP: draft with evidence, bring files, submit; and everything that is known of one."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Role
from registry.accounts.queries import has_role
from registry.actors import Actor
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.evidence import (
    ConsentIn,
    ConsentOut,
    LicenceIn,
    LicenceOut,
    ProvenanceIn,
    ProvenanceOut,
    consent_claim,
    licence_claim,
)
from registry.api.files import AddFile, FileOut
from registry.api.waiting import WaitingOut, waiting_of
from registry.evidence.actions import draft_version_with_evidence, submit_version_with_receipt
from registry.evidence.queries import consent_of, licence_of, provenance_of
from registry.experts.models import ROADS, ExpertVersion, VersionState
from registry.experts.queries import files_of, get_visible_version
from registry.experts.uploads import add_version_file
from registry.reviews.checklists import Said
from registry.reviews.models import Review
from registry.reviews.queries import as_seen, may_look_behind, may_review, reviews_of


class VersionBrief(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    state = serializers.ChoiceField(choices=VersionState.choices, read_only=True)
    licence = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)

    def get_licence(self, version: ExpertVersion) -> str:
        """The licence that counts: as concluded, or else as declared."""
        licences: dict[UUID, str] = self.context["licences"]
        return licences.get(version.id, "")


class CheckOut(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    ok = serializers.BooleanField(read_only=True)
    detail = serializers.CharField(read_only=True)
    # It passed, and a reviewer should think about it.
    attention = serializers.BooleanField(read_only=True, default=False)


class AnswerOut(serializers.Serializer[Any]):
    item = serializers.CharField(read_only=True)
    answer = serializers.ChoiceField(choices=[said.value for said in Said], read_only=True)
    note = serializers.CharField(read_only=True)


class ReviewOut(serializers.ModelSerializer[Review]):
    reviewer = serializers.CharField(source="reviewer.name", read_only=True)
    answers = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = ["id", "round", "reviewer", "verdict", "reason", "checklist", "answers", "created_at"]
        read_only_fields = fields

    @extend_schema_field(AnswerOut(many=True))
    def get_answers(self, review: Review) -> Any:
        """The notes are for the owner's people, and for those whose work is to look."""
        behind = self.context["behind"]
        return [
            {"item": item, "answer": said["answer"], "note": said.get("note", "") if behind else ""}
            for item, said in review.answers.items()
        ]


class VersionMay(serializers.Serializer[Any]):
    """What the caller may do with it as it stands."""

    edit = serializers.BooleanField(read_only=True)
    submit = serializers.BooleanField(read_only=True)
    review = serializers.BooleanField(read_only=True)
    withdraw = serializers.BooleanField(read_only=True)


class VersionOut(serializers.ModelSerializer[ExpertVersion]):
    expert = serializers.CharField(read_only=True)
    card = serializers.DictField(child=serializers.JSONField(), read_only=True)
    data_card = serializers.DictField(child=serializers.JSONField(), read_only=True)
    checks = CheckOut(many=True, read_only=True)
    report = serializers.DictField(child=serializers.JSONField(), read_only=True)
    signed_with = serializers.SerializerMethodField()
    licence = serializers.SerializerMethodField()
    consent = serializers.SerializerMethodField()
    provenance = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    reviews = serializers.SerializerMethodField()
    waiting = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.name", read_only=True)
    may = serializers.SerializerMethodField()

    class Meta:
        model = ExpertVersion
        fields = [
            "id",
            "expert",
            "number",
            "state",
            "notes",
            "data_digest",
            "router_digest",
            "card",
            "data_card",
            "checks",
            "report",
            "failure",
            "signed_with",
            "licence",
            "consent",
            "provenance",
            "files",
            "reviews",
            "waiting",
            "created_by",
            "created_at",
            "submitted_at",
            "verified_at",
            "changed_at",
            "may",
        ]
        read_only_fields = fields

    def get_signed_with(self, version: ExpertVersion) -> str | None:
        return version.signed_with.fingerprint if version.signed_with else None

    @extend_schema_field(LicenceOut)
    def get_licence(self, version: ExpertVersion) -> Any:
        return LicenceOut(licence_of(version)).data

    @extend_schema_field(ConsentOut)
    def get_consent(self, version: ExpertVersion) -> Any:
        return ConsentOut(consent_of(version)).data

    @extend_schema_field(ProvenanceOut)
    def get_provenance(self, version: ExpertVersion) -> Any:
        return ProvenanceOut(provenance_of(version)).data

    @extend_schema_field(FileOut(many=True))
    def get_files(self, version: ExpertVersion) -> Any:
        return FileOut(files_of(version), many=True).data

    @extend_schema_field(ReviewOut(many=True))
    def get_reviews(self, version: ExpertVersion) -> Any:
        context = {"behind": may_look_behind(self.context["actor"], version)}
        return ReviewOut(reviews_of(version), many=True, context=context).data

    @extend_schema_field(WaitingOut(allow_null=True))
    def get_waiting(self, version: ExpertVersion) -> Any:
        """How it stands before its reviewers, while it waits; for its owner's people and those who look."""
        actor: Actor = self.context["actor"]
        found = waiting_of(version, actor=actor) if may_look_behind(actor, version) else None
        return WaitingOut(found).data if found else None

    @extend_schema_field(VersionMay)
    def get_may(self, version: ExpertVersion) -> Any:
        actor: Actor = self.context["actor"]
        owns = has_role(actor, Role.OWNER, version.expert.organisation)
        draft = owns and version.state == VersionState.DRAFT
        return {
            "edit": draft,
            "submit": draft,
            "review": may_review(actor, version),
            "withdraw": owns and VersionState.WITHDRAWN in ROADS[version.state],
        }


def version_answer(version_id: UUID, request: Request, *, status: int = 200) -> Response:
    """All that the caller may see of a version as it is now, under an ETag that changes whenever the version does."""
    actor = actor_of(request)
    version = get_visible_version(version_id, actor=actor)
    answer = Response(VersionOut(version, context={"actor": actor}).data, status=status)
    answer["ETag"] = f'"{as_seen(version)}"'
    return answer


class DraftVersion(Body):
    notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    licence = LicenceIn()
    consent = ConsentIn()
    provenance = ProvenanceIn()


class Versions(APIView):
    @extend_schema(operation_id="draftVersion", request=DraftVersion, responses={201: VersionOut})
    def post(self, request: Request, organisation: str, name: str) -> Response:
        """The next version of an expert, with the evidence that speaks for it. Its files are brought next."""
        body = DraftVersion(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        version = draft_version_with_evidence(
            f"{organisation}/{name}",
            licence=licence_claim(given["licence"]),
            consent=consent_claim(given["consent"]),
            statement=given["provenance"]["statement"],
            notes=given.get("notes", ""),
            by=actor_of(request),
        )
        return version_answer(version.id, request, status=201)


class Version(APIView):
    @extend_schema(operation_id="getVersion", responses=VersionOut)
    def get(self, request: Request, version_id: UUID) -> Response:
        """Everything about a version. The ETag goes into `If-Match` of a review."""
        return version_answer(version_id, request)


class VersionFiles(APIView):
    @extend_schema(operation_id="addFile", request=AddFile, responses={201: FileOut})
    def post(self, request: Request, version_id: UUID) -> Response:
        """Declare one file of a draft. The same file declared again answers the same upload, so that it resumes."""
        body = AddFile(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        file = add_version_file(version_id, by=actor, **body.validated_data)
        return Response(FileOut(file).data, status=201)


class SubmitVersion(APIView):
    @extend_schema(operation_id="submitVersion", request=None, responses=VersionOut)
    def post(self, request: Request, version_id: UUID) -> Response:
        """Close the draft and have it verified. All files of the package must have arrived."""
        actor = actor_of(request)
        get_visible_version(version_id, actor=actor)
        submit_version_with_receipt(version_id, by=actor)
        return version_answer(version_id, request)
