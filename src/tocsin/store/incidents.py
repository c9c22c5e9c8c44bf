"""Incidents and their timelines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, and_, bindparam, false, func, insert, or_, select, update

from tocsin.core import escalation, ledger
from tocsin.core.incident import Incident, from_json, to_json
from tocsin.core.ledger import Entry
from tocsin.core.paging import climbing
from tocsin.core.people import same_cause
from tocsin.core.types import SYSTEM, Fact, Refused, incident_name
from tocsin.store import figures, search
from tocsin.store.db import Tx, among, insert_rows, listed, lock_rows, update_rows
from tocsin.store.fixed import fixed
from tocsin.store.schema import incidents, meta, to_micros
from tocsin.store.schema import timeline as lines

_COLUMNS = (incidents.c.state, incidents.c.seq, incidents.c.head, incidents.c.alerts, incidents.c.wake_at)


@dataclass(frozen=True, slots=True)
class Stored:
    """An incident as stored: its state, the end of its timeline, how many alerts it ever had, its next due instant."""

    state: Incident
    seq: int
    head: str
    alerts: int
    wake_at: datetime | None


@dataclass(slots=True)
class Brief:
    """What grouping needs of an incident, without its whole state."""

    number: int
    severity: str
    status: str
    group_key: str | None
    last_alert_at: datetime | None
    seq: int
    head: str
    alerts: int
    merged_into: int | None = None


def stored_of(row: Any) -> Stored:
    return Stored(from_json(row.state), row.seq, row.head, row.alerts, row.wake_at)


_ONE = fixed(select(*_COLUMNS).where(incidents.c.number == bindparam("number")))
_ONE_LOCKED = _ONE.with_for_update()


def load(tx: Tx, number: int, *, for_update: bool = False) -> Stored:
    """
    Read one incident; `for_update` keeps other nodes from changing it until the commit.

    Raises:
        Refused: 404, when there is none.
    """
    row = tx.first(_ONE_LOCKED if for_update and not tx.sqlite else _ONE, {"number": number})
    if for_update:
        tx.catch_up()
    if row is None:
        raise Refused(f"there is no incident {incident_name(number)}", status=404)
    return stored_of(row)


_BARE = fixed(
    select(
        incidents.c.number, incidents.c.title, incidents.c.severity, incidents.c.status, incidents.c.service,
        incidents.c.runbook_version, incidents.c.step_due, incidents.c.wake_at, incidents.c.declared_at,
        incidents.c.drill,
    )
    .where(incidents.c.number == bindparam("number"))
)  # fmt: skip


def bare(tx: Tx, number: int) -> Any:
    """The plain columns of an incident, for when its state cannot be read or decided on; None when there is none."""
    return tx.first(_BARE, {"number": number})


def version_of(tx: Tx, number: int) -> str:
    """The version of the runbook that an incident keeps."""
    return str(tx.first(select(incidents.c.runbook_version).where(incidents.c.number == number))[0])


def plainly(tx: Tx, number: int, commander: str | None) -> Stored:
    """An incident as its plain columns tell it, for showing what is set aside; *commander* took it by a plain page."""
    row = bare(tx, number)
    state = Incident(
        number, row.title, row.severity, row.declared_at, SYSTEM, row.runbook_version, status=row.status,
        service=row.service, roles={"commander": commander} if commander else {}, answered=bool(commander),
        drill=row.drill,
    )  # fmt: skip
    return Stored(state, 0, "", 0, row.wake_at)


def listing(
    tx: Tx, *, status: str | None = None, severity: str | None = None, service: str | None = None,
    drill: bool | None = None, open_only: bool = False, before: int | None = None, limit: int = 100, words: str = "",
) -> list[Stored]:  # fmt: skip
    """
    Read incidents, newest first. `status` and `severity` may be lists with commas; `before` is a number.

    With `words` those that have each of them; a question without a word finds nothing.
    """
    statement = select(*_COLUMNS).order_by(incidents.c.number.desc()).limit(limit)
    for column, value in ((incidents.c.status, status), (incidents.c.severity, severity)):
        if value:
            statement = statement.where(column.in_(value.split(",")))
    if service:
        statement = statement.where(incidents.c.service == service)
    if drill is not None:
        statement = statement.where(incidents.c.drill == drill)
    if open_only:
        statement = statement.where(incidents.c.status != "resolved")
    if before is not None:
        statement = statement.where(incidents.c.number < before)
    if words.strip():
        asked = search.matching(tx, words)
        statement = statement.where(incidents.c.number.in_(asked) if asked is not None else false())
    return [stored_of(row) for row in tx.all(statement)]


_NUMBERS = select(incidents.c.number)
_LIMIT: BindParameter[int] = bindparam("limit")
_OPEN = fixed(_NUMBERS.where(incidents.c.status != "resolved").order_by(incidents.c.number.desc()).limit(_LIMIT))
_ENDED_AND_DUE = fixed(
    _NUMBERS.where(incidents.c.status == "resolved", incidents.c.wake_at.isnot(None))
    .order_by(incidents.c.resolved_at.desc())
    .limit(_LIMIT)
)


def open_ones(tx: Tx, limit: int) -> list[Stored]:
    """Open incidents, newest first; one that cannot be read as its plain columns tell it."""
    return [_readable(tx, row.number) for row in tx.all(_OPEN, {"limit": limit})]


def ended_and_due(tx: Tx, limit: int) -> list[Stored]:
    """Resolved incidents of which something is still due, those that ended last first; likewise."""
    return [_readable(tx, row.number) for row in tx.all(_ENDED_AND_DUE, {"limit": limit})]


def _readable(tx: Tx, number: int) -> Stored:
    try:
        return load(tx, number)
    except ValueError:  # set aside by the worker; whoever takes the pager must hear of it all the same
        return plainly(tx, number, None)


def next_number(tx: Tx) -> int:
    """Take the next number; other nodes that ask wait until the commit."""
    statement = select(meta.c.value).where(meta.c.key == "incident_number")
    row = tx.first(statement if tx.sqlite else statement.with_for_update())
    number = int(row.value) + 1 if row else 1
    if row:
        tx.run(update(meta).where(meta.c.key == "incident_number").values(value=str(number)))
    else:
        tx.run(insert(meta).values(key="incident_number", value=str(number)))
    return number


def create(tx: Tx, state: Incident, facts: Sequence[Fact], wake_at: datetime | None, **columns: Any) -> Stored:
    """Insert a new incident with the first entries of its timeline. `columns`: group_key, last_alert_at, alerts."""
    seq, head = _append(tx, state.number, 0, ledger.GENESIS, facts)
    values = {**_row(state), **columns, "wake_at": wake_at, "seq": seq, "head": head, "number": state.number}
    tx.run(insert(incidents).values(**values, runbook_version=state.runbook_version, declared_at=state.declared_at))
    figures.begin(tx, state, facts)
    search.follow(tx, state.number, facts)
    return Stored(state, seq, head, columns.get("alerts", 0), wake_at)


_SAVE = fixed(update(incidents).where(incidents.c.number == bindparam("of")))


def save(
    tx: Tx, stored: Stored, state: Incident, facts: Sequence[Fact], wake_at: datetime | None, **columns: Any
) -> Stored:
    """Append *facts* to the timeline and keep the state that they fold into. `columns`: room_name, room_date."""
    seq, head = _append(tx, state.number, stored.seq, stored.head, facts)
    values = {**_row(state), **columns, "wake_at": wake_at, "seq": seq, "head": head}
    tx.run(_SAVE, {"of": state.number, **values})
    figures.follow(tx, state, facts)
    search.follow(tx, state.number, facts)
    return Stored(state, seq, head, stored.alerts, wake_at)


def _row(state: Incident) -> dict[str, Any]:
    return {
        "title": state.title, "severity": state.severity, "status": state.status, "service": state.service,
        "check": state.check, "drill": state.drill, "acknowledged_at": state.acknowledged_at,
        "merged_into": state.merged_into,
        "resolved_at": state.resolved_at, "commander": state.commander, "state": to_json(state),
        "step_due": escalation.due_at(state.walk) if state.walk and climbing(state) else None,
        "ticket": state.ticket,
        "ticket_state": ("closed" if state.ticket_closed_at else "open") if state.ticket else None,
    }  # fmt: skip


def _append(tx: Tx, number: int, seq: int, head: str, facts: Sequence[Fact]) -> tuple[int, str]:
    entries = ledger.append(head, number, seq, facts)
    insert_rows(tx, lines, _lines(number, entries))
    tx.touched.add(f"incident:{number}")
    return (entries[-1][0], entries[-1][3]) if entries else (seq, head)


def _lines(number: int, entries: Iterable[tuple[int, Fact, str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "incident": number, "seq": seq, "at": to_micros(fact.at), "kind": fact.kind, "actor": fact.actor,
            "data": data, "hash": hash_,
        }
        for seq, fact, data, hash_ in entries
    ]  # fmt: skip


def _entry(row: Any) -> Entry:
    return Entry(row.seq, row.at, row.kind, row.actor, orjson.loads(row.data), row.hash)


def timeline(tx: Tx, number: int, after: int = 0, limit: int = 5_000) -> list[Entry]:
    """Read a timeline in order, from the entry after *after*."""
    where = and_(lines.c.incident == number, lines.c.seq > after)
    return [_entry(row) for row in tx.all(select(lines).where(where).order_by(lines.c.seq).limit(limit))]


def facts_of(tx: Tx, number: int) -> list[Fact]:
    """Read a whole timeline as facts, to be folded anew."""
    return [Fact(e.kind, e.at, e.actor, e.data) for e in timeline(tx, number, limit=1_000_000)]  # type: ignore[arg-type]


def due(tx: Tx, limit: int) -> list[int]:
    """The numbers of incidents of which something is due now, the longest due first."""
    return [row.number for row in tx.all(lock_rows(tx, _DUE), {"now": tx.now, "limit": limit})]


_DUE = fixed(
    select(incidents.c.number)
    .where(incidents.c.wake_at.isnot(None), incidents.c.wake_at <= bindparam("now", type_=incidents.c.wake_at.type))
    .order_by(incidents.c.wake_at, incidents.c.number)
    .limit(bindparam("limit"))
)


_BRIEF = (
    incidents.c.number, incidents.c.severity, incidents.c.status, incidents.c.group_key,
    incidents.c.last_alert_at, incidents.c.seq, incidents.c.head, incidents.c.alerts, incidents.c.merged_into,
)  # fmt: skip


@cache
def _joinable(sqlite: bool) -> Any:
    watched, goes_on = incidents.c.wake_at.isnot(None), incidents.c.merged_into.isnot(None)
    alive = or_(incidents.c.status != "resolved", watched, goes_on)
    statement = select(*_BRIEF).where(among(sqlite, incidents.c.group_key), alive).order_by(incidents.c.number)
    return statement if sqlite else statement.with_for_update()


def joinable(tx: Tx, group_keys: Iterable[str]) -> dict[str, Brief]:
    """The newest incident of each group that a new alert may join: open, ended and still watched, or merged."""
    rows = tx.all(_joinable(tx.sqlite), {"values": listed(tx, group_keys)})
    return {row.group_key: Brief(*row) for row in rows}


def brief(tx: Tx, numbers: Iterable[int]) -> dict[int, Brief]:
    """The same of incidents by number."""
    wanted = list(numbers)
    if not wanted:
        return {}
    statement = select(*_BRIEF).where(incidents.c.number.in_(wanted)).order_by(incidents.c.number)
    rows = tx.all(statement if tx.sqlite else statement.with_for_update())
    return {row.number: Brief(*row) for row in rows}


def ended(tx: Tx, numbers: Iterable[int]) -> dict[int, datetime]:
    """Those of them that are over, and do not go on in another; each with when it ended."""
    over = incidents.c.status == "resolved", incidents.c.merged_into.is_(None)
    columns = incidents.c.number, incidents.c.resolved_at
    rows = tx.all(select(*columns).where(incidents.c.number.in_(list(numbers)), *over))
    return {row.number: row.resolved_at for row in rows}


def broken(tx: Tx, services: Sequence[str]) -> list[tuple[str, Brief]]:
    """The incidents on these services that are being worked on, the oldest first, each with its service."""
    c = incidents.c
    working = c.status.in_(("triggered", "acknowledged", "investigating", "identified"))
    where = working, c.service.in_(list(services)), c.drill.is_(False)
    statement = select(*_BRIEF, c.service).where(*where).order_by(c.number)
    rows = tx.all(statement if tx.sqlite else statement.with_for_update())
    return [(row.service, Brief(*row[:-1])) for row in rows]


_WATCHED = fixed(
    select(*_BRIEF)
    .where(
        incidents.c.service == bindparam("of"), incidents.c.status == "resolved", incidents.c.wake_at.isnot(None),
        incidents.c.group_key.is_(None), incidents.c.drill.is_(False), incidents.c.merged_into.is_(None),
    )
    .order_by(incidents.c.number.desc())
    .limit(1)
)  # fmt: skip


def watched(tx: Tx, service: str) -> Brief | None:
    """The newest ended incident of a service that a person declared and of which something is due still."""
    row = tx.first(_WATCHED if tx.sqlite else _WATCHED.with_for_update(), {"of": service})
    return Brief(*row) if row else None


_ALIVE: Final = ("triggered", "acknowledged", "investigating", "identified", "monitoring")
_WORKING = fixed(_NUMBERS.where(incidents.c.status.in_(_ALIVE)).order_by(incidents.c.number))


def working(tx: Tx) -> list[int]:
    """The numbers of all incidents that are open, in order."""
    return [row.number for row in tx.all(_WORKING)]


def merged_into(tx: Tx, number: int) -> list[int]:
    """The numbers of the incidents that were merged into this one, and into those, in order."""
    found: list[int] = []
    edge = [number]
    while edge:
        where = incidents.c.merged_into.in_(edge)
        edge = [row.number for row in tx.all(select(incidents.c.number).where(where)) if row.number not in found]
        found += edge
    return sorted(found)


def attach(tx: Tx, joined: Sequence[tuple[Brief, Fact, int]]) -> None:
    """Note on timelines that so many alerts joined, where nothing else follows from it; all in two statements."""
    lines_, rows = [], []
    for brief_, fact, count in joined:
        chained = ledger.append(brief_.head, brief_.number, brief_.seq, [fact])
        lines_ += _lines(brief_.number, chained)
        brief_.seq, brief_.head, brief_.alerts = chained[-1][0], chained[-1][3], brief_.alerts + count
        brief_.last_alert_at = tx.now
        rows.append(
            {"number": brief_.number, "seq": brief_.seq, "head": brief_.head, "alerts": brief_.alerts,
             "last_alert_at": to_micros(tx.now)}
        )  # fmt: skip
        tx.touched.add(f"incident:{brief_.number}")
    insert_rows(tx, lines, lines_)
    update_rows(tx, incidents, rows, key="number")


def count_alerts(tx: Tx, number: int, count: int) -> None:
    """Count *count* more alerts that joined now."""
    values = {"alerts": incidents.c.alerts + count, "last_alert_at": tx.now}
    tx.run(update(incidents).where(incidents.c.number == number).values(**values))


_ROOMS_ON = fixed(select(func.count()).where(incidents.c.room_date == bindparam("date")))


def rooms_on(tx: Tx, date: str) -> int:
    """How many incidents have a war room named with that local date."""
    return int(tx.first(_ROOMS_ON, {"date": date})[0])


RECURRENCES_READ: Final = 50  # the newest of one service


def recurred(tx: Tx, state: Incident, since: datetime) -> str:
    """The newest other incident since then of the same service and cause, by name; empty when there was none."""
    if state.service is None:
        return ""
    c = incidents.c
    others = c.number != state.number, c.merged_into.is_(None), c.drill.is_(state.drill)
    where = *others, c.declared_at >= since, c.service == state.service
    rows = tx.all(select(c.state).where(*where).order_by(c.number.desc()).limit(RECURRENCES_READ))
    known = (_read(row.state) for row in rows)
    return next((other.name for other in known if other and same_cause(state, other)), "")


def _read(text: str) -> Incident | None:
    """A stored state; None for one that cannot be read: it must not be in the way of another incident."""
    try:
        return from_json(text)
    except ValueError:
        return None


def tickets(tx: Tx, *, state: str | None = None, before: int | None = None, limit: int = 100) -> list[Stored]:
    """The incidents that have a ticket, newest first. `state` is open or closed; `before` is a number."""
    c = incidents.c
    statement = select(c.number).where(c.ticket_state.isnot(None)).order_by(c.number.desc()).limit(limit)
    if state:
        statement = statement.where(c.ticket_state == state)
    if before is not None:
        statement = statement.where(c.number < before)
    return [found for row in tx.all(statement) if (found := _readable(tx, row.number)).state.ticket]


def verify(tx: Tx) -> dict[str, Any]:
    """
    Recompute the hash chain of every timeline, and hold its end against what the incident says it is.

    Returns:
        `{"ok", "entries", "broken": None | {"incident", "seq"}}`: the first link that is wrong, by number and seq.
    """
    total = 0
    for row in tx.all(select(incidents.c.number, incidents.c.seq, incidents.c.head).order_by(incidents.c.number)):
        rows = tx.connection.execute(
            select(
                lines.c.seq, lines.c.at, lines.c.kind, lines.c.actor, lines.c.data, lines.c.hash
            ).where(lines.c.incident == row.number).order_by(lines.c.seq)
        )  # fmt: skip
        broken, count, head = ledger.first_broken(row.number, (tuple(entry) for entry in rows))
        total += count
        if broken is None and (count, head) != (row.seq, row.head):
            broken = min(count, row.seq) + (count < row.seq)
        if broken is not None:
            return {"ok": False, "entries": total, "broken": {"incident": incident_name(row.number), "seq": broken}}
    return {"ok": True, "entries": total, "broken": None}
