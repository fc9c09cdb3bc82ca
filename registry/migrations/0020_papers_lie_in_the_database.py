"""What tells of one build alone, a few kB each, lies in the database and no longer in the store."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0019_shards_know_their_plain_digest")]

    operations = [
        migrations.AlterField(
            model_name="repositoryfile", name="key", field=models.CharField(blank=True, max_length=200)
        ),
        migrations.CreateModel(
            name="Paper",
            fields=[
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="paper",
                        serialize=False,
                        to="registry.repositoryfile",
                    ),
                ),
                ("data", models.BinaryField()),
            ],
        ),
    ]
