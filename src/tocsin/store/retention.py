"""
What is old goes: the rows of alerts, of sends and of changes, in bounded parts. Incidents, their timelines, pages and
postmortems, and the audit log stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Delete, Select, and_, delete, exists, or_, select

from tocsin.points import passing
from tocsin.store.db import Tx
from tocsin.store.schema import (
    alerts,
    answered,
    attempts,
    changes,
    credentials,
    flaps,
    held,
    incidents,
    outbox,
    pages,
    sessions,
)  # fmt: skip

INCIDENTS_AT_ONCE: Final = 50
ROWS_AT_ONCE: Final = 500  # of each table in one transaction: a page never waits for more
REPEATED: Final = timedelta(days=7)  # how long an Idempotency-Key is known
SESSION: Final = timedelta(days=8)  # a session ended a day ago at the latest

_over = outbox.c.state.in_(("done", "failed", "moot"))


def ended(tx: Tx, keep: timedelta) -> list[int]:
    """The numbers of incidents that ended longer ago than *keep* and still have rows that may go, the first 50."""
    before = tx.now - keep
    theirs = or_(
        exists().where(alerts.c.incident == incidents.c.number, alerts.c.last_at < before),
        exists().where(outbox.c.incident == incidents.c.number, _over),
    )
    query = select(incidents.c.number).where(_ended(before), theirs).order_by(incidents.c.number)
    return [row.number for row in tx.all(query.limit(INCIDENTS_AT_ONCE))]


def _ended(before: datetime) -> Any:
    """Ended, and nothing of it is due any more: a new alert would not join it."""
    return and_(incidents.c.status == "resolved", incidents.c.resolved_at < before, incidents.c.wake_at.is_(None))


def remove(tx: Tx, keep: timedelta, numbers: Sequence[int]) -> int:
    """
    Remove rows older than *keep*, of these incidents and of none; returns how many went.

    An incident that was opened again since it was looked for keeps everything: that is asked here, in the transaction.
    """
    before = tx.now - keep
    query = select(incidents.c.number).where(incidents.c.number.in_(numbers), _ended(before))
    still = [row.number for row in tx.all(query if tx.sqlite else query.with_for_update())]
    gone = sum(tx.run(statement) for statement in _statements(tx, before, still))
    passing("V2")
    return gone


def _statements(tx: Tx, before: datetime, numbers: Sequence[int]) -> Iterator[Delete]:
    of_none = and_(alerts.c.incident.is_(None), alerts.c.state == "resolved")  # what is held back and fires stays
    of_ended = or_(alerts.c.incident.in_(numbers), of_none)
    yield _some(alerts, alerts.c.id, and_(of_ended, alerts.c.last_at < before))
    mine = or_(outbox.c.incident.in_(numbers), and_(outbox.c.incident.is_(None), outbox.c.created_at < before))
    sends = select(outbox.c.id).where(_over, mine).order_by(outbox.c.id).limit(ROWS_AT_ONCE)
    yield delete(attempts).where(attempts.c.outbox.in_(_ids(tx, sends)))
    yield _some(attempts, attempts.c.id, attempts.c.page.in_(select(pages.c.id).where(pages.c.incident.in_(numbers))))
    yield delete(outbox).where(outbox.c.id.in_(_ids(tx, sends)))
    yield _some(held, held.c.alert, held.c.over_at < before)
    yield _some(flaps, flaps.c.dedup, flaps.c.at < before)
    yield _some(changes, changes.c.id, changes.c.at < before)
    yield _some(answered, answered.c.key, answered.c.at < tx.now - REPEATED)
    yield _some(sessions, sessions.c.hash, sessions.c.created_at < tx.now - SESSION)
    over = credentials.c.kind == "sign_in", credentials.c.expires_at < tx.now
    yield _some(credentials, credentials.c.hash, and_(*over))


def _ids(tx: Tx, query: Select[Any]) -> list[str]:
    return [row.id for row in tx.all(query)]


def _some(table: Any, key: Any, where: Any) -> Delete:
    return delete(table).where(key.in_(select(key).where(where).limit(ROWS_AT_ONCE)))
