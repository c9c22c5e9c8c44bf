"""What was heard from people: each once; which node asks an account, and how far it came."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, delete, or_, select, update

from tocsin.store.db import Tx, insert_new
from tocsin.store.incidents import Stored, stored_of
from tocsin.store.queue import OPEN_PAGE
from tocsin.store.schema import attempts, heard, incidents, pages, polls

KEPT: Final = timedelta(hours=24)  # how long an id is known; reliability.md section 6


def first_time(tx: Tx, key: str) -> bool:
    """Say whether *key* was not heard in the last 24 hours, and keep it."""
    tx.run(delete(heard).where(heard.c.at <= tx.now - KEPT))
    return insert_new(tx, heard, {"key": key[:300], "at": tx.now})


def lease(tx: Tx, name: str, owner: str, until: datetime) -> str | None:
    """Take an account to ask it, until then; returns the offset to ask from, or None while another node has it."""
    insert_new(tx, polls, {"name": name, "offset": "", "owner": owner, "lease_until": tx.now})
    free = or_(polls.c.owner == owner, polls.c.lease_until <= tx.now)
    taken = update(polls).where(polls.c.name == name, free).values(owner=owner, lease_until=until)
    if tx.run(taken) == 0:
        return None
    row = tx.first(select(polls.c.offset).where(polls.c.name == name))
    return str(row.offset)


def advance(tx: Tx, name: str, owner: str, offset: str) -> bool:
    """Keep how far an account was asked; says whether this node still has it."""
    mine = polls.c.name == name, polls.c.owner == owner
    return tx.run(update(polls).where(*mine).values(offset=offset)) > 0


def give_back(tx: Tx, owner: str) -> None:
    """Let another node ask what this one asked."""
    tx.run(update(polls).where(polls.c.owner == owner).values(lease_until=tx.now))


def page_of_receipt(tx: Tx, receipt: str) -> str | None:
    """The page that was delivered with this receipt, the newest one."""
    where = and_(attempts.c.receipt == receipt, attempts.c.page.isnot(None))
    row = tx.first(select(attempts.c.page).where(where).order_by(attempts.c.id.desc()).limit(1))
    return str(row.page) if row else None


def open_pages_of(tx: Tx, person: str, incident: int | None = None) -> list[Any]:
    """The open pages of a person, newest first; of one incident when it is named."""
    statement = select(pages).where(pages.c.person == person, pages.c.state.in_(OPEN_PAGE))
    if incident is not None:
        statement = statement.where(pages.c.incident == incident)
    return list(tx.all(statement.order_by(pages.c.id.desc()).limit(100)))


def last_page_of(tx: Tx, person: str, incident: int) -> Any:
    """The newest page of a person for one incident, open or not; None when there is none."""
    where = pages.c.person == person, pages.c.incident == incident
    return tx.first(select(pages).where(*where).order_by(pages.c.id.desc()).limit(1))


def in_room(tx: Tx, thread: str) -> list[Stored]:
    """
    The incidents whose war room has that thread, newest first, open ones and those that are still watched after their
    end: threads of two channels may have one name.
    """
    lives = or_(incidents.c.status != "resolved", incidents.c.wake_at.isnot(None))
    named = incidents.c.room_name.isnot(None), lives
    query = select(incidents).where(*named).order_by(incidents.c.number.desc()).limit(200)
    found = [stored_of(row) for row in tx.all(query)]
    return [stored for stored in found if stored.state.room and stored.state.room.thread == thread]
