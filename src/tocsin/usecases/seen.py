"""Seen before: incidents that were like this one, and what helped then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.incident import Incident
from tocsin.core.likeness import Like
from tocsin.store import incidents, search
from tocsin.store.db import Tx

ENTRIES_READ = 5_000  # of one timeline


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident that was like another: why, when, and what helped (`actions` are those that succeeded, by name)."""

    number: int
    name: str
    title: str
    severity: str
    declared_at: datetime
    resolved_at: datetime | None
    cause: str
    resolution: str
    actions: tuple[str, ...]
    why: tuple[str, ...]
    score: float


def seen_before(tx: Tx, state: Incident, most: int = 3) -> list[Seen]:
    """
    Up to *most* incidents that are over and were like *state*, the most alike first.

    Never itself, a drill, one that was merged, or one that a newer Tocsin wrote and this one cannot read.
    """
    return [seen for like in search.similar(tx, state, most) if (seen := _seen(tx, like))]


def _seen(tx: Tx, like: Like) -> Seen | None:
    try:
        s = incidents.load(tx, like.number).state
    except ValueError:
        return None
    entries = incidents.timeline(tx, like.number, limit=ENTRIES_READ)
    done = dict.fromkeys(
        str(entry.data.get("action") or entry.data.get("name") or "an action")
        for entry in entries
        if entry.kind == "action_succeeded"
    )
    return Seen(
        s.number, s.name, s.title, s.severity, s.declared_at, s.resolved_at, s.root_cause or "", s.resolution or "",
        tuple(done), like.why, like.score,
    )  # fmt: skip
