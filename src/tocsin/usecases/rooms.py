"""The war room in the chat: brought, step by step, to how the incident says that it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tocsin.core import drill, room
from tocsin.core.events import Note, RoomOpened
from tocsin.core.incident import Incident
from tocsin.core.room import Kept, Wanted
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM
from tocsin.sdk import Delivered, Message, Retry, RoomStep, Transport, Verdict
from tocsin.store import incidents, queue
from tocsin.store import rooms as store
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.store.schema import from_micros
from tocsin.usecases.configure import Setup, incident_link, runbook_of
from tocsin.usecases.respond import act
from tocsin.usecases.save import keep_room

TOLD: Final = {  # what stands on the timeline of a room that was closed or opened again, or was not
    "close": ("is closed", "could not be closed"),
    "reopen": ("is open again", "could not be opened again, and the incident's own page is the war room"),
}
LOOK_AGAIN: Final = timedelta(seconds=5)  # at a room that texts still wait for, or that is not open yet


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done to a room, how the room should be, and the call that does it."""

    do: room.Do
    want: Wanted
    call: RoomStep | Message


def waits(tx: Tx, row: Any, state: Incident) -> bool:
    """Put off a text for a room that may still be opened; says whether it was."""
    if row.kind != "message" or not row.payload.get("room") or row.payload.get("instead_of"):
        return False
    if (state.room and state.room.channel) or not store.opens(tx, state.number):
        return False
    queue.settle(tx, row.id, "pending", due=tx.now + LOOK_AGAIN)
    return True


def take(tx: Tx, setup: Setup, row: Any, stored: Stored, transport: Transport | None) -> Step | None:
    """
    Say what is to be done to the room now; None when that is nothing, or not now: the row is then settled here.

    One step at a time: two would post the summary twice. Steps leave half of what the vendor allows a group in a
    minute to the texts, and a room ends only when nothing waits to be said in it.
    """
    found = _next(tx, setup, stored, transport)
    if found is None:
        queue.settle(tx, row.id, "moot", why="the room is as it should be", done_at=tx.now)
        return None
    want, kept, do = found
    number = stored.state.number
    later = _crowded(tx, row, transport) or store.at_work(tx, number, row.id)
    if later or (do in ("note", "close") and store.unsaid(tx, number)):
        queue.settle(tx, row.id, "pending", due=tx.now + LOOK_AGAIN)
        return None
    return Step(do, want, _call(setup, row, stored, do, want, kept, transport))


def _next(tx: Tx, setup: Setup, stored: Stored, transport: Transport | None) -> tuple[Wanted, Kept, room.Do] | None:
    state, runbook = stored.state, runbook_of(tx, setup, stored.state.runbook_version)
    want = room.wanted(state, runbook, incident_link(setup, state.number))
    if want is None or state.room is None or transport is None:
        return None
    kept, _ = store.kept(tx, state.number, state.room.thread)
    can = transport.rooms.steps if transport.rooms else frozenset[str]()
    if not any(account for account, _ in _accounts(runbook, setup, transport, want, kept)):
        can -= {"invite"}  # nobody of them is known there
    do = room.next_step(want, kept, can)
    return (want, kept, do) if do else None


def _crowded(tx: Tx, row: Any, transport: Transport | None) -> bool:
    if transport is None or not transport.per_minute:
        return False
    known = queue.destination(tx, row.destination)
    recent = [at for at in (known.recent if known else []) if from_micros(at) > tx.now - queue.MINUTE]
    return len(recent) >= transport.per_minute // 2


def _call(
    setup: Setup, row: Any, stored: Stored, do: room.Do, want: Wanted, kept: Kept, transport: Transport | None
) -> RoomStep | Message:
    state, to = stored.state, str(row.payload["to"])
    thread = state.room.thread if state.room else ""
    if do in ("post", "note"):
        return Message(
            key=f"{row.key}:{do}", to=to, title=drill.mark_of(state, state.name),
            text=want.summary if do == "post" else want.farewell,
            thread=thread, plain=True, incident=state.name, severity=state.severity,
        )  # fmt: skip
    runbook = setup.runbooks[state.runbook_version]
    people = _accounts(runbook, setup, transport, want, kept) if transport and do == "invite" else ()
    return RoomStep(
        do, to, thread, kept.message, want.topic if do == "topic" else want.summary, people, drill.mark_of(state, "")
    )


def _accounts(
    runbook: Runbook, setup: Setup, transport: Transport, want: Wanted, kept: Kept
) -> tuple[tuple[str, str], ...]:
    """Who is to be invited: their accounts with the vendor and their names."""
    fresh = [runbook.people[id_] for id_ in want.people if id_ not in kept.people]
    field = setup.ways.person.get(transport.name, "")
    return tuple((str(getattr(person, field, None) or ""), person.name) for person in fresh)


def settled(tx: Tx, setup: Setup, number: int, step: Step, verdict: Verdict, transport: Transport | None) -> None:
    """Keep what a step did to the room, and ask for the next one."""
    stored = incidents.load(tx, number, for_update=True)
    state, runbook = stored.state, runbook_of(tx, setup, stored.state.runbook_version)
    if state.room is None:
        return
    kept, _ = store.kept(tx, number, state.room.thread)
    if isinstance(verdict, Delivered):
        kept = room.done(step.want, kept, step.do, verdict.receipt)
    elif isinstance(verdict, Retry):
        kept = _gone(kept)
    elif step.do == "invite":  # these cannot come; others may be asked later
        kept = room.done(step.want, kept, step.do)
    else:
        kept = room.refused(kept, step.do)
    store.keep(tx, number, kept)
    if step.do in TOLD:
        done, not_done = TOLD[step.do]
        how = done if isinstance(verdict, Delivered) else f"{not_done}: {verdict.why[:200]}"
        act(tx, setup, number, Note(SYSTEM, f"War room {state.room.name} {how}"))
    if _next(tx, setup, stored, transport):
        keep_room(tx, setup, runbook, state)


def _gone(kept: Kept) -> Kept:
    """Somebody removed the room: nothing more is done to it, and texts go to the group."""
    every = ("post", "pin", "edit", "topic", "invite", "note", "close", "reopen")
    return Kept(thread=kept.thread, message=kept.message, given_up=every)


def place(state: Incident, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Where a text for the room goes now: into its thread, or to the group, under the room's name."""
    if not payload.get("room") or payload.get("instead_of"):
        return dict(payload)
    known = state.room
    if known and known.thread and payload.get("thread", known.thread):
        return {**payload, "thread": known.thread}
    name = f"{known.name}\n" if known else ""
    return {**payload, "thread": "", "text": f"{name}{payload['text']}"}


def not_yet(tx: Tx, setup: Setup, number: int, name: str, via: str, why: str) -> None:
    """The chat does not answer: the incident's page is the room until it does."""
    note = f"{via} does not answer ({why}): the incident's own page is the war room until it does"
    act(tx, setup, number, RoomOpened(name, note=note))
