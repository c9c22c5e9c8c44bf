"""Hand-offs: each shift change that somebody was asked to confirm, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from tocsin.core.handoff import Asked
from tocsin.core.types import uuid7
from tocsin.store.db import Tx
from tocsin.store.fixed import fixed
from tocsin.store.schema import handoffs as table


def add(tx: Tx, at: datetime, **columns: Any) -> str:
    """Keep a new hand-off; returns its id. Columns as in schema.handoffs."""
    id_ = uuid7(tx.now, "handoff", at, columns.get("person"), columns["schedules"])
    tx.run(insert(table).values(**{"id": id_, "at": at, "told": [], **columns}))
    tx.touched.add("oncall")
    return id_


_CHANGE = fixed(update(table).where(table.c.id == bindparam("of")))


def change(tx: Tx, id_: str, **columns: Any) -> None:
    """Keep what became of a hand-off."""
    tx.run(_CHANGE, {"of": id_, **columns})
    tx.touched |= {"oncall", "wake"}


def keep(tx: Tx, id_: str, asked: Asked, **columns: Any) -> None:
    """Keep a new state of a hand-off, and columns beside it."""
    change(tx, id_, state=asked.state, due=asked.due, reminders=asked.reminders, **columns)


def get(tx: Tx, id_: str, *, for_update: bool = False) -> Any:
    """One hand-off, or None; `for_update` keeps other nodes from changing it until the commit."""
    statement = select(table).where(table.c.id == id_)
    return tx.first(statement.with_for_update() if for_update and not tx.sqlite else statement)


def asked_of(row: Any) -> Asked:
    """The state that the core steps."""
    return Asked(row.state, row.person or "", row.confirm_by or row.at, row.due, row.reminders)


_DUE = fixed(select(table).where(table.c.due <= bindparam("now")).order_by(table.c.due, table.c.id))
_DUE_LOCKED = _DUE.with_for_update()


def due(tx: Tx) -> Sequence[Any]:
    """The hand-offs of which a reminder is due, or that go to others now."""
    return tx.all(_DUE if tx.sqlite else _DUE_LOCKED, {"now": tx.now})


_UNSETTLED = fixed(select(table).where(table.c.state.in_(("waiting", "unconfirmed"))).order_by(table.c.at))


def unsettled(tx: Tx) -> Sequence[Any]:
    """Those that nobody has confirmed yet, the oldest first."""
    return tx.all(_UNSETTLED)


def listing(tx: Tx, *, state: str | None = None, before: str | None = None, limit: int = 100) -> Sequence[Any]:
    """Read hand-offs, newest first. `before` is an id."""
    statement = select(table).order_by(table.c.id.desc()).limit(limit)
    if state:
        statement = statement.where(table.c.state == state)
    if before:
        statement = statement.where(table.c.id < before)
    return tx.all(statement)
