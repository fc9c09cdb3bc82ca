"""Invitations over HTTP: an operator makes them; whoever has the code reads what it is for, and comes in."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts import actions
from registry.accounts.models import Invitation, Role
from registry.accounts.queries import demand_role, invitations, open_invitation
from registry.actors import DOOR
from registry.api.bodies import Body
from registry.api.callers import actor_of
from registry.api.session import OnSignIn, PersonOut
from registry.notices.inviting import mail_invitation

STATES = ["open", "accepted", "revoked", "expired"]


class InvitationOut(serializers.ModelSerializer[Invitation]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = ["id", "email", "organisation", "organisation_name", "role", "state", "created_at", "expires_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return "accepted"
        if invitation.revoked_at:
            return "revoked"
        return "open" if invitation.expires_at > timezone.now() else "expired"


class NewInvitation(InvitationOut):
    link = serializers.CharField(read_only=True)
    mailed = serializers.BooleanField(read_only=True)

    class Meta(InvitationOut.Meta):
        fields = [*InvitationOut.Meta.fields, "link", "mailed"]
        read_only_fields = fields


class InvitePerson(Body):
    email = serializers.EmailField(max_length=254)
    organisation = serializers.CharField(max_length=40)
    role = serializers.ChoiceField(choices=Role.choices)
    days = serializers.IntegerField(min_value=1, max_value=actions.MAX_INVITATION_DAYS, default=14)
    mail = serializers.BooleanField(default=False)


class Invitations(ListAPIView[Invitation]):
    """/invitations"""

    serializer_class = InvitationOut
    queryset = Invitation.objects.none()

    def get_queryset(self) -> Any:
        return invitations()

    @extend_schema(operation_id="listInvitations")
    def get(self, request: Request) -> Response:
        demand_role(actor_of(request), Role.OPERATOR)
        return self.list(request)

    @extend_schema(operation_id="invitePerson", request=InvitePerson, responses={201: NewInvitation})
    def post(self, request: Request) -> Response:
        """The link is told once. With `mail` it goes to the invited address too, where a mail server is named."""
        body = InvitePerson(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        wants_mail = given.pop("mail")
        given["role"] = Role(given["role"])
        issued = actions.invite_person(by=actor_of(request), **given)
        link = f"{settings.GUILDHALL_URL}/join#{issued.code}"
        mailed = wants_mail and mail_invitation(issued.row, link=link)
        told = {**InvitationOut(issued.row).data, "link": link, "mailed": mailed}
        answer = Response(told, status=201)
        answer["Cache-Control"] = "no-store"
        return answer


class RevokeInvitation(APIView):
    """/invitations/{invitation_id}/revoke"""

    @extend_schema(operation_id="revokeInvitation", request=None, responses=InvitationOut)
    def post(self, request: Request, invitation_id: UUID) -> Response:
        return Response(InvitationOut(actions.revoke_invitation(invitation_id, by=actor_of(request))).data)


class InvitationCode(Body):
    code = serializers.CharField(max_length=100)


class ReadInvitation(APIView):
    """/invitations/read"""

    permission_classes = [AllowAny]
    throttle_classes = [OnSignIn]
    throttle_scope = "login"

    @extend_schema(operation_id="readInvitation", request=InvitationCode, responses=InvitationOut)
    def post(self, request: Request) -> Response:
        """What an invitation is for. The code stands in the body: addresses are written down on the way."""
        body = InvitationCode(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(InvitationOut(open_invitation(body.validated_data["code"])).data)


class AcceptInvitationIn(InvitationCode):
    name = serializers.CharField(max_length=120)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class AcceptInvitation(APIView):
    """/invitations/accept"""

    permission_classes = [AllowAny]
    throttle_classes = [OnSignIn]
    throttle_scope = "login"

    @extend_schema(operation_id="acceptInvitation", request=AcceptInvitationIn, responses={201: PersonOut})
    def post(self, request: Request) -> Response:
        body = AcceptInvitationIn(data=request.data)
        body.is_valid(raise_exception=True)
        somebody = actions.accept_invitation(by=DOOR, **body.validated_data)
        return Response(PersonOut(somebody).data, status=201)
