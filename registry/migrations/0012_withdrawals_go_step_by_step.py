"""Withdrawals with steps, holds, what was destroyed, and certificates."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0011_versions_out_of_use_are_found"),
    ]

    operations = [
        migrations.CreateModel(
            name="Certificate",
            fields=[
                (
                    "withdrawal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="registry.withdrawal",
                    ),
                ),
                ("envelope", models.JSONField()),
                ("digest", models.CharField(max_length=71)),
                ("vkey", models.CharField(max_length=400)),
                ("entry", models.BigIntegerField()),
                ("issued_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DestroyedObject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200)),
                ("version_id", models.CharField(blank=True, max_length=200)),
                ("size", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("placed_by", models.CharField(max_length=80)),
                ("placed_at", models.DateTimeField(auto_now_add=True)),
                ("lifted_by", models.CharField(blank=True, max_length=80)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WithdrawalStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("deny", "Denied"),
                            ("block", "Blocked"),
                            ("announce", "Announced"),
                            ("recompose", "Composed again without it"),
                            ("destroy", "Destroyed"),
                            ("check", "Checked"),
                            ("certify", "Certified"),
                        ],
                        max_length=12,
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("facts", models.JSONField(default=dict)),
                ("failure", models.TextField(blank=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="batch",
            field=models.UUIDField(db_index=True, default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="cause",
            field=models.CharField(
                choices=[
                    ("owner", "Its owner took it back"),
                    ("consent-expired", "The consent behind it ended"),
                    ("licence-expired", "Its licence ended"),
                ],
                default="owner",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="destroy_after",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="destruction_confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="destruction_confirmed_by",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="legal_basis",
            field=models.CharField(
                choices=[
                    ("consent-withdrawn", "A data subject withdrew consent (GDPR Art. 7(3))"),
                    ("objection", "A data subject objected (GDPR Art. 21)"),
                    ("erasure", "A data subject asked for erasure (GDPR Art. 17)"),
                    ("licence-ended", "The licence or contract ended"),
                    ("never-held", "The right was never held"),
                    ("other", "Another reason"),
                ],
                default="other",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["requested_at"], name="withdrawal_is_open"
            ),
        ),
        migrations.AddField(
            model_name="destroyedobject",
            name="withdrawal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="destroyed", to="registry.withdrawal"
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.expertversion"
            ),
        ),
        migrations.AddField(
            model_name="withdrawalstep",
            name="withdrawal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="registry.withdrawal"
            ),
        ),
        migrations.AddConstraint(
            model_name="destroyedobject",
            constraint=models.UniqueConstraint(
                fields=("withdrawal", "key", "version_id"), name="object_is_destroyed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at", None)), fields=("version",), name="one_hold_of_a_version_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawalstep",
            constraint=models.UniqueConstraint(fields=("withdrawal", "name"), name="step_is_there_once"),
        ),
    ]
