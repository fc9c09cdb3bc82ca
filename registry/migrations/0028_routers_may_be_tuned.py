"""Models may ask for tuned router rows; anchors have a public text for it; the rows are kept by recipe."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0027_evidence_has_files_and_consent_has_receipts")]

    operations = [
        migrations.AddField(
            "anchor", "public_text_digest", models.CharField(blank=True, default="", max_length=71), False
        ),
        migrations.AddField(
            "anchor", "public_text_key", models.CharField(blank=True, default="", max_length=200), False
        ),
        migrations.AddField("model", "tuning", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="TunedRouter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipe_digest", models.CharField(max_length=71, unique=True)),
                ("router", models.BinaryField()),
                ("measured", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("participants", models.ManyToManyField(related_name="+", to="registry.expertversion")),
            ],
        ),
    ]
