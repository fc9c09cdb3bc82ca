"""The log's tables. Nothing but registry.audit touches them; the database refuses changes (see the migrations)."""

from django.db import models


class Entry(models.Model):
    """One leaf: canonical JSON as it was hashed, and the columns one looks it up by.

    `about` and `actor` are text on purpose: the log outlives what it speaks of.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    event = models.CharField(max_length=40)  # one of Event; no choices here, for their number grows
    about = models.CharField(max_length=200, db_index=True)
    actor = models.CharField(max_length=80)
    leaf = models.BinaryField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["event", "id"], name="entry_event_id")]

    def __str__(self) -> str:
        return f"{self.id} {self.event} {self.about}"


class Pending(models.Model):
    """An entry that has no place in the log yet. Written with the entry, taken away by the sequencer."""

    entry_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class Sequenced(models.Model):
    """An entry's place in the log: from 0, without a gap, given once and never changed."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, db_constraint=False, related_name="place")

    def __str__(self) -> str:
        return f"{self.index}"


class Payload(models.Model):
    """What a leaf only commits to. Erasing it leaves every proof as it was: the leaf holds a salted digest."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, db_constraint=False, related_name="payloads")
    name = models.CharField(max_length=40)
    salt = models.BinaryField()
    value = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "name"], name="payload_is_kept_once")]

    def __str__(self) -> str:
        return f"{self.name} of entry {self.entry_id}"


class Tile(models.Model):
    """256 hashes, or fewer at the right edge, of a level above the leaves. The store has the same, and the leaves'."""

    level = models.PositiveSmallIntegerField()  # from 1
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="tile_is_kept_once")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class LogState(models.Model):
    """One row: how far the log is integrated, and how far published. `halted` says why nothing goes on, if so."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    root = models.CharField(max_length=64)
    published_size = models.BigIntegerField(default=0)
    published_note = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    halted = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="log_has_one_state")]

    def __str__(self) -> str:
        return f"log of {self.size}"


class LogKey(models.Model):
    """A public key of the service that the log tells of: the log's own, and those that sign statements and models."""

    vkey = models.CharField(max_length=400, primary_key=True)
    purpose = models.CharField(max_length=16)  # log | statements | models
    added_entry = models.BigIntegerField()
    retired_entry = models.BigIntegerField(null=True, blank=True)
    rotation = models.TextField(blank=True)  # the first checkpoint that covers `added_entry`

    def __str__(self) -> str:
        return f"{self.purpose} key {self.vkey[:60]}"
