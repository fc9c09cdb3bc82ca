"""Policy sets carry examples and who proposed and activated them; versions and organisations may be quarantined.

Undone, who proposed what is known to the log only, and what was quarantined is free.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def person() -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0020_papers_lie_in_the_database"),
    ]

    operations = [
        migrations.AddField("policyset", "examples", models.JSONField(default=list)),
        migrations.AddField("policyset", "proposed_by", person()),
        migrations.AddField("policyset", "proposed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("policyset", "reason", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("policyset", "activated_by", person()),
        migrations.AddField("policyset", "activated_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex("decision", models.Index(fields=["-created_at", "id"], name="decision_by_age")),
        migrations.CreateModel(
            name="Quarantine",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("placed_at", models.DateTimeField(auto_now_add=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_by", person()),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.expertversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(version__isnull=True) ^ models.Q(organisation__isnull=True),
                        name="quarantine_is_of_one_thing",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(lifted_at=None), fields=("version",), name="version_is_quarantined_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(lifted_at=None),
                        fields=("organisation",),
                        name="organisation_is_quarantined_once",
                    ),
                ],
            },
        ),
    ]
