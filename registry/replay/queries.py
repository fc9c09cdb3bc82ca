"""Comparing the two tellings, on one view of the database."""

import json

from django.db import connection, transaction

from registry.audit.queries import every_leaf
from registry.replay.from_log import state_from_log
from registry.replay.from_rows import state_from_rows
from registry.replay.state import differences


def audit_differences() -> list[str]:
    """What the log and the database do not tell alike: nothing, or an incident.

    Both are read in one snapshot, so that what happens meanwhile is in both or in neither.
    """
    with transaction.atomic():
        if not connection.in_atomic_block or connection.savepoint_ids:
            return _differences()  # inside a test's own transaction everything is one snapshot already
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _differences()


def _differences() -> list[str]:
    return list(differences(state_from_log(json.loads(leaf) for leaf in every_leaf()), state_from_rows()))
