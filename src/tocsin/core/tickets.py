"""Tickets: one for an incident that asks for it, in the tracker that is connected, else in Tocsin's own list."""

from __future__ import annotations

from typing import Final

from tocsin.core.draft import SELF_RESOLVING, Draft
from tocsin.core.events import CloseTicket, Resolve, TicketOpened
from tocsin.core.incident import Incident
from tocsin.core.people import resolve
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, OpenTicket, Refused

LOCAL: Final = "local"  # the tracker that needs no other: Tocsin's own list


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
    if state.ticket is None or (state.tracker in ("", LOCAL) and event.tracker != LOCAL):
        draft.add(
            "ticket_created", SYSTEM, tracker=event.tracker, ticket=event.ticket, link=event.link or None,
            label=label(draft.runbook, state.severity), note=event.note or None,
        )  # fmt: skip


def close_ticket(draft: Draft, event: CloseTicket) -> None:
    """Close the ticket. Where nothing fires any more, an incident that waited for it alone is over."""
    state = draft.state
    if state.ticket is None:
        raise Refused(f"{state.name} has no ticket", 404)
    if state.ticket_closed_at is not None:
        return
    draft.add("ticket_closed", event.by, ticket=state.ticket, reason=event.reason or None)
    if state.is_open and state.protocol == SELF_RESOLVING and not draft.around.alerts:
        resolve(draft, Resolve(event.by, resolution=event.reason or "its ticket was closed"))
