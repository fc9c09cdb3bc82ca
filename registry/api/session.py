"""Signing in and out with the pages' session cookie."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate, logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from registry.accounts.models import Person, Role
from registry.accounts.queries import memberships_of
from registry.api.bodies import Body
from registry.api.callers import SessionCaller


class RoleOut(serializers.Serializer[Any]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)


class PersonOut(serializers.ModelSerializer[Person]):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields = ["id", "email", "name", "roles"]
        read_only_fields = fields

    @extend_schema_field(RoleOut(many=True))
    def get_roles(self, somebody: Person) -> Any:
        return RoleOut(memberships_of(somebody), many=True).data


class Session(serializers.Serializer[Any]):
    """Who is signed in; or, where only the password was given yet, by what the second step may be taken."""

    person = PersonOut(read_only=True, allow_null=True)
    second_step = serializers.ListField(
        child=serializers.ChoiceField(choices=Authenticator.Type.choices), read_only=True
    )


def _session(request: Request) -> Response:
    """Sets the csrftoken cookie too, which the pages send back in X-CSRFToken."""
    inner = request._request
    get_token(inner)
    stage = None if inner.user.is_authenticated else get_pending_stage(inner)
    held = Authenticator.objects.filter(user=stage.login.user) if stage else Authenticator.objects.none()
    steps = sorted(held.values_list("type", flat=True).distinct())
    return Response(
        Session({"person": inner.user if isinstance(inner.user, Person) else None, "second_step": steps}).data
    )


class SignIn(Body):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class OnSignIn(ScopedRateThrottle):
    """Counts attempts to sign in, not the looks at who is signed in."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        return request.method != "POST" or super().allow_request(request, view)


class SessionView(APIView):
    """/session"""

    permission_classes = [AllowAny]
    throttle_classes = [OnSignIn]
    throttle_scope = "login"

    @extend_schema(operation_id="getSession", responses=Session)
    def get(self, request: Request) -> Response:
        return _session(request)

    @extend_schema(operation_id="signIn", request=SignIn, responses=Session)
    def post(self, request: Request) -> Response:
        """Whoever has a second step is not signed in by this alone: `second_step` says how to go on."""
        SessionCaller().enforce_csrf(request)
        body = SignIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        somebody = authenticate(request._request, username=given["email"], password=given["password"])
        if not isinstance(somebody, Person):
            raise AuthenticationFailed("The e-mail address or the password is wrong.")
        if request._request.user.is_authenticated:
            logout(request._request)
        perform_password_login(request._request, {"email": somebody.email}, Login(user=somebody))
        return _session(request)

    @extend_schema(operation_id="signOut", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)
