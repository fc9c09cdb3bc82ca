"""Signing in and out with the pages' session cookie."""

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from registry.accounts.models import Person
from registry.accounts.queries import memberships_of
from registry.api.bodies import Body
from registry.api.callers import SessionCaller


class RoleOut(serializers.Serializer[Any]):
    organisation = serializers.CharField(source="organisation.slug", read_only=True)
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)
    role = serializers.CharField(read_only=True)


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
    person = PersonOut(read_only=True, allow_null=True)


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
        get_token(request._request)  # sets the csrftoken cookie, which the pages send back in X-CSRFToken
        return Response(Session({"person": request.user if isinstance(request.user, Person) else None}).data)

    @extend_schema(operation_id="signIn", request=SignIn, responses=Session)
    def post(self, request: Request) -> Response:
        SessionCaller().enforce_csrf(request)
        body = SignIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        somebody = authenticate(request._request, username=given["email"], password=given["password"])
        if not isinstance(somebody, Person):
            raise AuthenticationFailed("The e-mail address or the password is wrong.")
        login(request._request, somebody)
        return Response(Session({"person": somebody}).data)

    @extend_schema(operation_id="signOut", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)
