"""A drill's incident in the shapes of the API, for those who look at one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core.types import instant_text
from tocsin.simulate.score import Seen

BEGUN = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
NAMES = {"ana": "Ana", "bo": "Bo"}


def duty(id_, *, title=None, done_at=None, late=False, missed=False, every=None, done=0, rounds_missed=0, moot=False):
    due = BEGUN + timedelta(minutes=15)
    state = "done" if done_at else "missed" if missed else "due"
    return {
        "id": id_, "title": title or f"The {id_}", "state": state, "due_at": instant_text(due),
        "done_at": instant_text(done_at), "missed_at": instant_text(due) if missed else None, "late": late,
        "not_needed": moot, "every_seconds": every, "rounds_done": done, "rounds_missed": rounds_missed,
    }  # fmt: skip


def page(person, *tries, state="requested", why=None, at=0.0, urgency="high"):
    """`tries` are (via, verdict) or (via, verdict, minutes), each with a reason where it failed."""
    attempts = [
        {"via": via, "verdict": verdict, "why": None if verdict == "delivered" else "it is away",
         "at": instant_text(BEGUN + timedelta(minutes=float(*later) if later else at))}
        for via, verdict, *later in tries
    ]  # fmt: skip
    return {"id": f"{person}-{at}", "person": person, "state": state, "why": why, "urgency": urgency,
            "requested_at": instant_text(BEGUN + timedelta(minutes=at)), "attempts": attempts}  # fmt: skip


def entry(seq, kind, actor, **data):
    at = BEGUN + timedelta(seconds=seq)
    return {"seq": seq, "at": instant_text(at), "kind": kind, "actor": actor, "data": data}


def seen(*, duties=(), pages=(), timeline=(), findings=(), acknowledged=None, by=None, resolved=True, severity="P0"):
    incident = {
        "id": "INC-1", "severity": severity, "title": "It is down", "status": "triggered", "commander": None,
        "declared_at": instant_text(BEGUN), "acknowledged_at": instant_text(acknowledged), "acknowledged_by": by,
        "resolved_at": instant_text(BEGUN + timedelta(hours=1)) if resolved else None, "duties": list(duties),
        "passed_on": [],
    }  # fmt: skip
    return Seen(incident, pages, timeline, findings, timedelta(minutes=15), NAMES, "critical")
