"""The JSON shapes of the API: what others rely on. The same on `--json` of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tocsin import zones
from tocsin.core import action_items, diagnosis, oncall, protocol, roles, sla, tickets
from tocsin.core.action_items import ActionItem
from tocsin.core.incident import Incident
from tocsin.core.ledger import Entry
from tocsin.core.planned import Plan
from tocsin.core.promise import NextUpdate, next_update
from tocsin.core.quiet import Silence
from tocsin.core.readiness import NEXT
from tocsin.core.runbook import Runbook
from tocsin.core.swap import Swap
from tocsin.core.types import Json, incident_name, instant_text
from tocsin.store.incidents import Stored
from tocsin.usecases.calendar_links import Link
from tocsin.usecases.readiness import Report
from tocsin.usecases.restored import Waiting
from tocsin.usecases.subscribers import Subscription


def duty_json(duty: protocol.Duty, now: datetime) -> Json:
    """A duty as the API shows it."""
    return {
        "id": duty.id, "title": duty.title, "owner": duty.owner, "holder": protocol.holder_of(duty),
        "state": protocol.state_of(duty, now), "due_at": instant_text(duty.deadline),
        "done_at": instant_text(duty.done_at), "missed_at": instant_text(duty.missed_at), "late": duty.late,
        "not_needed": duty.moot, "evidence": dict(duty.evidence) or None, "every_seconds": _seconds(duty.every),
        "rounds_done": duty.rounds_done, "rounds_missed": duty.rounds_missed, "propose": list(duty.propose),
    }  # fmt: skip


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def next_update_json(s: Incident) -> Json:
    """When the next update is due, and since when one is overdue."""
    following = next_update(s.duties, s.said_at) if s.is_open else NextUpdate()
    return {
        "next_update_at": instant_text(following.due),
        "next_update_overdue_since": instant_text(following.overdue_since),
    }


def incident_json(stored: Stored, link: str, now: datetime) -> Json:
    """An incident as the API and `--json` show it."""
    s = stored.state
    return {
        "id": s.name, "title": s.title, "severity": s.severity, "status": s.status, "service": s.service,
        "check": s.check, "impact": s.impact, "declared_at": instant_text(s.declared_at),
        "declared_by": s.declared_by, "acknowledged_at": instant_text(s.acknowledged_at),
        "acknowledged_by": s.acknowledged_by, "resolved_at": instant_text(s.resolved_at), "commander": s.commander,
        "roles": dict(s.roles), "roles_missing": list(roles.missing(s)) if s.is_open else [],
        "clocks": [clock_json(clock, now) for clock in sla.to_show(s.clocks, s.is_open)],
        "extended_until": instant_text(s.extended_until),
        "duties": [duty_json(duty, now) for duty in s.duties], "alerts": stored.alerts,
        "duties_set_aside": [duty_json(duty, now) for duty in s.set_aside],
        "ticket": ticket_of(s), "write_up": s.write_up, "paging": list(s.paging), "awaited": list(s.awaited),
        "passed_on": list(s.passed_on), "summary": s.summary, "next_steps": s.next_steps, "eta": s.eta,
        "root_cause": s.root_cause, "resolution": s.resolution, "suspected_cause": s.suspected, "said": s.said,
        **next_update_json(s), **diagnosis_json(s),
        "war_room": {"name": s.room.name, "channel": s.room.channel or None} if s.room else None,
        "merged_into": incident_name(s.merged_into) if s.merged_into else None,
        "review_at": instant_text(s.review_at), "runbook_version": s.runbook_version, "drill": s.drill, "link": link,
    }  # fmt: skip


def diagnosis_json(s: Incident) -> Json:
    """What was found, the likely causes in their order, and how far the looks are."""
    d = s.diagnosis
    return {
        "causes": [diagnosis.cause_json(cause) for cause in diagnosis.likely(d.findings, s.declared_at)],
        "findings": [diagnosis.finding_json(finding) for finding in d.listed()],
        "diagnosis": {
            "run": d.run, "running": d.running, "started_at": instant_text(d.started_at),
            "assessed_at": instant_text(d.assessed_at), "looking": list(d.looking), "waiting": list(d.waiting),
        } if d.run else None,
    }  # fmt: skip


def clock_json(clock: sla.Clock, now: datetime) -> Json:
    """A clock of the severity; `started_at` is the declaration, or the change that made it anew."""
    return {
        "clock": clock.which, "state": sla.state_of(clock, now), "started_at": instant_text(clock.start),
        "at_risk_at": instant_text(clock.at_risk), "due_at": instant_text(clock.due),
        "met_at": instant_text(clock.met_at),
    }  # fmt: skip


def ticket_of(state: Incident) -> Json:
    """The ticket of an incident; None where it has none."""
    if state.ticket is None:
        return None
    return {
        "id": state.ticket, "tracker": state.tracker or tickets.LOCAL, "link": state.ticket_link or None,
        "state": "closed" if state.ticket_closed_at else "open", "closed_at": instant_text(state.ticket_closed_at),
    }  # fmt: skip


def ticket_json(stored: Stored, runbook: Runbook, link: str) -> Json:
    """A ticket in a list: with what it is about."""
    s = stored.state
    return {
        **ticket_of(s), "incident": s.name, "title": s.title, "service": s.service, "severity": s.severity,
        "label": tickets.label(runbook, s.severity), "opened_at": instant_text(s.ticket_at),
        "incident_status": s.status, "incident_link": link, "drill": s.drill,
    }  # fmt: skip


def entry_json(entry: Entry) -> Json:
    """A timeline entry."""
    return {
        "seq": entry.seq, "at": instant_text(entry.at), "kind": entry.kind, "actor": entry.actor,
        "data": entry.data, "hash": entry.hash,
    }  # fmt: skip


def page_json(row: Any, attempts: Sequence[Any]) -> Json:
    """A page with its ledger."""
    return {
        "id": row.id, "incident": incident_name(row.incident), "person": row.person, "via": row.via,
        "reason": row.reason, "state": row.state, "why": row.why, "urgency": row.urgency,
        "requested_at": instant_text(row.requested_at), "closed_at": instant_text(row.closed_at),
        "runbook_version": row.runbook_version, "because": row.because,
        "attempts": [
            {"at": instant_text(a.at), "via": a.via, "verdict": a.verdict, "receipt": a.receipt, "why": a.why}
            for a in attempts
            if a.page == row.id
        ],
    }  # fmt: skip


def alert_json(row: Any, *, raw: bool) -> Json:
    """An alert; the bytes of one that could not be read only for admins."""
    shown = {
        "id": row.id, "key": row.key, "source": row.source, "title": row.title, "text": row.text,
        "service": row.service, "check": row.check, "severity": row.severity, "labels": row.labels,
        "links": [{"text": text, "href": href} for text, href in row.links], "state": row.state,
        "episode": row.episode, "count": row.count, "first_at": instant_text(row.first_at),
        "last_at": instant_text(row.last_at), "started_at": instant_text(row.started_at),
        "resolved_at": instant_text(row.resolved_at),
        "incident": incident_name(row.incident) if row.incident else None, "disposition": row.disposition,
        "rule": row.rule,
    }  # fmt: skip
    if raw and row.raw is not None:
        shown["raw"] = row.raw.decode("utf-8", "backslashreplace")
    return shown


def shift_json(shift: oncall.Shift) -> Json:
    """A shift; without bounds where there are none."""
    far = shift.start.year <= 1, shift.until.year >= 9999
    return {
        "schedule": shift.schedule, "people": list(shift.people),
        "from": None if far[0] else instant_text(shift.start), "until": None if far[1] else instant_text(shift.until),
        "override": shift.override,
        "instead": [{"person": i.person, "of": i.of, "reason": i.reason} for i in shift.instead],
        "tzdata": zones.version(),
    }  # fmt: skip


def override_json(override: oncall.Override) -> Json:
    """An override."""
    return {
        "id": override.id, "schedule": override.schedule, "person": override.person,
        "from": instant_text(override.start), "until": instant_text(override.until), "reason": override.reason,
        "replaces": override.replaces,
    }  # fmt: skip


def maintenance_json(plan: Plan, now: datetime, hold: Sequence[str] = ()) -> Json:
    """Planned work: the time that runs or comes next, and by which rule it comes again."""
    start, until = plan.next_span(now)
    status = "scheduled" if now < start else "in_progress" if now < until else "completed"
    return {
        "id": plan.id, "title": plan.title, "text": plan.text, "components": list(plan.components),
        "from": instant_text(start), "until": instant_text(until), "status": status, "repeat": plan.repeat,
        "timezone": plan.zone, "hold": list(hold), "by": plan.by,
    }  # fmt: skip


def silence_json(one: Silence, now: datetime, holding: int = 0) -> Json:
    """A silence: the time that runs or comes next, and how many alerts it holds back that fire now."""
    start, until = one.next_span(now) or (one.start, one.ended_at or one.until)
    return {
        "id": one.id, "matchers": list(one.matchers), "from": instant_text(start), "until": instant_text(until),
        "repeat": one.repeat, "timezone": one.zone, "reason": one.reason, "by": one.by, "state": one.state(now),
        "maintenance": one.work, "created_at": instant_text(one.created_at), "ended_at": instant_text(one.ended_at),
        "ended_by": one.ended_by, "holding": holding,
    }  # fmt: skip


def action_json(item: ActionItem, runbook: Runbook, now: datetime) -> Json:
    """An action item; `overdue` by its owner's calendar."""
    return {
        "id": item.id, "incident": incident_name(item.incident), "title": item.title, "owner": item.owner,
        "owner_left": item.owner not in runbook.people, "due": item.due.isoformat(), "state": item.state,
        "overdue": action_items.is_overdue(item, runbook, now), "issue": item.link or None,
        "verify": item.verify or None, "reason": item.why or None, "created_at": instant_text(item.created_at),
        "created_by": item.created_by, "closed_at": instant_text(item.closed_at), "closed_by": item.closed_by,
    }  # fmt: skip


