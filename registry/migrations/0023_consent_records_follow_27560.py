"""Consent records say what ISO/IEC TS 27560 wants: notice, kinds of data, controllers, storage. Undone, it is lost."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0022_reviews_have_claims_questions_and_rounds")]

    operations = [
        migrations.AddField("consentrecord", "vocabulary", models.PositiveIntegerField(default=1)),
        migrations.AddField("consentrecord", "notice", models.CharField(blank=True, default="", max_length=300), False),
        migrations.AddField(
            "consentrecord", "language", models.CharField(blank=True, default="", max_length=35), False
        ),
        migrations.AddField("consentrecord", "data_categories", models.JSONField(default=list)),
        migrations.AddField("consentrecord", "controllers", models.JSONField(default=list)),
        migrations.AddField("consentrecord", "storage_locations", models.JSONField(default=list)),
        migrations.AddField(
            "consentrecord", "retention", models.CharField(blank=True, default="", max_length=40), False
        ),
    ]
