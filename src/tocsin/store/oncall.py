"""Overrides: a stand-in for a span of a schedule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from tocsin.core.oncall import Override
from tocsin.core.types import uuid7
from tocsin.store import looks
from tocsin.store.db import Tx
from tocsin.store.schema import overrides as table

_IN_FORCE = (
    select(table)
    .where(table.c.deleted_at.is_(None), table.c.until > bindparam("now", type_=table.c.until.type))
    .order_by(table.c.created_at, table.c.id)
)


def overrides(tx: Tx) -> tuple[Override, ...]:
    """The overrides in force or to come, in the order of their creation."""
    rows = tx.all(_IN_FORCE, {"now": tx.now})
    return tuple(Override(r.id, r.schedule, r.person, r.start, r.until, r.reason) for r in rows)


def add_override(
    tx: Tx, *, schedule: str, person: str, start: datetime, until: datetime, reason: str, by: str
) -> Override:
    """Keep a new override. What it names must have been checked."""
    id_ = uuid7(tx.now, "override", schedule, person, start, until, by)
    values = {"schedule": schedule, "person": person, "start": start, "until": until, "reason": reason}
    tx.run(insert(table).values(id=id_, by=by, created_at=tx.now, **values))
    looks.again(tx)
    tx.touched.add("oncall")
    return Override(id_, schedule, person, start, until, reason)


def delete_override(tx: Tx, id_: str) -> bool:
    """End an override now; says whether there was one."""
    where = table.c.id == id_, table.c.deleted_at.is_(None)
    looks.again(tx)
    tx.touched.add("oncall")
    return tx.run(update(table).where(*where).values(deleted_at=tx.now)) > 0
