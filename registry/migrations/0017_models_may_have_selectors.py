"""A model may ask for whatever there is in a domain instead of experts by name. Undone, such models lose their wish."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0016_revisions_have_tags"),
    ]

    operations = [
        migrations.AddField(
            model_name="model",
            name="selector",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="model",
            name="followed",
            field=models.CharField(blank=True, default="", max_length=71),
            preserve_default=False,
        ),
    ]
