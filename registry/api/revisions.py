"""A model's revisions, over HTTP: the list of them, what is different between two, and the consumer's tags."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.compositions import InclusionOut
from registry.api.models import Explanation, explained
from registry.compositions.actions import remove_tag, set_tag
from registry.compositions.comparing import Difference, compare
from registry.compositions.models import Composition, Model, Tag
from registry.compositions.queries import explain_revision, get_model, get_published, revisions_of

MAX_REVISION = 40


class RevisionOut(serializers.ModelSerializer[Composition]):
    composition = serializers.UUIDField(source="id", read_only=True)
    published_at = serializers.DateTimeField(read_only=True)  # a revision is what was published
    main = serializers.SerializerMethodField()
    experts = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Composition
        fields = ["revision", "composition", "state", "main", "published_at", "blocked_at", "experts", "tags"]
        read_only_fields = fields

    def get_main(self, composition: Composition) -> bool:
        return bool(composition.id == self.context["main"])

    def get_tags(self, composition: Composition) -> list[str]:
        return [tag.name for tag in composition.tags.all()]

    @extend_schema_field(InclusionOut(many=True))
    def get_experts(self, composition: Composition) -> Any:
        rows = [
            {
                "expert": str(inclusion.version.expert),
                "version": inclusion.version.number,
                "slot": inclusion.slot,
                "version_id": inclusion.version_id,
            }
            for inclusion in composition.inclusions.all()
        ]
        return InclusionOut(rows, many=True).data


class Revisions(ListAPIView[Composition]):
    serializer_class = RevisionOut
    queryset = Composition.objects.none()
    ordering = ("-published_at", "id")

    def get_queryset(self) -> Any:
        return revisions_of(self._model())

    def get_serializer_context(self) -> dict[str, Any]:
        # When the schema is made, there is no model.
        main = None if getattr(self, "swagger_fake_view", False) else self._model().main_id
        return {**super().get_serializer_context(), "main": main}

    def _model(self) -> Model:
        if not hasattr(self, "_found"):
            asked = cast("dict[str, str]", self.kwargs)
            self._found = get_model(asked["org"], asked["name"], seen_by=actor_of(self.request))
        return self._found

    @extend_schema(operation_id="listRevisions")
    def get(self, request: Request, org: str, name: str) -> Response:
        """All that were ever published, the newest first; what is withdrawn is served no more."""
        return self.list(request)


class RevisionNamed(serializers.Serializer[Any]):
    revision = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)


class HeldOut(serializers.Serializer[Any]):
    expert = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    slot = serializers.IntegerField(read_only=True)


class ChangedOut(serializers.Serializer[Any]):
    """Of versions or of slots."""

    expert = serializers.CharField(read_only=True)
    before = serializers.IntegerField(read_only=True)
    after = serializers.IntegerField(read_only=True)


class ExpertsDifferOut(serializers.Serializer[Any]):
    added = HeldOut(many=True, read_only=True)
    removed = HeldOut(many=True, read_only=True)
    changed = ChangedOut(many=True, read_only=True)  # another version
    moved = ChangedOut(many=True, read_only=True)  # another slot: a file of its own


class FilesDifferOut(serializers.Serializer[Any]):
    added = serializers.ListField(child=serializers.CharField(), read_only=True)
    removed = serializers.ListField(child=serializers.CharField(), read_only=True)
    changed = serializers.ListField(child=serializers.CharField(), read_only=True)


class DifferenceOut(serializers.Serializer[Difference]):
    before = RevisionNamed(read_only=True)
    after = RevisionNamed(read_only=True)
    experts = ExpertsDifferOut(read_only=True)
    files = FilesDifferOut(read_only=True)
    bytes_to_fetch = serializers.IntegerField(read_only=True)


class Compare(APIView):
    @extend_schema(operation_id="compareRevisions", responses=DifferenceOut)
    def get(self, request: Request, org: str, name: str, before: str, after: str) -> Response:
        """What is different in the second; each is named by its 40 digits, by a tag, or as `main`.

        `bytes_to_fetch` is what a client that has all of the first must still download.
        """
        model = get_model(org, name, seen_by=actor_of(request))
        difference = compare(get_published(model, before), get_published(model, after))
        return Response(DifferenceOut(difference).data)


class SetTag(Body):
    revision = serializers.CharField(max_length=MAX_REVISION)


class TagOut(serializers.ModelSerializer[Tag]):
    tag = serializers.CharField(source="name", read_only=True)
    revision = serializers.CharField(source="composition.revision", read_only=True)

    class Meta:
        model = Tag
        fields = ["tag", "revision"]
        read_only_fields = fields


class TagView(APIView):
    @extend_schema(operation_id="setTag", request=SetTag, responses=TagOut)
    def put(self, request: Request, org: str, name: str, tag: str) -> Response:
        """Name a served revision, given as its 40 digits, as `main` or by another tag; a tag that is there is moved."""
        body = SetTag(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request)
        model = get_model(org, name, seen_by=actor)
        return Response(TagOut(set_tag(model.id, tag, by=actor, **body.validated_data)).data)

    @extend_schema(operation_id="removeTag", responses={204: None})
    def delete(self, request: Request, org: str, name: str, tag: str) -> Response:
        actor = actor_of(request)
        remove_tag(get_model(org, name, seen_by=actor).id, tag, by=actor)
        return Response(status=204)


class ExplainRevision(APIView):
    @extend_schema(operation_id="explainRevision", responses=Explanation)
    def get(self, request: Request, org: str, name: str, revision: str) -> Response:
        """Whether the policies would let this revision be read now, expert by expert, and what would change that."""
        model = get_model(org, name, seen_by=actor_of(request))
        return Response({"experts": explained(explain_revision(get_published(model, revision)))})
