"""Large files may come in chunks: xorbs are kept until a worker has put the files together from them.

Undone, what was on its way is forgotten; the store's sweep drops the bytes.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0030_objects_come_before_their_names")]

    operations = [
        migrations.AddField(model_name="incomingobject", name="terms", field=models.JSONField(null=True)),
        migrations.AddField(
            model_name="incomingobject",
            name="failure",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="StoredXorb",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("hash", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                ("chunks", models.BinaryField()),
                ("key", models.CharField(max_length=200, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "brought_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.expert"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("expert", "brought_by", "hash"), name="xorb_is_kept_once")
                ]
            },
        ),
    ]
