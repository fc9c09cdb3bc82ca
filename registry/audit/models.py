"""The log's table. Nothing but registry.audit touches it; the database refuses changes (see the migration)."""

from django.db import models

from registry.audit.events import Event


class Entry(models.Model):
    """One leaf: canonical JSON as it was hashed, and the columns one looks it up by.

    `about` and `actor` are text on purpose: the log outlives what it speaks of.
    """

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    event = models.CharField(max_length=40, choices=Event)
    about = models.CharField(max_length=200, db_index=True)
    actor = models.CharField(max_length=80)
    leaf = models.BinaryField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["event", "seq"], name="entry_event_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.event} {self.about}"
