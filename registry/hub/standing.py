"""Answers that stand: what metadata was answered is said again while every row behind it is the same.

One query says whether the caller may ask, and names the version (ctid and xmin) of each row that the answer was made
of: the model, its build, the experts with their evidence, the active policies. Whoever changes one of them, in any
process, changes the stamp with the commit; so nothing has to be told to anybody, and the click denies at once. Only
what depends on the time alone, such as a consent that ends, may be said for `SECONDS` longer. Files are never kept.
"""

import re
import time
from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from registry.accounts.queries import token_hash
from registry.audit import clock
from registry.compositions.rules import MAIN

SECONDS = 1.0
MOST = 4096  # answers, then all are forgotten
DIGITS = re.compile(r"[0-9a-f]{40}")
OWN = "X-Request-Id"  # each request has its own

STAMP = """
SELECT concat_ws('|', m.ctid, m.xmin, o.ctid, o.xmin, c.ctid, c.xmin,
    (SELECT concat(s.ctid, s.xmin) FROM registry_policyset s WHERE s.active),
    (SELECT count(*) FROM registry_repositoryfile f WHERE f.composition_id = c.id AND f.sha256 <> ''),
    (SELECT string_agg(concat_ws(',', v.ctid, v.xmin, e.ctid, e.xmin, a.ctid, a.xmin,
                                 k.ctid, k.xmin, l.ctid, l.xmin, p.ctid, p.xmin), ';' ORDER BY v.id, k.ctid)
       FROM registry_inclusion i
       JOIN registry_expertversion v ON v.id = i.version_id
       JOIN registry_expert e ON e.id = v.expert_id
       JOIN registry_anchor a ON a.id = e.anchor_id
       LEFT JOIN registry_consentrecord k ON k.version_id = v.id
       LEFT JOIN registry_licenceterms l ON l.version_id = v.id
       LEFT JOIN registry_provenance p ON p.version_id = v.id
      WHERE i.composition_id = c.id))
  FROM registry_apitoken t
  JOIN registry_person w ON w.id = t.person_id AND w.is_active
  JOIN registry_organisation o ON o.slug = %s
  JOIN registry_model m ON m.organisation_id = o.id AND m.name = %s
  JOIN registry_composition c ON c.model_id = m.id AND c.state IN ('published', 'superseded') AND {which}
 WHERE t.hash = %s AND t.revoked_at IS NULL AND t.expires_at > %s
   AND EXISTS (SELECT FROM registry_membership b WHERE b.person_id = w.id
                AND ((b.role = 'consumer' AND b.organisation_id = o.id) OR b.role = 'auditor'))
 LIMIT 1
"""
OF_MAIN = STAMP.format(which="c.id = m.main_id")
OF_REVISION = STAMP.format(which="c.revision = %s")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by somebody who may ask it, and the rows that the answer is made of."""

    what: tuple[str, ...]
    stamp: str


@dataclass(frozen=True, slots=True)
class _Answer:
    stamp: str
    until: float
    headers: dict[str, str]
    body: bytes


_kept: dict[tuple[str, ...], _Answer] = {}


def question_of(request: HttpRequest, *, namespace: str, name: str, revision: str = MAIN) -> Question | None:
    """None for whatever is not plainly to be answered: the view says why."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not (revision == MAIN or DIGITS.fullmatch(revision)):
        return None
    which = () if revision == MAIN else (revision,)
    with connection.cursor() as cursor:
        cursor.execute(
            OF_REVISION if which else OF_MAIN, [namespace, name, *which, token_hash(token.strip()), clock.now()]
        )
        row = cursor.fetchone()
    what = (request.method or "", request.get_host(), request.get_full_path())
    return Question(what, row[0]) if row else None


def said_before(question: Question) -> HttpResponse | None:
    kept = _kept.get(question.what)
    if kept is None or kept.stamp != question.stamp or time.monotonic() > kept.until:
        return None
    return HttpResponse(kept.body, headers=kept.headers)


def keep(question: Question, answer: HttpResponseBase) -> None:
    """For the next who asks. The stamp was there before the answer: where a row changed in between, it fits nobody."""
    if not isinstance(answer, HttpResponse) or answer.status_code != 200:
        return
    if len(_kept) >= MOST:
        _kept.clear()
    headers = {name: value for name, value in answer.headers.items() if name != OWN}
    _kept[question.what] = _Answer(question.stamp, time.monotonic() + SECONDS, headers, answer.content)
