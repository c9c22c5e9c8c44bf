"""What the probes of the runbook saw last."""

from __future__ import annotations

from tocsin.core.probes import Seen
from tocsin.store.db import Tx


def seen(tx: Tx, name: str) -> Seen | None:
    """The last look of a probe; None while it has not looked. Nothing looks in this version."""
    return None
