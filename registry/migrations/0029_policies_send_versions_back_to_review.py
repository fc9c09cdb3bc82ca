"""Policies may send an approved version back to review, and a set is looked at in shadow before it is activated.

Undone, versions that a policy sent back would be suspended for no known cause: decide on those first.
"""

from django.db import migrations, models

CAUSES = [
    ("key-revoked", "Key Revoked"),
    ("licence-reclassified", "Licence Reclassified"),
    ("demanded", "Demanded"),
    ("policy", "Policy"),
]


class Migration(migrations.Migration):
    dependencies = [("registry", "0028_routers_may_be_tuned")]

    operations = [
        migrations.AddField("expertversion", "last_approved_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("policyset", "shadow", models.JSONField(blank=True, null=True)),
        migrations.AddField("policyset", "shadowed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "suspension", "policy", models.CharField(blank=True, default="", max_length=60), preserve_default=False
        ),
        migrations.AlterField("suspension", "cause", models.CharField(choices=CAUSES, max_length=24)),
        migrations.RemoveConstraint("suspension", "suspension_cause_is_known"),
        migrations.AddConstraint(
            "suspension",
            models.CheckConstraint(
                condition=models.Q(("cause__in", [cause for cause, _ in CAUSES])), name="suspension_cause_is_known"
            ),
        ),
    ]
