"""Builds keep the decisions they stand on, one runs at a time for a model; a policy set knows whether it was shipped."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0002_audit_is_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="composition",
            name="decisions",
            field=models.ManyToManyField(related_name="+", to="registry.decision"),
        ),
        migrations.AddField(
            model_name="policyset",
            name="shipped",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="composition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["decided", "assembling", "validating"])),
                fields=("model",),
                name="one_running_build_of_a_model",
            ),
        ),
    ]
