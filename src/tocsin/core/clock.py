"""What the clock does to an incident: duties missed, handed on and reminded of; what runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tocsin.core import protocol
from tocsin.core.calendar import words
from tocsin.core.communications import also_told
from tocsin.core.draft import Draft
from tocsin.core.events import (
    RoomOpened,
)
from tocsin.core.incident import (
    Duty,
)
from tocsin.core.notify import local_date
from tocsin.core.paging import climb_now, climbing, look_for_followers, walk_on
from tocsin.core.types import (
    SYSTEM,
    OpenRoom,
    Tell,
    instant_text,
)


def run_due(draft: Draft) -> None:
    """Do all that is due at this instant. Doing it again changes nothing."""
    walk_on(draft)
    look_for_followers(draft)
    _start_runs(draft)
    for duty in draft.state.duties:
        _look_at(draft, duty.id)


def _duty(draft: Draft, id_: str) -> Duty:
    return next(duty for duty in draft.state.duties if duty.id == id_)


def _look_at(draft: Draft, id_: str) -> None:
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


def _miss(draft: Draft, duty: Duty) -> None:
    """Record a missed duty, tell whoever had it, and hand it to the next role."""
    owners = draft.people_of(protocol.holder_of(duty))
    draft.add(
        "duty_missed", SYSTEM, duty=duty.id, title=duty.title, owner=duty.owner, deadline=instant_text(duty.deadline),
        people=sorted(owners),
    )  # fmt: skip
    for person in sorted(owners | also_told(draft, duty)):
        _tell_duty(draft, duty, person, "missed", f"This duty was missed: {duty.title}")
    _hand_on(draft, _duty(draft, duty.id), frozenset(owners))
    if "escalate" in duty.if_missed:
        draft.add("escalated", SYSTEM, reason=f"the duty {duty.id} was missed", if_missed=True)
        climb_now(draft, ahead=climbing(draft.state))


def _hand_on(draft: Draft, duty: Duty, had: frozenset[str] | None = None) -> None:
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


def _remind(draft: Draft, duty: Duty) -> None:
    left = words((duty.deadline or draft.now) - draft.now)
    for person in sorted(draft.people_of(protocol.holder_of(duty)) | also_told(draft, duty)):
        _tell_duty(draft, duty, person, "remind", f"Due in {left}: {duty.title}")


def _tell_duty(draft: Draft, duty: Duty, person: str, what: str, text: str) -> None:
    state = draft.state
    round_ = duty.rounds_done + duty.rounds_missed
    title = f"[{state.severity}] {state.name}: {text}"
    body = f"{text}\n{state.title}\n{draft.around.link}"
    key = f"duty:{duty.id}:{round_}:{what}:{person}"
    draft.effects.append(Tell(key, title, body, person=person, duty=duty.id, urgent=True))


def _start_runs(draft: Draft) -> None:
    for duty in draft.state.duties:
        if protocol.is_open(duty) and duty.at is not None and duty.at <= draft.now:
            for name in duty.run:
                if name in _RUNS:
                    _RUNS[name](draft)


def _open_war_room(draft: Draft) -> None:
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
        room_opened(draft, RoomOpened(name, note=note))


def room_opened(draft: Draft, event: RoomOpened) -> None:
    """
    The war room is there: it gets the text that the alerts channel has already.

    A room on the incident's own page moves into the chat once that opens one.
    """
    known = draft.state.room
    if known is not None and (known.channel or not event.channel):
        return
    note = event.note or None
    draft.add("war_room_opened", SYSTEM, name=event.name, channel=event.channel, thread=event.thread, note=note)
    draft.tell("initial_alert", only_room=True)


def _notify_everyone(draft: Draft) -> None:
    """All hands: who is not paged hears of it too. The key has no instant: each is told once."""
    state = draft.state
    for person in sorted(draft.around.who("everyone") - set(state.paging) - {state.commander}):
        text = f"All hands: {state.severity} {state.title}\n{draft.around.link}"
        draft.effects.append(
            Tell(f"all_hands:{person}", f"[{state.severity}] {state.title}", text, person=person, urgent=True)
        )


def _diagnose(draft: Draft) -> None:
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


def _create_ticket(draft: Draft) -> None:
    if draft.state.ticket is None:
        draft.add("ticket_created", SYSTEM, tracker="local", ticket=draft.state.name)


_RUNS: Final[Mapping[str, Callable[[Draft], None]]] = {
    "open_war_room": _open_war_room,
    "notify_everyone": _notify_everyone,
    "diagnose": _diagnose,
    "create_ticket": _create_ticket,
}
