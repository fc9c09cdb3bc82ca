"""Between reading and verdict a version keeps what was read; figures and a sample of its weights stay with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0023_consent_records_follow_27560")]

    operations = [
        migrations.AddField("expertversion", "reading", models.JSONField(default=dict)),
        migrations.AddField("expertversion", "report", models.JSONField(default=dict)),
        migrations.CreateModel(
            name="WeightSample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("data", models.BinaryField()),
                (
                    "anchor",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="weight_sample",
                        to="registry.anchor",
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="weight_sample",
                        to="registry.expertversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("version__isnull", True), ("anchor__isnull", True), _connector="XOR"),
                        name="sample_is_of_one_expert",
                    )
                ],
            },
        ),
    ]
