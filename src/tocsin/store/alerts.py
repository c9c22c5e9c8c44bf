"""Alerts: one row for each dedup key and episode; and the changes that only tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, case, func, insert, select, update

from tocsin.core.types import first_id
from tocsin.store.db import Tx, among, insert_rows, listed, update_rows
from tocsin.store.fixed import fixed
from tocsin.store.schema import alerts, changes


def dedup_of(source: str, key: str) -> str:
    """The 32 hex digits by which one sender's key is found."""
    return hashlib.blake2b(f"{source}\n{key}".encode(), digest_size=16).hexdigest()


def latest(tx: Tx, dedups: Iterable[str]) -> dict[str, Any]:
    """The newest episode of each key that has one: rows of dedup, id, episode, state, count, incident, severity."""
    return {row.dedup: row for row in tx.all(_latest(tx.sqlite), {"values": listed(tx, dedups)})}


@cache
def _latest(sqlite: bool) -> Any:
    columns = (alerts.c.dedup, alerts.c.id, alerts.c.episode, alerts.c.state, alerts.c.count, alerts.c.incident,
               alerts.c.severity)  # fmt: skip
    statement = select(*columns).where(among(sqlite, alerts.c.dedup), alerts.c.latest)
    return fixed(statement) if sqlite else statement


def insert_alerts(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert new episodes, values as stored."""
    insert_rows(tx, alerts, rows)


def insert_changes(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert changes, values as stored."""
    insert_rows(tx, changes, rows)


def changes_between(tx: Tx, start: datetime, end: datetime, limit: int = 200) -> Sequence[Any]:
    """The changes of [*start*, *end*), the newest: rows with the columns of schema.changes."""
    span = changes.c.at >= start, changes.c.at < end
    return tx.all(select(changes).where(*span).order_by(changes.c.at.desc(), changes.c.id.desc()).limit(limit))


def retire(tx: Tx, ids: Sequence[str]) -> None:
    """These episodes are no longer the newest of their key."""
    update_rows(tx, alerts, [{"id": id_, "latest": False} for id_ in ids])


def repeat(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the new `count` and `last_at` of alerts that came again."""
    update_rows(tx, alerts, rows)


def resolve(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep `state`, `resolved_at` and `last_at` of alerts that ended."""
    update_rows(tx, alerts, rows)


_FIRING = fixed(select(func.count()).where(alerts.c.incident == bindparam("of"), alerts.c.state == "firing"))


def firing(tx: Tx, incident: int) -> int:
    """How many alerts of the incident fire now."""
    return int(tx.first(_FIRING, {"of": incident})[0])


def listing(
    tx: Tx, *, incident: int | None = None, state: str | None = None, disposition: str | None = None,
    before: str | None = None, limit: int = 100,
) -> Sequence[Any]:  # fmt: skip
    """Read alerts, newest first: rows with the columns of schema.alerts. `before` is an id."""
    statement = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
    for column, value in ((alerts.c.state, state), (alerts.c.disposition, disposition)):
        if value:
            statement = statement.where(column == value)
    if incident is not None:
        statement = statement.where(alerts.c.incident == incident)
    if before:
        statement = statement.where(alerts.c.id < before)
    return tx.all(statement)


def noisiest(tx: Tx, since: datetime, limit: int) -> Sequence[Any]:
    """
    What fired most in the episodes that began since then: rows of `title`, `service`, `source`, `times`, `episodes`.

    Ids begin with their millisecond, so that only those episodes are read.
    """
    return tx.all(_NOISIEST, {"first": first_id(since), "limit": limit})


_TIMES = func.sum(alerts.c.count).label("times")
_LIMIT: BindParameter[int] = bindparam("limit")
_NOISY: Final[tuple[Any, ...]] = (
    func.max(alerts.c.title).label("title"), func.max(alerts.c.service).label("service"),
    func.max(alerts.c.source).label("source"), _TIMES, func.count().label("episodes"),
)  # fmt: skip
_NOISIEST = fixed(
    select(*_NOISY)
    .where(alerts.c.id >= bindparam("first"), alerts.c.disposition != "quarantined")
    .group_by(alerts.c.dedup)
    .order_by(_TIMES.desc(), func.max(alerts.c.title))
    .limit(_LIMIT)
)


def assign(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep `incident`, `disposition` and `rule` of alerts that were held back."""
    update_rows(tx, alerts, rows)


def set_home(tx: Tx, ids: Iterable[str], home: int) -> None:
    """These alerts are of an incident that was merged into the one they joined."""
    update_rows(tx, alerts, [{"id": id_, "home": home} for id_ in ids])


def move(tx: Tx, number: int, into: int) -> int:
    """Every alert of an incident becomes one of another, and keeps where it came from; returns how many."""
    home = func.coalesce(alerts.c.home, number)
    return tx.run(update(alerts).where(alerts.c.incident == number).values(incident=into, home=home))


def move_back(tx: Tx, from_: int, to: int, homes: Sequence[int]) -> int:
    """The alerts that came from *homes* go back to the incident *to*; returns how many."""
    mine = alerts.c.incident == from_, alerts.c.home.in_(homes)
    home = case((alerts.c.home == to, None), else_=alerts.c.home)
    return tx.run(update(alerts).where(*mine).values(incident=to, home=home))


def take_out(tx: Tx, ids: Sequence[str], to: int) -> None:
    """These alerts belong to another incident from now on."""
    tx.run(update(alerts).where(alerts.c.id.in_(list(ids))).values(incident=to, home=None))


def some(tx: Tx, ids: Sequence[str]) -> Sequence[Any]:
    """Alerts by id, the oldest first."""
    return tx.all(select(alerts).where(alerts.c.id.in_(list(ids))).order_by(alerts.c.id))


def firing_in(tx: Tx, numbers: Sequence[int]) -> Sequence[Any]:
    """The alerts of these incidents that fire now."""
    where = alerts.c.state == "firing", alerts.c.incident.in_(list(numbers))
    return tx.all(select(alerts).where(*where))


def still_firing(tx: Tx, numbers: Sequence[int]) -> dict[int, int]:
    """How many alerts of each of these incidents fire now; one that has none is not named."""
    if not numbers:
        return {}
    where = alerts.c.state == "firing", alerts.c.incident.in_(list(numbers))
    rows = tx.all(select(alerts.c.incident, func.count()).where(*where).group_by(alerts.c.incident))
    return {row[0]: row[1] for row in rows}


def keep_raw(tx: Tx, **columns: Any) -> None:
    """Keep one row with the bytes that could not be read. Columns as in schema.alerts."""
    tx.run(insert(alerts).values(**columns))
