"""What stock clients of the hub's protocol bring is known by digest until a commit names it.

Undone, what was on its way is forgotten; the store's sweep drops the bytes.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0029_policies_send_versions_back_to_review")]

    operations = [
        migrations.CreateModel(
            name="IncomingObject",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=71)),
                ("size", models.BigIntegerField()),
                ("key", models.CharField(max_length=200, unique=True)),
                ("upload_id", models.CharField(blank=True, max_length=400)),
                ("part_size", models.BigIntegerField()),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "brought_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.expert"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("expert", "sha256", "size"), name="incoming_object_is_known_once")
                ]
            },
        ),
    ]
