"""What stands behind an answer, as a stamp: `ctid` and `xmin` of each row that it is made of, and which ends are past.

Whoever changes one of the rows, in any process, changes the stamp with the commit; so nothing has to be told to
anybody, and the click denies at once. All who ask while one query runs share the next one.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from django.db import connection
from django.utils import timezone

logger = logging.getLogger(__name__)
MOST = 256  # questions in one query
PATIENCE = 5.0  # seconds

SQL = """
WITH asked AS (
    SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS q(number, namespace, name, revision, token)
), at AS MATERIALIZED (
    SELECT greatest(%s, (SELECT s.published_at FROM registry_logstate s WHERE s.id = 1)) AS now
), behind AS MATERIALIZED (
    SELECT one.*, d.namespace, d.name, d.revision
      FROM (SELECT DISTINCT namespace, name, revision FROM asked) d
     CROSS JOIN at
     CROSS JOIN LATERAL (
        SELECT o.id AS organisation_id, concat_ws('|', m.ctid, m.xmin, o.ctid, o.xmin, c.ctid, c.xmin,
            (SELECT concat(s.ctid, s.xmin) FROM registry_policyset s WHERE s.active),
            (SELECT string_agg(q.id::text, ',' ORDER BY q.id) FROM registry_quarantine q WHERE q.lifted_at IS NULL),
            (SELECT count(*) FROM registry_repositoryfile f WHERE f.composition_id = c.id AND f.sha256 <> ''),
            (SELECT string_agg(concat(g.ctid, g.xmin), ',' ORDER BY g.id) FROM registry_tag g WHERE g.model_id = m.id),
            (SELECT string_agg(concat_ws(',', v.ctid, v.xmin, e.ctid, e.xmin, a.ctid, a.xmin,
                                         k.ctid, k.xmin, l.ctid, l.xmin, p.ctid, p.xmin,
                                         k.valid_from <= at.now, k.valid_until <= at.now, l.valid_until <= at.now
                                        ), ';' ORDER BY v.id, k.ctid)
               FROM registry_inclusion i
               JOIN registry_expertversion v ON v.id = i.version_id
               JOIN registry_expert e ON e.id = v.expert_id
               JOIN registry_anchor a ON a.id = e.anchor_id
               LEFT JOIN registry_consentrecord k ON k.version_id = v.id
               LEFT JOIN registry_licenceterms l ON l.version_id = v.id
               LEFT JOIN registry_provenance p ON p.version_id = v.id
              WHERE i.composition_id = c.id)) AS stamp
          FROM registry_organisation o
          JOIN registry_model m ON m.organisation_id = o.id AND m.name = d.name
          JOIN registry_composition c ON c.state IN ('published', 'superseded') AND c.id = CASE d.revision
            WHEN 'main' THEN m.main_id
            ELSE (SELECT r.id FROM registry_composition r
                   WHERE r.model_id = m.id AND r.revision = d.revision AND r.state IN ('published', 'superseded')
                   LIMIT 1) END
         WHERE o.slug = d.namespace) one
)
SELECT q.number, b.stamp
  FROM asked q
  JOIN behind b USING (namespace, name, revision)
 CROSS JOIN at
 WHERE EXISTS (
    SELECT FROM registry_apitoken t
      JOIN registry_person w ON w.id = t.person_id AND w.is_active
      JOIN registry_membership r ON r.person_id = w.id
     WHERE t.hash = q.token AND t.revoked_at IS NULL
       AND t.expires_at > at.now
       AND ((r.role = 'consumer' AND r.organisation_id = b.organisation_id) OR r.role = 'auditor'))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody with a token asks about a revision of a model."""

    namespace: str
    name: str
    revision: str  # main, or 40 hex digits
    token: str  # its hash


class Stamps:
    """Asks the database over a connection of its own, on the loop of whoever asks first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Question, asyncio.Future[str | None]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._line: psycopg.AsyncConnection | None = None

    async def stamp_of(self, question: Question) -> str | None:
        """None for whoever may not ask, and for what is not there."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = loop.create_task(self._ask())
        return await answer

    async def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                found = await self._found([question for question, _ in asked])
                for number, (_, answer) in enumerate(asked):
                    if not answer.done():
                        answer.set_result(found.get(number))
        finally:
            self._asking = None

    async def _found(self, asked: Sequence[Question]) -> dict[int, str]:
        columns = [
            list(range(len(asked))),
            [one.namespace for one in asked],
            [one.name for one in asked],
            [one.revision for one in asked],
            [one.token for one in asked],
        ]
        try:
            async with asyncio.timeout(PATIENCE):
                self._line = self._line or await _connected()
                cursor = await self._line.execute(SQL, [*columns, timezone.now()])
                return dict(await cursor.fetchall())
        except (psycopg.Error, OSError) as fault:
            # The views ask in their own way, and say what is wrong.
            logger.warning("The rows behind standing answers cannot be asked for: %s", fault)
            await self.close()
            return {}


async def _connected() -> psycopg.AsyncConnection:
    at = connection.settings_dict
    given = {"host": at["HOST"], "port": at["PORT"], "user": at["USER"], "password": at["PASSWORD"]}
    return await psycopg.AsyncConnection.connect(
        dbname=at["NAME"],
        **{name: value for name, value in given.items() if value},
        autocommit=True,
        prepare_threshold=0,
    )
