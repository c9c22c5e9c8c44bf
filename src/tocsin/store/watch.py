"""What the watchman reads and keeps: silent incidents, recent tries, what made a worker raise, its own verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Select, String, and_, bindparam, cast, delete, func, insert, literal, or_, select, update

from tocsin.core.delivery import CONSOLE
from tocsin.core.types import first_id
from tocsin.core.watch import OVERDUE, WINDOW, Look, Tries
from tocsin.store.db import Tx, insert_new
from tocsin.store.fixed import fixed
from tocsin.store.schema import LEASED, PENDING, attempts, faults, incidents, meta, outbox, pages

MARKS: Final = "watch."  # the keys of `meta` that are the watchman's
AUDITOR, BLOCKED, CLOCK, TIME, PROBE = (
    f"{MARKS}{name}" for name in ("auditor", "blocked", "clock", "time", "probe")
)  # fmt: skip


# --------------------------------------------------------------------------------------------- silence


def silent(tx: Tx, limit: int) -> list[Look]:
    """
    Find incidents that still page and may have gone silent: one query over what pages, whatever the worker sees.

    `lost` names one page at most; asking again about the same incident finds the next.
    """
    rows = tx.all(_silent(), {"late": tx.now - OVERDUE, "limit": limit})
    return [
        Look(r.number, r.step_due, r.wake_at, r.row_due, r.lease_until, (r.lost,) if r.lost else (), bool(r.aside))
        for r in rows
    ]


@cache
def _silent() -> Select[Any]:
    late = bindparam("late", type_=incidents.c.wake_at.type)
    of = incidents.c.number
    mine = and_(outbox.c.incident == of, outbox.c.kind == "page")
    row_due = select(func.min(outbox.c.due)).where(mine, PENDING).scalar_subquery()
    lease = select(func.min(outbox.c.lease_until)).where(mine, LEASED).scalar_subquery()
    has_row = select(outbox.c.id).where(outbox.c.page == pages.c.id).exists()
    asked = and_(pages.c.incident == of, pages.c.state == "requested")
    lost = select(func.min(pages.c.id)).where(asked, ~has_row).scalar_subquery()
    key = literal("incident:") + cast(of, String)
    aside = select(faults.c.key).where(faults.c.key == key, faults.c.set_aside_at.isnot(None)).exists()
    found = (
        select(of, incidents.c.step_due, incidents.c.wake_at, row_due.label("row_due"), lease.label("lease_until"),
               lost.label("lost"), aside.label("aside"))
        .where(incidents.c.step_due.isnot(None))
        .subquery()
    )  # fmt: skip
    c = found.c
    wrong = or_(
        c.wake_at.is_(None), c.wake_at < late, c.wake_at > c.step_due + int(OVERDUE.total_seconds() * 1e6),
        c.row_due < late, c.lease_until < late, c.lost.isnot(None),
    )  # fmt: skip
    return fixed(select(found).where(wrong).order_by(c.number).limit(bindparam("limit")))


def drive_again(tx: Tx, number: int) -> None:
    """Put the overdue and abandoned page rows of an incident back to pending, due now; who held them writes nothing."""
    late = tx.now - OVERDUE
    stuck = or_(
        and_(PENDING, outbox.c.due < late),
        and_(LEASED, outbox.c.lease_until < late),
    )
    where = and_(outbox.c.incident == number, outbox.c.kind == "page", stuck)
    values = {"state": "pending", "due": tx.now, "owner": None, "epoch": outbox.c.epoch + 1}
    tx.run(update(outbox).where(where).values(**values))
    tx.touched.add("outbox")


def wake(tx: Tx, number: int, at: datetime) -> None:
    """Have an incident looked at at *at*, whatever its state says."""
    tx.run(update(incidents).where(incidents.c.number == number).values(wake_at=at))
    tx.touched.add("wake")


# --------------------------------------------------------------------------------------------- tries


def recent_tries(tx: Tx) -> list[Tries]:
    """What became of the tries of the last two minutes, by way and verdict; not the console's, nor what was skipped."""
    paged = attempts.c.page.isnot(None).label("paged")
    where = and_(
        attempts.c.id >= first_id(tx.now - WINDOW), attempts.c.via != CONSOLE, attempts.c.verdict != "skipped",
        attempts.c.via != "",
    )  # fmt: skip
    said = func.min(attempts.c.at), func.max(attempts.c.at), func.max(attempts.c.why)
    query = select(attempts.c.via, attempts.c.verdict, paged, *said).where(where)
    rows = tx.all(query.group_by(attempts.c.via, attempts.c.verdict, paged))
    return [
        Tries(via, verdict == "delivered", bool(page), first, last, why or "")
        for via, verdict, page, first, last, why in rows
    ]


