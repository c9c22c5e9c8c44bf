"""What the clock does to an incident: duties missed, handed on and reminded of; what runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tocsin.core import looking, protocol, sla
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
from tocsin.core.roles import notice_gaps
from tocsin.core.sla import Clock
from tocsin.core.tickets import create_ticket
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
    if draft.state.is_open:
        for clock in draft.state.clocks:
            _look_at_clock(draft, clock)
        _look_at_extension(draft)
        looking.run_out(draft)
        notice_gaps(draft)


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
    if "create_ticket" in duty.run:  # the tracker has not answered: our own list takes it, and nobody is bothered
        create_ticket(draft)
    if _duty(draft, duty.id).done_at is not None:
        return
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
    role, people = next_in_line(draft, had, start + 1)
    if role:
        draft.add("handed_on", SYSTEM, duty=duty.id, to=role, people=sorted(people))
        for person in sorted(people - had):
            _tell_duty(draft, duty, person, f"handed:{role}", f"This duty is now yours ({role}): {duty.title}")


def next_in_line(draft: Draft, had: frozenset[str], place: int = 0) -> tuple[str, frozenset[str]]:
    """The next role of HAND_ON from *place* on that brings somebody new, with its people; the last one is everyone."""
    for role in protocol.HAND_ON[place:]:
        if role == "commander" and draft.state.commander is None:
            continue
        people = draft.people_of(role)
        if people - had or role == protocol.HAND_ON[-1]:
            return role, people
    return "", frozenset()


def _remind(draft: Draft, duty: Duty) -> None:
    left = words((duty.deadline or draft.now) - draft.now)
    for person in sorted(draft.people_of(protocol.holder_of(duty)) | also_told(draft, duty)):
        offered = f" (proposed: {', '.join(duty.propose)})" if duty.propose else ""
        _tell_duty(draft, duty, person, "remind", f"Due in {left}: {duty.title}{offered}")


def _tell_duty(draft: Draft, duty: Duty, person: str, what: str, text: str) -> None:
    state = draft.state
    round_ = duty.rounds_done + duty.rounds_missed
    title = f"[{state.severity}] {state.name}: {text}"
    body = f"{text}\n{state.title}\n{draft.around.link}"
    key = f"duty:{duty.id}:{round_}:{what}:{person}"
    urgent = state.urgency == "high"  # what pages nobody at night tells nobody at night
    draft.effects.append(Tell(key, title, body, person=person, duty=duty.id, urgent=urgent))


# --------------------------------------------------------------------------------------------- the severity's clocks

_SAYS: Final = {"response": "nobody has acknowledged", "resolution": "it is not resolved"}


def _look_at_clock(draft: Draft, clock: Clock) -> None:
    """Note that a clock is at risk, or breached; tell who it is for, and of a breach the next in line."""
    what = sla.due(clock, draft.now)
    if not what:
        return
    owners = draft.people_of("commander" if clock.which == "resolution" else "on_call")
    role, more = next_in_line(draft, owners) if what == "breached" else ("", frozenset[str]())
    draft.add(
        "elapsed", SYSTEM, clock=clock.which, state=what, due=instant_text(clock.due), start=instant_text(clock.start),
        people=sorted(owners), to=role or None,
    )  # fmt: skip
    if clock.which == "response" and any(_says_the_same(draft, fact.kind, fact.data) for fact in draft.facts):
        return
    left = f"is over in {words(clock.due - draft.now)}" if what == "at_risk" else "is over"
    text = f"The {clock.which} time {left}: {_SAYS[clock.which]}"
    state = draft.state
    title, body = f"[{state.severity}] {state.name}: {text}", f"{text}\n{state.title}\n{draft.around.link}"
    about, urgent = f"clock:{clock.which}", state.urgency == "high"
    key = f"{about}:{clock.due.isoformat()}:{what}"
    for person in sorted(owners | more):
        draft.effects.append(Tell(f"{key}:{person}", title, body, person=person, duty=about, urgent=urgent))


def _says_the_same(draft: Draft, kind: str, data: Mapping[str, Any]) -> bool:
    """Whether a missed duty tells already, now, that nobody has acknowledged."""
    return kind == "duty_missed" and "acknowledged" in _duty(draft, data["duty"]).done_by


def _look_at_extension(draft: Draft) -> None:
    """The time that somebody asked for is over: ask whether it is the all-clear."""
    until, state = draft.state.extended_until, draft.state
    if until is None or until > draft.now:
        return
    draft.add("elapsed", SYSTEM, extended=instant_text(until))
    text = f"The extended time of {state.name} is over: {state.title}\nResolve it, or extend it again: "
    for person in sorted(draft.people_of("commander")):
        key = f"extension:{instant_text(until)}:{person}"
        title = f"[{state.severity}] {state.name}: the extended time is over"
        draft.effects.append(Tell(key, title, text + draft.around.link, person=person, urgent=state.urgency == "high"))


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


_RUNS: Final[Mapping[str, Callable[[Draft], None]]] = {
    "open_war_room": _open_war_room,
    "notify_everyone": _notify_everyone,
    "diagnose": looking.diagnose,
    "create_ticket": create_ticket,
}
