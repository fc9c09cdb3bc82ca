"""A version has a place in the signed status list, and can be paused."""

from django.db import migrations, models

STATES = [
    ("draft", "Draft"),
    ("submitted", "Submitted"),
    ("verified", "Verified"),
    ("failed", "Failed"),
    ("approved", "Approved"),
    ("paused", "Paused"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0007_places_never_change"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE registry_status_index MINVALUE 0 START 0", "DROP SEQUENCE registry_status_index"
        ),
        migrations.AddField(
            model_name="expertversion",
            name="status_index",
            field=models.PositiveIntegerField(blank=True, null=True, unique=True),
        ),
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
    ]
