"""Paging an incident: the severity's people, the steps of the policy, once in a decision, and never in silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core import escalation
from tocsin.core.calendar import words
from tocsin.core.draft import Draft
from tocsin.core.events import OffCall, WentSilent
from tocsin.core.incident import (
    Incident,
    walk_to_json,
)
from tocsin.core.types import (
    SYSTEM,
    Page,
    Tell,
    uuid7,
)


def climbing(state: Incident) -> bool:
    """Say whether the policy still climbs: open, not answered, and of a severity that pages."""
    return state.is_open and not state.answered and state.walk is not None and state.urgency != "none"


def page(
    draft: Draft, person: str, reason: str, targets: tuple[str, ...] = (), why: Mapping[str, Any] = {}, *,
    turn: str = "", loud: bool = False, **data: Any,
) -> None:  # fmt: skip
    """
    Page a person, whom *targets* name, once in a decision; who is paged by it already is named, not paged twice.

    *loud*: with high urgency, whatever the incident's is.
    """
    if any(isinstance(e, Page) and e.person == person for e in draft.effects):
        draft.add("page_moot", SYSTEM, person=person, reason=reason, why="already paged at this instant", **data)
        return
    id_ = uuid7(draft.now, "page", draft.state.number, draft.state.pages, person)
    urgency = "high" if loud or draft.state.urgency == "high" else "low"
    draft.add("paged", SYSTEM, person=person, page=id_, reason=reason, urgency=urgency, **data)
    draft.effects.append(Page(id_, person, urgency, reason, targets, why, turn))  # type: ignore[arg-type]


def page_severity(draft: Draft) -> None:
    """Page whom the severity names at T+0."""
    severity = draft.runbook.severities[draft.state.severity]
    for target in severity.page:
        for person in sorted(draft.around.who(target)):
            if not any(isinstance(e, Page) and e.person == person for e in draft.effects):
                page(draft, person, f"{draft.state.severity} pages {target}", (target,))


def walk_on(draft: Draft, *, at_once: bool = False) -> tuple[escalation.Taken, ...]:
    """Take the steps of the escalation policy that are due, and page who they name."""
    state = draft.state
    if state.walk is None or not (climbing(state) or at_once):
        return ()
    who, turns = draft.around.who, draft.around.turns
    if at_once:
        _, steps = escalation.climb(state.walk, who, turns)
    else:
        _, steps = escalation.advance(state.walk, draft.now, who, turns)
    if state.have_it and state.awaited and not at_once:
        _page_awaited(draft, steps)
        return steps
    _page_steps(draft, steps, "escalated: " if at_once else "")
    if steps and steps[-1].last_resort and (not at_once):
        _last_resort(draft)
    return steps


def _page_steps(draft: Draft, steps: tuple[escalation.Taken, ...], why: str) -> None:
    """Page whom the steps name; *why* stands before the step in the reason."""
    policy = draft.state.walk.policy if draft.state.walk else ""
    for step in steps:
        reason = f"{why}step {step.step} of {policy}, round {step.round}: {', '.join(step.targets)}"
        stood = {"policy": policy, "step": step.step, "round": step.round}
        if draft.state.by_hand:
            hand = f"paged by hand by {draft.state.declared_by}"
            reason = hand if step.targets == (draft.state.by_hand,) else f"{reason} ({draft.state.by_hand} was {hand})"
        for person in sorted(step.people):
            must = step.all_must or None
            page(draft, person, reason, step.targets, stood, turn=step.turn, taken=step.count, must=must)
        if not step.people:
            draft.add("page_moot", SYSTEM, reason=reason, why="this step stands for nobody now", taken=step.count)
    if steps and not any(step.people for step in steps):
        _page_everyone(draft, policy)


def _page_everyone(draft: Draft, policy: str) -> None:
    """No step that is left stands for anybody, as in a gap of every schedule: anybody is better than nobody."""
    for person in sorted(draft.around.who("everyone")):
        page(draft, person, f"no step of {policy} stands for anybody now, so everyone is paged", ("everyone",))


def _page_awaited(draft: Draft, steps: tuple[escalation.Taken, ...]) -> None:
    """Somebody has it, others must acknowledge for themselves: at the time of each step they are asked again."""
    for step in steps:
        for person in draft.state.awaited:
            page(draft, person, "everybody whom this step names must acknowledge; you have not yet", taken=step.count)


def _last_resort(draft: Draft) -> None:
    """Say in the alerts channel that nobody answers. The key has no instant: it is said once."""
    state = draft.state
    text = (
        f"Nobody has acknowledged {state.name} ({state.severity}: {state.title}) in "
        f"{words(draft.now - state.declared_at)}. The escalation policy {state.walk.policy if state.walk else ''} "
        f"has been walked to its end; its last step is paged again and again. Somebody, please take it: "
        f"{draft.around.link}"
    )
    draft.effects.append(Tell("last_resort", f"Nobody answers: {state.name}", text, channel="alerts", urgent=True))


def climb_now(draft: Draft, *, ahead: bool = False) -> None:
    """
    Page the next step of the policy at once, also when the incident is already acknowledged.

    *ahead*: the walk goes on by itself, and takes that step again at its own time.
    """
    if draft.state.walk is None:
        for person in sorted(draft.around.who("everyone")):
            page(draft, person, "escalated; this severity has no policy, so everyone is paged", ("everyone",))
        return
    if ahead:
        page_ahead(draft, draft.state.walk, "escalated")
    else:
        walk_on(draft, at_once=True)


def hand_over(draft: Draft, by: str, why: str) -> None:
    """
    Take the next step at once, because *by* cannot take it; the later steps keep their distance from it.

    *by* is not paged by it. Where it stands for nobody else the walk stays where it is, and asks them again in time.
    """
    state = draft.state
    moved, steps = None, tuple[escalation.Taken, ...]()
    if state.walk and state.urgency != "none":
        moved = escalation.brought_forward(state.walk, draft.now)
        _, steps = escalation.climb(moved, lambda target: draft.around.who(target) - {by}, draft.around.turns)
    found = bool(steps) and bool(steps[-1].people)
    reason = why or f"{by} cannot take it"
    draft.add("escalated", by, reason=reason, walk=walk_to_json(moved) if found and climbing(state) else None)
    if found:
        _page_steps(draft, steps, f"{by} cannot take it: ")
        return
    text = (
        f"{by} cannot take {state.name} ({state.severity}: {state.title}), and nobody else is named. "
        f"Somebody, please take it: {draft.around.link}"
    )
    key = f"passed_on:{by}:{draft.now.isoformat()}"
    draft.effects.append(Tell(key, f"Nobody takes {state.name}", text, channel="alerts", urgent=True))


def page_ahead(draft: Draft, walk: escalation.Walk, why: str) -> None:
    """Page the next step's people before its time; the walk takes that step again when it is due."""
    _, steps = escalation.climb(walk, draft.around.who, draft.around.turns)
    last = steps[-1]
    step = {"policy": walk.policy, "step": last.step, "round": last.round}
    for person in sorted(last.people):
        reason = f"{why}: {', '.join(last.targets)}, the next step of {walk.policy}"
        page(draft, person, reason, last.targets, step, turn=last.turn)


