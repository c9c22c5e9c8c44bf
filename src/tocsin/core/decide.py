"""What follows from what happened: `decide(state, event, runbook, now) -> facts, effects, wake_at`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tocsin.core import escalation, protocol
from tocsin.core.calendar import words
from tocsin.core.events import (
    Acknowledge,
    AlertsAttached,
    AlertsResolved,
    Around,
    Assign,
    Check,
    Decision,
    Declared,
    Escalate,
    Event,
    Extend,
    Note,
    PageFailed,
    PostUpdate,
    Reopen,
    Resolve,
    RoomOpened,
    SetSeverity,
    Tick,
)
from tocsin.core.incident import (
    PUBLIC_STATUSES,
    ROLES,
    Duty,
    Incident,
    born,
    duty_to_json,
    fold,
    walk_to_json,
)
from tocsin.core.notify import announce, local_date
from tocsin.core.runbook import Runbook
from tocsin.core.types import (
    SYSTEM,
    Effect,
    Fact,
    FactKind,
    OpenRoom,
    Page,
    Refused,
    StopPaging,
    Tell,
    WriteDraft,
    instant_text,
    uuid7,
)

SELF_RESOLVING: Final = "backlog"  # the protocol whose incidents end with their last alert (the others ask a person)
EXTEND_AT_LEAST: Final = timedelta(minutes=1)


@dataclass(slots=True)
class _Draft:
    """A decision being made: each fact is folded at once, so that what follows from it sees it."""

    state: Incident
    runbook: Runbook
    now: datetime
    around: Around
    facts: list[Fact] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def add(self, kind: FactKind, actor: str, **data: Any) -> None:
        """Record a fact, then the duties that it does."""
        fact = Fact(kind, self.now, actor, {k: v for k, v in data.items() if v is not None})
        self.facts.append(fact)
        before = self.state.duties
        self.state = fold(self.state, fact)
        for duty in before:
            if protocol.does(duty, kind, fact.data, self.now):
                evidence = {"kind": kind, "actor": actor, "at": instant_text(self.now)}
                self.add("duty_done", actor, duty=duty.id, evidence=evidence)

    def tell(self, template: str, *, only_room: bool = False) -> None:
        self.effects.extend(
            announce(template, self.state, self.runbook, self.now, self.around.link, only_room=only_room)
        )

    def people_of(self, role: str) -> frozenset[str]:
        """Who has *role* now; the on-call person stands in for a role that nobody has taken."""
        if role in ROLES:
            held = self.state.roles.get(role) or self.state.commander
            return frozenset({held}) if held in self.runbook.people else self.around.who("on_call")
        return frozenset() if role == "system" else self.around.who(role)


def declare(number: int, version: str, event: Declared, runbook: Runbook, now: datetime, around: Around) -> Decision:
    """
    Open incident *number* under the runbook of *version*: page, announce, arm the duties, start what runs by itself.

    Raises:
        Refused: 422, when the runbook knows no such severity.
    """
    severity = runbook.severities.get(event.severity)
    if severity is None:
        raise Refused(f"no severity {event.severity!r}; the runbook has {', '.join(runbook.severities)}", 422)
    name, policy = runbook.policy_for(event.service)
    walk = escalation.begin(name, policy, now) if severity.page and policy.steps else None
    duties = [protocol.begin(rule, now, runbook) for rule in runbook.protocols[severity.protocol].duties]
    data = {
        "title": event.title, "severity": event.severity, "service": event.service, "check": event.check,
        "impact": event.impact, "rule": event.rule, "drill": event.drill or None, "alerts": list(event.alerts) or None,
        "urgency": severity.urgency, "protocol": severity.protocol,
        "duties": [duty_to_json(duty) for duty in duties], "walk": walk_to_json(walk),
    }  # fmt: skip
    fact = Fact("declared", now, event.by, {k: v for k, v in data.items() if v is not None})
    draft = _Draft(born(number, version, fact), runbook, now, around, [fact])
    _page_severity(draft)
    _walk(draft)
    if severity.urgency != "none":
        draft.tell("initial_alert")
    return _decided(draft)


def decide(state: Incident, event: Event, runbook: Runbook, now: datetime, around: Around) -> Decision:
    """
    Work out what follows from *event*.

    Every event may be repeated: what already holds gives no fact. Whatever the event, what is due at *now* is done
    too, so that a late tick loses nothing.

    Raises:
        Refused: when a person asks for what cannot be; nothing is decided then.
    """
    draft = _Draft(state, runbook, now, around)
    if not isinstance(event, Tick):
        _HANDLERS[type(event)](draft, event)
    return _decided(draft)


def _decided(draft: _Draft) -> Decision:
    _run_due(draft)
    return Decision(draft.state, tuple(draft.facts), tuple(draft.effects), wake_at(draft.state, draft.now))


def wake_at(state: Incident, now: datetime) -> datetime | None:
    """Return the next instant after *now* at which something of this incident is due, or None."""
    instants = [t for t in protocol.instants(state.duties) if t > now]
    if state.walk and _climbing(state):
        instants.append(max(escalation.due_at(state.walk), now))
    return min(instants, default=None)


def _climbing(state: Incident) -> bool:
    return state.is_open and not state.answered and state.walk is not None and state.urgency != "none"


# --------------------------------------------------------------------------------------------- paging


def _page(draft: _Draft, person: str, reason: str, **data: Any) -> None:
    """Page a person once in this decision; who is already paged by it is named, not paged twice."""
    if any(isinstance(e, Page) and e.person == person for e in draft.effects):
        draft.add("page_moot", SYSTEM, person=person, reason=reason, why="already paged at this instant", **data)
        return
    page = uuid7(draft.now, "page", draft.state.number, draft.state.pages, person)
    urgency = "high" if draft.state.urgency == "high" else "low"
    draft.add("paged", SYSTEM, person=person, page=page, reason=reason, urgency=urgency, **data)
    draft.effects.append(Page(page, person, urgency, reason))  # type: ignore[arg-type]


def _page_severity(draft: _Draft) -> None:
    severity = draft.runbook.severities[draft.state.severity]
    for target in severity.page:
        for person in sorted(draft.around.who(target)):
            if not any(isinstance(e, Page) and e.person == person for e in draft.effects):
                _page(draft, person, f"{draft.state.severity} pages {target}")


def _walk(draft: _Draft, *, at_once: bool = False) -> tuple[escalation.Taken, ...]:
    """Take the steps of the escalation policy that are due, and page who they name."""
    state = draft.state
    if state.walk is None or not (_climbing(state) or at_once):
        return ()
    policy = state.walk.policy
    who = draft.around.who
    _, steps = escalation.climb(state.walk, who) if at_once else escalation.advance(state.walk, draft.now, who)
    for step in steps:
        reason = f"step {step.step} of {policy}, round {step.round}: {', '.join(step.targets)}"
        for person in sorted(step.people):
            _page(draft, person, reason, taken=step.count)
        if not step.people:
            draft.add("page_moot", SYSTEM, reason=reason, why="this step stands for nobody now", taken=step.count)
    if steps and steps[-1].last_resort and (not at_once):
        _last_resort(draft)
    return steps


def _last_resort(draft: _Draft) -> None:
    """Say in the alerts channel that nobody answers. The key has no instant: it is said once."""
    state = draft.state
    text = (
        f"Nobody has acknowledged {state.name} ({state.severity}: {state.title}) in "
        f"{words(draft.now - state.declared_at)}. The escalation policy {state.walk.policy if state.walk else ''} "
        f"has been walked to its end; its last step is paged again and again. Somebody, please take it: "
        f"{draft.around.link}"
    )
    draft.effects.append(Tell("last_resort", f"Nobody answers: {state.name}", text, channel="alerts", urgent=True))


# --------------------------------------------------------------------------------------------- what people do


def _acknowledge(draft: _Draft, event: Acknowledge) -> None:
    state = draft.state
    if not state.is_open:
        return
    first = state.acknowledged_at is None
    if not state.answered or event.by in state.paging:
        draft.add("acknowledged", event.by)
        draft.effects.append(StopPaging(f"acknowledged by {event.by}", by=event.by))
    if draft.state.commander is None and event.by in draft.runbook.people:
        draft.add("commander_assigned", event.by, person=event.by)
    if first and state.urgency != "none":
        draft.tell("acknowledged")


def _set_severity(draft: _Draft, event: SetSeverity) -> None:
    _refuse_closed(draft)
    severity = draft.runbook.severities.get(event.severity)
    if severity is None:
        known = ", ".join(draft.runbook.severities)
        raise Refused(f"no severity {event.severity!r}; the runbook has {known}", 422)
    if event.severity != draft.state.severity:
        _change_severity(draft, event)
    elif draft.state.confirmed != event.severity:
        draft.add("severity_confirmed", event.by, severity=event.severity, reason=event.reason or None)


def _change_severity(draft: _Draft, event: SetSeverity) -> None:
    """Move to another severity: what was done stays done, and no new deadline lies in the past."""
    state, runbook, now = draft.state, draft.runbook, draft.now
    severity = runbook.severities[event.severity]
    name, policy = runbook.policy_for(state.service)
    begins = state.walk is None and bool(severity.page) and bool(policy.steps)
    duties = _merged_duties(state, severity.protocol, runbook, now)
    draft.add(
        "severity_changed", event.by, **{"from": state.severity}, severity=event.severity, reason=event.reason or None,
        urgency=severity.urgency, protocol=severity.protocol, duties=[duty_to_json(duty) for duty in duties],
        walk=walk_to_json(escalation.begin(name, policy, now)) if begins else None,
    )  # fmt: skip
    if event.by != SYSTEM:
        draft.add("severity_confirmed", event.by, severity=event.severity)
    if not draft.state.answered:
        already = set(draft.state.paging)
        for target in severity.page:
            for person in sorted(draft.around.who(target) - already):
                _page(draft, person, f"{event.severity} pages {target}")
                already.add(person)
        _walk(draft)


def _merged_duties(state: Incident, name: str, runbook: Runbook, now: datetime) -> list[Duty]:
    had = {duty.id: duty for duty in state.duties}
    merged = []
    for rule in runbook.protocols[name].duties:
        fresh = protocol.begin(rule, state.declared_at, runbook)
        old = had.get(rule.id)
        if old and (old.done_at or old.rounds_done) and not fresh.every:
            merged.append(replace(fresh, done_at=old.done_at or now, evidence=old.evidence, late=old.late))
        elif fresh.deadline is not None and fresh.deadline <= now:
            merged.append(protocol.arm(fresh, rule, now, runbook))
        else:
            merged.append(fresh)
    return merged


def _assign(draft: _Draft, event: Assign) -> None:
    _refuse_closed(draft)
    if event.role not in ROLES:
        raise Refused(f"no role {event.role!r}; there are {', '.join(ROLES)}", 422)
    if event.person not in draft.runbook.people:
        raise Refused(f"no person {event.person!r}; the runbook has {', '.join(draft.runbook.people)}", 422)
    if draft.state.roles.get(event.role) == event.person:
        return
    if event.role == "commander":
        draft.add("commander_assigned", event.by, person=event.person)
    else:
        draft.add("role_assigned", event.by, role=event.role, person=event.person)
    if event.person != event.by:
        text = f"{event.by} made you {event.role} of {draft.state.name}: {draft.state.title}\n{draft.around.link}"
        key = f"assigned:{event.role}:{draft.now.isoformat()}"
        draft.effects.append(
            Tell(key, f"You are {event.role} of {draft.state.name}", text, person=event.person, urgent=True)
        )


def _post_update(draft: _Draft, event: PostUpdate) -> None:
    _refuse_closed(draft)
    status = (event.status or "").lower() or None
    if status == "resolved":
        raise Refused("an update cannot resolve; use resolve, with the root cause and the resolution", 422)
    if status is not None and status not in PUBLIC_STATUSES:
        raise Refused(f"no status {event.status!r}; an update says {', '.join(PUBLIC_STATUSES[:3])}", 422)
    if not (event.summary or event.next_steps or status):
        raise Refused("an update needs a summary: one sentence on what is known", 422)
    draft.add(
        "update_posted", event.by, status=status or _said(draft.state), summary=event.summary,
        next_steps=event.next_steps, eta=event.eta, impact=event.impact, public=event.public or None,
    )  # fmt: skip
    if status == "identified":
        draft.add("cause_identified", event.by, summary=event.summary)
    elif status == "monitoring":
        draft.add("fix_deployed", event.by, summary=event.summary)
    draft.tell("status_update")


def _said(state: Incident) -> str:
    """The status of an update that names none: as it is, or investigating once somebody writes at all."""
    return state.status if state.status in PUBLIC_STATUSES else "investigating"


def _escalate(draft: _Draft, event: Escalate) -> None:
    _refuse_closed(draft)
    draft.add("escalated", event.by, reason=event.reason or None)
    _climb_now(draft)


def _climb_now(draft: _Draft, *, ahead: bool = False) -> None:
    """
    Page the next step of the policy at once, also when the incident is already acknowledged.

    *ahead*: the walk goes on by itself, and takes that step again at its own time.
    """
    if draft.state.walk is None:
        for person in sorted(draft.around.who("everyone")):
            _page(draft, person, "escalated; this severity has no policy, so everyone is paged")
        return
    if ahead:
        _page_ahead(draft, draft.state.walk, "escalated")
    else:
        _walk(draft, at_once=True)


def _page_ahead(draft: _Draft, walk: escalation.Walk, why: str) -> None:
    """Page the next step's people before its time; the walk takes that step again when it is due."""
    _, steps = escalation.climb(walk, draft.around.who)
    for person in sorted(steps[-1].people):
        _page(draft, person, f"{why}: {', '.join(steps[-1].targets)}, the next step of {walk.policy}")


