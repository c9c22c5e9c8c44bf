"""The list of tickets: what the next sprint is made of, when there is no other tracker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import events, tickets
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.types import incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import respond, tracking
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, runbook_of
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

LIST_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket in the list, with how its incident stands."""

    name: str
    link: str
    where: str
    incident: str
    title: str
    severity: str
    label: str
    service: str
    status: str
    open: bool
    since: datetime
    closed_at: datetime | None
    drill: bool


def line(state: Incident, runbook: Runbook) -> TicketLine:
    """Show a ticket in one line."""
    return TicketLine(
        name=state.ticket or state.name, link=state.ticket_link, where=state.tracker or tickets.LOCAL,
        incident=state.name, title=state.title, severity=state.severity, label=tickets.label(runbook, state.severity),
        service=state.service or "no service named", status=state.status, open=state.ticket_closed_at is None,
        since=state.ticket_at or state.declared_at, closed_at=state.ticket_closed_at, drill=state.drill,
    )  # fmt: skip


def read(tx: Tx, setup: Setup, state: str, before: int | None) -> list[TicketLine]:
    """Read one page of the list."""
    found = incidents.tickets(tx, state=state, before=before, limit=LIST_SIZE)
    return [line(s.state, runbook_of(tx, setup, s.state.runbook_version)) for s in found]


async def listing(request: Request) -> Response:
    """Show the open tickets, or those that are closed."""
    viewer = require(await viewer_of(request), "viewer")
    query = request.query_params
    state = "closed" if query.get("state") == "closed" else "open"
    before = int(query["before"]) if query.get("before", "").isdigit() else None
    found = await request.app.state.db.read(read, request.app.state.setup, state, before)
    older = incident_number(found[-1].incident) if len(found) == LIST_SIZE else None
    return render(request, "tickets/list.html", tickets=found, state=state, older=older,
                  can_act=may(viewer.role, "responder"))  # fmt: skip


async def close(request: Request) -> Response:
    """Close a ticket, and show the list again."""
    viewer, form = await require_form(request, "responder")
    event = events.CloseTicket(viewer.acts_as, clip(form.get("reason", ""), 2_000))
    number = incident_number(request.path_params["id"])
    await request.app.state.db.write(respond.act, request.app.state.setup, number, event)
    return RedirectResponse("/tickets", 303)


async def open_or_link(request: Request) -> Response:
    """Open a ticket for an incident, or link the one that was named, and show the incident again."""
    viewer, form = await require_form(request, "responder")
    number = incident_number(request.path_params["id"])
    ticket = clip(form.get("ticket", ""), 500)
    await request.app.state.db.write(
        tracking.open_or_link, request.app.state.setup, number, viewer.acts_as, ticket
    )  # fmt: skip
    return RedirectResponse(f"/incidents/{incident_name(number)}#lead", 303)


async def reopen(request: Request) -> Response:
    """Open a ticket again, and show the list of those that are closed."""
    viewer, _ = await require_form(request, "responder")
    number = incident_number(request.path_params["id"])
    await request.app.state.db.write(respond.act, request.app.state.setup, number, events.ReopenTicket(viewer.acts_as))
    return RedirectResponse("/tickets?state=closed", 303)


ROUTES = [
    Route("/tickets", listing, methods=["GET"]),
    Route("/tickets/{id}/close", close, methods=["POST"]),
    Route("/tickets/{id}/reopen", reopen, methods=["POST"]),
    Route("/tickets/{id}/open", open_or_link, methods=["POST"]),
]
