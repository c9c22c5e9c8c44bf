"""Due times and the outbox: pages, their attempts, messages, and what each vendor's limits allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from tocsin.core.types import uuid7
from tocsin.store.db import Tx, insert_new, lock_rows
from tocsin.store.schema import attempts as tries
from tocsin.store.schema import destinations, outbox, to_micros
from tocsin.store.schema import pages as asked

OPEN_PAGE = ("requested", "sent", "delivered")
WAITING = ("pending", "leased")
MINUTE = timedelta(minutes=1)


def put(tx: Tx, key: str, due: datetime, **columns: Any) -> str | None:
    """Put a row into the outbox unless its key is there; returns its id, or None. Columns as in schema.outbox."""
    id_ = uuid7(tx.now, "outbox", key)
    row = {"id": id_, "key": key, "due": due, "state": "pending", "created_at": tx.now, "epoch": 0, "failures": 0}
    tx.touched.add("outbox")
    return id_ if insert_new(tx, outbox, {**row, **columns}) else None


def ask(tx: Tx, page: str, **columns: Any) -> None:
    """Keep a new page. Columns as in schema.pages."""
    tx.run(insert(asked).values(id=page, state="requested", requested_at=tx.now, **columns))


def close_pages(tx: Tx, incident: int, why: str, by: str | None) -> None:
    """Every open page of the incident becomes moot, those of *by* acknowledged; what waits to be sent is dropped."""
    open_ = and_(asked.c.incident == incident, asked.c.state.in_(OPEN_PAGE))
    if by:
        values = {"state": "acknowledged", "why": why, "closed_at": tx.now}
        tx.run(update(asked).where(open_, asked.c.person == by).values(**values))
    tx.run(update(asked).where(open_).values(state="moot", why=why, closed_at=tx.now))
    waiting = and_(outbox.c.incident == incident, outbox.c.kind == "page", outbox.c.state.in_(WAITING))
    tx.run(update(outbox).where(waiting).values(state="moot", why=why, done_at=tx.now))


def close_page(tx: Tx, page: str, state: str, why: str | None) -> None:
    """End one open page as *state*."""
    where = asked.c.id == page, asked.c.state.in_(OPEN_PAGE)
    tx.run(update(asked).where(*where).values(state=state, why=why, closed_at=tx.now))


def page_sent(tx: Tx, page: str, state: str, via: str) -> None:
    """A provider took the page (`sent`), or says that it arrived (`delivered`)."""
    where = asked.c.id == page, asked.c.state.in_(("requested", "sent"))
    tx.run(update(asked).where(*where).values(state=state, via=via))


def page(tx: Tx, id_: str) -> Any:
    """One page, or None."""
    return tx.first(select(asked).where(asked.c.id == id_))


def pages(tx: Tx, *, incident: int | None = None, before: str | None = None, limit: int = 100) -> Sequence[Any]:
    """Read pages, newest first. `before` is an id."""
    statement = select(asked).order_by(asked.c.id.desc()).limit(limit)
    if incident is not None:
        statement = statement.where(asked.c.incident == incident)
    if before:
        statement = statement.where(asked.c.id < before)
    return tx.all(statement)


def attempts(tx: Tx, page_ids: Sequence[str]) -> Sequence[Any]:
    """Every attempt of these pages, in order."""
    return tx.all(select(tries).where(tries.c.page.in_(list(page_ids))).order_by(tries.c.at, tries.c.id))


def troubles(tx: Tx, number: int) -> Sequence[Any]:
    """What could not be sent yet for an incident: outbox rows that failed and are not done."""
    where = and_(
        outbox.c.incident == number,
        or_(and_(outbox.c.failures > 0, outbox.c.state.in_(("pending", "leased"))), outbox.c.state == "failed"),
    )
    return tx.all(select(outbox).where(where).order_by(outbox.c.due))


def note_attempt(tx: Tx, outbox_id: str, page_id: str | None, epoch: int, **columns: Any) -> None:
    """Keep one try: via, verdict, receipt, why, milliseconds."""
    id_ = uuid7(tx.now, "attempt", outbox_id, epoch, columns.get("via"))
    tx.run(insert(tries).values(id=id_, outbox=outbox_id, page=page_id, at=tx.now, **columns))


def due(tx: Tx, limit: int, kind: str | None = None) -> Sequence[Any]:
    """
    Rows to be sent now, pages first, then urgent texts: pending and due, or left under a lease that ran out.

    *kind* leaves out every other kind.
    """
    where = or_(
        and_(outbox.c.state == "pending", outbox.c.due <= tx.now),
        and_(outbox.c.state == "leased", outbox.c.lease_until <= tx.now),
    )
    order = (outbox.c.kind == "page").desc(), outbox.c.urgent.desc(), outbox.c.due
    statement = select(outbox).where(where).order_by(*order)
    if kind:
        statement = statement.where(outbox.c.kind == kind)
    return tx.all(lock_rows(tx, statement.limit(limit)))


def lease(tx: Tx, row: Any, owner: str, until: datetime) -> int:
    """Take a row for *owner*; returns the epoch that its result must carry."""
    values = {"state": "leased", "owner": owner, "lease_until": until, "epoch": row.epoch + 1}
    tx.run(update(outbox).where(outbox.c.id == row.id, outbox.c.epoch == row.epoch).values(**values))
    return int(row.epoch) + 1


def held(tx: Tx, id_: str, epoch: int) -> Any:
    """The row if it is still held under *epoch*, else None: its lease ran out, or it was dropped meanwhile."""
    where = outbox.c.id == id_, outbox.c.epoch == epoch, outbox.c.state == "leased"
    return tx.first(select(outbox).where(*where))


def settle(tx: Tx, id_: str, state: str, **columns: Any) -> None:
    """Give a row its new state (`pending` with a new `due`, or an end with `done_at`)."""
    tx.run(update(outbox).where(outbox.c.id == id_).values(state=state, **columns))
    if state == "pending":
        tx.touched.add("outbox")


def drop(tx: Tx, kind: str, why: str) -> None:
    """What waits of a kind is not sent any more."""
    where = outbox.c.kind == kind, outbox.c.state.in_(WAITING)
    tx.run(update(outbox).where(*where).values(state="moot", why=why, done_at=tx.now))


def hurry(tx: Tx, page_id: str, rule: int, by: datetime) -> bool:
    """Start the next way of a page no later than *by*; says whether there is one that waits."""
    where = and_(outbox.c.page == page_id, outbox.c.rule > rule, outbox.c.state == "pending")
    row = tx.first(select(outbox.c.id, outbox.c.due).where(where).order_by(outbox.c.rule).limit(1))
    if row is None:
        return False
    if row.due > by:
        tx.run(update(outbox).where(outbox.c.id == row.id).values(due=by))
        tx.touched.add("outbox")
    return True


def page_has_way(tx: Tx, page_id: str) -> bool:
    """Say whether some way of the page may still reach the person, or has."""
    where = outbox.c.page == page_id, outbox.c.state.in_(("pending", "leased", "done"))
    return tx.first(select(outbox.c.id).where(*where).limit(1)) is not None


def next_due(tx: Tx, kind: str | None = None) -> datetime | None:
    """When the next row, or the next of a kind, must be looked at: its due time, or the end of a lease."""
    instants = []
    for column, state in ((outbox.c.due, "pending"), (outbox.c.lease_until, "leased")):
        where = [outbox.c.state == state, *([outbox.c.kind == kind] if kind else [])]
        row = tx.first(select(func.min(column)).where(*where))
        instants += [row[0]] if row and row[0] is not None else []
    return min(instants, default=None)


def waiting_pages(tx: Tx) -> Sequence[Any]:
    """What would page somebody, oldest first: incident, person and via of rows that wait and whose page is open."""
    waits = and_(outbox.c.kind == "page", outbox.c.state.in_(WAITING), asked.c.state.in_(OPEN_PAGE))
    statement = select(outbox.c.incident, outbox.c.person, outbox.c.via).join(asked, asked.c.id == outbox.c.page)
    return tx.all(statement.where(waits).order_by(outbox.c.due, outbox.c.id))


def count_waiting(tx: Tx) -> int:
    """How many rows that page nobody wait to be sent."""
    where = outbox.c.kind.in_(("message", "room", "draft")), outbox.c.state.in_(WAITING)
    return int(tx.all(select(func.count()).where(*where))[0][0])


def backlog(tx: Tx) -> Mapping[str, Any]:
    """`{"pending": n, "oldest_due": instant or None}`."""
    row = tx.all(select(func.count(), func.min(outbox.c.due)).where(outbox.c.state == "pending"))[0]
    return {"pending": row[0], "oldest_due": row[1]}


# --------------------------------------------------------------------------------------------- what vendors allow


def destination(tx: Tx, name: str) -> Any:
    """What is known of a destination (free_at, recent, settings), or None."""
    return tx.first(select(destinations).where(destinations.c.name == name))


def sent_to(tx: Tx, name: str, known: Any, free_at: datetime) -> None:
    """Count one send to *name* now; nothing more goes there before *free_at*."""
    recent = [at for at in (known.recent if known else []) if at > to_micros(tx.now - MINUTE)]
    _keep_destination(tx, name, known, free_at=free_at, recent=[*recent, to_micros(tx.now)])


def hold_back(tx: Tx, name: str, until: datetime) -> None:
    """The vendor asked to wait: nothing goes to *name* before *until*."""
    _keep_destination(tx, name, destination(tx, name), free_at=until)


def change_destination(tx: Tx, name: str, settings: Mapping[str, str]) -> None:
    """Remember what the vendor changed (a group that became a supergroup)."""
    known = destination(tx, name)
    _keep_destination(tx, name, known, settings={**(known.settings if known else {}), **settings})


def _keep_destination(tx: Tx, name: str, known: Any, **values: Any) -> None:
    if known is None:
        tx.run(insert(destinations).values(name=name, **{"free_at": tx.now, "recent": [], "settings": {}, **values}))
    else:
        tx.run(update(destinations).where(destinations.c.name == name).values(**values))
