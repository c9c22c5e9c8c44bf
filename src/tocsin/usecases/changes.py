"""The changes beside an incident."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.changes import LOOK_BACK, Beside, Change, beside, needs_of
from tocsin.core.incident import Incident
from tocsin.store import alerts
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, runbook_of


def of(tx: Tx, setup: Setup, state: Incident) -> tuple[Beside, ...]:
    """What was changed from 24 hours before an incident until it ended, the newest first."""
    until = (state.resolved_at or tx.now) + timedelta(microseconds=1)
    rows = alerts.changes_between(tx, state.declared_at - LOOK_BACK, until)
    links = [tuple((text, href) for text, href in row.links) for row in rows]
    found = [
        Change(row.at, row.source, row.service, row.title, row.text, row.labels, its)
        for row, its in zip(rows, links, strict=True)
    ]
    return beside(found, state.declared_at, needs_of(runbook_of(tx, setup, state.runbook_version), state.service))
