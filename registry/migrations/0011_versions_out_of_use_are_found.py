"""What is withdrawn or paused is found without reading the rest. Undone, the index goes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0010_messages_and_where_they_go"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="expertversion",
            index=models.Index(
                condition=models.Q(("state__in", ["withdrawn", "paused"])),
                fields=["state", "status_index"],
                name="version_out_of_use",
            ),
        ),
    ]
