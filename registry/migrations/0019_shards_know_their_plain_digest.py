"""The SHA-256 of a whole shard, which clients compare; known once a worker has read it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0018_answers_are_kept_for_a_day")]

    operations = [
        migrations.AddField(
            model_name="shard",
            name="sha256",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
    ]
