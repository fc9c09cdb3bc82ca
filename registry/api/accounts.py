"""The accounts room, over HTTP: people, organisations, roles, tokens and signing keys."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.accounts import actions
from registry.accounts.models import ApiToken, Organisation, Person, Role, SigningKey
from registry.accounts.queries import demand_role, get_organisation, keys_of, people, tokens_of
from registry.api.bodies import Body
from registry.api.callers import actor_of, person_of
from registry.api.session import PersonOut, RoleOut
from registry.reviews.actions import revoke_key_and_review_again


class OrganisationOut(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ["id", "slug", "name", "jurisdiction"]
        read_only_fields = fields


class CreateOrganisation(Body):
    slug = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=120)
    jurisdiction = serializers.CharField(max_length=8, required=False, allow_blank=True)


class Organisations(ListAPIView[Organisation]):
    """/organisations"""

    serializer_class = OrganisationOut
    queryset = Organisation.objects.order_by("slug")
    pagination_class = None

    @extend_schema(operation_id="listOrganisations")
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(operation_id="createOrganisation", request=CreateOrganisation, responses={201: OrganisationOut})
    def post(self, request: Request) -> Response:
        body = CreateOrganisation(data=request.data)
        body.is_valid(raise_exception=True)
        organisation = actions.create_organisation(by=actor_of(request), **body.validated_data)
        return Response(OrganisationOut(organisation).data, status=201)


class RoleIn(Body):
    organisation = serializers.CharField(max_length=40)
    role = serializers.ChoiceField(choices=Role.choices)


class CreatePerson(Body):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120)
    password = serializers.CharField(max_length=200, trim_whitespace=False)
    roles = serializers.ListField(child=RoleIn(), max_length=50)


class People(ListAPIView[Person]):
    """/people"""

    serializer_class = PersonOut
    queryset = people()

    def get_queryset(self) -> Any:
        return people(self.request.query_params.get("q", ""))

    @extend_schema(operation_id="listPeople", parameters=[OpenApiParameter("q", str)])
    def get(self, request: Request) -> Response:
        demand_role(actor_of(request), Role.OPERATOR)
        return self.list(request)

    @extend_schema(operation_id="createPerson", request=CreatePerson, responses={201: PersonOut})
    def post(self, request: Request) -> Response:
        body = CreatePerson(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        given["roles"] = [(wish["organisation"], Role(wish["role"])) for wish in given["roles"]]
        somebody = actions.create_person(by=actor_of(request), **given)
        return Response(PersonOut(somebody).data, status=201)


class GrantRole(Body):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)


class Roles(APIView):
    """/organisations/{slug}/roles"""

    @extend_schema(operation_id="grantRole", request=GrantRole, responses={201: RoleOut})
    def post(self, request: Request, slug: str) -> Response:
        body = GrantRole(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        membership = actions.grant_role(
            given["email"], organisation=slug, role=Role(given["role"]), by=actor_of(request)
        )
        return Response(RoleOut(membership).data, status=201)


class RevokeRole(APIView):
    """/organisations/{slug}/roles/revoke"""

    @extend_schema(operation_id="revokeRole", request=GrantRole, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        body = GrantRole(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        actions.revoke_role(given["email"], organisation=slug, role=Role(given["role"]), by=actor_of(request))
        return Response(status=204)


class ErasePersonIn(Body):
    reason = serializers.CharField(min_length=10, max_length=500)


class ErasePerson(APIView):
    """/people/{person_id}/erase"""

    @extend_schema(operation_id="erasePerson", request=ErasePersonIn, responses=PersonOut)
    def post(self, request: Request, person_id: UUID) -> Response:
        body = ErasePersonIn(data=request.data)
        body.is_valid(raise_exception=True)
        somebody = actions.erase_person(person_id, by=actor_of(request), **body.validated_data)
        return Response(PersonOut(somebody).data)


class TokenOut(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "created_at", "expires_at", "revoked_at"]
        read_only_fields = fields


class NewToken(TokenOut):
    token = serializers.CharField(read_only=True)

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "token"]
        read_only_fields = fields


class CreateToken(Body):
    name = serializers.CharField(max_length=80)
    days = serializers.IntegerField(min_value=1, max_value=actions.MAX_TOKEN_DAYS, default=90)


class Tokens(ListAPIView[ApiToken]):
    """/tokens"""

    serializer_class = TokenOut
    queryset = ApiToken.objects.none()
    pagination_class = None

    def get_queryset(self) -> Any:
        return tokens_of(person_of(self.request))

    @extend_schema(operation_id="listTokens")
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(operation_id="createToken", request=CreateToken, responses={201: NewToken})
    def post(self, request: Request) -> Response:
        body = CreateToken(data=request.data)
        body.is_valid(raise_exception=True)
        issued = actions.create_token(person_of(request).id, by=actor_of(request), **body.validated_data)
        answer = Response({**TokenOut(issued.row).data, "token": issued.text}, status=201)
        answer["Cache-Control"] = "no-store"
        return answer


class Token(APIView):
    """/tokens/{token_id}"""

    @extend_schema(operation_id="revokeToken", request=None, responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        actions.revoke_token(token_id, by=actor_of(request))
        return Response(status=204)


class KeyOut(serializers.ModelSerializer[SigningKey]):
    class Meta:
        model = SigningKey
        fields = ["id", "name", "fingerprint", "public_key", "created_at", "revoked_at"]
        read_only_fields = fields


class RegisterKey(Body):
    name = serializers.CharField(max_length=80)
    public_key = serializers.CharField(max_length=2000)


class Keys(ListAPIView[SigningKey]):
    """/organisations/{slug}/keys"""

    serializer_class = KeyOut
    queryset = SigningKey.objects.none()
    pagination_class = None

    def get_queryset(self) -> Any:
        return keys_of(get_organisation(self.kwargs["slug"]))

    @extend_schema(operation_id="listKeys")
    def get(self, request: Request, slug: str) -> Response:
        return self.list(request)

    @extend_schema(operation_id="registerKey", request=RegisterKey, responses={201: KeyOut})
    def post(self, request: Request, slug: str) -> Response:
        body = RegisterKey(data=request.data)
        body.is_valid(raise_exception=True)
        key = actions.register_key(slug, by=actor_of(request), **body.validated_data)
        return Response(KeyOut(key).data, status=201)


class RevokeKey(APIView):
    """/keys/{key_id}/revoke"""

    @extend_schema(operation_id="revokeKey", request=None, responses={200: KeyOut})
    def post(self, request: Request, key_id: UUID) -> Response:
        """Nothing new is accepted under it; what was approved under it is suspended until it is decided on again."""
        return Response(KeyOut(revoke_key_and_review_again(key_id, by=actor_of(request))).data)
