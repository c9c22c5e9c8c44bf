"""The war room: what its pinned summary says, who belongs into it, when it is over, what is to be done to it next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from tocsin.core import protocol
from tocsin.core.calendar import utc_words, words
from tocsin.core.draft import OPENS_ROOM, Draft
from tocsin.core.drill import mark_of
from tocsin.core.events import Say
from tocsin.core.incident import Incident
from tocsin.core.people import MESSAGE_LENGTH, MESSAGES_KEPT
from tocsin.core.promise import next_update
from tocsin.core.runbook import Runbook
from tocsin.core.secrets import without_secrets
from tocsin.core.types import Effect, KeepRoom, Refused, Tell

PAGE: Final = "page"  # the `via` of what is said on the incident's own page
Do = Literal["post", "pin", "edit", "topic", "invite", "note", "close", "reopen"]
ALL_HANDS: Final = "notify_everyone"  # what a duty runs where everybody is asked to come


# --------------------------------------------------------------------------------------------- how it should be


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the room should be now. `people` are ids of the runbook, in order."""

    summary: str
    topic: str
    people: tuple[str, ...]
    closed: bool
    farewell: str  # said before it is closed


def wanted(state: Incident, runbook: Runbook, link: str) -> Wanted | None:
    """Say how the room should be; None where the chat holds no room of its own for this incident."""
    if state.room is None or not state.room.thread:
        return None
    closed = over(state)
    ended = f" after {words(state.resolved_at - state.declared_at)}" if state.resolved_at else ""
    return Wanted(
        summary(state, runbook, link), mark_of(state, f"{state.name} [{state.severity}] {_line(state.title)}"),
        tuple(_belongs(state, runbook)), closed,
        mark_of(state, f"{state.name} is resolved{ended}, and this room is closed: what is said here now is not kept.\n"
                f"All that was said and done: {link}"),
    )  # fmt: skip


def over(state: Incident) -> bool:
    """Say whether the room has ended: the incident has, and so has the watch after it."""
    watched = any("elapsed" in duty.done_by and protocol.is_open(duty) for duty in state.duties)
    return not state.is_open and not watched


def summary(state: Incident, runbook: Runbook, link: str) -> str:
    """What is pinned: how it stands, in a few lines without anything that time alone would change."""
    severity = runbook.severities.get(state.severity)
    names = {id_: person.name for id_, person in runbook.people.items()}
    lines = [
        mark_of(state, f"{state.name} [{state.severity}] {_line(state.title)}"),
        "",
        f"Status: {state.status.capitalize()}",
        f"Severity: {state.severity}" + (f", {severity.title}" if severity else ""),
        f"Commander: {names.get(state.commander or '', state.commander or 'unassigned')}",
    ]
    for role in ("communications", "scribe"):
        if role in state.roles:
            lines.append(f"{role.capitalize()}: {names.get(state.roles[role], state.roles[role])}")
    lines.append(f"Since: {utc_words(state.declared_at)}")
    if state.resolved_at:
        lines.append(f"Resolved: {utc_words(state.resolved_at)}")
    lines += _next_update(state)
    return "\n".join([*lines, "", link])


def _next_update(state: Incident) -> Iterable[str]:
    following = next_update(state.duties, state.said_at)
    if following.overdue_since:
        yield f"Next update: overdue since {utc_words(following.overdue_since)}"
    elif following.due:
        yield f"Next update due: {utc_words(following.due)}"


def _belongs(state: Incident, runbook: Runbook) -> Iterable[str]:
    """Who was asked to come, or came: who leads, who has it, who is paged; where it is all hands, everybody."""
    everyone = runbook.people if any(ALL_HANDS in duty.run for duty in state.duties) else ()
    people = (*state.roles.values(), *state.have_it, *state.paging, *everyone)
    return dict.fromkeys(person for person in people if person in runbook.people)


def _line(text: str) -> str:
    return " ".join(text.split())