def held_json(row: Any) -> Json:
    """An alert that is or was held back, with what holds it, since when and until when."""
    return {
        **alert_json(row, raw=False), "held_by": row.held_by, "held_rule": row.held_rule,
        "held_since": instant_text(row.held_since), "held_until": instant_text(row.held_until),
        "held_over_at": instant_text(row.held_over_at), "outcome": row.held_outcome,
    }  # fmt: skip


def handoff_json(row: Any) -> Json:
    """A hand-off: who takes which schedules since when, and whether they have said so."""
    return {
        "id": row.id, "at": instant_text(row.at), "person": row.person, "schedules": row.schedules,
        "state": row.state, "confirm_by": instant_text(row.confirm_by), "reminders": row.reminders,
        "confirmed_at": instant_text(row.confirmed_at), "confirmed_by": row.confirmed_by, "told": row.told,
        "missed": row.missed,
    }  # fmt: skip


def readiness_json(report: Report) -> Json:
    """Readiness: findings with what to do next, and how each person would be reached."""
    return {
        "at": instant_text(report.at), "runbook_version": report.version,
        "looked_at": instant_text(report.looked_at), "told_at": instant_text(report.told_at),
        "findings": [
            {"kind": f.kind, "subject": f.subject, "text": f.text, "next": NEXT.get(f.kind)} for f in report.findings
        ],
        "people": [
            {
                "person": night.person, "at": instant_text(night.at), "reachable": night.reachable,
                "on_call": list(night.schedules),
                "tested_at": instant_text(night.tested[0]) if night.tested else None,
                "answered_at": instant_text(night.tested[1]) if night.tested else None,
                "ways": [
                    {"via": way.via, "after_seconds": _seconds(way.at - night.at), "state": way.state,
                     "why": way.why or None, "proved_at": instant_text(way.proved_at),
                     "instead_of": way.instead_of or None}
                    for way in night.ways
                ],
            }
            for night in report.nights
        ],
    }  # fmt: skip


