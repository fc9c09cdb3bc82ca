"""Places in the log, tiles, payloads that can be erased, and the state of a build that waits for its proof."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0005_versions_know_who_submitted_and_when_approved"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogKey",
            fields=[
                ("vkey", models.CharField(max_length=400, primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=16)),
                ("added_entry", models.BigIntegerField()),
                ("retired_entry", models.BigIntegerField(blank=True, null=True)),
                ("rotation", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="LogState",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                ("root", models.CharField(max_length=64)),
                ("published_size", models.BigIntegerField(default=0)),
                ("published_note", models.TextField(blank=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("halted", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("salt", models.BinaryField()),
                ("value", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="Sequenced",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="composition",
            name="composition_state_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="composition",
            name="one_running_build_of_a_model",
        ),
        migrations.RemoveIndex(
            model_name="entry",
            name="entry_event_seq",
        ),
        migrations.RenameField(
            model_name="entry",
            old_name="seq",
            new_name="id",
        ),
        migrations.AddField(
            model_name="composition",
            name="included_entry",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="composition",
            name="state",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("decided", "Decided"),
                    ("assembling", "Assembling"),
                    ("validating", "Validating"),
                    ("proving", "Proving"),
                    ("published", "Published"),
                    ("refused", "Refused"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("withdrawn", "Withdrawn"),
                    ("superseded", "Superseded"),
                ],
                default="requested",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="event",
            field=models.CharField(max_length=40),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["event", "id"], name="entry_event_id"),
        ),
        migrations.AddConstraint(
            model_name="composition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["decided", "assembling", "validating", "proving"])),
                fields=("model",),
                name="one_running_build_of_a_model",
            ),
        ),
        migrations.AddConstraint(
            model_name="composition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "requested",
                            "decided",
                            "assembling",
                            "validating",
                            "proving",
                            "published",
                            "refused",
                            "failed",
                            "cancelled",
                            "withdrawn",
                            "superseded",
                        ],
                    )
                ),
                name="composition_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="logstate",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="log_has_one_state"),
        ),
        migrations.AddField(
            model_name="payload",
            name="entry",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payloads",
                to="registry.entry",
            ),
        ),
        migrations.AddField(
            model_name="sequenced",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="place",
                to="registry.entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="tile",
            constraint=models.UniqueConstraint(fields=("level", "index"), name="tile_is_kept_once"),
        ),
        migrations.AddConstraint(
            model_name="payload",
            constraint=models.UniqueConstraint(fields=("entry", "name"), name="payload_is_kept_once"),
        ),
    ]
