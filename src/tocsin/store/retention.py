"""
What is old goes: the rows of alerts, of sends, of changes and of action items that are over, and what probes saw, in
bounded parts.
Incidents, their timelines, pages, postmortems and evidence, open action items, and the audit log stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, Delete, and_, bindparam, delete, exists, literal, or_, select

from tocsin.points import passing
from tocsin.store import probes
from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import (
    action_items,
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
    tracked,
)  # fmt: skip

INCIDENTS_AT_ONCE: Final = 50
ROWS_AT_ONCE: Final = 500  # of each table in one transaction: a page never waits for more
REPEATED: Final = timedelta(days=7)  # how long an Idempotency-Key is known
SESSION: Final = timedelta(days=8)  # a session ended a day ago at the latest

_over = outbox.c.state.in_(("done", "failed", "moot"))
_closed = action_items.c.state != "open"


def ended(tx: Tx, keep: timedelta) -> list[int]:
    """The numbers of incidents that ended longer ago than *keep* and still have rows that may go, the first 50."""
    return [row.number for row in tx.all(_ENDED_WITH_ROWS, {"before": tx.now - keep})]


def remove(tx: Tx, keep: timedelta | None, numbers: Sequence[int]) -> int:
    """
    Remove rows older than *keep*, of these incidents and of none, and what probes saw long ago; returns how many went.

    An incident that was opened again since it was looked for keeps everything: that is asked here, in the transaction.
    Without *keep* only what probes saw goes, which has spans of its own.
    """
    gone = probes.forget(tx) + (_remove(tx, keep, numbers) if keep is not None else 0)
    passing("V2")
    return gone


def _remove(tx: Tx, keep: timedelta, numbers: Sequence[int]) -> int:
    before, still = tx.now - keep, []
    if numbers:
        query = select(incidents.c.number).where(incidents.c.number.in_(numbers), _ENDED)
        rows = tx.all(query if tx.sqlite else query.with_for_update(), {"before": before})
        still = [row.number for row in rows]
    return sum(_statements(tx, before, still))


def _statements(tx: Tx, before: datetime, numbers: Sequence[int]) -> Iterator[int]:
    """Run each statement when it is asked for; gives how many rows went."""
    values = {
        "before": before, "numbers": list(numbers), "now": tx.now, "repeated": tx.now - REPEATED,
        "session": tx.now - SESSION,
    }  # fmt: skip
    yield tx.run(_OLD_ALERTS, values)
    sends = [row.id for row in tx.all(_OLD_SENDS, values)]
    if sends:
        yield tx.run(_TRIES_OF_SENDS, {"sends": sends})
        yield tx.run(_SENDS, {"sends": sends})
    if numbers:
        yield tx.run(_TRIES_OF_PAGES, values)
        yield tx.run(_OLD_ITEMS, values)
    for statement in (
        _OLD_TICKETS,
        _OLD_HELD,
        _OLD_FLAPS,
        _OLD_CHANGES,
        _OLD_ANSWERS,
        _OLD_SESSIONS,
        _OLD_LINKS,
    ):
        yield tx.run(statement, values)


def _some(table: Any, key: Any, where: Any) -> Delete:
    return delete(table).where(key.in_(select(key).where(where).limit(ROWS_AT_ONCE)))


def _at(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=alerts.c.last_at.type)


# Ended, and nothing of it is due any more: a new alert would not join it.
_ENDED = and_(
    incidents.c.status == "resolved", incidents.c.resolved_at < _at("before"), incidents.c.wake_at.is_(None)
)  # fmt: skip
_ENDED_WITH_ROWS = fixed(
    select(incidents.c.number)
    .where(
        _ENDED,
        or_(
            exists().where(alerts.c.incident == incidents.c.number, alerts.c.last_at < _at("before")),
            exists().where(outbox.c.incident == incidents.c.number, _over),
            exists().where(
                action_items.c.incident == incidents.c.number, _closed, action_items.c.closed_at < _at("before")
            ),
        ),
    )
    .order_by(incidents.c.number)
    .limit(INCIDENTS_AT_ONCE)
)
# Each is built once; `numbers` and `sends` are lists.
_NUMBERS: BindParameter[Any] = bindparam("numbers", expanding=True)
_GIVEN_SENDS: BindParameter[Any] = bindparam("sends", expanding=True)
_OF_NONE = and_(alerts.c.incident.is_(None), alerts.c.state == "resolved")  # what is held back and fires stays
_OLD_ALERTS = _some(
    alerts, alerts.c.id,
    and_(or_(alerts.c.incident.in_(_NUMBERS), _OF_NONE), alerts.c.last_at < _at("before")),
)  # fmt: skip
_OLD_SENDS = (
    select(outbox.c.id)
    .where(
        _over,
        or_(outbox.c.incident.in_(_NUMBERS), and_(outbox.c.incident.is_(None), outbox.c.created_at < _at("before"))),
    )
    .order_by(outbox.c.id)
    .limit(ROWS_AT_ONCE)
)
_TRIES_OF_SENDS = delete(attempts).where(attempts.c.outbox.in_(_GIVEN_SENDS))
_TRIES_OF_PAGES = _some(
    attempts, attempts.c.id, attempts.c.page.in_(select(pages.c.id).where(pages.c.incident.in_(_NUMBERS)))
)
_SENDS = delete(outbox).where(outbox.c.id.in_(_GIVEN_SENDS))
_OLD_ITEMS = _some(
    action_items, action_items.c.id,
    and_(action_items.c.incident.in_(_NUMBERS), _closed, action_items.c.closed_at < _at("before")),
)  # fmt: skip
_ITEM: Final = "action:"
_OLD_TICKETS = fixed(_some(
    tracked, tracked.c.of,
    and_(tracked.c.of.startswith(_ITEM), tracked.c.of.not_in(select(literal(_ITEM).concat(action_items.c.id)))),
))  # fmt: skip
_OLD_HELD = fixed(_some(held, held.c.alert, held.c.over_at < _at("before")))
_OLD_FLAPS = fixed(_some(flaps, flaps.c.dedup, flaps.c.at < _at("before")))
_OLD_CHANGES = fixed(_some(changes, changes.c.id, changes.c.at < _at("before")))
_OLD_ANSWERS = fixed(_some(answered, answered.c.key, answered.c.at < _at("repeated")))
_OLD_SESSIONS = fixed(_some(sessions, sessions.c.hash, sessions.c.created_at < _at("session")))
_OLD_LINKS = fixed(
    _some(credentials, credentials.c.hash, and_(credentials.c.kind == "sign_in", credentials.c.expires_at < _at("now")))
)
