"""The postmortems that were written: where, as what, by whom, in which versions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from tocsin.core import likeness
from tocsin.store import search
from tocsin.store.db import Tx
from tocsin.store.schema import incidents
from tocsin.store.schema import postmortem_versions as versions
from tocsin.store.schema import postmortems as table


def sha256_of(text: str) -> str:
    """The SHA-256 of a text, as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def get(tx: Tx, number: int, *, for_update: bool = False) -> Any:
    """The row of an incident's postmortem (columns of schema.postmortems), or None."""
    statement = select(table).where(table.c.incident == number)
    return tx.first(statement if tx.sqlite or not for_update else statement.with_for_update())


def begin(tx: Tx, number: int, path: str, text: str, by: str, why: str) -> None:
    """Keep the first version of a document."""
    tx.run(insert(table).values(incident=number, path=path, text=text, written_at=tx.now, version=1, state="draft",
                                changed_by=by, on_disk=""))  # fmt: skip
    _keep_version(tx, number, 1, text, tx.now, by, why)
    search.add(tx, number, likeness.of_postmortem(text))


def change(tx: Tx, row: Any, text: str, by: str, why: str) -> int:
    """Keep the next version of a document, whose *row* was read for update; returns its number."""
    if not history(tx, row.incident, 1):  # it was written before versions were kept
        _keep_version(tx, row.incident, row.version, row.text, row.written_at, row.changed_by, "drafted")
    after = int(row.version) + 1
    mark(tx, row.incident, text=text, version=after, written_at=tx.now, changed_by=by)
    _keep_version(tx, row.incident, after, text, tx.now, by, why)
    search.add(tx, row.incident, likeness.of_postmortem(text))
    return after


def mark(tx: Tx, number: int, **columns: Any) -> None:
    """Keep columns of a document: its state, what was found, what is on disk."""
    tx.run(update(table).where(table.c.incident == number).values(**columns))
    tx.touched.add(f"incident:{number}")


def _keep_version(tx: Tx, number: int, version: int, text: str, at: datetime, by: str, why: str) -> None:
    values = {"text": text, "sha256": sha256_of(text), "at": at, "by": by, "why": why}
    tx.run(insert(versions).values(incident=number, version=version, **values))


def keep_found(tx: Tx, row: Any) -> None:
    """Put what was found beside a document among its versions, before a person joins the two."""
    version = change(tx, row, row.found, "unknown", f"found in the {row.found_in}")
    mark(tx, row.incident, version=version, found=None, found_at=None, found_in=None)


def history(tx: Tx, number: int, limit: int = 200) -> Sequence[Any]:
    """The versions of a document, newest first: rows of version, sha256, at, by, why, without their texts."""
    columns = (versions.c.version, versions.c.sha256, versions.c.at, versions.c.by, versions.c.why)
    statement = select(*columns).where(versions.c.incident == number)
    return tx.all(statement.order_by(versions.c.version.desc()).limit(limit))


def version(tx: Tx, number: int, which: int) -> Any:
    """One version with its text, or None."""
    return tx.first(select(versions).where(versions.c.incident == number, versions.c.version == which))


def hashes(tx: Tx, number: int) -> frozenset[str]:
    """The hash of every version: a file that has one of them was not changed by hand."""
    rows = tx.all(select(versions.c.sha256).where(versions.c.incident == number))
    return frozenset(row.sha256 for row in rows)


def paths(tx: Tx) -> set[str]:
    """Every path that is taken."""
    return {row.path for row in tx.all(select(table.c.path))}


def files(tx: Tx) -> Sequence[Any]:
    """Every document's file: rows of incident, path and on_disk."""
    return tx.all(select(table.c.incident, table.c.path, table.c.on_disk))


def listing(tx: Tx, *, state: str | None = None, before: int | None = None, limit: int = 100) -> Sequence[Any]:
    """Read documents, those of the newest incidents first, each with its incident's words, without the text."""
    said = incidents.c
    columns = (table.c.incident, table.c.path, table.c.state, table.c.version, table.c.written_at, table.c.changed_by,
               table.c.published_at, table.c.published_by, table.c.published_version, table.c.found_at,
               said.title, said.severity, said.service, said.declared_at, said.resolved_at)  # fmt: skip
    statement = select(*columns).join(incidents, incidents.c.number == table.c.incident)
    if state:
        statement = statement.where(table.c.state == state)
    if before:
        statement = statement.where(table.c.incident < before)
    return tx.all(statement.order_by(table.c.incident.desc()).limit(limit))
