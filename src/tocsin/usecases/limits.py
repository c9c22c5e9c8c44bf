"""What the vendors allow: how soon something may go to a destination, and through a channel as a whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.sdk import Transport
from tocsin.store import queue
from tocsin.store.db import Tx
from tocsin.store.schema import from_micros

SECOND: Final = timedelta(seconds=1)


def gap(transport: Transport | None) -> timedelta:
    """How far apart the vendor wants two messages to one destination."""
    return timedelta(seconds=1 / transport.per_second) if transport and transport.per_second else timedelta(0)


def free_at(tx: Tx, row: Any, transport: Transport | None, busy: set[str]) -> datetime:
    """
    When the vendor's limits let *row* go; counts the send when that is now.

    `busy` are the destinations of this very claim. What waits for the channel as a whole costs its destination nothing.
    """
    known = queue.destination(tx, row.destination) if row.destination else None
    free = _destination_free(tx, row, known, transport, busy)
    if free > tx.now or transport is None:
        return free
    if transport.total_per_second is not None:
        whole = _channel_free(tx, row, transport.total_per_second)
        if whole > tx.now:
            return whole
    if transport.per_second is not None:
        queue.sent_to(tx, row.destination, known, tx.now + gap(transport))
    return free


def _destination_free(tx: Tx, row: Any, known: Any, transport: Transport | None, busy: set[str]) -> datetime:
    free: datetime = known.free_at if known else tx.now
    if transport is None or transport.per_second is None:
        return max(free, tx.now)
    if row.destination in busy:
        return max(free, tx.now + gap(transport))
    recent = [at for at in (known.recent if known else []) if from_micros(at) > tx.now - queue.MINUTE]
    if transport.per_minute and len(recent) >= transport.per_minute:
        free = max(free, from_micros(recent[-transport.per_minute]) + queue.MINUTE)
    return free


def _channel_free(tx: Tx, row: Any, per_second: float) -> datetime:
    """When the channel as a whole may send: never more than its number within one second."""
    name = f"channel:{row.via}"
    known = queue.destination(tx, name)
    recent = [at for at in (known.recent if known else []) if from_micros(at) > tx.now - SECOND]
    if len(recent) >= int(per_second):
        return from_micros(recent[-int(per_second)]) + SECOND
    queue.sent_to(tx, name, known, tx.now, keep=SECOND)
    return tx.now
