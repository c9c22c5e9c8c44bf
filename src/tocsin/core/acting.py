"""What an incident hears of an action: the fact on its timeline, who is told, and the page when nobody knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from tocsin.core.actions import Proposal, by_cause
from tocsin.core.draft import OPENS_ROOM, Draft
from tocsin.core.events import ActionMoved
from tocsin.core.paging import page
from tocsin.core.room import over
from tocsin.core.sentences import name_of
from tocsin.core.types import SYSTEM, Tell

LOUD: Final = ("action_failed", "action_unknown")  # told to the alerts channel too, where there is no room
SAYS: Final[Mapping[str, str]] = {
    "action_planned": "is planned",
    "action_approved": "is approved",
    "action_succeeded": "succeeded",
    "action_failed": "failed",
    "action_unknown": "may have been done or not: look",
    "action_undone": "is undone",
}


def moved(draft: Draft, event: ActionMoved) -> None:
    """Put a step of an action on the timeline, tell whom it concerns, and page who approved what nobody knows."""
    draft.add(
        event.kind, event.by, action=event.action, plan=event.plan, target=event.target, undo=event.undo or None,
        steps=list(event.steps) or None, approve=event.approve or None, why=event.why or None,
        receipt=event.receipt or None, dry=event.dry or None, rehearsal=event.rehearsal or None,
        again=event.again or None,
    )  # fmt: skip
    if event.kind == "action_unknown":
        _page(draft, event)
    if event.kind in SAYS and not event.dry:
        _tell(draft, event)


def _page(draft: Draft, event: ActionMoved) -> None:
    """Whoever approved it must look; where that is nobody of the runbook, whoever leads, else who is on call."""
    people = {event.approved_by} & set(draft.runbook.people) or draft.people_of("commander")
    for person in sorted(people):
        reason = f"{_name(event)} was begun and nobody knows how it ended: unknown, look at {event.target}"
        page(draft, person, reason, loud=True)


def _tell(draft: Draft, event: ActionMoved) -> None:
    state = draft.state
    names = {id_: person.name for id_, person in draft.runbook.people.items()}
    title = f"[{state.severity}] {state.name}: {_name(event)} {SAYS[event.kind]}"
    lines = [title, f"Target: {event.target}", *(f"- {step}" for step in event.steps)]
    if event.rehearsal:
        lines.append("A rehearsal: nothing is changed.")
    if event.why:
        lines.append(event.why[0].upper() + event.why[1:] + ".")
    if event.kind == "action_planned":
        lines.append(f"Planned by {name_of(event.by, names)}; {event.may_approve}. It holds for ten minutes.")
        if event.approve != "none":
            lines.append(f"To approve just this in a chat: approve {state.name} {event.code}")
    elif event.kind == "action_approved":
        lines.append(f"By {name_of(event.by, names)}. It is run now.")
    if event.undoable:
        lines.append("It can be undone.")
    lines.append(event.link)
    _say(draft, f"action:{event.plan}:{event.kind}", title, "\n".join(lines), _people(draft, event),
         loud=event.kind in LOUD)  # fmt: skip


def _name(event: ActionMoved) -> str:
    return f"the undo of {event.action}" if event.undo else event.action


def _people(draft: Draft, event: ActionMoved) -> set[str]:
    """Whom it concerns beside the room: who leads, who planned and approved it; for a plan, who may approve it."""
    if event.kind == "action_planned":
        asked = set(draft.people_of("commander")) - {event.by}
        if not asked and event.approve == "second_person":
            asked = set(draft.around.who("secondary") or draft.around.who("on_call")) - {event.by}
        return set() if event.approve == "none" else asked
    return {*draft.people_of("commander"), event.planned_by, event.approved_by} - {event.by}


def _say(draft: Draft, key: str, title: str, text: str, people: Collection[str], *, loud: bool = False) -> None:
    """Say it in the war room, else where it must be heard in the alerts channel, and to *people* of the runbook."""
    state, war_room = draft.state, draft.runbook.war_room
    opens = state.room is not None or any(OPENS_ROOM in duty.run for duty in state.duties)
    if war_room and draft.around.room_channel and opens and not over(state):
        draft.effects.append(Tell(f"{key}:room", title, text, channel=war_room.in_, room=True, plain=True))
    elif loud and "alerts" in draft.runbook.channels:
        draft.effects.append(Tell(f"{key}:alerts", title, text, channel="alerts", urgent=True, plain=True))
    for person in sorted(set(people) & set(draft.runbook.people)):
        urgent = loud or state.urgency == "high"
        draft.effects.append(Tell(f"{key}:{person}", title, text, person=person, urgent=urgent, plain=True))


def propose(draft: Draft) -> None:
    """Say once of each action that a suspected cause speaks for it. What duties propose is told with the duty."""
    if not draft.state.is_open:
        return
    for one in by_cause(draft.state, draft.runbook):
        if one.action not in draft.state.proposed:
            _propose(draft, one)


def _propose(draft: Draft, one: Proposal) -> None:
    state = draft.state
    draft.add("note", SYSTEM, text=f"{one.action} is proposed: {one.reason}", proposed=one.action)
    title = f"[{state.severity}] {state.name}: {one.action} is proposed"
    text = f"{title}\n{one.reason}\nLook at what it would do, and have it approved: {draft.around.link}"
    _say(draft, f"proposed:{one.action}", title, text, draft.people_of("commander"))
