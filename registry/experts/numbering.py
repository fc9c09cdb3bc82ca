"""Numbers that are given once and never again, whatever becomes of the transaction that took one."""

from django.db import connection


def next_status_index() -> int:
    """The next free place in the status list. One that a failed transaction took stays empty, and harms nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_status_index')")
        return int(cursor.fetchone()[0])
