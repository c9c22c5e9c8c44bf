"""What a calendar answers to the invitation of a review: kept, on the timeline, and told when its owner declines."""

from __future__ import annotations

from datetime import datetime

import structlog

from tocsin.core import attendance, review
from tocsin.core.alert import Alert
from tocsin.core.attendance import Attendance, CalendarAnswer
from tocsin.core.events import StepCame
from tocsin.core.incident import Incident
from tocsin.core.review import Plan
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM
from tocsin.store import attendance as store
from tocsin.store import incidents
from tocsin.store import reviews as weeks
from tocsin.store.db import Tx
from tocsin.usecases import respond, reviews
from tocsin.usecases.configure import Setup, in_force, incident_link

log = structlog.get_logger("tocsin.ingest")


def hear(tx: Tx, setup: Setup, alert: Alert) -> str:
    """Take what a calendar answers; returns why not, in words, for what is kept unread. It moves no review."""
    why = alert.labels.get("why") or _hear(tx, setup, attendance.from_labels(alert.labels))
    if why:
        log.warning("calendar_answer_refused", source=alert.source, why=why[:300])
    return why


def _hear(tx: Tx, setup: Setup, heard: CalendarAnswer) -> str:
    state = _incident(tx, heard.uid)
    plan = weeks.get(tx, state.number, for_update=True) if state else None
    if state is None or plan is None:
        return f"a calendar answers about no review that is known here: {heard.uid or 'it has no UID'}"
    rows = {one.attendee: one for one in store.of(tx, state.number)}
    before = rows.get(heard.attendee)
    if before is None and len(rows) >= attendance.KEPT:
        return f"{attendance.KEPT} addresses have answered about the review of {state.name}: no more are kept"
    _, runbook = in_force(tx, setup)
    person = attendance.person_of(heard.attendee, runbook)
    after = attendance.take(before, heard, person, plan, tx.now)
    if after != before:
        store.put(tx, state.number, after)
        if person and attendance.is_awaited(plan) and attendance.news(before, after, plan):
            _say(tx, setup, runbook, state, plan, after)
    return ""


def _incident(tx: Tx, uid: str) -> Incident | None:
    declared = review.declared_ms(uid)
    for number in store.declared_about(tx, declared) if declared is not None else ():
        state = incidents.load(tx, number, for_update=True).state
        if review.uid(state) == uid:
            return state
    return None


def _say(tx: Tx, setup: Setup, runbook: Runbook, state: Incident, plan: Plan, after: Attendance) -> None:
    """Put it on the timeline; where it is a no of whoever has the review, tell them and who could have it."""
    assert after.person is not None
    assert plan.meeting_at is not None
    name = runbook.people[after.person].name
    step = review.meeting_step(plan)
    said = attendance.sentence(after, name, plan)
    respond.act(tx, setup, state.number, StepCame(SYSTEM, "said", step.id if step else "meeting", said))
    people_of = reviews.people_of(tx, runbook, state)
    holders = people_of(review.holder_of(step) if step else review.OWNER)
    if after.answer != "declined" or not after.counts(plan) or after.person not in holders:
        return
    title = f"[{state.severity}] {state.name}: {name}, who has the review, declines it"
    lines = [f"{said}.", *([f"Beside it: {after.comment}"] if after.comment else []), _do(plan.meeting_at, runbook)]
    link = f"{incident_link(setup, state.number)}/postmortem"
    for person in sorted(attendance.who_hears(after.person, holders, people_of)):
        key = f"review:{state.number}:attendance:{plan.sequence}:{after.person}:{person}"
        reviews.message(tx, setup, runbook, key, person, title, "\n".join([*lines, link]), link)


def _do(at: datetime, runbook: Runbook) -> str:
    return f"The review is at {reviews.when(at, runbook)}. Move it, or find somebody who leads it."
