"""Silences, and every alert that is held back, by what and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, or_, select, update

from tocsin.core.quiet import Flaps, Silence
from tocsin.core.types import uuid7
from tocsin.store import looks
from tocsin.store.db import Tx, insert_new, insert_rows, update_rows
from tocsin.store.fixed import fixed
from tocsin.store.schema import alerts, flaps, held, meta, silences, to_micros

REVISION: Final = "silences"  # in meta: changes with every change of a silence, so that nobody reads them for nothing
LOOK: Final = "quiet"  # the look at what is held back
ENDED_SHOWN: Final = timedelta(days=30)

_REVISION = fixed(select(meta.c.value).where(meta.c.key == REVISION))
_REVISE = fixed(update(meta).where(meta.c.key == REVISION))
_ONE = fixed(select(silences).where(silences.c.id == bindparam("silence")))
_LIVING = fixed(
    select(silences)
    .where(silences.c.ended_at.is_(None), or_(silences.c.until > bindparam("now"), silences.c.repeat.isnot(None)))
    .order_by(silences.c.until, silences.c.id)
)
_HELD_NOW = held.c.over_at.is_(None), held.c.until <= bindparam("now")
_FIRST_END = fixed(select(func.min(held.c.until)).where(held.c.over_at.is_(None)))
_DUE = fixed(
    select(alerts, *(held.c[name].label(f"held_{name}") for name in ("by", "rule", "was", "since", "until")))
    .join(held, held.c.alert == alerts.c.id)
    .where(*_HELD_NOW)
    .order_by(held.c.until, held.c.alert)
    .limit(bindparam("limit"))
)
_LOST = fixed(
    update(held)
    .where(*_HELD_NOW, held.c.alert.not_in(select(alerts.c.id)))
    .values(over_at=bindparam("now", type_=held.c.over_at.type), outcome="resolved")
)
_HOLDING = fixed(
    select(held.c.by, func.count())
    .join(alerts, alerts.c.id == held.c.alert)
    .where(held.c.over_at.is_(None), alerts.c.state == "firing")
    .group_by(held.c.by)
)


# --------------------------------------------------------------------------------------------- silences


def revision(tx: Tx) -> str | None:
    """What tells whether the silences have changed; None as long as there was never one."""
    row = tx.first(_REVISION)
    return str(row.value) if row else None


def _changed(tx: Tx, why: str) -> None:
    value = uuid7(tx.now, "silences", why)
    if tx.run(_REVISE, {"value": value}) == 0:
        tx.run(insert(meta).values(key=REVISION, value=value))
    tx.touched.add(LOOK)


def _silence(row: Any) -> Silence:
    return Silence(
        row.id, tuple(row.matchers), row.start, row.until, row.reason, row.by, row.created_at, row.repeat, row.zone,
        row.work, row.ended_at, row.ended_by,
    )  # fmt: skip


def add(tx: Tx, **columns: Any) -> Silence:
    """Keep a new silence. Columns as in schema.silences; what they say must have been checked."""
    id_ = uuid7(tx.now, "silence", *(f"{name}={value}" for name, value in sorted(columns.items())))
    row = {"id": id_, "created_at": tx.now, "repeat": None, "work": None, "ended_at": None, "ended_by": None, **columns}
    insert_new(tx, silences, row)
    _changed(tx, id_)
    return get(tx, id_)  # type: ignore[return-value]


def get(tx: Tx, id_: str) -> Silence | None:
    """One silence, or None."""
    row = tx.first(_ONE, {"silence": id_})
    return _silence(row) if row else None


def change(tx: Tx, id_: str, **columns: Any) -> None:
    """Set columns of a silence; what it holds is looked at again when it ends by its new time."""
    tx.run(update(silences).where(silences.c.id == id_).values(**columns))
    _changed(tx, f"{id_} {sorted(columns)}")


def living(tx: Tx) -> tuple[Silence, ...]:
    """Those that hold something now or will, by hand not ended; one that comes again may be over all the same."""
    return tuple(map(_silence, tx.all(_LIVING, {"now": tx.now})))


def ended(tx: Tx, limit: int = 50) -> tuple[Silence, ...]:
    """Those that are over, the last ones first."""
    over = or_(silences.c.ended_at.isnot(None), silences.c.until <= tx.now)
    statement = select(silences).where(over, silences.c.until > tx.now - ENDED_SHOWN)
    rows = tx.all(statement.order_by(silences.c.until.desc(), silences.c.id).limit(limit))
    return tuple(one for one in map(_silence, rows) if one.next_span(tx.now) is None)


def of_work(tx: Tx, work: str) -> Sequence[str]:
    """The ids of the silences of planned work that were not ended."""
    where = silences.c.work == work, silences.c.ended_at.is_(None)
    return [row.id for row in tx.all(select(silences.c.id).where(*where))]


# --------------------------------------------------------------------------------------------- what is held back


def hold(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Keep that alerts are held back: rows of alert, by, rule, was, until (an instant or None).

    They are looked at again at the end of what holds them.
    """
    if not rows:
        return
    now = to_micros(tx.now)
    insert_rows(tx, held, [
        {**row, "since": now, "until": row["until"] and to_micros(row["until"]), "over_at": None, "outcome": None}
        for row in rows
    ])  # fmt: skip
    due = min((row["until"] for row in rows if row["until"]), default=None)
    if due is not None:
        look_by(tx, due)


