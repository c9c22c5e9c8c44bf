"""Tickets: one for an incident that asks for it, in the tracker that is connected, else in Tocsin's own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from tocsin.core.draft import SELF_RESOLVING, Draft
from tocsin.core.events import AskTicket, CloseTicket, ReopenTicket, Resolve, TicketOpened
from tocsin.core.incident import Incident
from tocsin.core.people import resolve
from tocsin.core.runbook import Runbook
from tocsin.core.secrets import without_secrets
from tocsin.core.sentences import Names, sentence
from tocsin.core.types import SYSTEM, KeepTicket, OpenTicket, Refused

LOCAL: Final = "local"  # the tracker that needs no other: Tocsin's own list
LINES: Final = 20  # that one comment has at most; the newest
# What a ticket in a tracker hears of, beside its own state: what changes how the incident stands, and who has it.
TOLD: Final = frozenset({
    "severity_changed", "acknowledged", "commander_assigned", "role_assigned", "update_posted", "cause_identified",
    "fix_deployed", "resolved", "reopened", "merged", "split", "ticket_created", "ticket_closed", "ticket_reopened",
    "postmortem_published", "write_up_published",
})  # fmt: skip


def label(runbook: Runbook, severity: str) -> str:
    """The severity's label: as the tracker's connection names it, else `severity: P2`."""
    github = runbook.connections.github
    return (github.labels if github else {}).get(severity) or f"severity: {severity}"


def create_ticket(draft: Draft) -> None:
    """
    Ask the connected tracker for a ticket once; without one, or once its time is over, it stands in our own list.

    A tracker that answers after that still gives its name to the ticket.
    """
    state = draft.state
    if state.ticket is not None:
        return
    if not draft.around.tracker or state.drill:
        note = "a drill opens no ticket elsewhere" if draft.around.tracker else ""
        ticket_opened(draft, TicketOpened(state.name, LOCAL, note=note))
        return
    if not any(isinstance(effect, OpenTicket) for effect in draft.effects):
        draft.effects.append(OpenTicket(draft.around.tracker, state.title, text(state, draft.around.link),
                                        label(draft.runbook, state.severity)))  # fmt: skip
    late = any(d.missed_at for d in state.duties if "create_ticket" in d.run)
    if late:
        note = f"{draft.around.tracker} has not answered in time; it is asked on"
        ticket_opened(draft, TicketOpened(state.name, LOCAL, note=note))


def text(state: Incident, link: str) -> str:
    """What stands in a ticket."""
    lines = [f"{state.name} ({state.severity}), service {state.service or 'not named'}", state.impact or "", link]
    return "\n\n".join(filter(None, lines))


def ticket_opened(draft: Draft, event: TicketOpened) -> None:
    """The ticket is there; one in a real tracker takes the place of our own."""
    state = draft.state
    if event.by and (event.ticket, event.tracker) == (state.ticket, state.tracker):
        return
    if state.ticket is None or event.by or (not in_tracker(state) and event.tracker != LOCAL):
        draft.add(
            "ticket_created", event.by or SYSTEM, tracker=event.tracker, ticket=event.ticket, link=event.link or None,
            label=event.label or label(draft.runbook, state.severity), note=event.note or None,
            linked=bool(event.by) or None,
        )  # fmt: skip
        if not draft.state.is_open and in_tracker(draft.state):
            draft.add("ticket_closed", SYSTEM, ticket=event.ticket, reason="the incident is over")


def in_tracker(state: Incident) -> bool:
    """Say whether the ticket stands in a tracker beside our own list."""
    return state.ticket is not None and state.tracker not in ("", LOCAL)


def ask_ticket(draft: Draft, event: AskTicket) -> None:
    """A person wants a ticket: asked for as a protocol would, once."""
    if draft.state.ticket is None:
        create_ticket(draft)


def close_ticket(draft: Draft, event: CloseTicket) -> None:
    """Close the ticket. Where nothing fires any more, an incident that waited for it alone is over."""
    state = draft.state
    if state.ticket is None:
        raise Refused(f"{state.name} has no ticket", 404)
    if state.ticket_closed_at is not None:
        return
    draft.add("ticket_closed", event.by, ticket=state.ticket, reason=event.reason or None, via=event.via or None)
    if state.is_open and state.protocol == SELF_RESOLVING and not draft.around.alerts:
        resolve(draft, Resolve(event.by, resolution=event.reason or "its ticket was closed"))


def reopen_ticket(draft: Draft, event: ReopenTicket) -> None:
    """The ticket is open again; the incident stays as it is: whoever wants it open opens it."""
    state = draft.state
    if state.ticket is None:
        raise Refused(f"{state.name} has no ticket", 404)
    if state.ticket_closed_at is not None:
        draft.add("ticket_reopened", event.by, ticket=state.ticket, reason=event.reason or None, via=event.via or None)


# --------------------------------------------------------------------------------------------- kept in step


def follows(draft: Draft, before: Incident | None) -> None:
    """A ticket in a tracker ends and begins again with its incident, and hears of what changes."""
    if not in_tracker(draft.state):
        return
    was_open = before is None or before.is_open
    ended, again = was_open and not draft.state.is_open, not was_open and draft.state.is_open
    if ended and draft.state.ticket_closed_at is None:
        draft.add("ticket_closed", SYSTEM, ticket=draft.state.ticket, reason="the incident is over")
    if again and draft.state.ticket_closed_at is not None:
        draft.add("ticket_reopened", SYSTEM, ticket=draft.state.ticket, reason="the incident is not over")
    if any(fact.kind in TOLD for fact in draft.facts):
        draft.effects.append(KeepTicket())


class Told(Protocol):
    """An entry of the timeline, as far as it is told."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> Any: ...
    @property
    def actor(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


def comment(state: Incident, entries: Sequence[Told], names: Names, link: str) -> str:
    """What a comment says of these entries, in order; empty where none of them is told. No secret stands in it."""
    told = [entry for entry in entries if _is_told(entry)]
    lines = [f"- {e.at:%Y-%m-%d %H:%M} UTC: {_said(e, names)}" for e in told[-LINES:]]
    if len(told) > LINES:
        lines.insert(0, f"- {len(told) - LINES} earlier changes are on the incident's timeline")
    if not lines:
        return ""
    return without_secrets("\n".join([*lines, "", f"{state.name} ({state.severity}, {state.status}): {link}"]))


def _said(entry: Told, names: Names) -> str:
    return " ".join(sentence(entry.kind, entry.actor, entry.data, names).split())


def _is_told(entry: Told) -> bool:
    """Not what the tracker said itself, nor what follows from what is told beside it."""
    if entry.kind.startswith("ticket_") and (entry.actor == SYSTEM or entry.data.get("via")):
        return False
    return entry.kind in TOLD
