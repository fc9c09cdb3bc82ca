"""Builds of one recipe are found without reading the rest. Undone, the index goes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0013_older_withdrawals_have_steps_too"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="composition",
            index=models.Index(fields=["recipe_digest"], name="composition_by_recipe"),
        ),
    ]
