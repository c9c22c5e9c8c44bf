"""Probes: what all nodes see of each, how it stands at each node, a week of looks, hours in short, the changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import delete, exists, func, select, update

from tocsin.core.probes import Change, Hour, Look, Mark, Point, Seen, hour
from tocsin.store.db import Tx, insert_new, insert_rows
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
ROLLED: Final = "probes.hours"  # in meta: the start of the next hour that is to be summed up, in microseconds
PROBES_AT_ONCE: Final = 5  # whose old rows go in one transaction
ROWS_AT_ONCE: Final = 200  # of each of them
_MARK: Final = TypeAdapter(Mark)


@dataclass(frozen=True, slots=True)
class Known:
    """A probe as it is kept. `service` is the one its alert was told with; `seen` is None before the first look."""

    id: int
    name: str
    service: str
    known_at: datetime
    called_at: datetime | None
    seen: Seen | None


def _known(row: Any) -> Known:
    seen = None if row.at is None else Seen(row.ok, row.check, row.at, row.since, row.milliseconds, row.why)
    return Known(row.id, row.name, row.service, row.known_at, row.called_at, seen)


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


def meet(tx: Tx, name: str, service: str) -> None:
    """Begin with a probe; one that was gone comes back with its history, and without a word on how it stands."""
    values = {"name": name, "service": service, "known_at": tx.now, "check": "", "why": ""}
    if not insert_new(tx, probes, values):
        back = {**values, "gone_at": None, "called_at": None, "ok": None, "at": None, "since": None}
        tx.run(update(probes).where(probes.c.name == name, probes.c.gone_at.isnot(None)).values(**back))


def part(tx: Tx, id_: int) -> None:
    """The runbook has a probe no more: its history stays until it is old."""
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
    """Keep what a node saw."""
    rows = {
        (id_, look.at): {
            "probe": id_, "at": to_micros(look.at), "node": node, "check": look.check,
            "milliseconds": look.milliseconds, "why": look.why,
        }
        for id_, look in looks
    }  # fmt: skip
    insert_rows(tx, probe_looks, list(rows.values()))


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
    Sum up the next hour that is over; says whether there was one.

    What was looked at in an hour and comes later than five minutes after its end is not in its sum.
    """
    row = tx.first(select(meta.c.value).where(meta.c.key == ROLLED))
    if row is None:
        first = tx.first(select(func.min(probe_looks.c.at)).select_from(probe_looks))[0]
        if first is None:
            return False
        start = _whole_hour(first)
        insert_new(tx, meta, {"key": ROLLED, "value": str(to_micros(start))})
    else:
        start = from_micros(int(row.value))
    if start + HOUR + SETTLED > tx.now:
        return False
    looked: defaultdict[int, list[tuple[str, int | None]]] = defaultdict(list)
    table = probe_looks
    for id_ in [row.id for row in tx.all(select(probes.c.id))]:
        where = table.c.probe == id_, table.c.at >= start, table.c.at < start + HOUR
        looked[id_] = [
            (r.check, r.milliseconds) for r in tx.all(select(table.c.check, table.c.milliseconds).where(*where))
        ]
    sums = [(id_, hour(start, looks)) for id_, looks in looked.items() if looks]
    rows = [
        {"probe": id_, "start": to_micros(start), "looks": h.looks, "failed": h.failed, "p50": h.p50, "p95": h.p95,
         "most": h.most}
        for id_, h in sums
    ]  # fmt: skip
    insert_rows(tx, probe_hours, rows)
    tx.run(update(meta).where(meta.c.key == ROLLED).values(value=str(to_micros(start + HOUR))))
    return True


def _whole_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def forget(tx: Tx) -> int:
    """Remove looks of more than a week, hours and changes of more than 400 days, in parts; returns how many went."""
    gone = 0
    for table, column, keep in (
        (probe_looks, probe_looks.c.at, LOOKS_KEPT), (probe_hours, probe_hours.c.start, HOURS_KEPT),
    ):  # fmt: skip
        before = tx.now - keep
        old = exists().where(table.c.probe == probes.c.id, column < before)
        for row in tx.all(select(probes.c.id).where(old).limit(PROBES_AT_ONCE)):
            oldest = select(column).where(table.c.probe == row.id, column < before).order_by(column)
            last = tx.all(oldest.limit(ROWS_AT_ONCE))[-1][0]
            gone += tx.run(delete(table).where(table.c.probe == row.id, column <= last))
    return gone + _forget_changes(tx) + _forget_gone(tx)


def _forget_changes(tx: Tx) -> int:
    """Of the changes the last one before that stays: it says how the probe stood since."""
    table, before = probe_changes, tx.now - HOURS_KEPT
    later = table.alias()
    old = select(table.c.probe, table.c.at).where(
        exists().where(later.c.probe == table.c.probe, later.c.at > table.c.at, later.c.at < before)
    )
    rows = tx.all(old.limit(ROWS_AT_ONCE))
    return sum(tx.run(delete(table).where(table.c.probe == row.probe, table.c.at == row.at)) for row in rows)


def _forget_gone(tx: Tx) -> int:
    """A probe that the runbook has had no more for all that time goes with everything."""
    gone = tx.all(select(probes.c.id).where(probes.c.gone_at < tx.now - HOURS_KEPT).limit(PROBES_AT_ONCE))
    for row in gone:
        tx.run(delete(probe_changes).where(probe_changes.c.probe == row.id))
        tx.run(delete(probes).where(probes.c.id == row.id))
    return len(gone)
