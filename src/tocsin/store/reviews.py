"""The week after an incident: its plan, and the evidence that is collected in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from tocsin.core import review
from tocsin.core.review import Plan
from tocsin.store import looks
from tocsin.store.db import Tx, insert_new
from tocsin.store.fixed import fixed
from tocsin.store.schema import evidence, to_micros
from tocsin.store.schema import looks as look_table
from tocsin.store.schema import reviews as table

LOOK: Final = "reviews"  # the look at what is due, among the looks


def ask(tx: Tx, number: int) -> None:
    """Have the week of an incident planned, or looked at anew, by the next look; in the transaction that ended it."""
    row = {"incident": number, "due": to_micros(tx.now), "plan": ""}
    if not insert_new(tx, table, row):
        tx.run(update(table).where(table.c.incident == number).values(due=tx.now))
    hold(tx)


def hold(tx: Tx) -> None:
    """Have the weeks looked at now; other nodes that look or change one wait until the commit."""
    row = {"name": LOOK, "due": to_micros(tx.now), "at": to_micros(tx.now), "data": "{}"}
    if not insert_new(tx, look_table, row):
        tx.run(update(look_table).where(look_table.c.name == LOOK).values(due=tx.now))
    tx.touched.add("wake")


def wake(tx: Tx, number: int) -> None:
    """Look again at the week of an incident, if it has one: the incident was reopened."""
    if tx.run(update(table).where(table.c.incident == number).values(due=tx.now)):
        hold(tx)


def is_due(tx: Tx) -> bool:
    """Whether the look is due; another node that asks waits, and then finds it taken."""
    return any(row.name == LOOK for row in looks.due(tx))


_DUE = fixed(
    select(table.c.incident).where(table.c.due <= bindparam("now")).order_by(table.c.due).limit(bindparam("limit"))
)


def due(tx: Tx, limit: int) -> Sequence[int]:
    """The incidents whose week wants to be looked at now, at most so many."""
    return [row.incident for row in tx.all(_DUE, {"now": tx.now, "limit": limit})]


def again(tx: Tx) -> None:
    """Look when the next one is due. `hold`, or the look itself, came before: nobody asks meanwhile."""
    row = tx.first(select(func.min(table.c.due).label("due")))
    if row.due is None:
        looks.forget(tx, LOOK)
    else:
        looks.put(tx, LOOK, row.due, {})


def get(tx: Tx, number: int, *, for_update: bool = False) -> Plan | None:
    """The plan of an incident, or None where it has none, or none yet."""
    statement = select(table.c.plan).where(table.c.incident == number)
    row = tx.first(statement if tx.sqlite or not for_update else statement.with_for_update())
    return review.from_json(row.plan) if row and row.plan else None


def put(tx: Tx, number: int, plan: Plan, wake_at: datetime | None) -> None:
    """Keep a plan, and when it is looked at next."""
    values = {"plan": review.to_json(plan), "due": wake_at}
    if tx.run(update(table).where(table.c.incident == number).values(**values)) == 0:
        tx.run(insert(table).values(incident=number, **values))
    tx.touched.add(f"incident:{number}")


def forget(tx: Tx, number: int) -> None:
    """Nothing of it is due any more."""
    tx.run(update(table).where(table.c.incident == number).values(due=None))


def put_off(tx: Tx, number: int, until: datetime) -> None:
    """Look again at *until*: the look that was due raised."""
    tx.run(update(table).where(table.c.incident == number).values(due=until))


# --------------------------------------------------------------------------------------------- evidence


def keep_evidence(tx: Tx, number: int, sha256: str, parts: Any, body: bytes) -> None:
    """Keep a bundle; that of an incident which ended once more takes the place of the one before."""
    values = {"made_at": tx.now, "sha256": sha256, "parts": parts, "body": body}
    if tx.run(update(evidence).where(evidence.c.incident == number).values(**values)) == 0:
        tx.run(insert(evidence).values(incident=number, **values))


def evidence_of(tx: Tx, number: int) -> Any:
    """What is known of a bundle (made_at, sha256, parts, bytes), without its body; None where there is none."""
    size = func.length(evidence.c.body).label("size")
    columns = (evidence.c.incident, evidence.c.made_at, evidence.c.sha256, evidence.c.parts, size)
    return tx.first(select(*columns).where(evidence.c.incident == number))


def body(tx: Tx, number: int) -> Any:
    """The whole row of a bundle, or None."""
    return tx.first(select(evidence).where(evidence.c.incident == number))
