"""What people's calendars answered to the invitations of reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from tocsin.core.attendance import Attendance
from tocsin.store.db import Tx
from tocsin.store.schema import attendance as table
from tocsin.store.schema import incidents, reviews


def of(tx: Tx, number: int) -> Sequence[Attendance]:
    """What is kept for one review, in the order in which it was heard."""
    columns = [column for column in table.c if column.name != "incident"]
    rows = tx.all(select(*columns).where(table.c.incident == number).order_by(table.c.heard_at, table.c.attendee))
    return [Attendance(*row) for row in rows]


def put(tx: Tx, number: int, one: Attendance) -> None:
    """Keep what is known of one address."""
    values = asdict(one)
    attendee = values.pop("attendee")
    theirs = table.c.incident == number, table.c.attendee == attendee
    if tx.run(update(table).where(*theirs).values(**values)) == 0:
        tx.run(insert(table).values(incident=number, attendee=attendee, **values))
    tx.touched.add(f"incident:{number}")


def declared_about(tx: Tx, milliseconds: int) -> Sequence[int]:
    """The incidents with a review that were declared in this millisecond since 1970, or beside it."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    near = incidents.c.declared_at.between(at - timedelta(milliseconds=1), at + timedelta(milliseconds=2))
    joined = select(incidents.c.number).join(reviews, reviews.c.incident == incidents.c.number).where(near)
    return [row.number for row in tx.all(joined)]
