"""Reviews have claims, checklists, questions and rounds; a version may be suspended until it is decided on again.

Undone, suspensions would be forgotten and their versions be in no known state: approve or withdraw those first.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STATES = [
    ("draft", "Draft"),
    ("submitted", "Submitted"),
    ("verified", "Verified"),
    ("failed", "Failed"),
    ("approved", "Approved"),
    ("paused", "Paused"),
    ("suspended", "Suspended"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
]
CAUSES = [
    ("key-revoked", "Key Revoked"),
    ("licence-reclassified", "Licence Reclassified"),
    ("demanded", "Demanded"),
]
PERSON = settings.AUTH_USER_MODEL


def protected(to: str, **more: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to, **more)


class Migration(migrations.Migration):
    dependencies = [("registry", "0021_policy_sets_are_proposed_and_versions_quarantined")]

    operations = [
        migrations.AlterField(
            model_name="expertversion",
            name="state",
            field=models.CharField(choices=STATES, default="draft", max_length=16),
        ),
        migrations.RemoveConstraint(model_name="expertversion", name="version_state_is_known"),
        migrations.AddConstraint(
            model_name="expertversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [state for state, _ in STATES])), name="version_state_is_known"
            ),
        ),
        migrations.RemoveIndex(model_name="expertversion", name="version_out_of_use"),
        migrations.AddIndex(
            model_name="expertversion",
            index=models.Index(
                condition=models.Q(("state__in", ["withdrawn", "paused", "suspended"])),
                fields=["state", "status_index"],
                name="version_out_of_use",
            ),
        ),
        migrations.AddField(model_name="review", name="round", field=models.PositiveIntegerField(default=1)),
        migrations.AddField(
            model_name="review", name="checklist", field=models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(model_name="review", name="answers", field=models.JSONField(default=dict)),
        migrations.RemoveConstraint(model_name="review", name="a_reviewer_decides_once"),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("version", "round", "reviewer"), name="a_reviewer_decides_once_a_round"
            ),
        ),
        migrations.CreateModel(
            name="ReviewClaim",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="registry.expertversion",
                    ),
                ),
                ("until", models.DateTimeField()),
                ("reviewer", protected(PERSON)),
            ],
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("text", models.TextField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.TextField(blank=True)),
                ("answered_by", protected(PERSON, blank=True, null=True)),
                ("asked_by", protected(PERSON)),
                ("version", protected("registry.expertversion")),
            ],
        ),
        migrations.CreateModel(
            name="Suspension",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("round", models.PositiveIntegerField()),
                ("cause", models.CharField(choices=CAUSES, max_length=24)),
                ("reason", models.TextField()),
                ("was_paused", models.BooleanField(default=False)),
                ("suspended_at", models.DateTimeField()),
                ("suspended_by", models.CharField(max_length=80)),
                ("version", protected("registry.expertversion")),
            ],
            options={
                "indexes": [models.Index(fields=["version", "round", "suspended_at"], name="suspension_by_round")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("cause__in", [cause for cause, _ in CAUSES])),
                        name="suspension_cause_is_known",
                    )
                ],
            },
        ),
    ]
