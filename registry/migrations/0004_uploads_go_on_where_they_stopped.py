"""An upload remembers what its parts were signed with; an anchor, when it was submitted."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_builds_keep_their_decisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="anchor",
            name="submitted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="entry",
            name="event",
            field=models.CharField(
                choices=[
                    ("organisation.created", "Organisation Created"),
                    ("person.created", "Person Created"),
                    ("role.granted", "Role Granted"),
                    ("role.revoked", "Role Revoked"),
                    ("token.created", "Token Created"),
                    ("token.revoked", "Token Revoked"),
                    ("key.registered", "Key Registered"),
                    ("key.revoked", "Key Revoked"),
                    ("anchor.created", "Anchor Created"),
                    ("anchor.submitted", "Anchor Submitted"),
                    ("anchor.verified", "Anchor Verified"),
                    ("anchor.failed", "Anchor Failed"),
                    ("expert.created", "Expert Created"),
                    ("version.drafted", "Version Drafted"),
                    ("version.submitted", "Version Submitted"),
                    ("version.verified", "Version Verified"),
                    ("version.failed", "Version Failed"),
                    ("version.approved", "Version Approved"),
                    ("version.rejected", "Version Rejected"),
                    ("version.withdrawn", "Version Withdrawn"),
                    ("upload.started", "Upload Started"),
                    ("upload.completed", "Upload Completed"),
                    ("upload.swept", "Upload Swept"),
                    ("licence.declared", "Licence Declared"),
                    ("licence.concluded", "Licence Concluded"),
                    ("consent.given", "Consent Given"),
                    ("provenance.stated", "Provenance Stated"),
                    ("provenance.checked", "Provenance Checked"),
                    ("review.decided", "Review Decided"),
                    ("policy.activated", "Policy Activated"),
                    ("decision.made", "Decision Made"),
                    ("model.requested", "Model Requested"),
                    ("model.changed", "Model Changed"),
                    ("main.moved", "Main Moved"),
                    ("main.cleared", "Main Cleared"),
                    ("composition.requested", "Composition Requested"),
                    ("composition.decided", "Composition Decided"),
                    ("composition.assembling", "Composition Assembling"),
                    ("composition.validating", "Composition Validating"),
                    ("composition.published", "Composition Published"),
                    ("composition.refused", "Composition Refused"),
                    ("composition.failed", "Composition Failed"),
                    ("composition.cancelled", "Composition Cancelled"),
                    ("composition.superseded", "Composition Superseded"),
                    ("revision.blocked", "Revision Blocked"),
                    ("inclusion.recorded", "Inclusion Recorded"),
                    ("shard.made", "Shard Made"),
                    ("download.granted", "Download Granted"),
                    ("download.refused", "Download Refused"),
                    ("withdrawal.requested", "Withdrawal Requested"),
                    ("withdrawal.propagated", "Withdrawal Propagated"),
                ],
                max_length=40,
            ),
        ),
        migrations.CreateModel(
            name="SignedPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signed_parts",
                        to="registry.uploadedfile",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("file", "number"), name="part_is_signed_once")],
            },
        ),
    ]
