"""Stand-ins: overrides, absences and what calendars say; and the swaps that become overrides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, bindparam, insert, select, update

from tocsin.core.stand_ins import Absence, Booking, Override, StandIns, gather
from tocsin.core.swap import Swap
from tocsin.core.types import uuid7
from tocsin.store import looks
from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import Instant, absences, bookings, swaps
from tocsin.store.schema import overrides as table

PAST: Final = timedelta(days=62)  # how far back a shift that goes on now may have been cut
AHEAD: Final = timedelta(days=400)
MOMENT: Final = timedelta(microseconds=1)

_FROM, _TO = bindparam("from_", type_=Instant), bindparam("to", type_=Instant)


def _touching(what: Table) -> Any:
    return what.c.until > _FROM, what.c.start < _TO


_OVERRIDE = table.c.id, table.c.schedule, table.c.person, table.c.start, table.c.until, table.c.reason, table.c.replaces
_ABSENCE = absences.c.id, absences.c.person, absences.c.start, absences.c.until, absences.c.reason
_OVERRIDES = fixed(
    select(*_OVERRIDE).where(table.c.deleted_at.is_(None), *_touching(table)).order_by(table.c.created_at, table.c.id)
)
_ABSENCES = fixed(
    select(*_ABSENCE)
    .where(absences.c.deleted_at.is_(None), *_touching(absences))
    .order_by(absences.c.created_at, absences.c.id)
)
_BOOKINGS = fixed(select(bookings).where(*_touching(bookings)).order_by(bookings.c.schedule, bookings.c.number))
_OVERRIDES_OF = fixed(_OVERRIDES.where(table.c.schedule == bindparam("schedule")))
_BOOKINGS_OF = fixed(_BOOKINGS.where(bookings.c.schedule == bindparam("schedule")))
_NAMING = fixed(
    select(table.c.schedule)
    .distinct()
    .where(table.c.deleted_at.is_(None), *_touching(table), table.c.person == bindparam("person"))
)


def stand_ins_at(tx: Tx, at: datetime, schedule: str | None = None) -> StandIns:
    """What stands in at one instant, and nothing else: for the pager, which asks who, not until when."""
    return stand_ins(tx, at, at + MOMENT, schedule)


def stand_ins(tx: Tx, start: datetime, until: datetime, schedule: str | None = None) -> StandIns:
    """Everything that touches `[start, until)`; with a schedule only what is of it, and every absence."""
    span: dict[str, Any] = {"from_": start, "to": until}
    if schedule is None:
        return gather(_overrides(tx, span), _absences(tx, span), _bookings(tx, span))
    span["schedule"] = schedule
    return gather(_overrides(tx, span, _OVERRIDES_OF), _absences(tx, span), _bookings(tx, span, _BOOKINGS_OF))


def stand_ins_of(
    tx: Tx, start: datetime, until: datetime, person: str, schedules: Collection[str]
) -> tuple[StandIns, set[str]]:
    """What touches `[start, until)` of *schedules* and of those where an override names a person; and all of these."""
    span = {"from_": start, "to": until}
    names = {*schedules, *(row.schedule for row in tx.all(_NAMING, {**span, "person": person}))}
    found = _OVERRIDES.where(table.c.schedule.in_(sorted(names)))
    return gather(_overrides(tx, span, found), _absences(tx, span), _bookings(tx, span)), names


def stand_ins_around(tx: Tx, at: datetime) -> StandIns:
    """Everything that may cut a shift that goes on at an instant, or come in the year after it."""
    return stand_ins(tx, at - PAST, at + AHEAD)


def _overrides(tx: Tx, span: dict[str, Any], query: Any = _OVERRIDES) -> tuple[Override, ...]:
    rows = tx.all(query, span)
    return tuple(Override(*row) for row in rows)


def _absences(tx: Tx, span: dict[str, Any]) -> tuple[Absence, ...]:
    return tuple(Absence(*row) for row in tx.all(_ABSENCES, span))


def _bookings(tx: Tx, span: dict[str, Any], query: Any = _BOOKINGS) -> tuple[Booking, ...]:
    return tuple(Booking(r.schedule, r.start, r.until, tuple(r.names)) for r in tx.all(query, span))


def _to_come(tx: Tx) -> dict[str, datetime]:
    return {"from_": tx.now, "to": datetime.max.replace(tzinfo=tx.now.tzinfo)}


def overrides(tx: Tx) -> tuple[Override, ...]:
    """The overrides in force or to come, in the order of their creation."""
    return _overrides(tx, _to_come(tx))


def absences_to_come(tx: Tx) -> tuple[Absence, ...]:
    """The absences that last or are to come, in the order of their creation."""
    return _absences(tx, _to_come(tx))


def add_override(
    tx: Tx, *, schedule: str, person: str, start: datetime, until: datetime, reason: str, by: str,
    replaces: str | None = None,
) -> Override:  # fmt: skip
    """Keep a new override. What it names must have been checked."""
    id_ = uuid7(tx.now, "override", schedule, person, start, until, by)
    values = {"schedule": schedule, "person": person, "start": start, "until": until, "reason": reason}
    tx.run(insert(table).values(id=id_, by=by, created_at=tx.now, replaces=replaces, **values))
    _changed(tx)
    return Override(id_, schedule, person, start, until, reason, replaces)


def override(tx: Tx, id_: str) -> Any:
    """The row of an override that was not ended, or None."""
    return tx.first(select(table).where(table.c.id == id_, table.c.deleted_at.is_(None)))


def delete_override(tx: Tx, id_: str) -> bool:
    """End an override now; says whether there was one."""
    return _delete(tx, table, id_)


def add_absence(tx: Tx, *, person: str, start: datetime, until: datetime, reason: str, by: str) -> Absence:
    """Keep a new absence. The person must have been checked."""
    id_ = uuid7(tx.now, "absence", person, start, until, by)
    values = {"person": person, "start": start, "until": until, "reason": reason}
    tx.run(insert(absences).values(id=id_, by=by, created_at=tx.now, **values))
    _changed(tx)
    return Absence(id_, person, start, until, reason)


def absence(tx: Tx, id_: str) -> Any:
    """The row of an absence that was not ended, or None."""
    return tx.first(select(absences).where(absences.c.id == id_, absences.c.deleted_at.is_(None)))


def delete_absence(tx: Tx, id_: str) -> bool:
    """End an absence now; says whether there was one."""
    return _delete(tx, absences, id_)


def _changed(tx: Tx) -> None:
    """Who is on call may be another: whoever shows it, and the looks at shift changes, look again."""
    looks.again(tx)
    tx.touched.add("oncall")


def _delete(tx: Tx, what: Table, id_: str) -> bool:
    _changed(tx)
    return tx.run(update(what).where(what.c.id == id_, what.c.deleted_at.is_(None)).values(deleted_at=tx.now)) > 0


# --------------------------------------------------------------------------------------------- swaps


def put_swap(tx: Tx, swap: Swap) -> None:
    """Keep a swap that is asked for."""
    tx.run(
        insert(swaps).values(
            id=swap.id, schedule=swap.schedule, asker=swap.asker, other=swap.other, start=swap.start, until=swap.until,
            back_start=swap.back_start, back_until=swap.back_until, reason=swap.reason, state=swap.state,
            asked_at=swap.asked_at, expires_at=swap.expires_at,
        )
    )  # fmt: skip
    tx.touched.add("oncall")


def close_swap(tx: Tx, swap: Swap) -> bool:
    """Keep how a swap ended; says whether this call was the first to end it."""
    where = swaps.c.id == swap.id, swaps.c.state == "asked"
    tx.touched.add("oncall")
    return tx.run(update(swaps).where(*where).values(state=swap.state, closed_at=tx.now)) > 0


def swap(tx: Tx, id_: str) -> Swap | None:
    """A swap, or None."""
    row = tx.first(select(swaps).where(swaps.c.id == id_))
    return _swap(row) if row else None


def all_swaps(tx: Tx, *, state: str | None = None, limit: int = 100) -> Sequence[Swap]:
    """Swaps, the newest first; only those of a state when one is named."""
    query = select(swaps).order_by(swaps.c.asked_at.desc(), swaps.c.id.desc()).limit(limit)
    return [_swap(row) for row in tx.all(query.where(swaps.c.state == state) if state else query)]


def too_late(tx: Tx) -> Sequence[Swap]:
    """The swaps that nobody answered in time."""
    where = swaps.c.state == "asked", swaps.c.expires_at <= tx.now
    return [_swap(row) for row in tx.all(select(swaps).where(*where).limit(100))]


def next_expiry(tx: Tx) -> datetime | None:
    """When the next swap expires that nobody has answered."""
    query = select(swaps.c.expires_at).where(swaps.c.state == "asked").order_by(swaps.c.expires_at).limit(1)
    row = tx.first(query)
    return row.expires_at if row else None


def _swap(r: Any) -> Swap:
    return Swap(
        r.id, r.schedule, r.asker, r.other, r.start, r.until, r.back_start, r.back_until, r.reason, r.state, r.asked_at
    )