def off_call(draft: Draft, event: OffCall) -> None:
    """A page was for somebody whose shift has ended since: it goes to whoever has the shift now."""
    must = event.person in draft.state.awaited or None
    draft.add("page_moot", SYSTEM, page=event.page, person=event.person, why="their shift ended before it was sent")
    if not climbing(draft.state):
        return
    now_on = frozenset[str]().union(*map(draft.around.who, event.targets))
    for person in sorted(now_on - set(draft.state.paging)):
        page(draft, person, f"in place of {event.person}: {', '.join(event.targets)}", event.targets, must=must)


def page_again(draft: Draft, why: str) -> None:
    """Ask for an acknowledgement anew: the severity's people, or who was paged by hand; the policy from its start."""
    state = draft.state
    name, policy = draft.runbook.policy_for(state.service)
    pages = bool(draft.runbook.severities[state.severity].page) and bool(policy.steps)
    walk = escalation.begin(name, policy, draft.now) if pages or state.by_hand else None
    if walk and state.by_hand:
        walk = escalation.by_hand(walk, state.by_hand)
    draft.add("unacknowledged", SYSTEM, reason=why, walk=walk_to_json(walk))
    if not state.by_hand:
        page_severity(draft)
    walk_on(draft)


def went_silent(draft: Draft, event: WentSilent) -> None:
    """Say that the auditor drives it again, and page those whose page was lost; what is due is done by the clock."""
    draft.add("note", SYSTEM, text=f"The auditor found this incident silent: {event.why}. It was driven again.")
    for person in event.lost:
        page(draft, person, "a page was lost before it was sent; it is asked for again")


# --------------------------------------------------------------------------------------------- what nothing followed

REMIND: Final = timedelta(minutes=5)  # before an acknowledgement expires, or a fifth of its time where that is less
WATCHED: Final = ("acknowledged", "investigating", "identified")  # monitoring is waiting, not forgetting


def expires_at(state: Incident) -> datetime | None:
    """When the acknowledgement expires, if nobody does anything until then; None where it does not."""
    if not state.is_open or not state.answered or state.lasts is None or state.status not in WATCHED:
        return None
    return (state.heard_at or state.declared_at) + state.lasts


def reminds_at(state: Incident) -> datetime | None:
    """When who acknowledged is reminded of it."""
    ends = expires_at(state)
    return ends - min(REMIND, (state.lasts or REMIND) / 5) if ends else None


def look_for_followers(draft: Draft) -> None:
    """Remind who acknowledged when nothing followed; past its time that is void, and paging begins anew."""
    state, ends, reminds = draft.state, expires_at(draft.state), reminds_at(draft.state)
    if ends is None or reminds is None or state.lasts is None or draft.now < reminds:
        return
    by = state.answered_by or ""
    if ends <= draft.now:
        page_again(draft, f"the acknowledgement of {by} expired: nothing followed for {words(state.lasts)}")
        return
    text = (
        f"You acknowledged {state.name} ({state.severity}: {state.title}). Nothing followed since. In "
        f"{words(ends - draft.now)} paging begins again; an update, a note or another acknowledgement keeps it yours: "
        f"{draft.around.link}"
    )
    if by in draft.runbook.people:
        key = f"expires:{ends.isoformat()}"
        draft.effects.append(Tell(key, f"Still on {state.name}?", text, person=by, urgent=True))
