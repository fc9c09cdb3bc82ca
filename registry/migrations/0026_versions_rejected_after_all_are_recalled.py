"""What was approved and then rejected is recalled from the models that hold it; what is said of a review is said once;
builds keep the digest of what their licences were read to say.

Undone, the recalls that were made are forgotten; the revisions that they blocked stay blocked.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models


def protected(field: type[models.ForeignKey], to: str, **more: object) -> models.ForeignKey:
    return field(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to, **more)


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_versions_are_read_then_probed")]

    operations = [
        migrations.RemoveIndex(model_name="expertversion", name="version_out_of_use"),
        migrations.AddIndex(
            model_name="expertversion",
            index=models.Index(
                condition=models.Q(("state__in", ["withdrawn", "rejected", "paused", "suspended"])),
                fields=["state", "status_index"],
                name="version_out_of_use",
            ),
        ),
        migrations.AddField(
            "composition", "terms_digest", models.CharField(blank=True, default="", max_length=71), False
        ),
        migrations.CreateModel(
            name="ReviewNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("round", models.PositiveIntegerField()),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("overdue", "Overdue"),
                            ("suspended", "Suspended"),
                            ("approved", "Approved"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("version", protected(models.ForeignKey, "registry.expertversion")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "round", "what"), name="review_is_said_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("rejected", "Compliance rejected it after all"),
                            ("licences", "The licences of its parts no longer go together"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                ("blocked_at", models.DateTimeField(blank=True, null=True)),
                ("announced_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("builds", models.ManyToManyField(related_name="+", to="registry.composition")),
                ("composition", protected(models.OneToOneField, "registry.composition", blank=True, null=True)),
                ("version", protected(models.OneToOneField, "registry.expertversion", blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["opened_at"], name="recall_is_open")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("version__isnull", True), ("composition__isnull", True), _connector="XOR"),
                        name="recall_is_of_one_thing",
                    )
                ],
            },
        ),
    ]