def absence_json(absence: oncall.Absence) -> Json:
    """An absence."""
    return {
        "id": absence.id, "person": absence.person, "from": instant_text(absence.start),
        "until": instant_text(absence.until), "reason": absence.reason,
    }  # fmt: skip


def swap_json(swap: Swap) -> Json:
    """A swap of two turns."""
    return {
        "id": swap.id, "schedule": swap.schedule, "asker": swap.asker, "other": swap.other, "state": swap.state,
        "from": instant_text(swap.start), "until": instant_text(swap.until),
        "back": {"from": instant_text(swap.back_start), "until": instant_text(swap.back_until)},
        "reason": swap.reason, "asked_at": instant_text(swap.asked_at), "expires_at": instant_text(swap.expires_at),
    }  # fmt: skip


def link_json(link: Link) -> Json:
    """A calendar link, without its secret."""
    return {"id": link.id, link.kind: link.of, "by": link.by, "created_at": instant_text(link.created_at)}


def subscriber_json(one: Subscription, row: Any) -> Json:
    """A subscription to the status page, with its address: for admins alone."""
    times = {
        name: instant_text(at) if at else None
        for name, at in (("asked_at", row.created_at), ("confirmed_at", row.confirmed_at),
                         ("failing_since", row.failing_since), ("ended_at", row.ended_at))
    }  # fmt: skip
    return {
        "id": one.id, "kind": one.kind, "address": one.address, "components": list(one.components), "state": one.state,
        **times, "why": row.why,
    }  # fmt: skip


def restored_json(waits: Waiting | None) -> Json:
    """What a restored database holds back."""
    if waits is None:
        return {"held": False, "until": None, "open": 0, "would_page": []}
    pages = [
        {"incident": s.name, "severity": s.severity, "title": s.title, "people": list(s.paging)}
        for s in waits.would_page
    ]
    return {"held": True, "until": instant_text(waits.until), "open": waits.open, "would_page": pages}