def drop_alarms(tx: Tx, begins: str, why: str, keep: str = "") -> None:
    """What waits of the alarms whose key begins so is needed no more, but for those that begin with *keep*."""
    where = and_(
        outbox.c.incident.is_(None), outbox.c.kind == "alarm", outbox.c.state.in_(("pending", "leased")),
        outbox.c.key.startswith(begins, autoescape=True),
    )  # fmt: skip
    if keep:
        where = and_(where, ~outbox.c.key.startswith(keep, autoescape=True))
    tx.run(update(outbox).where(where).values(state="moot", why=why, done_at=tx.now))


# --------------------------------------------------------------------------------------------- faults


def incident_key(number: int) -> str:
    """The key of an incident among the faults."""
    return f"incident:{number}"


_FAULT = fixed(select(faults).where(faults.c.key == bindparam("of")))
_FAULTY = fixed(select(faults.c.key).limit(10_000))


def fault(tx: Tx, key: str) -> Any:
    """What is known of something that made a worker raise, or None."""
    return tx.first(_FAULT, {"of": key})


def faulty(tx: Tx) -> frozenset[str]:
    """The keys of everything that made a worker raise and has not been well since."""
    return frozenset(row.key for row in tx.all(_FAULTY))


def note_fault(tx: Tx, key: str, why: str) -> Any:
    """Count one more time that *key* made a worker raise; returns its row."""
    values = {"count": faults.c.count + 1, "why": why[:500]}
    if tx.run(update(faults).where(faults.c.key == key).values(**values)) == 0:
        tx.run(insert(faults).values(key=key, count=1, first_at=tx.now, why=why[:500]))
    return fault(tx, key)


def change_fault(tx: Tx, key: str, **columns: Any) -> None:
    """Keep columns of a fault: set_aside_at, steps, answered_by."""
    tx.run(update(faults).where(faults.c.key == key).values(**columns))


def forget_fault(tx: Tx, key: str) -> None:
    """It is well again."""
    tx.run(delete(faults).where(faults.c.key == key))


def forget_rows(tx: Tx, before: datetime) -> None:
    """What is known against rows of the outbox since before *before*: they ended long ago, one way or the other."""
    where = faults.c.key.startswith("outbox:"), faults.c.first_at < before
    tx.run(delete(faults).where(*where))


def set_aside(tx: Tx) -> Sequence[Any]:
    """What is set aside, the first 20."""
    return tx.all(select(faults).where(faults.c.set_aside_at.isnot(None)).order_by(faults.c.set_aside_at).limit(20))


# --------------------------------------------------------------------------------------------- verdicts


def marks(tx: Tx) -> dict[str, Any]:
    """Everything that the watchman keeps of itself, by key, as JSON data."""
    keys = (AUDITOR, BLOCKED, CLOCK, TIME, PROBE)
    return {row.key: orjson.loads(row.value) for row in tx.all(select(meta).where(meta.c.key.in_(keys)))}


def hold_mark(tx: Tx, key: str) -> None:
    """Have other nodes that write this verdict wait until the commit."""
    statement = select(meta.c.key).where(meta.c.key == key)
    tx.first(statement if tx.sqlite else statement.with_for_update())


def put_mark(tx: Tx, key: str, value: Any) -> None:
    """Keep one verdict as JSON; None takes it away."""
    if value is None:
        tx.run(delete(meta).where(meta.c.key == key))
        return
    text = orjson.dumps(value).decode()
    if tx.run(update(meta).where(meta.c.key == key).values(value=text)) == 0:
        insert_new(tx, meta, {"key": key, "value": text})


# --------------------------------------------------------------------------------------------- probes


def probe_state(tx: Tx, key: str) -> str | None:
    """The state of a probe's row in the outbox, or None when there is no such row."""
    row = tx.first(select(outbox.c.state).where(outbox.c.key == key))
    return str(row.state) if row else None


def forget_probes(tx: Tx, key: str, before: datetime) -> None:
    """Take away a probe's row and its tries, and what older probes left before *before*."""
    where = and_(
        outbox.c.incident.is_(None), outbox.c.kind == "probe", or_(outbox.c.key == key, outbox.c.created_at < before)
    )  # fmt: skip
    tx.run(delete(attempts).where(attempts.c.outbox.in_(select(outbox.c.id).where(where))))
    tx.run(delete(outbox).where(where))
