"""What is looked at again at an instant: a schedule's next shift change, the daily look; and what is told only once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from tocsin.store.db import Tx, insert_new
from tocsin.store.fixed import fixed
from tocsin.store.schema import announced, looks, to_micros

PLAN: Final = "plan"  # the look that makes sure of all the others: at a start, and after every change of the runbook
SCHEDULE: Final = "schedule:"  # how the looks at schedules begin


def put(tx: Tx, name: str, due: datetime, data: Any) -> None:
    """Look at *name* again at *due*; it was looked at now, and *data* is what was seen."""
    values = {"due": due, "at": tx.now, "data": data}
    if tx.run(update(looks).where(looks.c.name == name).values(**values)) == 0:
        tx.run(insert(looks).values(name=name, **values))
    tx.touched.add("wake")


def again(tx: Tx) -> None:
    """Look again now at everything: what the looks stand on has changed."""
    tx.run(update(looks).values(due=tx.now))
    tx.touched.add("wake")


_ONE = fixed(select(looks).where(looks.c.name == bindparam("look")))


def get(tx: Tx, name: str) -> Any:
    """One look (due, at, data), or None."""
    return tx.first(_ONE, {"look": name})


def due(tx: Tx) -> Sequence[Any]:
    """The looks that are due, by name; another node that asks for them waits, and then finds them done."""
    statement = select(looks).where(looks.c.due <= tx.now).order_by(looks.c.name)
    return tx.all(statement if tx.sqlite else statement.with_for_update())


def forget(tx: Tx, name: str) -> None:
    """It is not looked at any more."""
    tx.run(delete(looks).where(looks.c.name == name))


def first_time(tx: Tx, key: str) -> bool:
    """Say whether *key* was never told before; from now on it was."""
    return insert_new(tx, announced, {"key": key, "at": to_micros(tx.now)})
