"""What follows from what happened: `decide(state, event, runbook, now) -> facts, effects, wake_at`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tocsin.core import (
    acting,
    communications,
    drill,
    escalation,
    joining,
    looking,
    protocol,
    review,
    room,
    sla,
    statuspage,
    tickets,
)
from tocsin.core.clock import room_opened, run_due
from tocsin.core.draft import Draft
from tocsin.core.events import (
    Acknowledge,
    ActionItemKept,
    ActionMoved,
    AlertsAttached,
    AlertsHeld,
    AlertsResolved,
    Around,
    AskTicket,
    Assign,
    Cause,
    Check,
    CloseTicket,
    Decision,
    Declared,
    Escalate,
    Event,
    Extend,
    GaveBack,
    LookAgain,
    Looked,
    MergeInto,
    MessageSeen,
    Note,
    OffCall,
    PageFailed,
    PassOn,
    PostmortemPublished,
    PostUpdate,
    Reopen,
    ReopenTicket,
    Resolve,
    ReviewPlanned,
    RoomOpened,
    Say,
    SendText,
    SetSeverity,
    SplitOff,
    StepCame,
    Tick,
    TicketOpened,
    TookOver,
    WentSilent,
    WriteUp,
)
from tocsin.core.incident import (
    Incident,
    born,
    clocks_to_json,
    duty_to_json,
    walk_to_json,
)
from tocsin.core.paging import (
    climbing,
    expires_at,
    off_call,
    page_again,
    page_ahead,
    page_severity,
    reminds_at,
    walk_on,
    went_silent,
)
from tocsin.core.people import (
    acknowledge,
    action_item,
    check,
    escalate,
    extend,
    message_seen,
    note,
    pass_on,
    post_update,
    publish_write_up,
    reopen,
    resolve,
)
from tocsin.core.roles import assign, gap_at
from tocsin.core.runbook import Runbook
from tocsin.core.severity import set_severity
from tocsin.core.tickets import close_ticket, ticket_opened
from tocsin.core.types import (
    SYSTEM,
    Fact,
    Refused,
    StopPaging,
    Tell,
)

SELF_RESOLVING: Final = "backlog"  # the protocol whose incidents end with their last alert (the others ask a person)


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
    person = event.person
    walk = escalation.begin(name, policy, now) if (severity.page or person) and policy.steps else None
    if walk and person:
        walk = escalation.by_hand(walk, person)
    rules = () if person else runbook.protocols[severity.protocol].duties
    duties = [protocol.begin(rule, now, runbook) for rule in rules]
    data = {
        "title": event.title, "severity": event.severity, "service": event.service, "check": event.check,
        "impact": event.impact, "rule": event.rule, "drill": event.drill or None, "alerts": list(event.alerts) or None,
        "public": (not event.drill and not person and statuspage.opens(runbook, event.severity)) or None,
        "alert": dict(event.alert) if event.alert else None,
        "urgency": event.urgency or severity.urgency, "protocol": severity.protocol, "person": person,
        "duties": [duty_to_json(duty) for duty in duties], "walk": walk_to_json(walk),
        "clocks": None if person else clocks_to_json(sla.begin(runbook, event.severity, now)),
    }  # fmt: skip
    fact = Fact("declared", now, event.by, {k: v for k, v in data.items() if v is not None})
    draft = Draft(born(number, version, fact), runbook, now, around, [fact])
    if not person:
        page_severity(draft)
    walk_on(draft)
    if severity.urgency != "none" and not person:
        draft.tell("initial_alert")
    return _decided(draft, None)


def decide(state: Incident, event: Event, runbook: Runbook, now: datetime, around: Around) -> Decision:
    """
    Work out what follows from *event*.

    Every event may be repeated: what already holds gives no fact. Whatever the event, what is due at *now* is done
    too, so that a late tick loses nothing.

    Raises:
        Refused: when a person asks for what cannot be; nothing is decided then.
    """
    draft = Draft(state, runbook, now, around)
    if not isinstance(event, Tick):
        _HANDLERS[type(event)](draft, event)
    return _decided(draft, state)


def _decided(draft: Draft, before: Incident | None) -> Decision:
    run_due(draft)
    tickets.follows(draft, before)
    acting.propose(draft)
    draft.effects.extend(statuspage.follows(before, draft.state, draft.facts, draft.runbook, draft.now))
    draft.effects.extend(room.follows(before, draft.state, draft.runbook, draft.around.link))
    effects = drill.marked(draft.state, draft.effects)
    return Decision(draft.state, tuple(draft.facts), effects, wake_at(draft.state, draft.now))


def wake_at(state: Incident, now: datetime) -> datetime | None:
    """Return the next instant after *now* at which something of this incident is due, or None."""
    instants = [t for t in protocol.instants(state.duties) if t > now]
    if state.is_open:
        instants += [t for t in looking.due(state) if t > now]
        instants += [t for t in (*sla.instants(state.clocks), gap_at(state), state.extended_until) if t and t > now]
    if state.walk and climbing(state):
        instants.append(max(escalation.due_at(state.walk), now))
    instants += [at for at in (reminds_at(state), expires_at(state)) if at is not None and at > now]
    return min(instants, default=None)


def _attached(draft: Draft, event: AlertsAttached) -> None:
    draft.add("alert_attached", f"source:{event.source}", keys=list(event.keys), count=event.count,
              because=event.because or None)  # fmt: skip
    if draft.state.status == "resolved":
        reopen(draft, Reopen(SYSTEM, "a new alert while it was being watched after its end", page_again=True))
    elif draft.state.status == "monitoring":
        page_again(draft, "a new alert while it was being monitored")


def _alerts_resolved(draft: Draft, event: AlertsResolved) -> None:
    state = draft.state
    draft.add("alert_resolved", f"source:{event.source}", keys=list(event.keys), count=event.count, firing=event.firing)
    if event.firing or not state.is_open:
        return
    if state.protocol == SELF_RESOLVING:
        resolve(draft, Resolve(SYSTEM, resolution="its last alert resolved by itself"))
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


def _page_failed(draft: Draft, event: PageFailed) -> None:
    """Nobody was reached by this page: say so, and page the next step now; once for each step, then by the clock."""
    draft.add("page_failed", SYSTEM, page=event.page, person=event.person, why=event.why)
    state = draft.state
    if state.walk and climbing(state) and not state.paging and state.pages_failed <= len(state.walk.steps):
        further = replace(state.walk, taken=state.walk.taken + state.pages_failed - 1)
        page_ahead(draft, further, "nobody was reached")


_HANDLERS: Final[Mapping[type, Callable[[Draft, Any], None]]] = {
    AlertsAttached: _attached,
    AlertsResolved: _alerts_resolved,
    Acknowledge: acknowledge,
    PassOn: pass_on,
    SetSeverity: set_severity,
    Assign: assign,
    PostUpdate: post_update,
    Escalate: escalate,
    Extend: extend,
    Note: note,
    ActionItemKept: action_item,
    ActionMoved: acting.moved,
    SendText: communications.send_text,
    Cause: communications.cause,
    Say: room.say,
    MessageSeen: message_seen,
    Check: check,
    WriteUp: publish_write_up,
    TicketOpened: ticket_opened,
    CloseTicket: close_ticket,
    AskTicket: tickets.ask_ticket,
    ReopenTicket: tickets.reopen_ticket,
    Resolve: resolve,
    Reopen: reopen,
    RoomOpened: room_opened,
    PageFailed: _page_failed,
    OffCall: off_call,
    WentSilent: went_silent,
    AlertsHeld: joining.alerts_held,
    MergeInto: joining.merge_into,
    TookOver: joining.took_over,
    SplitOff: joining.split_off,
    GaveBack: joining.gave_back,
    LookAgain: looking.look_again,
    Looked: looking.looked,
    ReviewPlanned: review.planned,
    StepCame: review.came,
    PostmortemPublished: review.published,
}
