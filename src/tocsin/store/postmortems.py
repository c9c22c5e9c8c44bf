"""The postmortems that were written: where, and as what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from tocsin.core import likeness
from tocsin.store import search
from tocsin.store.db import Tx
from tocsin.store.schema import postmortems as table


def get(tx: Tx, number: int) -> Any:
    """The row of an incident's postmortem (path, text, written_at), or None."""
    return tx.first(select(table).where(table.c.incident == number))


def put(tx: Tx, number: int, path: str, text: str) -> None:
    """Keep where the draft was written and what it says; a later draft takes its place."""
    values = {"path": path, "text": text, "written_at": tx.now}
    if tx.run(update(table).where(table.c.incident == number).values(**values)) == 0:
        tx.run(insert(table).values(incident=number, **values))
    search.add(tx, number, likeness.of_postmortem(text))
    tx.touched.add(f"incident:{number}")


def paths(tx: Tx) -> set[str]:
    """Every path that is taken."""
    return {row.path for row in tx.all(select(table.c.path))}
