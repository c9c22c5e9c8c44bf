"""What is counted of each incident: kept when it changes, read by columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
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


def rows(tx: Tx, which: Which) -> Sequence[Any]:
    """What is summed up of each incident that counts, in the order of `insights.Row`."""
    c = table.c
    at = type_coerce(c.declared_at, BigInteger)
    statement = select(at, c.severity, c.service, c.cause, c.to_acknowledge, c.to_resolve, c.to_update, c.response,
                       c.resolution)  # fmt: skip
    where = *_of(which), c.merged.is_(False), *_within(c.declared_at, which)
    return tx.connection.execute(statement.where(*where)).all()


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
    statement = select(pages.c.person, slot.label("slot"), func.count()).group_by(pages.c.person, slot)
    found: list[tuple[str, int, int, int]] = []
    for start, end in spans:
        within = micros >= start * MICROS, micros < end * MICROS, *_within(pages.c.requested_at, which)
        rows_ = tx.connection.execute(statement.where(*within, counted))
        found += [(person, start, slot_, count) for person, slot_, count in rows_]
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
    their millisecond, so that only the span is read; and it is read once.
    """
    a, f = alerts.c, table.c
    times, worked = func.sum(a.count), func.count(case((f.worked, a.incident)).distinct())
    statement = (
        select(func.max(a.key).label("key"), func.max(a.source).label("source"), func.max(a.title).label("title"),
               func.max(a.service).label("service"), func.max(a.rule).label("rule"), times.label("times"),
               func.count().label("episodes"), func.count(a.incident.distinct()).label("incidents"),
               worked.label("worked"))
        .select_from(alerts.outerjoin(table, f.incident == a.incident))
        .where(a.disposition != "quarantined", f.drill.isnot(True))
        .group_by(a.dedup)
    )  # fmt: skip
    if which.start:
        statement = statement.where(a.id >= first_id(which.start))
    if which.end:
        statement = statement.where(a.id < first_id(which.end))
    if which.service:
        statement = statement.where(a.service == which.service)
    if which.severity:
        statement = statement.where(f.severity == which.severity)
    fired = statement.cte("fired")
    most = [select(literal_column(str(place)).label("list"), fired).where(*where)
            .order_by(fired.c.times.desc(), fired.c.key).limit(limit).subquery()
            for place, where in enumerate(((), (fired.c.worked == 0, fired.c.times >= 2)))]  # fmt: skip
    both = tx.connection.execute(union_all(*(select(part) for part in most))).all()
    first, second = ([Noise(*row[1:]) for row in both if row.list == place] for place in (0, 1))
    return first, second


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
