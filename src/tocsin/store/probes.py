"""Probes: what all nodes see of each, how it stands at each node, a week of looks, hours in short, the changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Column, Select, bindparam, delete, exists, func, or_, select, update

from tocsin.core.probes import Change, Hour, Look, Mark, Point, Seen, hour
from tocsin.store.db import Tx, insert_missing, insert_new, insert_rows
from tocsin.store.fixed import fixed
from tocsin.store.schema import (
    from_micros,
    meta,
    probe_changes,
    probe_hours,
    probe_looks,
    probe_marks,
    probes,
    to_micros,
)  # fmt: skip

TOPIC: Final = "probes"  # what listeners hear
LOOKS_KEPT: Final = timedelta(days=7)
HOURS_KEPT: Final = timedelta(days=400)  # and changes
POINTS: Final = 2_000  # of one curve, at most
HOUR: Final = timedelta(hours=1)
SETTLED: Final = timedelta(minutes=5)  # after its end an hour is summed up
ROLLED: Final = "probes.hours"  # in meta: the hour that is to be summed up, and the probe up to which it is
SUMMED_AT_ONCE: Final = 20  # probes in one transaction: a page never waits for more
PROBES_AT_ONCE: Final = 5  # whose old rows go in one transaction
ROWS_AT_ONCE: Final = 200  # of each of them
_MARK: Final = TypeAdapter(Mark)


@dataclass(frozen=True, slots=True)
class Known:
    """A probe as it is kept. `service` is the one its alert was told with; `seen` is None before the first look."""

    id: int
    name: str
    kind: str
    service: str
    known_at: datetime
    called_at: datetime | None
    seen: Seen | None


def _known(row: Any) -> Known:
    seen = None if row.at is None else Seen(row.ok, row.check, row.at, row.since, row.milliseconds, row.why)
    return Known(row.id, row.name, row.kind, row.service, row.known_at, row.called_at, seen)


# --------------------------------------------------------------------------------------------- how it stands


def seen(tx: Tx, name: str) -> Seen | None:
    """What all nodes together say of a probe now; None for an unknown one, and before the first look."""
    found = known(tx, [name]).get(name)
    return found.seen if found else None


def known(tx: Tx, names: Iterable[str] | None = None) -> dict[str, Known]:
    """The probes that the runbook has, by name: these, or all of them."""
    query = select(probes).where(probes.c.gone_at.is_(None)).order_by(probes.c.name)
    if names is not None:
        query = query.where(probes.c.name.in_(list(names)))
    return {row.name: _known(row) for row in tx.all(query)}


def counted(tx: Tx) -> dict[str, int]:
    """How many probes of the runbook are up, failing, and not looked at yet."""
    found = {"up": 0, "failing": 0, "unknown": 0}
    for ok, count in tx.all(select(probes.c.ok, func.count()).where(probes.c.gone_at.is_(None)).group_by(probes.c.ok)):
        found["unknown" if ok is None else "up" if ok else "failing"] += count
    return found


def meet(tx: Tx, name: str, kind: str, service: str) -> None:
    """
    Begin with a probe; one that was gone comes back with its history, and without a word on how it stands.

    Whoever calls this has other nodes wait: numbers are given in turn.
    """
    last = tx.first(select(func.max(probes.c.id)))[0] or 0
    values = {"name": name, "kind": kind, "service": service, "known_at": tx.now, "check": "", "why": ""}
    if not insert_new(tx, probes, {"id": last + 1, **values}):
        back = {**values, "gone_at": None, "called_at": None, "ok": None, "at": None, "since": None}
        tx.run(update(probes).where(probes.c.name == name, probes.c.gone_at.isnot(None)).values(**back))


def part(tx: Tx, id_: int) -> None:
    """The runbook has a probe no more: its history stays until it is old, and it is not down any longer."""
    row = {"probe": id_, "at": tx.now, "ok": True, "check": "", "why": "the runbook has it no more"}
    insert_new(tx, probe_changes, row)
    tx.run(update(probes).where(probes.c.id == id_).values(gone_at=tx.now))
    tx.run(delete(probe_marks).where(probe_marks.c.probe == id_))
    tx.touched.add(TOPIC)


def put_seen(tx: Tx, probe: Known, seen: Seen, service: str) -> None:
    """Keep what is seen of a probe now, and the change, where it is one."""
    before = probe.seen
    values = {
        "ok": seen.ok, "check": seen.check, "at": seen.at, "since": seen.since, "milliseconds": seen.milliseconds,
        "why": seen.why, "service": service,
    }  # fmt: skip
    tx.run(update(probes).where(probes.c.id == probe.id).values(**values))
    if before is None or (before.ok, before.check) != (seen.ok, seen.check):
        at = seen.since if before is None or before.ok != seen.ok else tx.now
        row = {"probe": probe.id, "at": at, "ok": seen.ok, "check": seen.check, "why": seen.why}
        if not insert_new(tx, probe_changes, row):
            where = probe_changes.c.probe == probe.id, probe_changes.c.at == at
            tx.run(update(probe_changes).where(*where).values(ok=seen.ok, check=seen.check, why=seen.why))
        tx.touched.add(TOPIC)


def called(tx: Tx, id_: int) -> None:
    """A job called in now."""
    tx.run(update(probes).where(probes.c.id == id_).values(called_at=tx.now))


# --------------------------------------------------------------------------------------------- nodes and looks


def marks(tx: Tx, ids: Iterable[int]) -> dict[int, dict[str, Mark]]:
    """How these probes stand, by probe and node."""
    found: defaultdict[int, dict[str, Mark]] = defaultdict(dict)
    for row in tx.all(select(probe_marks).where(probe_marks.c.probe.in_(list(ids)))):
        found[row.probe][row.node] = _MARK.validate_python(row.mark)
    return found


def put_marks(tx: Tx, node: str, new: Mapping[int, Mark]) -> None:
    """Keep how probes stand at a node."""
    where = probe_marks.c.probe.in_(list(new)), probe_marks.c.node == node
    tx.run(delete(probe_marks).where(*where))
    rows = [{"probe": id_, "node": node, "mark": _MARK.dump_json(mark).decode()} for id_, mark in new.items()]
    insert_rows(tx, probe_marks, rows)


def leave(tx: Tx, node: str) -> None:
    """A node looks no more: it has no say from now on."""
    tx.run(delete(probe_marks).where(probe_marks.c.node == node))


def add_looks(tx: Tx, node: str, looks: Sequence[tuple[int, Look]]) -> None:
    """Keep what a node saw; what is kept already, since a commit was not heard of, is kept once."""
    insert_missing(tx, probe_looks, [
        {"probe": id_, "at": look.at, "node": node, "check": look.check, "milliseconds": look.milliseconds,
         "why": look.why}
        for id_, look in looks
    ])  # fmt: skip


# --------------------------------------------------------------------------------------------- what was


def curve(tx: Tx, name: str, start: datetime, end: datetime) -> list[Point]:
    """
    The looks of a probe in [start, end), oldest first, evenly thinned to 2,000; what is older than a week by the hour.

    Of an hour the point is its median, and good where none of its looks failed.
    """
    id_ = _id(tx, name)
    if id_ is None:
        return []
    table, exact = probe_looks, max(start, tx.now - LOOKS_KEPT)
    where = table.c.probe == id_, table.c.at >= exact, table.c.at < end
    rows = tx.all(select(table.c.at, table.c.check, table.c.milliseconds).where(*where).order_by(table.c.at))
    points = [Point(row.at, not row.check, row.milliseconds) for row in rows]
    step = max(-(-len(points) // POINTS), 1)
    kept = [point for place, point in enumerate(points) if place % step == 0 or not point.ok]
    old = [Point(h.start, h.failed == 0, h.p50) for h in hours(tx, id_, start, min(exact, end))]
    return (old + kept)[-2 * POINTS :]


def _id(tx: Tx, name: str) -> int | None:
    row = tx.first(select(probes.c.id).where(probes.c.name == name))
    return row.id if row else None


def hours(tx: Tx, id_: int, start: datetime, end: datetime) -> list[Hour]:
    """The hours of a probe in short, oldest first."""
    table = probe_hours
    where = table.c.probe == id_, table.c.start >= start, table.c.start < end
    rows = tx.all(select(table).where(*where).order_by(table.c.start))
    return [Hour(r.start, r.looks, r.failed, r.p50, r.p95, r.most) for r in rows]


def latest(tx: Tx, id_: int, limit: int) -> list[tuple[str, Look]]:
    """The newest looks, each with its node, newest first."""
    table = probe_looks
    rows = tx.all(select(table).where(table.c.probe == id_).order_by(table.c.at.desc()).limit(limit))
    return [(r.node, Look(r.at, r.check, r.milliseconds, r.why)) for r in rows]


def changes(tx: Tx, ids: Sequence[int], since: datetime) -> dict[int, list[Change]]:
    """The changes of these probes since an instant, oldest first, with the one before that."""
    found: dict[int, list[Change]] = {id_: [] for id_ in ids}
    table = probe_changes
    for row in tx.all(select(table).where(table.c.probe.in_(list(ids))).order_by(table.c.probe, table.c.at)):
        if row.at <= since:
            found[row.probe].clear()
        found[row.probe].append(Change(row.at, row.ok, row.check, row.why))
    return found


# --------------------------------------------------------------------------------------------- hours, and the end


def roll(tx: Tx) -> bool:
    """
    Sum up the next hour that is over, of the next few probes; says whether there was one.

    What was looked at in an hour and comes later than five minutes after its end is not in its sum.
    """
    start, done = _rolled(tx)
    if start is None or start + HOUR + SETTLED > tx.now:
        return False
    query = select(probes.c.id).where(probes.c.id > done).order_by(probes.c.id).limit(SUMMED_AT_ONCE)
    ids = [row.id for row in tx.all(query)]
    insert_rows(tx, probe_hours, [_sum(id_, start, looks) for id_ in ids if (looks := _looked(tx, id_, start))])
    next_ = f"{to_micros(start)} {ids[-1]}" if ids else f"{to_micros(start + HOUR)} 0"
    tx.run(update(meta).where(meta.c.key == ROLLED).values(value=next_))
    return True


def _rolled(tx: Tx) -> tuple[datetime | None, int]:
    """The hour that is to be summed up, and the probe up to which it is; no hour before there was a look."""
    row = tx.first(select(meta.c.value).where(meta.c.key == ROLLED))
    if row:
        start, done = row.value.split()
        return from_micros(int(start)), int(done)
    first = tx.first(select(func.min(probe_looks.c.at)))[0]
    if first is None:
        return None, 0
    start = first.replace(minute=0, second=0, microsecond=0)
    insert_new(tx, meta, {"key": ROLLED, "value": f"{to_micros(start)} 0"})
    return start, 0


def _looked(tx: Tx, id_: int, start: datetime) -> list[tuple[str, int | None]]:
    table = probe_looks
    where = table.c.probe == id_, table.c.at >= start, table.c.at < start + HOUR
    return [(row.check, row.milliseconds) for row in tx.all(select(table.c.check, table.c.milliseconds).where(*where))]


def _sum(id_: int, start: datetime, looks: Sequence[tuple[str, int | None]]) -> dict[str, Any]:
    h = hour(start, looks)
    of = {"looks": h.looks, "failed": h.failed, "p50": h.p50, "p95": h.p95, "most": h.most}
    return {"probe": id_, "start": to_micros(start), **of}


def _with_old(column: Column[Any]) -> Select[Any]:
    old = exists().where(column.table.c.probe == probes.c.id, column < _BEFORE)
    return fixed(select(probes.c.id).where(old).limit(PROBES_AT_ONCE))


_BEFORE = bindparam("before", type_=probe_looks.c.at.type)
_WITH_OLD_LOOKS, _WITH_OLD_HOURS = _with_old(probe_looks.c.at), _with_old(probe_hours.c.start)
_later = probe_changes.alias()
_OLD_CHANGES = fixed(
    select(probe_changes.c.probe, probe_changes.c.at)
    .where(exists().where(_later.c.probe == probe_changes.c.probe, _later.c.at > probe_changes.c.at,
                          _later.c.at < _BEFORE))
    .limit(ROWS_AT_ONCE)
)  # fmt: skip
_KEPT = or_(*(exists().where(table.c.probe == probes.c.id) for table in (probe_looks, probe_hours)))
_GONE = fixed(select(probes.c.id).where(probes.c.gone_at < _BEFORE, ~_KEPT).limit(PROBES_AT_ONCE))


def forget(tx: Tx) -> int:
    """Remove looks of more than a week, hours and changes of more than 400 days, in parts; returns how many went."""
    gone = 0
    for table, column, keep, of_some in (
        (probe_looks, probe_looks.c.at, LOOKS_KEPT, _WITH_OLD_LOOKS),
        (probe_hours, probe_hours.c.start, HOURS_KEPT, _WITH_OLD_HOURS),
    ):
        before = tx.now - keep
        for row in tx.all(of_some, {"before": before}):
            oldest = select(column).where(table.c.probe == row.id, column < before).order_by(column)
            last = tx.all(oldest.limit(ROWS_AT_ONCE))[-1][0]
            gone += tx.run(delete(table).where(table.c.probe == row.id, column <= last))
    return gone + _forget_changes(tx) + _forget_gone(tx)


def _forget_changes(tx: Tx) -> int:
    """Of the changes the last one before that stays: it says how the probe stood since."""
    table = probe_changes
    rows = tx.all(_OLD_CHANGES, {"before": tx.now - HOURS_KEPT})
    return sum(tx.run(delete(table).where(table.c.probe == row.probe, table.c.at == row.at)) for row in rows)


def _forget_gone(tx: Tx) -> int:
    """A probe that the runbook has had no more for all that time goes with everything."""
    gone = tx.all(_GONE, {"before": tx.now - HOURS_KEPT})
    for row in gone:
        tx.run(delete(probe_changes).where(probe_changes.c.probe == row.id))
        tx.run(delete(probes).where(probes.c.id == row.id))
    return len(gone)
