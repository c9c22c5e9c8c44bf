"""What people do to an incident: each verb turns one event into facts and effects, or refuses in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tocsin.core import communications, escalation, promise, protocol, review, sla
from tocsin.core.calendar import words
from tocsin.core.draft import Draft, refuse_closed
from tocsin.core.events import (
    Acknowledge,
    ActionItemKept,
    Check,
    Escalate,
    Extend,
    MessageSeen,
    Note,
    PassOn,
    PostUpdate,
    Reopen,
    Resolve,
    WriteUp,
)
from tocsin.core.incident import (
    PUBLIC_STATUSES,
    Incident,
    clocks_to_json,
    duty_to_json,
    walk_to_json,
)
from tocsin.core.paging import climb_now, climbing, hand_over, page_again, reminds_at
from tocsin.core.secrets import without_secrets
from tocsin.core.types import (
    SYSTEM,
    Refused,
    StopPaging,
    Tell,
    WriteDraft,
    instant_text,
)

EXTEND_AT_LEAST: Final = timedelta(minutes=1)
MESSAGES_KEPT: Final = 1_000  # of the war room, for one incident
MESSAGE_LENGTH: Final = 2_000  # characters of one of them


def acknowledge(draft: Draft, event: Acknowledge) -> None:
    """I have it: paging stops, and the first to say so leads, when nobody does yet."""
    state = draft.state
    if not state.is_open:
        return
    first = state.acknowledged_at is None
    others = bool(state.have_it) and not state.answered and event.by not in state.awaited  # it waits for others
    reminded = reminds_at(state)
    again = state.answered_by == event.by and reminded is not None and reminded <= draft.now
    if first or again or event.by in state.paging or not (state.answered or (others and event.by in state.have_it)):
        draft.add("acknowledged", event.by, expires_after=_holds(draft))
        keep = draft.state.awaited
        draft.effects.append(StopPaging(f"acknowledged by {event.by}", by=event.by, keep=keep))
    leads = draft.state.commander
    if (leads is None or leads in draft.state.passed_on) and event.by in draft.runbook.people and leads != event.by:
        draft.add("commander_assigned", event.by, person=event.by)
    if first and state.urgency != "none" and not state.by_hand:
        draft.tell("acknowledged")


def _holds(draft: Draft) -> float | None:
    """How many seconds an acknowledgement holds with nothing following it: as the severity says, else the policy."""
    _, policy = draft.runbook.policy_for(draft.state.service)
    rule = draft.runbook.severities[draft.state.severity].acknowledgement or policy.acknowledgement
    return rule.expires_after.total_seconds() if rule else None


def pass_on(draft: Draft, event: PassOn) -> None:
    """
    I can't take it: the page of who says so ends, and the next step is paged at once. Saying it twice does it once.

    Who had acknowledged gives it back: it is then asked for anew. Where somebody else has it, nobody else is woken.
    """
    state, by = draft.state, event.by
    if not state.is_open:
        return
    has_it = state.answered and state.answered_by == by
    if (state.answered and not has_it and by not in state.paging) or (by in state.passed_on and not has_it):
        return
    why = f"{by} cannot take it" + (f": {event.reason}" if event.reason else "")
    draft.add("page_moot", by, person=by, reason="passed on", why=why, passed_on=True)
    draft.effects.append(StopPaging(why, only=by))
    if has_it:
        draft.add("unacknowledged", by, reason=why)
    hand_over(draft, by, event.reason)


def post_update(draft: Draft, event: PostUpdate) -> None:
    """Say how it stands; identified and fixed are facts of their own."""
    refuse_closed(draft)
    status = (event.status or "").lower() or None
    if status == "resolved":
        raise Refused("an update cannot resolve; use resolve, with the root cause and the resolution", 422)
    if status is not None and status not in PUBLIC_STATUSES:
        raise Refused(f"no status {event.status!r}; an update says {', '.join(PUBLIC_STATUSES[:3])}", 422)
    if not (event.summary or event.next_steps or status):
        raise Refused("an update needs a summary: one sentence on what is known", 422)
    if communications.repeated(draft.state, event, status):
        return
    communications.seen(draft, event.seen)
    communications.cause_locked(draft.state, event, status)
    promised = event.next_update
    until = None if promised is None else promise.checked(draft.state.duties, promised, draft.now)
    draft.add(
        "update_posted", event.by, status=status or _said(draft.state), summary=event.summary,
        next_steps=event.next_steps, eta=event.eta, impact=event.impact, public=event.public or None,
        next_update=instant_text(until),
    )  # fmt: skip
    if status == "identified":
        draft.add("cause_identified", event.by, summary=event.summary)
    elif status == "monitoring":
        draft.add("fix_deployed", event.by, summary=event.summary)
    draft.tell("status_update")


def _said(state: Incident) -> str:
    """The status of an update that names none: as it is, or investigating once somebody writes at all."""
    return state.status if state.status in PUBLIC_STATUSES else "investigating"


def escalate(draft: Draft, event: Escalate) -> None:
    """Page the next step now; a walk that still climbs goes on from there, as if that step had been due now."""
    refuse_closed(draft)
    walk = draft.state.walk if climbing(draft.state) else None
    moved = escalation.brought_forward(walk, draft.now) if walk else None
    draft.add("escalated", event.by, reason=event.reason or None, walk=walk_to_json(moved))
    climb_now(draft)


def extend(draft: Draft, event: Extend) -> None:
    """Say that it takes longer."""
    refuse_closed(draft)
    if event.span is not None and event.span < EXTEND_AT_LEAST:
        raise Refused("an extension is at least one minute", 422)
    until = draft.now + event.span if event.span else None
    draft.add("extended", event.by, reason=event.reason or None, until=instant_text(until))


def note(draft: Draft, event: Note) -> None:
    """Put a note on the timeline."""
    if not event.text.strip():
        raise Refused("a note needs a text", 422)
    draft.add("note", event.by, text=event.text)


def action_item(draft: Draft, event: ActionItemKept) -> None:
    """Put on the timeline what is agreed, and what came of it."""
    said = {"item": event.item, "title": event.title, "owner": event.owner}
    if event.state == "open":
        draft.add("action_item_added", event.by, **said, due=event.due, again=event.again or None,
                  reason=event.reason or None)  # fmt: skip
    else:
        draft.add("action_item_done", event.by, **said, state=event.state, reason=event.reason or None)


def message_seen(draft: Draft, event: MessageSeen) -> None:
    """Keep what was said in the war room, until there is too much of it: the last one kept says so."""
    kept = draft.state.messages
    if kept >= MESSAGES_KEPT or not event.text.strip():
        return
    last = True if kept == MESSAGES_KEPT - 1 else None
    text = without_secrets(event.text)[:MESSAGE_LENGTH]
    draft.add("message_seen", event.by, text=text, via=event.via, cut=len(event.text) > MESSAGE_LENGTH or None,
              last=last)  # fmt: skip


def check(draft: Draft, event: Check) -> None:
    """Tick a duty, whatever else would do it."""
    duty = next((d for d in draft.state.duties if d.id == event.duty), None)
    if duty is None:
        raise Refused(f"no duty {event.duty!r}; there are {', '.join(d.id for d in draft.state.duties)}", 422)
    if duty.done_at is not None:
        return
    if duty.at is None or draft.now < duty.at:
        raise Refused(f"the duty {duty.id} is not due yet", 409)
    draft.add("checked", event.by, duty=duty.id)


def publish_write_up(draft: Draft, event: WriteUp) -> None:
    """Publish the quick write-up: it stands on the incident's page, and the alerts channel hears of it."""
    state, text = draft.state, event.text.strip()
    if not text:
        raise Refused("a write-up needs a text: what happened, why, and what was done", 422)
    if state.is_open:
        raise Refused(f"{state.name} is still open; a write-up is written when it is resolved")
    if text == state.write_up:
        return
    draft.add("write_up_published", event.by, text=text)
    if "alerts" in draft.runbook.channels:
        title = f"[{state.severity}] {state.name}: write-up"
        said = f"Write-up of {state.name}: {state.title}\n\n{text}\n\n{draft.around.link}"
        draft.effects.append(Tell(f"write_up:{draft.now.isoformat()}", title, said, channel="alerts"))


