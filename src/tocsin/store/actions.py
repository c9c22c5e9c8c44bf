"""Actions: their plans, approvals and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import and_, insert, not_, select, update

from tocsin.core.actions import HOLDS, UNDER_WAY, Run
from tocsin.core.types import uuid7
from tocsin.store.db import Tx, one_at_a_time
from tocsin.store.schema import actions as table

_FIELDS: Final = tuple(field.name for field in fields(Run))


def hold(tx: Tx) -> None:
    """Have other nodes that approve, begin or settle an action wait until the commit. Before any incident is locked."""
    one_at_a_time(tx, "actions")


def add(tx: Tx, run: Run, sealed: str) -> Run:
    """Keep a new plan under the id that it has."""
    tx.run(insert(table).values(**_columns(run), sealed=sealed))
    tx.touched.add(f"incident:{run.incident}")
    return run


def new_id(tx: Tx, number: int, action: str) -> str:
    """An id for a plan that is made now. `hold` was called before."""
    before = tx.all(select(table.c.id).where(table.c.incident == number))
    return uuid7(tx.now, "action", number, action, len(before))


def keep(tx: Tx, run: Run) -> Run:
    """Keep what became of a plan. `hold` was called before it was read."""
    values = {name: value for name, value in _columns(run).items() if name != "id"}
    tx.run(update(table).where(table.c.id == run.id).values(**values))
    tx.touched.add(f"incident:{run.incident}")
    return run


def get(tx: Tx, id_: str) -> Run | None:
    """One plan, or None."""
    row = tx.first(select(table).where(table.c.id == id_))
    return _run(row) if row else None


def sealed(tx: Tx, id_: str) -> str:
    """The sealed parameters of a plan that is there."""
    return str(tx.all(select(table.c.sealed).where(table.c.id == id_))[0].sealed)


def listing(
    tx: Tx, *, incident: int | None = None, action: str | None = None, before: str | None = None, limit: int = 100
) -> list[Run]:  # fmt: skip
    """Plans, the newest first. `before` is an id."""
    statement = select(table).order_by(table.c.id.desc()).limit(limit)
    if incident is not None:
        statement = statement.where(table.c.incident == incident)
    if action is not None:
        statement = statement.where(table.c.action == action)
    if before:
        statement = statement.where(table.c.id < before)
    return [_run(row) for row in tx.all(statement)]


def last(tx: Tx, action: str) -> Run | None:
    """The newest plan of an action that was approved; undos and rehearsals apart."""
    real = table.c.undoes.is_(None), table.c.rehearsal.is_(False)
    where = table.c.action == action, table.c.approved_at.isnot(None), *real
    row = tx.first(select(table).where(*where).order_by(table.c.id.desc()).limit(1))
    return _run(row) if row else None


def begun(tx: Tx, touches: str) -> Run | None:
    """The run on the same thing that was begun last."""
    where = table.c.touches == touches, table.c.begun_at.isnot(None), table.c.rehearsal.is_(False)
    row = tx.first(select(table).where(*where).order_by(table.c.begun_at.desc(), table.c.id.desc()).limit(1))
    return _run(row) if row else None


def under_way(tx: Tx, touches: str, but: str) -> Run | None:
    """A run on the same thing, other than *but*, that is not at its end, nor approved so long ago that it is void."""
    void = and_(table.c.state == "approved", table.c.approved_at <= tx.now - HOLDS)
    where = table.c.touches == touches, table.c.state.in_(UNDER_WAY), table.c.id != but, not_(void)
    real = select(table).where(*where, table.c.rehearsal.is_(False))
    row = tx.first(real.order_by(table.c.id).limit(1))
    return _run(row) if row else None


def undos(tx: Tx, id_: str) -> list[Run]:
    """The plans that take back the run *id_*, the newest first."""
    return [_run(row) for row in tx.all(select(table).where(table.c.undoes == id_).order_by(table.c.id.desc()))]


def _run(row: Any) -> Run:
    values = {name: getattr(row, name) for name in _FIELDS}
    steps: Sequence[str] = values["steps"]
    return replace(
        Run(**values), steps=tuple(steps), warnings=tuple(values["warnings"]),
        within=timedelta(seconds=values["within"]),
    )  # fmt: skip


def _columns(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _FIELDS}
    within = int(run.within.total_seconds())
    return {**values, "steps": list(run.steps), "warnings": list(run.warnings), "within": within}
