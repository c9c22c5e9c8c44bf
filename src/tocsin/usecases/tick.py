"""Take the steps that are due: duties missed, policies climbed, reminders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from tocsin.core.events import Tick
from tocsin.points import passing
from tocsin.store import incidents, queue, watch
from tocsin.store.db import Busy, Tx
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup
from tocsin.usecases.respond import act

AT_ONCE = 50  # incidents in one transaction: the writer must not be held for long

log = structlog.get_logger("tocsin.worker")


def tick(tx: Tx, setup: Setup) -> int:
    """Look at the incidents of which something is due now; returns how many. Call again until it returns 0."""
    numbers = incidents.due(tx, AT_ONCE)
    passing("T2")
    faulty = watch.faulty(tx) if numbers else frozenset()
    for number in numbers:
        _one(tx, setup, number, faulty)
    passing("T3")
    return len(numbers)


def _one(tx: Tx, setup: Setup, number: int, faulty: frozenset[str]) -> None:
    """Look at one incident; one that raises is undone alone, and takes nobody with it."""
    try:
        with tx.apart():
            act(tx, setup, number, Tick())
            if watch.incident_key(number) in faulty:
                rescue.well_again(tx, number)
    except Busy:
        raise
    except Exception as error:
        log.exception("incident_raised", incident=number)
        rescue.incident_raised(tx, setup, number, error)


@dataclass(frozen=True, slots=True)
class Due:
    """What is due now, by the clock that due times are judged by, and how many seconds are left until more is."""

    steps: bool
    rows: bool
    looks: bool
    seconds: float | None


def look(tx: Tx, full: Sequence[str] = ()) -> Due:
    """
    See whether an incident has a step due, the outbox a row, or a schedule a look: a worker writes only then.

    Rows in the lanes *full* are passed over.
    """
    instants = queue.next_due(tx, full)
    left = [(at - tx.now).total_seconds() for at in instants if at is not None]
    steps, rows, looked = (at is not None and at <= tx.now for at in instants)
    return Due(steps, rows, looked, max(min(left), 0.0) if left else None)


def next_due(tx: Tx) -> datetime | None:
    """When the next step, row of the outbox, or look is due, or None."""
    return min((at for at in queue.next_due(tx) if at is not None), default=None)