def resolve(draft: Draft, event: Resolve) -> None:
    """End it: the all-clear, and where the severity wants one the review and the draft."""
    state, runbook, now = draft.state, draft.runbook, draft.now
    if not state.is_open:
        return
    communications.seen(draft, event.seen)
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
    if why := _needs_postmortem(draft):
        at = review.meeting_time(now, runbook)
        if review.is_late(at, now, runbook):
            why += f"; nobody works within {words(runbook.postmortems.due_within)} of the end"
        draft.add("review_scheduled", SYSTEM, at=instant_text(at), reason=why)
        draft.effects.append(WriteDraft())
    if state.urgency != "none" and not state.by_hand:
        draft.tell("all_clear")


def _needs_postmortem(draft: Draft) -> str:
    """Why a formal postmortem is written; empty where none is."""
    state, around = draft.state, draft.around
    if state.drill:  # its score is its review
        return ""
    kind = draft.runbook.severities[state.severity].postmortem
    if kind == "required":
        return f"{state.severity} requires a postmortem"
    return f"it recurs: {around.recurring} had the same" if kind == "if_recurring" and around.recurring else ""


def same_cause(one: Incident, other: Incident) -> bool:
    """
    Say whether two incidents of one service have the same cause: the same check, or the same root cause in words.

    Where neither tells them apart they count as the same: a postmortem too many harms less than one too few. A page by
    hand is no incident of a service.
    """
    if one.by_hand or other.by_hand:
        return False
    if one.check and one.check == other.check:
        return True
    causes = [" ".join((s.root_cause or "").casefold().split()).rstrip(".") for s in (one, other)]
    if all(causes):
        return causes[0] == causes[1]
    return not (one.check and other.check)


def reopen(draft: Draft, event: Reopen) -> None:
    """It is not over."""
    if draft.state.is_open:
        return
    if draft.state.merged_into:
        refuse_closed(draft)
    state = draft.state
    anew: tuple[sla.Which, ...] = ("response", "resolution") if event.page_again else ("resolution",)
    clocks = sla.again(state.clocks, draft.runbook, state.severity, draft.now, *anew)
    draft.add("reopened", event.by, reason=event.reason or None, clocks=clocks_to_json(clocks) or None)
    if event.page_again:
        page_again(draft, "the incident was reopened by a new alert")
