"""When nothing holds an alert back any more: what still fires is paged then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog

from tocsin.store import quiet as store
from tocsin.store.db import Busy, Tx, one_at_a_time
from tocsin.usecases import ingest, quiet
from tocsin.usecases.configure import Setup

AT_ONCE: Final = 500  # alerts that are looked at in one transaction
LOOK_AGAIN: Final = timedelta(minutes=1)  # at an alert that raised

log = structlog.get_logger("tocsin.quiet")


def run(tx: Tx, setup: Setup) -> int:
    """
    Look at what is held back and due: what nothing holds back any more, and still fires, is taken as if it came now.

    Returns:
        How many alerts were looked at. Call again until it is 0.
    """
    one_at_a_time(tx, "ingest")
    rows = store.due(tx, AT_ONCE)
    store.forget_lost(tx)
    if rows:
        holding = quiet.Holding(tx, quiet.in_force(tx, setup), ingest.rules_of(tx, setup))
        store.over(tx, [row.id for row in rows if row.state != "firing"], "resolved")
        free = [row for row in rows if row.state == "firing" and not _held_on(tx, holding, row)]
        _release(tx, setup, free)
    store.plan(tx)
    return len(rows)


def _held_on(tx: Tx, holding: quiet.Holding, row: Any) -> bool:
    """Say whether something holds the alert back still, and keep what."""
    hold = holding.of(quiet.alert_of(row))
    if hold is not None:
        store.hold_on(tx, row.id, hold.by, hold.rule, hold.until)
    return hold is not None


def _release(tx: Tx, setup: Setup, rows: Sequence[Any]) -> None:
    """Take what is free together; where that raises one by one, so that one alert keeps no other from being paged."""
    try:
        with tx.apart():
            ingest.release(tx, setup, rows)
    except Busy:
        raise
    except Exception:
        log.exception("release_raised", alerts=len(rows))
        if len(rows) > 1:
            for row in rows:
                _release(tx, setup, [row])
        else:
            store.hold_on(tx, rows[0].id, rows[0].held_by, rows[0].held_rule, tx.now + LOOK_AGAIN)
