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


_OF_NAME = looks.c.name == bindparam("look")
_NEW = fixed(insert(looks))
_CHANGE, _FORGET = fixed(update(looks).where(_OF_NAME)), fixed(delete(looks).where(_OF_NAME))
_ONE = fixed(select(looks).where(_OF_NAME))
_DUE = fixed(select(looks).where(looks.c.due <= bindparam("now")).order_by(looks.c.name))
_DUE_LOCKED = _DUE.with_for_update()


def put(tx: Tx, name: str, due: datetime, data: Any) -> None:
    """Look at *name* again at *due*; it was looked at now, and *data* is what was seen."""
    values = {"due": due, "at": tx.now, "data": data}
    if tx.run(_CHANGE, {"look": name, **values}) == 0:
        tx.run(_NEW, {"name": name, **values})
    tx.touched.add("wake")


def again(tx: Tx) -> None:
    """Look again now at everything: what the looks stand on has changed."""
    tx.run(update(looks).values(due=tx.now))
    tx.touched.add("wake")


def get(tx: Tx, name: str) -> Any:
    """One look (due, at, data), or None."""
    return tx.first(_ONE, {"look": name})


def due(tx: Tx) -> Sequence[Any]:
    """The looks that are due, by name; another node that asks for them waits, and then finds them done."""
    return tx.all(_DUE if tx.sqlite else _DUE_LOCKED, {"now": tx.now})


def forget(tx: Tx, name: str) -> None:
    """It is not looked at any more."""
    tx.run(_FORGET, {"look": name})


def first_time(tx: Tx, key: str) -> bool:
    """Say whether *key* was never told before; from now on it was."""
    return insert_new(tx, announced, {"key": key, "at": to_micros(tx.now)})
