"""What was approved before there was a status list gets its place in it, in the order of approval.

Undone, nothing is to be taken back: the column goes with the migration before.
"""

from django.db import migrations

GIVE = """
UPDATE registry_expertversion AS version SET status_index = given.place
FROM (
    SELECT id, nextval('registry_status_index') AS place
    FROM (SELECT id FROM registry_expertversion WHERE approved_at IS NOT NULL ORDER BY approved_at, id) AS approved
) AS given
WHERE version.id = given.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0008_versions_have_a_place_in_the_status_list"),
    ]

    operations = [migrations.RunSQL(GIVE, migrations.RunSQL.noop)]
