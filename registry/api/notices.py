"""The notices room, over HTTP: webhooks, what was sent, and acknowledging it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts.models import Person
from registry.accounts.queries import get_organisation
from registry.actors import Actor
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.notices import actions
from registry.notices.models import Delivery, Webhook
from registry.notices.queries import deliveries_of, demand_told, webhooks_of
from registry.notices.rules import MAX_URL


class WebhookOut(serializers.ModelSerializer[Webhook]):
    class Meta:
        model = Webhook
        fields = ["id", "url", "created_at", "disabled_at", "disabled_because"]
        read_only_fields = fields


class NewWebhook(WebhookOut):
    secret = serializers.CharField(read_only=True)

    class Meta(WebhookOut.Meta):
        fields = [*WebhookOut.Meta.fields, "secret"]
        read_only_fields = fields


class CreateWebhook(Body):
    url = serializers.CharField(max_length=MAX_URL)


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    """Where it went is told to the organisation alone: its own people ask for this list."""

    channel = serializers.ChoiceField(choices=["webhook", "mail"], read_only=True)
    to = serializers.SerializerMethodField()
    body = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Delivery
        fields = ["id", "kind", "about", "channel", "to", "body", "state", "attempts", "reminders", "asks"]
        fields += ["created_at", "next_try_at", "delivered_at", "last_answer", "acknowledged_at", "acknowledged_by"]
        read_only_fields = fields

    def get_to(self, delivery: Delivery) -> str:
        if delivery.webhook is not None:
            return delivery.webhook.url
        return delivery.person.email if delivery.person is not None else ""


class Webhooks(ListAPIView[Webhook]):
    """/organisations/{slug}/webhooks"""

    serializer_class = WebhookOut
    queryset = Webhook.objects.none()
    pagination_class = None

    def get_queryset(self) -> Any:
        organisation = get_organisation(self.kwargs["slug"])
        demand_told(actor_of(self.request), organisation)
        return webhooks_of(organisation)

    @extend_schema(operation_id="listWebhooks")
    def get(self, request: Request, slug: str) -> Response:
        return self.list(request)

    @extend_schema(operation_id="createWebhook", request=CreateWebhook, responses={201: NewWebhook})
    def post(self, request: Request, slug: str) -> Response:
        body = CreateWebhook(data=request.data)
        body.is_valid(raise_exception=True)
        made = actions.create_webhook(slug, by=actor_of(request), **body.validated_data)
        answer = Response({**WebhookOut(made.row).data, "secret": made.secret}, status=201)
        answer["Cache-Control"] = "no-store"
        return answer


class DisableWebhook(APIView):
    """/webhooks/{webhook_id}/disable"""

    @extend_schema(operation_id="disableWebhook", request=None, responses=WebhookOut)
    def post(self, request: Request, webhook_id: UUID) -> Response:
        return Response(WebhookOut(actions.disable_webhook(webhook_id, by=actor_of(request))).data)


class PingWebhook(APIView):
    """/webhooks/{webhook_id}/ping"""

    @extend_schema(operation_id="pingWebhook", request=None, responses={202: DeliveryOut})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        return Response(DeliveryOut(actions.ping_webhook(webhook_id, by=actor_of(request))).data, status=202)


class Deliveries(ListAPIView[Delivery]):
    """/organisations/{slug}/deliveries"""

    serializer_class = DeliveryOut
    queryset = Delivery.objects.none()

    def get_queryset(self) -> Any:
        organisation = get_organisation(self.kwargs["slug"])
        demand_told(actor_of(self.request), organisation)
        return deliveries_of(organisation)

    @extend_schema(operation_id="listDeliveries")
    def get(self, request: Request, slug: str) -> Response:
        return self.list(request)


class Acknowledge(Body):
    code = serializers.CharField(max_length=100, required=False, help_text="From the message; without it, sign in.")


class AcknowledgedOut(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = ["id", "kind", "about", "state", "acknowledged_at"]
        read_only_fields = fields


class AcknowledgeDelivery(APIView):
    """/deliveries/{delivery_id}/acknowledge"""

    permission_classes = [AllowAny]  # the code in the message is enough

    @extend_schema(operation_id="acknowledgeDelivery", request=Acknowledge, responses=AcknowledgedOut)
    def post(self, request: Request, delivery_id: UUID) -> Response:
        body = Acknowledge(data=request.data)
        body.is_valid(raise_exception=True)
        code = body.validated_data.get("code", "")
        by = Actor("recipient", str(delivery_id))
        if isinstance(request.user, Person) or not code:
            by = actor_of(request)
        return Response(AcknowledgedOut(actions.acknowledge(delivery_id, code=code, by=by)).data)
