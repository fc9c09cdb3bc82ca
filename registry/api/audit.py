"""The log, over HTTP: everybody signed in may read it, in the order it was written, or take it away as lines of JSON.

The private words behind an entry are shown to those whose work is to look, and to the organisation it is about.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Membership, Person
from registry.accounts.queries import reach_of
from registry.actors import Actor
from registry.api.callers import actor_of
from registry.api.paging import Pages
from registry.audit.events import Event
from registry.audit.queries import Told, entries, payloads_of, told
from registry.errors import Invalid

FILTERS = [
    OpenApiParameter("about", str, description="What the entries speak of, such as playhouse/drama@1."),
    OpenApiParameter("event", str, enum=Event.values),
    OpenApiParameter("actor", str, description="Who did it, such as person:… or service:verifier."),
    OpenApiParameter("organisation", str, description="About this organisation, its experts and its models."),
    OpenApiParameter("since", datetime, description="Written at this moment or later."),
    OpenApiParameter("until", datetime, description="Written before this moment."),
]


class EntryOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(read_only=True)
    index = serializers.IntegerField(read_only=True, allow_null=True)  # its place in the log, from 0
    at = serializers.DateTimeField(read_only=True)
    event = serializers.ChoiceField(choices=Event.choices, read_only=True)
    about = serializers.CharField(read_only=True)
    actor = serializers.CharField(read_only=True)
    actor_name = serializers.SerializerMethodField()
    facts = serializers.DictField(child=serializers.JSONField(), read_only=True)
    private = serializers.SerializerMethodField()
    leaf_hash = serializers.CharField(read_only=True)

    def get_actor_name(self, entry: Told) -> str | None:
        """The log itself holds a pseudonym; the name is looked up for the reader, and is gone when the person is."""
        names: dict[str, str] = self.context.get("names", {})
        return names.get(entry.actor)

    def get_private(self, entry: Told) -> dict[str, Any]:
        """The words that the facts only commit to, as far as they are kept and this reader may see them."""
        payloads: dict[int, dict[str, Any]] = self.context.get("payloads", {})
        return payloads.get(entry.id, {})


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
        return chosen(self.request)

    @extend_schema(
        operation_id="listLog",
        parameters=[
            *FILTERS,
            OpenApiParameter(
                "order", str, enum=["oldest", "newest"], description="The first written first, or the last."
            ),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = [told(entry) for entry in self.paginate_queryset(self.get_queryset()) or []]
        context = {
            "names": names_of({entry.actor for entry in page}),
            "payloads": payloads_of(readable(page, actor_of(request))),
        }
        return self.get_paginated_response(EntryOut(page, many=True, context=context).data)


class ExportLog(APIView):
    """/log/export"""

    @extend_schema(
        operation_id="exportLog",
        parameters=FILTERS,
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
        description="Every entry that the filters leave, a line of JSON each: its place, its leaf as text, its hash.",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        rows = chosen(request)
        answer = StreamingHttpResponse(_lines(rows), content_type="application/x-ndjson")
        answer["Content-Disposition"] = 'attachment; filename="guildhall-log.ndjson"'
        return answer


def chosen(request: Request) -> Any:
    asked = request.query_params
    if asked.get("event") and asked["event"] not in Event.values:
        raise Invalid(f'event: "{asked["event"][:60]}" is not an event of the log.')
    return entries(
        about=asked.get("about", ""),
        event=asked.get("event", ""),
        actor=asked.get("actor", ""),
        organisation=asked.get("organisation", ""),
        since=_moment(asked.get("since", ""), "since"),
        until=_moment(asked.get("until", ""), "until"),
    )


def readable(page: list[Told], actor: Actor) -> list[int]:
    """The ids of the entries whose private words this reader may see."""
    if reach_of(actor).everything:
        return [entry.id for entry in page]
    own = set(Membership.objects.filter(person=actor.person_id).values_list("organisation__slug", flat=True))
    return [entry.id for entry in page if organisation_of(entry.about) in own or entry.actor == str(actor)]


def organisation_of(about: str) -> str:
    """Whose matter an entry is: of `playhouse/drama@1`, `model:library/plays` or `organisation:library`."""
    name = about.removeprefix("expert:").removeprefix("model:").removeprefix("organisation:")
    return name.partition("/")[0]


def names_of(actors: set[str]) -> dict[str, str]:
    ids = [UUID(actor.removeprefix("person:")) for actor in actors if actor.startswith("person:")]
    return {f"person:{key}": name for key, name in Person.objects.filter(id__in=ids).values_list("id", "name")}


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(f"{name}: write a moment with its time zone, such as 2026-11-22T12:00:00Z.")
    return moment


def _lines(rows: Any) -> Iterator[bytes]:
    for entry in rows.iterator(chunk_size=1000):
        place = getattr(entry, "place", None)
        line = {"index": place.index if place else None, "leaf": bytes(entry.leaf).decode(), "hash": entry.leaf_hash}
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
