"""What is counted of each incident: kept when it changes, read by columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from tocsin.core import insights
from tocsin.core.incident import Incident
from tocsin.core.insights import Figures
from tocsin.core.load import A_WEEK, QUARTER
from tocsin.core.types import Fact, first_id
from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import action_items, alerts, incidents, pages
from tocsin.store.schema import figures as table

MICROS: Final = QUARTER * 1_000_000
AGAIN_AT_ONCE: Final = 200  # incidents that are counted anew in one transaction


# --------------------------------------------------------------------------------------------- keeping

_ONE = fixed(select(table).where(table.c.incident == bindparam("of")))
_NEW = fixed(insert(table))
_CHANGE = fixed(update(table).where(table.c.incident == bindparam("of")))


def begin(tx: Tx, state: Incident, facts: Sequence[Fact]) -> None:
    """Count a new incident."""
    tx.run(_NEW, asdict(insights.figures(state, facts)))


def follow(tx: Tx, state: Incident, facts: Sequence[Fact]) -> None:
    """Count what happened to an incident. One that is not counted yet is left to `uncounted`."""
    if not insights.changes(facts):
        return
    row = tx.first(_ONE, {"of": state.number})
    if row is None:
        return
    before = Figures(*row)
    after = insights.figures(state, facts, before)
    if after != before:
        put(tx, after)


def put(tx: Tx, found: Figures) -> None:
    """Keep what is counted of one incident in the place of what was."""
    values = asdict(found)
    number = values.pop("incident")
    if tx.run(_CHANGE, {"of": number, **values}) == 0:
        tx.run(_NEW, {"incident": number, **values})


def uncounted(tx: Tx, after: int, limit: int = AGAIN_AT_ONCE) -> list[int]:
    """
    Incidents that are not counted, or otherwise than their own columns say, by number from the one after *after*.

    Those were written by a version of Tocsin that did not count yet.
    """
    i, f = incidents.c, table.c
    resolved = i.status == "resolved"
    wrong = (
        f.incident.is_(None),
        f.severity != i.severity,
        f.to_acknowledge.is_(None) & i.acknowledged_at.isnot(None),
        f.merged != i.merged_into.isnot(None),
        case((f.to_resolve.is_(None), 0), else_=1) != case((and_(resolved, i.resolved_at.isnot(None)), 1), else_=0),
    )
    joined = incidents.outerjoin(table, f.incident == i.number)
    return [
        row.number
        for row in tx.all(
            select(i.number).select_from(joined).where(or_(*wrong), i.number > after).order_by(i.number).limit(limit)
        )
    ]


# --------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Which:
    """Which incidents are asked for: declared in [start, end), of one severity, of one service."""

    start: datetime | None = None
    end: datetime | None = None
    severity: str | None = None
    service: str | None = None


def _of(which: Which) -> list[ColumnElement[bool]]:
    """Real incidents of that severity and service, whenever they were."""
    found: list[ColumnElement[bool]] = [table.c.drill.is_(False)]
    if which.severity:
        found.append(table.c.severity == which.severity)
    if which.service:
        found.append(table.c.service == which.service)
    return found


def _within(column: Any, which: Which) -> list[ColumnElement[bool]]:
    return [
        *([column >= which.start] if which.start else []),
        *([column < which.end] if which.end else []),
    ]


def columns(tx: Tx, which: Which) -> insights.Columns:
    """What is summed up of the incidents that count."""
    c = table.c
    at = type_coerce(c.declared_at, BigInteger).label("at")
    # In microseconds, as they were measured: a number with a point loses its last digit in JSON.
    times = [cast(func.round(span * 1_000_000), BigInteger) for span in (c.to_acknowledge, c.to_resolve, c.to_update)]
    statement = select(at, c.severity, c.service, c.cause, c.response, c.resolution, *times)
    found = tx.columns(statement.where(*_of(which), c.merged.is_(False), *_within(c.declared_at, which)))
    seconds = ([None if each is None else each / 1_000_000 for each in column] for column in found[6:])
    return insights.Columns(*found[:6], *seconds)


def first_at(tx: Tx) -> datetime | None:
    """When the first incident was declared."""
    row = tx.first(select(func.min(table.c.declared_at)))
    found: datetime | None = row[0] if row else None
    return found


def paged(tx: Tx, which: Which, spans: Sequence[tuple[int, int]]) -> list[tuple[str, int, int, int]]:
    """
    Pages asked for in the quarters of an hour of each of *spans*, drills' left out.

    Returns:
        Person, the first quarter of the span, the quarter of the week from Thursday in UTC, and how many.
    """
    micros = type_coerce(pages.c.requested_at, BigInteger)
    slot = micros.op("/", return_type=BigInteger())(literal_column(str(MICROS))).op("%")(literal_column(str(A_WEEK)))
    if which.severity or which.service:
        counted = pages.c.incident.in_(select(table.c.incident).where(*_of(which)))
    else:
        counted = pages.c.incident.notin_(select(table.c.incident).where(table.c.drill))
    statement = select(pages.c.person, slot.label("slot"), func.count()).group_by(slot, pages.c.person)
    found: list[tuple[str, int, int, int]] = []
    for start, end in spans:
        within = micros >= start * MICROS, micros < end * MICROS, *_within(pages.c.requested_at, which)
        rows = tx.all(statement.where(*within, counted))
        found += [(person, start, slot_, count) for person, slot_, count in rows]
    return found


@dataclass(frozen=True, slots=True)
class Noise:
    """An alert that fired: how often, in how many episodes and incidents, and in how many of those somebody acted."""

    key: str
    source: str
    title: str
    service: str | None
    rule: str
    times: int
    episodes: int
    incidents: int
    worked: int


def noise(tx: Tx, which: Which, limit: int = 10) -> tuple[list[Noise], list[Noise]]:
    """
    What fired most in the span, and of what never led to anything what fired most, at least twice.

    Alerts are counted by the sender's key; of a drill none counts, and none that could not be read. Ids begin with
    their millisecond, so that only the span is read. All are counted by what is short; the rest is read of those that
    are shown.
    """
    a, f = alerts.c, table.c
    where = [a.disposition != "quarantined", f.drill.isnot(True)]
    if which.start:
        where.append(a.id >= first_id(which.start))
    if which.end:
        where.append(a.id < first_id(which.end))
    if which.service:
        where.append(a.service == which.service)
    if which.severity:
        where.append(f.severity == which.severity)
    joined = alerts.outerjoin(table, f.incident == a.incident)
    counted = select(a.dedup, func.sum(a.count), func.max(case((f.worked, 1), else_=0))).select_from(joined)
    fired = [(-times, dedup, led) for dedup, times, led in tx.all(counted.where(*where).group_by(a.dedup))]
    lists = nsmallest(limit, fired), nsmallest(limit, (each for each in fired if not each[2] and each[0] <= -2))
    told = _noise(tx, joined, where, {dedup for some in lists for _, dedup, _ in some})
    most, idle = (sorted((told[dedup] for _, dedup, _ in some), key=_loudest) for some in lists)
    return most, idle


def _loudest(noise: Noise) -> tuple[int, str]:
    return -noise.times, noise.key


def _noise(tx: Tx, joined: Any, where: Sequence[Any], dedups: Collection[str]) -> dict[str, Noise]:
    """All of the alerts with these keys."""
    a, worked = alerts.c, case((table.c.worked, alerts.c.incident))
    texts = [func.max(column) for column in (a.key, a.source, a.title, a.service, a.rule)]
    counts = func.sum(a.count), func.count(), func.count(a.incident.distinct()), func.count(worked.distinct())
    statement = select(a.dedup, *texts, *counts).select_from(joined).where(*where, a.dedup.in_(dedups))
    return {row[0]: Noise(*row[1:]) for row in tx.all(statement.group_by(a.dedup))} if dedups else {}


def reviews(tx: Tx, which: Which) -> Sequence[Any]:
    """Postmortems whose review fell into the span: rows of `review_at` and `published_at`."""
    c = table.c
    where = *_of(which), c.merged.is_(False), c.review_at.isnot(None), *_within(c.review_at, which)
    return tx.all(select(c.review_at, c.published_at).where(*where))


def items(tx: Tx, which: Which, days: tuple[str, str]) -> Sequence[Any]:
    """Action items due on *days* (the first, the one after the last), not dropped: rows of due, closed_at, owner."""
    c = action_items.c
    joined = action_items.join(table, table.c.incident == c.incident)
    where = *_of(which), c.state != "dropped", c.due >= days[0], c.due < days[1]
    return tx.all(select(c.due, c.closed_at, c.owner).select_from(joined).where(*where))


_EXPORT = (
    table.c.incident, incidents.c.title, table.c.severity, table.c.service, table.c.check, incidents.c.status,
    table.c.declared_at, table.c.to_acknowledge, table.c.to_resolve, table.c.to_update, table.c.response,
    table.c.resolution, table.c.cause,
)  # fmt: skip


def part(tx: Tx, which: Which, after: int, limit: int) -> Sequence[Any]:
    """The next rows of an export, in order, from the incident after *after*."""
    c = table.c
    where = *_of(which), c.merged.is_(False), *_within(c.declared_at, which), c.incident > after
    joined = table.join(incidents, incidents.c.number == c.incident)
    return tx.all(select(*_EXPORT).select_from(joined).where(*where).order_by(c.incident).limit(limit))
