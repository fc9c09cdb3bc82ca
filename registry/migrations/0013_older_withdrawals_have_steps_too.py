"""Withdrawals from before: denied and blocked with the click, composed again where that was done; the rest goes on."""

from django.db import migrations

STEPS = """
INSERT INTO registry_withdrawalstep (withdrawal_id, name, done_at, facts, failure, attempts)
SELECT id, step.name, CASE WHEN step.name IN ('deny', 'block') THEN requested_at
                           WHEN step.name = 'recompose' THEN propagated_at END, '{}', '', 0
FROM registry_withdrawal
CROSS JOIN (VALUES ('deny'), ('block'), ('announce'), ('recompose'), ('destroy'), ('check'), ('certify')) AS step (name)
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0012_withdrawals_go_step_by_step")]
    operations = [migrations.RunSQL(STEPS, migrations.RunSQL.noop)]
