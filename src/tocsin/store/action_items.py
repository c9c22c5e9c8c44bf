"""Action items: what is agreed after incidents, and the look that reminds of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import insert, select, update

from tocsin.core.action_items import ActionItem, State
from tocsin.core.types import uuid7
from tocsin.store.db import Tx, insert_new
from tocsin.store.schema import action_items as table
from tocsin.store.schema import incidents, looks, to_micros

LOOK: Final = "actions"  # the look at what is due, among the looks

_COLUMNS = (table, incidents.c.service)
_FROM = table.outerjoin(incidents, incidents.c.number == table.c.incident)


def _item(row: Any) -> ActionItem:
    values = {**row._mapping, "due": date.fromisoformat(row.due)}
    return ActionItem(**values)


def add(tx: Tx, item: ActionItem) -> ActionItem:
    """Keep a new item, which gets its id here. `hold` was called before."""
    before = len(of_incident(tx, item.incident))
    made = replace(item, id=uuid7(tx.now, "action", item.incident, before))
    values = {column.name: getattr(made, column.name) for column in table.columns}
    tx.run(insert(table).values(**{**values, "due": item.due.isoformat()}))
    tx.touched.add(f"incident:{item.incident}")
    return made


def change(tx: Tx, item: ActionItem, **columns: Any) -> None:
    """Keep what became of an item, which `hold` was called for before it was read."""
    tx.run(update(table).where(table.c.id == item.id).values(**columns))
    tx.touched.add(f"incident:{item.incident}")


def note_told(tx: Tx, id_: str, key: str) -> None:
    """Remember the last word on an item."""
    tx.run(update(table).where(table.c.id == id_).values(told=key))


def hold(tx: Tx) -> None:
    """Have the items looked at now; other nodes that look or change an item wait until the commit."""
    row = {"name": LOOK, "due": to_micros(tx.now), "at": to_micros(tx.now), "data": "{}"}
    if not insert_new(tx, looks, row):
        tx.run(update(looks).where(looks.c.name == LOOK).values(due=tx.now))
    tx.touched.add("wake")


def get(tx: Tx, id_: str) -> ActionItem | None:
    """One item, or None."""
    row = tx.first(select(*_COLUMNS).select_from(_FROM).where(table.c.id == id_))
    return _item(row) if row else None


def open_ones(tx: Tx) -> list[ActionItem]:
    """Every open item, by its due day."""
    statement = select(*_COLUMNS).select_from(_FROM).where(table.c.state == "open")
    return [_item(row) for row in tx.all(statement.order_by(table.c.due, table.c.id))]


def of_incident(tx: Tx, number: int) -> list[ActionItem]:
    """Every item of an incident, the oldest first."""
    statement = select(*_COLUMNS).select_from(_FROM).where(table.c.incident == number)
    return [_item(row) for row in tx.all(statement.order_by(table.c.id))]


def listing(
    tx: Tx, *, state: State | None = None, owners: Collection[str] | None = None, incident: int | None = None,
    before: str | None = None, limit: int = 100,
) -> Sequence[ActionItem]:  # fmt: skip
    """Read items, newest first. `before` is an id."""
    statement = select(*_COLUMNS).select_from(_FROM).order_by(table.c.id.desc()).limit(limit)
    if state:
        statement = statement.where(table.c.state == state)
    if owners is not None:
        statement = statement.where(table.c.owner.in_(owners))
    if incident is not None:
        statement = statement.where(table.c.incident == incident)
    if before:
        statement = statement.where(table.c.id < before)
    return [_item(row) for row in tx.all(statement)]
