"""Roles: taking one, handing it over with what the next needs to know, giving it up; and that nobody has it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tocsin.core import protocol
from tocsin.core.calendar import utc_words
from tocsin.core.draft import Draft, refuse_closed
from tocsin.core.events import Assign
from tocsin.core.incident import ROLES, Incident
from tocsin.core.sentences import name_of
from tocsin.core.types import SYSTEM, Refused, Tell

DUTIES_TOLD: Final = 5  # of the open ones, in a hand-over


def assign(draft: Draft, event: Assign) -> None:
    """Give a role to a person, and tell them and who had it; giving it up says who is missing."""
    refuse_closed(draft)
    state, people = draft.state, draft.runbook.people
    if event.role not in ROLES:
        raise Refused(f"no role {event.role!r}; there are {', '.join(ROLES)}", 422)
    if event.person is not None and event.person not in people:
        raise Refused(f"no person {event.person!r}; the runbook has {', '.join(people)}", 422)
    holder = state.roles.get(event.role)
    if holder == event.person:
        return
    if event.was is not None and event.was != (holder or ""):
        has = f"{name_of(holder, _names(draft))} is" if holder else "nobody is"
        raise Refused(f"{has} {event.role} of {state.name} by now; nothing was changed. Look again, then hand it over")
    if event.person and event.role == "commander":
        draft.add("commander_assigned", event.by, person=event.person, before=holder)
    else:
        draft.add("role_assigned", event.by, role=event.role, person=event.person, before=holder)
    _tell(draft, event, holder)
    if event.person is None:
        say_gap(draft, (event.role,))


def _names(draft: Draft) -> dict[str, str]:
    return {id_: person.name for id_, person in draft.runbook.people.items()}


def _tell(draft: Draft, event: Assign, holder: str | None) -> None:
    state, names = draft.state, _names(draft)
    key = f"assigned:{event.role}:{draft.now.isoformat()}"
    by = name_of(event.by, names)
    if event.person and event.person != event.by:
        text = f"{by} made you {event.role} of {state.name}: {state.title}\n{briefing(draft)}"
        title = f"You are {event.role} of {state.name}"
        draft.effects.append(Tell(key, title, text, person=event.person, urgent=True))
    if holder in draft.runbook.people and holder != event.by:
        now = f"{name_of(event.person, names)} is {event.role}" if event.person else f"you are not {event.role}"
        text = f"{by} changed it: {now} of {state.name} now: {state.title}\n{draft.around.link}"
        title = f"You are not {event.role} of {state.name} any more"
        draft.effects.append(Tell(f"{key}:before", title, text, person=holder, urgent=True))


def briefing(draft: Draft) -> str:
    """What somebody who takes over needs to know: how it stands, what is due next, who else is there, where it is."""
    state, names = draft.state, _names(draft)
    open_ = [d for d in state.duties if protocol.is_open(d) and d.deadline and (d.every or not d.missed_at)]
    open_.sort(key=lambda duty: duty.deadline or draft.now)
    others = [f"{role}: {name_of(person, names)}" for role, person in state.roles.items()]
    lines = [
        f"{state.severity}, {state.status}, since {utc_words(state.declared_at)}",
        *([f"Impact: {state.impact}"] if state.impact else []),
        *([f"Last update: {state.summary}"] if state.summary else []),
        *(f"By {duty.deadline:%H:%M} UTC: {duty.title}" for duty in open_[:DUTIES_TOLD]),
        *([", ".join(others)] if others else []),
        draft.around.link,
    ]
    return "\n".join(lines)


# --------------------------------------------------------------------------------------------- gaps


def missing(state: Incident) -> tuple[str, ...]:
    """The roles that nobody has; a commander who said that they cannot take it has none."""
    return tuple(
        r for r in ROLES if not state.roles.get(r) or (r == "commander" and state.commander in state.passed_on)
    )


def gap_at(state: Incident) -> datetime | None:
    """
    When a role that nobody has is noticed: once the protocol wants a commander, else once somebody had to answer.

    None where the severity is not urgent: nobody needs three roles for a ticket.
    """
    if not state.is_open or state.urgency != "high" or state.by_hand or not state.clocks or state.gaps_said:
        return None
    for duty in state.duties:
        if "commander_assigned" in duty.done_by and duty.at is not None:
            return duty.at + (duty.span or timedelta(0))
    return state.clocks[0].due


def notice_gaps(draft: Draft) -> None:
    """Say once that roles are held by nobody, at the time for it."""
    at = gap_at(draft.state)
    if at is not None and at <= draft.now and (roles := missing(draft.state)):
        say_gap(draft, roles)


def say_gap(draft: Draft, roles: tuple[str, ...]) -> None:
    """Note that nobody has *roles*, and tell the commander, or who is on call."""
    state = draft.state
    said = " and ".join(filter(None, (", ".join(roles[:-1]), roles[-1])))
    draft.add("note", SYSTEM, text=f"Nobody is {said}", roles=list(roles))
    text = f"Nobody is {said} of {state.name}: {state.title}\nTake it, or give it to somebody: {draft.around.link}"
    key = f"role_gap:{draft.now.isoformat()}"
    lead = draft.people_of("commander") if "commander" not in roles else draft.around.who("on_call")
    for person in sorted(lead):
        title = f"[{state.severity}] {state.name}: nobody is {said}"
        draft.effects.append(Tell(f"{key}:{person}", title, text, person=person, urgent=state.urgency == "high"))