def look_by(tx: Tx, due: datetime) -> None:
    """Look at what is held back at *due* at the latest."""
    known = looks.get(tx, LOOK)
    if known is None or known.due > due:
        looks.put(tx, LOOK, due, {})


def plan(tx: Tx) -> None:
    """Set the next look by what is held back now; nothing held, no look."""
    due = tx.all(_FIRST_END)[0][0]
    if due is None:
        looks.forget(tx, LOOK)
    else:
        looks.put(tx, LOOK, due, {})


def let_go(tx: Tx, by: str, until: datetime) -> None:
    """What *by* holds back is looked at again at *until*: it has been given another end."""
    tx.run(update(held).where(held.c.by == by, held.c.over_at.is_(None)).values(until=until))
    plan(tx)


_AGAIN_NOW = fixed(update(held).where(held.c.until.is_(None), held.c.over_at.is_(None)))


def look_at_inhibited(tx: Tx) -> None:
    """What a rule of the runbook holds back is looked at again now: an alert has ended, or the rules are others."""
    if tx.run(_AGAIN_NOW, {"until": tx.now}):
        look_by(tx, tx.now)


def due(tx: Tx, limit: int) -> Sequence[Any]:
    """Alerts whose hold is to be looked at again now, with the columns of schema.alerts and of schema.held."""
    return tx.all(_DUE, {"now": tx.now, "limit": limit})


def forget_lost(tx: Tx) -> None:
    """Close holds of alerts that are not there any more: they had ended, and retention took them."""
    tx.run(_LOST, {"now": tx.now})


def hold_on(tx: Tx, alert: str, by: str, rule: str, until: datetime | None) -> None:
    """Something else holds the alert back now, or the same for longer."""
    tx.run(update(held).where(held.c.alert == alert).values(by=by, rule=rule, until=until))
    tx.run(update(alerts).where(alerts.c.id == alert).values(rule=rule))


def over(tx: Tx, ids: Iterable[str], outcome: str) -> None:
    """These are held back no more."""
    now = to_micros(tx.now)
    update_rows(tx, held, [{"alert": id_, "over_at": now, "outcome": outcome} for id_ in ids], key="alert")


def holding(tx: Tx) -> dict[str, int]:
    """How many alerts that fire now each thing holds back, by its name."""
    return {row[0]: row[1] for row in tx.all(_HOLDING)}


def listing(tx: Tx, *, firing: bool = False, before: str | None = None, limit: int = 100) -> Sequence[Any]:
    """What was held back, newest first: the columns of schema.alerts, and of schema.held as `held_…`."""
    names = ("by", "rule", "since", "until", "over_at", "outcome")
    statement = select(alerts, *(held.c[name].label(f"held_{name}") for name in names))
    statement = statement.join(held, held.c.alert == alerts.c.id).order_by(alerts.c.id.desc()).limit(limit)
    if firing:
        statement = statement.where(held.c.over_at.is_(None), alerts.c.state == "firing")
    if before:
        statement = statement.where(alerts.c.id < before)
    return tx.all(statement)


# --------------------------------------------------------------------------------------------- flapping

_FLAPS = select(flaps).where(flaps.c.dedup == bindparam("dedup"))


def flaps_of(tx: Tx, dedup: str) -> Flaps:
    """How a key has flapped lately."""
    row = tx.first(_FLAPS, {"dedup": dedup})
    return Flaps(tuple(map(datetime.fromisoformat, row.again)), row.paused_until) if row else Flaps()


def keep_flaps(tx: Tx, dedup: str, found: Flaps) -> None:
    """Keep it."""
    values = {"again": [at.isoformat() for at in found.again], "paused_until": found.paused_until, "at": tx.now}
    if tx.run(update(flaps).where(flaps.c.dedup == dedup).values(**values)) == 0:
        tx.run(insert(flaps).values(dedup=dedup, **values))
