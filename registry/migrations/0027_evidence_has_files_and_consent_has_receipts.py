"""Documents beside a version, and the receipts of its consent. Undone, what they say is lost; the log keeps digests."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STATES = ["given", "withdrawn", "lapsed", "invalidated", "terminated"]
KINDS = [
    ("consent", "Consent record"),
    ("licence", "Licence agreement"),
    ("privacy", "Privacy report"),
    ("provenance", "Provenance of the data"),
    ("other", "Other"),
]


def an_id() -> models.UUIDField:
    return models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)


def protected(to: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to)


class Migration(migrations.Migration):
    dependencies = [("registry", "0026_versions_rejected_after_all_are_recalled")]

    operations = [
        migrations.CreateModel(
            name="ConsentReceipt",
            fields=[
                ("id", an_id()),
                ("state", models.CharField(choices=[(state, state.title()) for state in STATES], max_length=16)),
                ("envelope", models.JSONField()),
                ("digest", models.CharField(max_length=71)),
                ("vkey", models.CharField(max_length=400)),
                ("entry", models.BigIntegerField()),
                ("issued_at", models.DateTimeField()),
                ("consent", protected("registry.consentrecord")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("consent", "state"), name="receipt_is_issued_once"),
                    models.CheckConstraint(condition=models.Q(("state__in", STATES)), name="consent_state_is_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceFile",
            fields=[
                ("id", an_id()),
                ("kind", models.CharField(choices=KINDS, max_length=16)),
                ("name", models.CharField(max_length=120)),
                ("media_type", models.CharField(max_length=40)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=71)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("added_at", models.DateTimeField()),
                ("added_by", protected(settings.AUTH_USER_MODEL)),
                ("version", protected("registry.expertversion")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "kind", "sha256"), name="evidence_is_added_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", [kind for kind, _ in KINDS])), name="evidence_kind_is_known"
                    ),
                ],
            },
        ),
    ]
