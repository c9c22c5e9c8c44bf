"""Take the steps that are due: duties missed, policies climbed, reminders."""

from __future__ import annotations

from datetime import datetime

from tocsin.core.events import Tick
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import restored
from tocsin.usecases.configure import Setup
from tocsin.usecases.respond import act

AT_ONCE = 50  # incidents in one transaction: the writer must not be held for long


def tick(tx: Tx, setup: Setup) -> int:
    """Look at the incidents of which something is due now; returns how many. Call again until it returns 0."""
    numbers = incidents.due(tx, AT_ONCE)
    for number in numbers:
        act(tx, setup, number, Tick())
    return len(numbers)


def seconds_left(tx: Tx) -> float | None:
    """How long until something is due, by the clock that due times are judged by; 0 when it is overdue."""
    due = next_due(tx)
    return None if due is None else max((due - tx.now).total_seconds(), 0.0)


def next_due(tx: Tx) -> datetime | None:
    """When the next step or the next row of the outbox is due, or None."""
    instants = [at for at in (incidents.next_wake(tx), restored.next_send(tx)) if at is not None]
    return min(instants, default=None)
