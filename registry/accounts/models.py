"""People, the organisations they act for, their roles, and the two kinds of key: to call us, and to sign."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"


class Role(models.TextChoices):
    OWNER = "owner", "Data owner"
    COMPLIANCE = "compliance", "Compliance officer"
    CONSUMER = "consumer", "Model consumer"
    AUDITOR = "auditor", "Auditor"
    OPERATOR = "operator", "Operator"


class Organisation(models.Model):
    """Owns experts and models. Its slug is the namespace in every name and never changes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    jurisdiction = models.CharField(max_length=8, blank=True)  # ISO 3166 code, for the policies
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug


class People(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser):
    """Somebody who can sign in. What they may do follows from their roles, one by one, and from nothing else."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)  # kept in lower case
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case")]

    def __str__(self) -> str:
        return f"person:{self.id}"


class Membership(models.Model):
    """One role of one person in one organisation."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "organisation", "role"], name="role_is_held_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} in {self.organisation_id}"


class ApiToken(models.Model):
    """A key to call us with, for one person. Shown once; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)  # enough to recognise it by, far too little to guess it from
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token:{self.id}"


class Invitation(models.Model):
    """A way in for somebody who is not here yet: by its code they choose a password, and hold the role."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(max_length=254)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=16, choices=Role)
    hash = models.CharField(max_length=64, unique=True)  # of the code, which is told once and kept nowhere
    invited_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invited_role_is_known"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invited_email_is_lower_case"),
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation:{self.id}"


class SigningKey(models.Model):
    """A public key with which an organisation signs its packages."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="signing_keys")
    name = models.CharField(max_length=80)
    public_key = models.TextField()  # PEM, EC P-256
    fingerprint = models.CharField(max_length=71)  # sha256 of the DER SubjectPublicKeyInfo
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fingerprint"], name="key_is_registered_once")]

    def __str__(self) -> str:
        return f"key:{self.id}"