def _extend(draft: _Draft, event: Extend) -> None:
    _refuse_closed(draft)
    if event.span is not None and event.span < EXTEND_AT_LEAST:
        raise Refused("an extension is at least one minute", 422)
    until = draft.now + event.span if event.span else None
    draft.add("extended", event.by, reason=event.reason or None, until=instant_text(until))


def _note(draft: _Draft, event: Note) -> None:
    if not event.text.strip():
        raise Refused("a note needs a text", 422)
    draft.add("note", event.by, text=event.text)


def _check(draft: _Draft, event: Check) -> None:
    duty = next((d for d in draft.state.duties if d.id == event.duty), None)
    if duty is None:
        raise Refused(f"no duty {event.duty!r}; there are {', '.join(d.id for d in draft.state.duties)}", 422)
    if duty.done_at is not None:
        return
    if duty.at is None or draft.now < duty.at:
        raise Refused(f"the duty {duty.id} is not due yet", 409)
    draft.add("checked", event.by, duty=duty.id)


def _resolve(draft: _Draft, event: Resolve) -> None:
    state, runbook, now = draft.state, draft.runbook, draft.now
    if not state.is_open:
        return
    if event.root_cause and not state.root_cause:
        draft.add("cause_identified", event.by, root_cause=event.root_cause)
    rules = {rule.id: rule for rule in runbook.protocols[state.protocol].duties} if state.protocol else {}
    armed = [
        duty_to_json(protocol.arm(duty, rules[duty.id], now, runbook))
        for duty in state.duties
        if duty.after == "resolved" and duty.id in rules
    ]
    draft.add("resolved", event.by, root_cause=event.root_cause, resolution=event.resolution, armed=armed or None)
    draft.effects.append(StopPaging(f"resolved by {event.by}", by=event.by))
    if _needs_postmortem(draft):
        draft.add("review_scheduled", SYSTEM, at=instant_text(review_time(now, runbook)))
        draft.effects.append(WriteDraft())
    if state.urgency != "none":
        draft.tell("all_clear")


