"""The calendars that schedules read: what was read last and could be used, and when each is asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from tocsin.core.stand_ins import Booking
from tocsin.store import looks
from tocsin.store.db import Tx, insert_new
from tocsin.store.schema import bookings, calendars


def place_of(address: str) -> str:
    """The mark of an address: addresses of calendars are secrets, and are kept nowhere."""
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()


def know(tx: Tx, schedule: str, place: str) -> None:
    """Note a calendar that the runbook names; a new one, and one at another address, is due now."""
    row = calendar(tx, schedule)
    if row is None:
        insert_new(tx, calendars, {"schedule": schedule, "place": place, "next_at": tx.now})
    elif row.place != place:
        changed = {"place": place, "etag": None, "next_at": tx.now}
        tx.run(update(calendars).where(calendars.c.schedule == schedule).values(**changed))


def forget_others(tx: Tx, schedules: Sequence[str]) -> None:
    """Drop the calendars of schedules that read none any more."""
    tx.run(delete(bookings).where(bookings.c.schedule.not_in(schedules)))
    tx.run(delete(calendars).where(calendars.c.schedule.not_in(schedules)))


def calendar(tx: Tx, schedule: str) -> Any:
    """What is known of a schedule's calendar, or None."""
    return tx.first(select(calendars).where(calendars.c.schedule == schedule))


def states(tx: Tx) -> Sequence[Any]:
    """Every calendar without its body: schedule, read_at, failing_since, why, next_at."""
    columns = calendars.c.schedule, calendars.c.read_at, calendars.c.failing_since, calendars.c.why, calendars.c.next_at
    return tx.all(select(*columns).order_by(calendars.c.schedule))


def claim(tx: Tx, again_at: datetime) -> Sequence[Any]:
    """Take the calendars that are due: until *again_at* no other node asks for them."""
    query = select(calendars.c.schedule).where(calendars.c.next_at <= tx.now).order_by(calendars.c.next_at).limit(20)
    names = [row.schedule for row in tx.all(query if tx.sqlite else query.with_for_update(skip_locked=True))]
    if not names:
        return []
    tx.run(update(calendars).where(calendars.c.schedule.in_(names)).values(next_at=again_at))
    return tx.all(select(calendars).where(calendars.c.schedule.in_(names)))


def keep(
    tx: Tx, schedule: str, body: bytes, etag: str | None, read: Sequence[Booking], next_at: datetime
) -> None:  # fmt: skip
    """Put what was read in force, in the place of what was."""
    good = {"body": body, "etag": etag, "read_at": tx.now, "failing_since": None, "why": None, "next_at": next_at}
    tx.run(update(calendars).where(calendars.c.schedule == schedule).values(**good))
    tx.run(delete(bookings).where(bookings.c.schedule == schedule))
    rows = [
        {"schedule": schedule, "number": n, "start": one.start, "until": one.until, "names": list(one.names)}
        for n, one in enumerate(read)
    ]
    if rows:
        tx.connection.execute(insert(bookings), rows)
    looks.again(tx)
    tx.touched.add("oncall")


def fail(tx: Tx, schedule: str, why: str, next_at: datetime) -> bool:
    """Note that a calendar could not be read: what was read before stays. Says whether it could until now."""
    row = calendar(tx, schedule)
    if row is None:
        return False
    values = {"why": why, "failing_since": row.failing_since or tx.now, "next_at": next_at}
    tx.run(update(calendars).where(calendars.c.schedule == schedule).values(**values))
    tx.touched.add("oncall")
    return row.failing_since is None


def next_due(tx: Tx) -> datetime | None:
    """When the next calendar is to be read."""
    row = tx.first(select(calendars.c.next_at).order_by(calendars.c.next_at).limit(1))
    return row.next_at if row else None
