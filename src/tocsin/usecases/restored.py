"""
Restored mode: a database that was put back from a copy holds pages of long ago, and would send them.

Until somebody releases it, or 10 minutes after its first start, only one summary to the operator goes out. Time goes on
meanwhile: alerts come in, steps are taken, and what they ask for waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from tocsin.core.delivery import to_channel
from tocsin.core.types import incident_name
from tocsin.store import incidents, queue
from tocsin.store.backup import RESTORED
from tocsin.store.db import Tx
from tocsin.store.schema import from_micros, to_micros
from tocsin.usecases.configure import Setup, drop_meta, get_meta, in_force, put_meta

RELEASE_AFTER: Final = timedelta(minutes=10)  # reliability.md F13
SUMMARY: Final = "summary"  # the kind of the one outbox row that goes out
CHANNEL: Final = "alerts"
NAMED: Final = 20  # people and incidents in the summary's text


@dataclass(frozen=True, slots=True)
class Restored:
    """
    What waits for the release: open incidents, whom it would page as (incident, person, via), how many other texts.

    `releases_at` is None until a server was started.
    """

    source: str
    made_at: datetime | None
    releases_at: datetime | None
    open: int
    would_page: tuple[tuple[str, str, str], ...]
    messages: int


def begin(tx: Tx, setup: Setup) -> None:
    """Start the 10 minutes and ask for the summary, when this is a restored database's first start; else nothing."""
    mark = _mark(tx)
    if mark is None or "started_at" in mark:
        return
    put_meta(tx, RESTORED, orjson.dumps({**mark, "started_at": to_micros(tx.now)}).decode())
    waits = look(tx)
    assert waits is not None  # it is marked
    _, runbook = in_force(tx, setup)
    route = to_channel(runbook, setup.ways, CHANNEL)
    queue.put(
        tx, f"restored:{to_micros(tx.now)}", tx.now, kind=SUMMARY, via=route.via, urgent=True,
        destination=f"{route.kind}:{route.address}",
        payload={"kind": route.kind, "to": route.address, "title": f"Tocsin was restored from {waits.source}",
                 "text": summary(waits, setup.public_url)},
    )  # fmt: skip


def may_send(tx: Tx, setup: Setup) -> bool:
    """Say whether the outbox is open; ends the mode when its time is over, and starts it when nobody has."""
    mark = _mark(tx)
    if mark is None:
        return True
    if _is_over(tx):
        release(tx)
        return True
    begin(tx, setup)
    return False


def next_send(tx: Tx) -> datetime | None:
    """When the outbox must be looked at next: in restored mode for the summary, and for the mode's end."""
    mark = _mark(tx)
    if mark is None or _is_over(tx):
        return queue.next_due(tx)
    instants = [queue.next_due(tx, SUMMARY), _releases_at(mark) or tx.now]
    return min(instant for instant in instants if instant is not None)


def release(tx: Tx) -> bool:
    """Let the outbox go its ordinary way; says whether it was held. What nobody needs any more stays unsent."""
    held = _mark(tx) is not None
    drop_meta(tx, RESTORED)
    queue.drop(tx, SUMMARY, "released")
    tx.touched |= {"outbox", "incidents"} if held else set()
    return held


def look(tx: Tx) -> Restored | None:
    """What waits for the release; None when the database is not in restored mode."""
    mark = _mark(tx)
    if mark is None or _is_over(tx):
        return None
    waiting = queue.waiting_pages(tx)
    made_at = mark.get("made_at")
    return Restored(
        str(mark["from"]), from_micros(made_at) if made_at else None, _releases_at(mark), incidents.count_open(tx),
        tuple((incident_name(row.incident), row.person, row.via) for row in waiting), queue.count_waiting(tx),
    )  # fmt: skip


def summary(waits: Restored, link: str) -> str:
    """The text for the operator. Pure."""
    whom = sorted({(name, person) for name, person, _ in waits.would_page})
    named = [f"- {person} for {name}" for name, person in whom[:NAMED]]
    named += [f"- and {len(whom) - NAMED} more"] if len(whom) > NAMED else []
    made = f" of {waits.made_at:%Y-%m-%d %H:%M} UTC" if waits.made_at else ""
    lines = [
        f"The database was restored from {waits.source}{made}. Nothing is sent until it is released.",
        f"Open incidents: {waits.open}. Other texts that wait: {waits.messages}.",
        *(["It would page:", *named] if named else ["It would page nobody."]),
        f"Release it on {link}/incidents, or with: tocsin restore --release",
    ]
    if waits.releases_at:
        lines.append(f"It releases itself at {waits.releases_at:%H:%M} UTC.")
    return "\n".join(lines)


def _mark(tx: Tx) -> dict[str, Any] | None:
    known = get_meta(tx, RESTORED)
    mark: dict[str, Any] | None = orjson.loads(known) if known else None
    return mark


def _releases_at(mark: dict[str, Any]) -> datetime | None:
    started = mark.get("started_at")
    return from_micros(started) + RELEASE_AFTER if started is not None else None


def _is_over(tx: Tx) -> bool:
    mark = _mark(tx)
    ends = _releases_at(mark) if mark else None
    return ends is not None and ends <= tx.now
