"""How tickets stand in their tracker, as far as they were brought there; and what still waits to be done to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from tocsin.core.incident import Incident
from tocsin.store import queue
from tocsin.store.db import Tx, one_at_a_time
from tocsin.store.schema import LEASED, PENDING, outbox, tracked
from tocsin.store.schema import timeline as lines

CHANGE: Final = "track"  # the kind of outbox rows that bring an incident's ticket up to date
LOOK: Final = "tickets"  # that ask a tracker what has changed: one row for each, again and again
OPEN_ITEM, KEEP_ITEM = "issue", "item"  # that open a ticket for an action item, and bring it up to date
SETTLES: Final = timedelta(seconds=5)  # what changes together is one comment
APART: Final = timedelta(seconds=30)  # between two comments: each is a mail to whoever watches the ticket
RECENT: Final = timedelta(days=30)  # a ticket that was closed longer ago is not looked at any more
NAMES_AT_ONCE: Final = 500


def of_incident(number: int) -> str:
    return f"incident:{number}"


def of_item(id_: str) -> str:
    return f"action:{id_}"


def destination(tracker: str) -> str:
    """What a tracker's limits count by: all that is asked of it waits together."""
    return f"ticket:{tracker}"


def get(tx: Tx, of: str) -> Any:
    """How a ticket stands (name, label, closed, seq, comments, changed_at, why, gone), or None."""
    return tx.first(select(tracked).where(tracked.c.of == of))


def begin(tx: Tx, of: str, tracker: str, name: str, label: str = "", seq: int = 0) -> None:
    """From now on this ticket is kept in step; whatever was before it is not."""
    tx.run(delete(tracked).where(tracked.c.of == of))
    tx.run(insert(tracked).values(of=of, tracker=tracker, name=name, label=label, seq=seq, closed=False, comments=0,
                                  changed_at=None, why="", gone=False))  # fmt: skip
    look(tx, tracker, tx.now + SETTLES)


def change(tx: Tx, of: str, **columns: Any) -> None:
    """Write down how a ticket stands now."""
    tx.run(update(tracked).where(tracked.c.of == of).values(**columns))


def named(tx: Tx, tracker: str, names: Collection[str]) -> Sequence[Any]:
    """Whose tickets these are."""
    found: list[Any] = []
    wanted = sorted(set(names))
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        part = wanted[start : start + NAMES_AT_ONCE]
        where = tracked.c.tracker == tracker, tracked.c.name.in_(part), tracked.c.gone.is_(False)
        found += tx.all(select(tracked).where(*where).order_by(tracked.c.of))
    return found


def looked_for(tx: Tx, tracker: str) -> bool:
    """Say whether a ticket is open, or was closed lately: else there is nothing to look for."""
    live = or_(tracked.c.closed.is_(False), tracked.c.changed_at > tx.now - RECENT)
    where = tracked.c.tracker == tracker, tracked.c.gone.is_(False), live
    return tx.first(select(tracked.c.of).where(*where).limit(1)) is not None


# --------------------------------------------------------------------------------------------- what waits


def keep(tx: Tx, state: Incident) -> None:
    """Have the ticket of an incident brought up to date soon; asked many times it is done once."""
    of = of_incident(state.number)
    known = get(tx, of)
    if known is None or (known.tracker, known.name) != (state.tracker, state.ticket):
        kind = lines.c.incident == state.number, lines.c.kind == "ticket_created"
        entry = tx.first(select(lines.c.seq, lines.c.data).where(*kind).order_by(lines.c.seq.desc()).limit(1))
        data = orjson.loads(entry.data) if entry else {}
        linked = bool(data.get("linked"))  # by a person: what was before is not told, its label not known
        label = "" if linked else str(data.get("label") or "")
        begin(tx, of, state.tracker, state.ticket or "", label, entry.seq - 1 if linked else 1)
        known = get(tx, of)
    if known.gone or waits(tx, state.number):
        return
    due = max(tx.now + SETTLES, (known.changed_at or tx.now - APART) + APART)
    queue.put(
        tx, f"{state.name}:{CHANGE}:{tx.now.isoformat()}", due, incident=state.number, kind=CHANGE, via=state.tracker,
        destination=destination(state.tracker), payload={}, urgent=False,
    )  # fmt: skip


def keep_item(tx: Tx, id_: str, tracker: str, said: str, *, closed: bool) -> None:
    """Have the ticket of an action item closed, or opened again, with what is *said* of it."""
    tx.run(
        update(outbox)
        .where(outbox.c.kind == KEEP_ITEM, outbox.c.key.startswith(f"{of_item(id_)}:"), PENDING)
        .values(state="moot", why="a later change takes its place", done_at=tx.now)
    )
    queue.put(
        tx, f"{of_item(id_)}:{closed}:{tx.now.isoformat()}", tx.now + SETTLES, kind=KEEP_ITEM, via=tracker,
        destination=destination(tracker), payload={"item": id_, "closed": closed, "said": said}, urgent=False,
    )  # fmt: skip


def _of_incident(number: int) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.incident == number, outbox.c.kind == CHANGE


def waits(tx: Tx, number: int) -> bool:
    """Say whether a change of the incident's ticket waits already."""
    return tx.first(select(outbox.c.id).where(*_of_incident(number), PENDING).limit(1)) is not None


def at_work(tx: Tx, number: int, but: str = "") -> bool:
    """Say whether another change of the ticket is being made right now."""
    where = *_of_incident(number), LEASED, outbox.c.id != but
    return tx.first(select(outbox.c.id).where(*where).limit(1)) is not None


def item_at_work(tx: Tx, id_: str) -> bool:
    """Say whether a change of an action item's ticket waits, or is being made."""
    mine = outbox.c.kind == KEEP_ITEM, outbox.c.key.startswith(f"{of_item(id_)}:"), or_(PENDING, LEASED)
    return tx.first(select(outbox.c.id).where(*mine).limit(1)) is not None


def look(tx: Tx, tracker: str, due: datetime) -> None:
    """See to it that the tracker is asked what has changed, no later than *due*."""
    one_at_a_time(tx, f"tickets {tracker}")
    row = queue.by_key(tx, f"{LOOK}:{tracker}")
    if row is None:
        since = (tx.now - timedelta(days=1)).isoformat()
        queue.put(tx, f"{LOOK}:{tracker}", due, kind=LOOK, via=tracker, destination=destination(tracker),
                  payload={"since": since}, urgent=False)  # fmt: skip
    elif row.state not in ("pending", "leased"):
        again(tx, row.id, due, row.payload)
    elif row.state == "pending" and row.due > due:
        queue.settle(tx, row.id, "pending", due=due)


def again(tx: Tx, row: str, due: datetime, payload: Any) -> None:
    """Let the row of a look be due again, as new."""
    queue.settle(tx, row, "pending", due=due, payload=payload, failures=0, first_failed_at=None, created_at=tx.now,
                 done_at=None, why=None)  # fmt: skip