def follows(before: Incident | None, after: Incident, runbook: Runbook, link: str) -> tuple[Effect, ...]:
    """Say whether a decision changed what the room should be like."""
    now = wanted(after, runbook, link)
    if now is None or (before is not None and wanted(before, runbook, link) == now):
        return ()
    return (KeepRoom(),)


# --------------------------------------------------------------------------------------------- how it is


@dataclass(frozen=True, slots=True)
class Kept:
    """How the room is, as far as it was done. `given_up` are things that the vendor refused."""

    thread: str = ""
    message: str = ""  # the vendor's id of the pinned summary
    pinned: bool = False
    summary: str = ""
    topic: str = ""
    people: tuple[str, ...] = ()
    farewell: bool = False
    closed: bool = False
    given_up: tuple[str, ...] = ()


def next_step(want: Wanted, kept: Kept, can: frozenset[str]) -> Do | None:
    """What is to be done to the room next; None when it is as it should be. `can` is what the vendor has a verb for."""
    steps: tuple[tuple[Do, bool], ...] = (
        ("reopen", kept.closed and not want.closed),
        ("post", not kept.message and not want.closed),
        ("pin", bool(kept.message) and not kept.pinned and not want.closed),
        ("topic", kept.topic != want.topic),
        ("invite", not want.closed and bool(set(want.people) - set(kept.people))),
        ("edit", bool(kept.message) and kept.summary != want.summary),
        ("note", want.closed and not kept.farewell),
        ("close", want.closed and not kept.closed),
    )
    if kept.closed and want.closed:
        return None
    always = {"post", "note"}  # texts like any other
    return next((do for do, due in steps if due and do not in kept.given_up and (do in can or do in always)), None)


def done(want: Wanted, kept: Kept, do: Do, receipt: str = "") -> Kept:
    """How the room is after a step was taken."""
    everybody = tuple(dict.fromkeys((*kept.people, *want.people)))
    changes: dict[Do, dict[str, Any]] = {
        "post": {"message": receipt, "summary": want.summary, "pinned": False},
        "pin": {"pinned": True},
        "edit": {"summary": want.summary},
        "topic": {"topic": want.topic},
        "invite": {"people": everybody},
        "note": {"farewell": True},
        "close": {"closed": True},
        "reopen": {"closed": False, "farewell": False},
    }
    return replace(kept, **changes[do])


def refused(kept: Kept, do: Do) -> Kept:
    """How the room is after the vendor refused a step: a summary that is lost is posted anew once, the rest left."""
    if do == "edit" and "edit" not in kept.given_up and "lost" not in kept.given_up:
        return replace(kept, message="", pinned=False, given_up=(*kept.given_up, "lost"))
    if do == "reopen":  # nothing more can be done in there: the incident's page is the room
        return replace(kept, given_up=(*kept.given_up, "reopen", "post", "pin", "topic", "invite", "edit"))
    return replace(kept, given_up=(*kept.given_up, do))


# --------------------------------------------------------------------------------------------- what is said on the page


def say(draft: Draft, event: Say) -> None:
    """Keep what is said on the incident's page, and say it in the chat's room too, as soon as there is one."""
    state, runbook = draft.state, draft.runbook
    text = without_secrets(event.text.strip())
    if not text:
        raise Refused("say something: the message is empty", 422)
    if state.messages >= MESSAGES_KEPT:
        raise Refused(f"{state.name} has kept {MESSAGES_KEPT} messages and keeps no more: add a note instead")
    text = text[:MESSAGE_LENGTH]
    draft.add("message_seen", event.by, text=text, via=PAGE, last=state.messages == MESSAGES_KEPT - 1 or None)
    war_room = runbook.war_room
    opens = state.room is not None or any(OPENS_ROOM in duty.run for duty in state.duties)
    if war_room is None or not draft.around.room_channel or not opens or over(state):
        return
    person = runbook.people.get(event.by)
    told = f"{person.name if person else event.by} (on the incident's page): {text}"
    key = f"said:{draft.state.messages}"
    draft.effects.append(Tell(key, state.name, told, channel=war_room.in_, room=True, plain=True))
