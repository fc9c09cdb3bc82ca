"""What a request with an Idempotency-Key was answered. Undone, whoever asks again is served anew."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0017_models_may_have_selectors"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=128)),
                ("request_digest", models.CharField(max_length=71)),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("location", models.CharField(blank=True, max_length=200)),
                ("body", models.JSONField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["asked_at"], name="kept_answer_by_age")],
                "constraints": [models.UniqueConstraint(fields=("person", "key"), name="key_means_one_request")],
            },
        ),
    ]
