"""A consumer's own names for revisions. Undone, the names go; the revisions stay."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0015_licences_end_and_it_is_said_ahead"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "composition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tags", to="registry.composition"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tags", to="registry.model"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("model", "name"), name="tag_names_one_revision")],
            },
        ),
    ]
