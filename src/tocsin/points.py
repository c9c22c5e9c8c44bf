"""
Crash points: the named places at which a process may die and nothing that was answered may be lost.

Each is one call in the code, `passing("O4")`, that does nothing in service. Tests and the simulator arm it: the
process kills itself there, or the simulated node dies. A test holds the calls in the code against `POINTS`, and the
crash harness has a case for each of them. Source of the names: docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

POINTS: Final[dict[str, str]] = {
    "I1": "an inbound request is accepted",
    "I2": "its body is read",
    "I3": "its key is known",
    "I4": "its alerts are normalised",
    "I5": "before BEGIN of the ingest transaction",
    "I6": "the alert rows are written",
    "I7": "before COMMIT of the ingest transaction",
    "I8": "after COMMIT, before the answer",
    "I9": "after the answer",
    "T1": "a due time is seen",
    "T2": "the incidents that are due are claimed",
    "T3": "before COMMIT of the due step",
    "T4": "after COMMIT of the due step",
    "O1": "outbox rows are selected",
    "O2": "the claim is committed",
    "O3": "connected to the provider",
    "O4": "the request's bytes are sent",
    "O5": "the provider took it, its answer unread",
    "O6": "the answer is read",
    "O7": "the result is committed",
    "A1": "an acknowledgement is received",
    "A2": "before COMMIT of the acknowledgement",
    "A3": "after COMMIT of the acknowledgement",
    "A4": "the acknowledgement is answered",
    "X1": "an action is approved, and its answer given",
    "X2": "its row of the outbox is claimed",
    "X3": "that its call is begun is stored, before the call",
    "X4": "the far side has done it, and it is not stored",
    "X5": "what became of it is stored",
    "V1": "retention found incidents whose old rows may go",
    "V2": "before COMMIT of their removal",
    "V3": "after it",
    "M1": "a migration is about to run, the lock is held",
    "M2": "before COMMIT of a migration",
    "M3": "after COMMIT of a migration",
    "B1": "a backup's snapshot is begun",
    "B2": "its copy is written and checked, before the rename",
    "B3": "after the rename",
}

_hook: Callable[[str], None] | None = None


def passing(name: str) -> None:
    """Say that the point *name* is passed. Does nothing unless somebody armed it."""
    if _hook is not None:
        _hook(name)


def armed() -> bool:
    """Say whether somebody listens: what has to be asked for, such as a client's progress, is then asked for."""
    return _hook is not None


def arm(hook: Callable[[str], None] | None) -> None:
    """Call *hook* at each point from now on; None disarms."""
    global _hook  # noqa: PLW0603 - one process has one fate
    _hook = hook