def _needs_postmortem(draft: _Draft) -> bool:
    kind = draft.runbook.severities[draft.state.severity].postmortem
    return kind == "required" or (kind == "if_recurring" and draft.around.recurring)


def review_time(resolved_at: datetime, runbook: Runbook) -> datetime:
    """
    When the blameless review is: at the meeting's hour two local days after the end, never later than `due_within`.

    Where that hour falls outside `due_within`, the last quarter of an hour inside it.
    """
    rules = runbook.postmortems
    zone = ZoneInfo(runbook.organization.timezone)
    hour, minute = map(int, rules.meeting.at.split(":"))
    day = (resolved_at.astimezone(zone) + timedelta(days=2)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    latest = resolved_at + rules.due_within
    if day <= latest:
        return day.astimezone(resolved_at.tzinfo)
    return latest.replace(minute=latest.minute // 15 * 15, second=0, microsecond=0)


def _reopen(draft: _Draft, event: Reopen) -> None:
    if draft.state.is_open:
        return
    draft.add("reopened", event.by, reason=event.reason or None)
    if event.page_again:
        _page_again(draft, "the incident was reopened by a new alert")


def _page_again(draft: _Draft, why: str) -> None:
    """Ask for an acknowledgement anew: the severity's people and the policy from its first step."""
    name, policy = draft.runbook.policy_for(draft.state.service)
    pages = bool(draft.runbook.severities[draft.state.severity].page) and bool(policy.steps)
    walk = escalation.begin(name, policy, draft.now) if pages else None
    draft.add("unacknowledged", SYSTEM, reason=why, walk=walk_to_json(walk))
    _page_severity(draft)
    _walk(draft)


def _refuse_closed(draft: _Draft) -> None:
    if not draft.state.is_open:
        raise Refused(f"{draft.state.name} is resolved; reopen it first")


# --------------------------------------------------------------------------------------------- alerts, rooms, failures


def _attached(draft: _Draft, event: AlertsAttached) -> None:
    draft.add("alert_attached", f"source:{event.source}", keys=list(event.keys), count=event.count)
    if draft.state.status == "resolved":
        _reopen(draft, Reopen(SYSTEM, "a new alert while it was being watched after its end", page_again=True))
    elif draft.state.status == "monitoring":
        _page_again(draft, "a new alert while it was being monitored")


def _alerts_resolved(draft: _Draft, event: AlertsResolved) -> None:
    state = draft.state
    draft.add("alert_resolved", f"source:{event.source}", keys=list(event.keys), count=event.count, firing=event.firing)
    if event.firing or not state.is_open:
        return
    if state.protocol == SELF_RESOLVING:
        _resolve(draft, Resolve(SYSTEM, resolution="its last alert resolved by itself"))
        return
    if state.status == "monitoring":
        return
    stop = not state.answered
    draft.add("status_changed", SYSTEM, status="monitoring", paging_stopped=stop or None, reason="every alert resolved")
    if stop:
        draft.effects.append(StopPaging("every alert of the incident resolved"))
    text = f"Every alert of {state.name} has resolved: {state.title}\nIs it the all-clear? Then resolve it: "
    for person in sorted(draft.people_of("commander")):
        key = f"all_clear_asked:{draft.now.isoformat()}:{person}"
        tell = Tell(key, f"All-clear for {state.name}?", text + draft.around.link, person=person, urgent=True)
        draft.effects.append(tell)


def _room_opened(draft: _Draft, event: RoomOpened) -> None:
    if draft.state.room is not None:
        return
    note = event.note or None
    draft.add("war_room_opened", SYSTEM, name=event.name, channel=event.channel, thread=event.thread, note=note)
    draft.tell("initial_alert", only_room=True)


def _page_failed(draft: _Draft, event: PageFailed) -> None:
    """Nobody was reached by this page: say so, and page the next step now; once for each step, then by the clock."""
    draft.add("page_failed", SYSTEM, page=event.page, person=event.person, why=event.why)
    state = draft.state
    if state.walk and _climbing(state) and not state.paging and state.pages_failed <= len(state.walk.steps):
        further = replace(state.walk, taken=state.walk.taken + state.pages_failed - 1)
        _page_ahead(draft, further, "nobody was reached")


# --------------------------------------------------------------------------------------------- the clock


def _run_due(draft: _Draft) -> None:
    """Do all that is due at this instant. Doing it again changes nothing."""
    _walk(draft)
    _start_runs(draft)
    for duty in draft.state.duties:
        _look_at(draft, duty.id)


def _duty(draft: _Draft, id_: str) -> Duty:
    return next(duty for duty in draft.state.duties if duty.id == id_)


def _look_at(draft: _Draft, id_: str) -> None:
    now, duty = draft.now, _duty(draft, id_)
    if "elapsed" in duty.done_by and protocol.is_open(duty) and duty.deadline and duty.deadline <= now:
        draft.add("elapsed", SYSTEM, duty=id_)
        return
    if protocol.overdue(duty, now):
        _miss(draft, duty)
    elif duty.hand_on_at is not None and duty.hand_on_at <= now and protocol.is_open(duty):
        _hand_on(draft, duty)
    elif (remind := protocol.remind_at(duty)) and remind <= now:
        _remind(draft, duty)


def _miss(draft: _Draft, duty: Duty) -> None:
    """Record a missed duty, tell whoever had it, and hand it to the next role."""
    owners = draft.people_of(protocol.holder_of(duty))
    draft.add(
        "duty_missed", SYSTEM, duty=duty.id, title=duty.title, owner=duty.owner, deadline=instant_text(duty.deadline),
        people=sorted(owners),
    )  # fmt: skip
    for person in sorted(owners):
        _tell_duty(draft, duty, person, "missed", f"This duty was missed: {duty.title}")
    _hand_on(draft, _duty(draft, duty.id), frozenset(owners))
    if "escalate" in duty.if_missed:
        draft.add("escalated", SYSTEM, reason=f"the duty {duty.id} was missed", if_missed=True)
        _climb_now(draft, ahead=_climbing(draft.state))


def _hand_on(draft: _Draft, duty: Duty, had: frozenset[str] | None = None) -> None:
    """Give a missed duty to the next role that brings somebody new; the last one is everyone."""
    had = draft.people_of(protocol.holder_of(duty)) if had is None else had
    start = protocol.HAND_ON.index(duty.owner) if duty.holder < 0 and duty.owner in protocol.HAND_ON else duty.holder
    for place in range(start + 1, len(protocol.HAND_ON)):
        role = protocol.HAND_ON[place]
        if role == "commander" and draft.state.commander is None:
            continue
        people = draft.people_of(role)
        if people - had or place == len(protocol.HAND_ON) - 1:
            draft.add("handed_on", SYSTEM, duty=duty.id, to=role, people=sorted(people))
            for person in sorted(people - had):
                _tell_duty(draft, duty, person, f"handed:{role}", f"This duty is now yours ({role}): {duty.title}")
            return


def _remind(draft: _Draft, duty: Duty) -> None:
    left = words((duty.deadline or draft.now) - draft.now)
    for person in sorted(draft.people_of(protocol.holder_of(duty))):
        _tell_duty(draft, duty, person, "remind", f"Due in {left}: {duty.title}")


def _tell_duty(draft: _Draft, duty: Duty, person: str, what: str, text: str) -> None:
    state = draft.state
    round_ = duty.rounds_done + duty.rounds_missed
    title = f"[{state.severity}] {state.name}: {text}"
    body = f"{text}\n{state.title}\n{draft.around.link}"
    key = f"duty:{duty.id}:{round_}:{what}:{person}"
    draft.effects.append(Tell(key, title, body, person=person, duty=duty.id, urgent=True))


# --------------------------------------------------------------------------------------------- what runs by itself


def _start_runs(draft: _Draft) -> None:
    for duty in draft.state.duties:
        if protocol.is_open(duty) and duty.at is not None and duty.at <= draft.now:
            for name in duty.run:
                if name in _RUNS:
                    _RUNS[name](draft)


def _open_war_room(draft: _Draft) -> None:
    """Ask for the room once; without a channel that can be reached the incident's own page is the room."""
    if draft.state.room is not None or any(isinstance(e, OpenRoom) for e in draft.effects):
        return
    room = draft.runbook.war_room
    pattern = room.name if room else "#incident-{date}"
    name = pattern.replace("{date}", local_date(draft.state.declared_at, draft.runbook))
    if draft.around.rooms_today:
        name += f"-{draft.around.rooms_today + 1}"
    if room and draft.around.room_channel:
        draft.effects.append(OpenRoom(room.in_, name))
    else:
        note = "no chat is connected: the incident's own page is the war room"
        _room_opened(draft, RoomOpened(name, note=note))


def _notify_everyone(draft: _Draft) -> None:
    """All hands: who is not paged hears of it too. The key has no instant: each is told once."""
    state = draft.state
    for person in sorted(draft.around.who("everyone") - set(state.paging) - {state.commander}):
        text = f"All hands: {state.severity} {state.title}\n{draft.around.link}"
        draft.effects.append(
            Tell(f"all_hands:{person}", f"[{state.severity}] {state.title}", text, person=person, urgent=True)
        )


def _diagnose(draft: _Draft) -> None:
    """Say what Tocsin knows by itself: what fires, and who depends on the service."""
    state = draft.state
    if state.findings:
        return
    firing = draft.around.alerts
    text = f"{firing} alert{'' if firing == 1 else 's'} of this incident firing" if firing else "no alert is firing"
    draft.add("finding_added", SYSTEM, source="alerts", text=text, ok=True)
    if "blast_radius" in draft.runbook.diagnose:
        hit = sorted(draft.runbook.dependents(state.service)) if state.service else []
        text = f"depends on {state.service}: {', '.join(hit)}" if hit else "nothing else is known to depend on it"
        draft.add("finding_added", SYSTEM, source="blast_radius", text=text, ok=True)


def _create_ticket(draft: _Draft) -> None:
    if draft.state.ticket is None:
        draft.add("ticket_created", SYSTEM, tracker="local", ticket=draft.state.name)


_RUNS: Final[Mapping[str, Callable[[_Draft], None]]] = {
    "open_war_room": _open_war_room,
    "notify_everyone": _notify_everyone,
    "diagnose": _diagnose,
    "create_ticket": _create_ticket,
}

_HANDLERS: Final[Mapping[type, Callable[[_Draft, Any], None]]] = {
    AlertsAttached: _attached,
    AlertsResolved: _alerts_resolved,
    Acknowledge: _acknowledge,
    SetSeverity: _set_severity,
    Assign: _assign,
    PostUpdate: _post_update,
    Escalate: _escalate,
    Extend: _extend,
    Note: _note,
    Check: _check,
    Resolve: _resolve,
    Reopen: _reopen,
    RoomOpened: _room_opened,
    PageFailed: _page_failed,
}
