"""The log, over HTTP: everybody signed in may read it, in the order it was written."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from registry.accounts.models import Person
from registry.api.paging import Pages
from registry.audit.events import Event
from registry.audit.queries import Told, entries, told
from registry.errors import Invalid


class EntryOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(read_only=True)
    index = serializers.IntegerField(read_only=True, allow_null=True)  # its place in the log, from 0
    at = serializers.DateTimeField(read_only=True)
    event = serializers.ChoiceField(choices=Event.choices, read_only=True)
    about = serializers.CharField(read_only=True)
    actor = serializers.CharField(read_only=True)
    actor_name = serializers.SerializerMethodField()
    facts = serializers.DictField(child=serializers.JSONField(), read_only=True)
    leaf_hash = serializers.CharField(read_only=True)

    def get_actor_name(self, entry: Told) -> str | None:
        """The log itself holds a pseudonym; the name is looked up for the reader, and is gone when the person is."""
        names: dict[str, str] = self.context.get("names", {})
        return names.get(entry.actor)


class LogPages(Pages):
    ordering = ("id",)


class Log(ListAPIView[Any]):
    """/log"""

    serializer_class = EntryOut
    pagination_class = LogPages

    @property
    def ordering(self) -> tuple[str, ...]:
        return ("-id",) if self.request.query_params.get("order") == "newest" else ("id",)

    def get_queryset(self) -> Any:
        asked = self.request.query_params
        if asked.get("event") and asked["event"] not in Event.values:
            raise Invalid(f'event: "{asked["event"][:60]}" is not an event of the log.')
        return entries(about=asked.get("about", ""), event=asked.get("event", ""), actor=asked.get("actor", ""))

    @extend_schema(
        operation_id="listLog",
        parameters=[
            OpenApiParameter("about", str, description="What the entries speak of, such as playhouse/drama@1."),
            OpenApiParameter("event", str, enum=Event.values),
            OpenApiParameter("actor", str, description="Who did it, such as person:… or service:verifier."),
            OpenApiParameter(
                "order", str, enum=["oldest", "newest"], description="The first written first, or the last."
            ),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = [told(entry) for entry in self.paginate_queryset(self.get_queryset()) or []]
        context = {"names": names_of({entry.actor for entry in page})}
        return self.get_paginated_response(EntryOut(page, many=True, context=context).data)


def names_of(actors: set[str]) -> dict[str, str]:
    ids = [UUID(actor.removeprefix("person:")) for actor in actors if actor.startswith("person:")]
    return {f"person:{key}": name for key, name in Person.objects.filter(id__in=ids).values_list("id", "name")}
