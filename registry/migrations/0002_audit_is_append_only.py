"""The log's rows cannot be changed or deleted, whoever asks. Truncation is kept from the service by its role."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP;
END $$;
CREATE TRIGGER the_log_is_append_only BEFORE UPDATE OR DELETE ON registry_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_log();
"""
ALLOW = """
DROP TRIGGER the_log_is_append_only ON registry_entry;
DROP FUNCTION refuse_to_change_the_log();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_tables_of_every_room")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
