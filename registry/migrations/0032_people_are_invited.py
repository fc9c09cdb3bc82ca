"""People are invited by an operator. Undone, open invitations are gone; who came in by one stays."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

ROLES = ["owner", "compliance", "consumer", "auditor", "operator"]


class Migration(migrations.Migration):
    dependencies = [("registry", "0031_xorbs_wait_to_be_put_together")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Data owner"),
                            ("compliance", "Compliance officer"),
                            ("consumer", "Model consumer"),
                            ("auditor", "Auditor"),
                            ("operator", "Operator"),
                        ],
                        max_length=16,
                    ),
                ),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="registry.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("role__in", ROLES)), name="invited_role_is_known"),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="invited_email_is_lower_case",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                        fields=("email",),
                        name="one_open_invitation_an_address",
                    ),
                ]
            },
        )
    ]
