"""Who subscribed to the status page. Their addresses are sealed before they come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from tocsin.store.db import Tx
from tocsin.store.schema import subscribers as table

_LIVE = and_(table.c.confirmed_at.isnot(None), table.c.ended_at.is_(None))


def add(tx: Tx, id_: str, **columns: Any) -> None:
    """Keep a subscription that nobody has confirmed yet. Columns as in schema.subscribers."""
    tx.run(insert(table).values(id=id_, created_at=tx.now, **columns))


def get(tx: Tx, id_: str) -> Any:
    """One subscription, or None."""
    return tx.first(select(table).where(table.c.id == id_))


def confirm(tx: Tx, row: Any) -> None:
    """It is wanted; whatever else was kept for the same address goes."""
    tx.run(delete(table).where(table.c.mark == row.mark, table.c.id != row.id))
    tx.run(update(table).where(table.c.id == row.id).values(confirmed_at=tx.now, ended_at=None, why=None))


def forget(tx: Tx, mark: str) -> None:
    """Nothing is kept of that address."""
    tx.run(delete(table).where(table.c.mark == mark))


def change(tx: Tx, id_: str, **columns: Any) -> None:
    """Change columns of one subscription."""
    tx.run(update(table).where(table.c.id == id_).values(**columns))


def clean(tx: Tx, unconfirmed: datetime, ended: datetime) -> None:
    """Drop what was asked for before *unconfirmed* and never confirmed, and what ended before *ended*."""
    old = and_(table.c.confirmed_at.is_(None), table.c.created_at <= unconfirmed)
    tx.run(delete(table).where(or_(old, table.c.ended_at <= ended)))


def asked(tx: Tx, mark: str | None = None) -> Sequence[datetime]:
    """When subscriptions were asked for that nobody has confirmed, with *mark* only those of one address."""
    where = [table.c.confirmed_at.is_(None), *([table.c.mark == mark] if mark else [])]
    return [row.created_at for row in tx.all(select(table.c.created_at).where(*where))]


def any_live(tx: Tx) -> bool:
    """Say whether there is anybody to tell."""
    return tx.first(select(table.c.id).where(_LIVE).limit(1)) is not None


def live(tx: Tx, after: str, before: datetime, limit: int) -> Sequence[Any]:
    """Subscriptions confirmed until *before*, by id from behind *after*."""
    where = _LIVE, table.c.id > after, table.c.confirmed_at <= before
    return tx.all(select(table).where(*where).order_by(table.c.id).limit(limit))


def counts(tx: Tx) -> Mapping[str, int]:
    """How many live subscriptions there are of each kind."""
    rows = tx.all(select(table.c.kind, func.count()).where(_LIVE).group_by(table.c.kind))
    return {str(kind): int(count) for kind, count in rows}


def listing(tx: Tx, before: str | None, limit: int) -> Sequence[Any]:
    """Every subscription from before the id *before*, newest first, also those that nobody confirmed or that ended."""
    where = [table.c.id < before] if before else []
    return tx.all(select(table).where(*where).order_by(table.c.id.desc()).limit(limit))


def ended(tx: Tx, limit: int = 20) -> Sequence[Any]:
    """What ended by itself, newest first."""
    where = table.c.ended_at.isnot(None)
    return tx.all(select(table).where(where).order_by(table.c.ended_at.desc(), table.c.id).limit(limit))
