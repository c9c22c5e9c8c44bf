"""How each war room in a chat is, as far as it was brought; and what still waits to be done to it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import and_, insert, select, update

from tocsin.core.room import Kept
from tocsin.store.db import Tx
from tocsin.store.schema import outbox, rooms

STEP: Final = "keep"  # the kind of outbox rows that do something to a room
_KEPT: Final = TypeAdapter(Kept)


def kept(tx: Tx, incident: int, thread: str) -> tuple[Kept, datetime | None]:
    """How the room *thread* is, and since when; a room that was never touched, or another one before it, is as new."""
    row = tx.first(select(rooms).where(rooms.c.incident == incident))
    found = _KEPT.validate_python(row.kept) if row else None
    return (found, row.at) if found and found.thread == thread else (Kept(thread=thread), None)


def keep(tx: Tx, incident: int, now: Kept) -> None:
    """Write down how the room is now."""
    values = {"kept": _KEPT.dump_python(now, mode="json", exclude_defaults=True), "at": tx.now}
    if tx.run(update(rooms).where(rooms.c.incident == incident).values(**values)) == 0:
        tx.run(insert(rooms).values(incident=incident, **values))
    tx.touched.add(f"incident:{incident}")


def waits(tx: Tx, incident: int) -> bool:
    """Say whether a step for the room waits already."""
    mine = outbox.c.incident == incident, outbox.c.kind == STEP, outbox.c.state == "pending"
    return tx.first(select(outbox.c.id).where(*mine).limit(1)) is not None


def at_work(tx: Tx, incident: int, but: str) -> bool:
    """Say whether another step for the room is being taken right now."""
    mine = outbox.c.incident == incident, outbox.c.kind == STEP, outbox.c.state == "leased", outbox.c.id != but
    return tx.first(select(outbox.c.id).where(*mine).limit(1)) is not None


def opens(tx: Tx, incident: int) -> bool:
    """Say whether the room may still be opened in the chat."""
    open_ = outbox.c.kind == "room", outbox.c.state.in_(("pending", "leased"))
    return tx.first(select(outbox.c.id).where(outbox.c.incident == incident, *open_).limit(1)) is not None


def unsaid(tx: Tx, incident: int) -> bool:
    """Say whether a text for the room still waits to be sent."""
    texts = and_(outbox.c.incident == incident, outbox.c.kind == "message", outbox.c.state.in_(("pending", "leased")))
    return any(row.payload.get("room") for row in tx.all(select(outbox.c.payload).where(texts)))
