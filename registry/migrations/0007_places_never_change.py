"""An entry's place is given once. Only the recovery from an old backup, which says so, may give others (see operate.md).

Entries from before the log had places get theirs from the sequencer.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_to_move_an_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('guildhall.recovery', true), '') = 'on' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % of a place is refused', TG_OP;
END $$;
CREATE TRIGGER places_never_change BEFORE UPDATE OR DELETE ON registry_sequenced
    FOR EACH ROW EXECUTE FUNCTION refuse_to_move_an_entry();
"""
ALLOW = """
DROP TRIGGER places_never_change ON registry_sequenced;
DROP FUNCTION refuse_to_move_an_entry();
"""
QUEUE = "INSERT INTO registry_pending (entry_id) SELECT id FROM registry_entry ON CONFLICT DO NOTHING"


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_the_log_has_places")]
    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(QUEUE, migrations.RunSQL.noop),
    ]
