"""Devices that people registered: a browser that notifies. Their addresses are sealed before they come here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select

from tocsin.core.types import uuid7
from tocsin.store.db import Tx
from tocsin.store.schema import devices as table


def put(tx: Tx, *, person: str, kind: str, name: str, mark: str, sealed: str) -> None:
    """Keep a device; the same one registered again, also by somebody else, is theirs now, and once."""
    tx.run(delete(table).where(table.c.mark == mark))
    id_ = uuid7(tx.now, "device", person, mark)
    values = {"person": person, "kind": kind, "name": name, "mark": mark, "sealed": sealed, "created_at": tx.now}
    tx.run(insert(table).values(id=id_, **values))


def of(tx: Tx, person: str) -> Sequence[Any]:
    """A person's devices in the order of their registration."""
    return tx.all(select(table).where(table.c.person == person).order_by(table.c.created_at, table.c.name, table.c.id))


def drop(tx: Tx, ids: Iterable[str], person: str | None = None) -> int:
    """Forget devices, with *person* only theirs; returns how many there were."""
    where: list[ColumnElement[bool]] = [table.c.id.in_(tuple(ids))]
    if person is not None:
        where.append(table.c.person == person)
    return tx.run(delete(table).where(*where))
