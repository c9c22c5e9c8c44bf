"""The JSON API of tickets: the list that works without any other tracker."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core import events
from tocsin.core.types import Json, incident_number
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import tracking
from tocsin.usecases.configure import Setup, in_force, incident_link, runbook_of
from tocsin.web.api import Acting, Acts, Limit, Long, Reads, Title, actor, do, listed
from tocsin.web.shapes import incident_json, ticket_json

router = APIRouter(prefix="/api/v1")


class TicketBody(Acting):
    ticket: Title = ""


class CloseBody(Acting):
    reason: Long = ""


@router.get("/tickets")
async def list_tickets(
    request: Request, _: Reads, state: Literal["open", "closed"] | None = None, before: int | None = None,
    limit: Limit = 100,
) -> Json:  # fmt: skip
    """Every ticket, newest first, with its severity's label and the incident that it is about."""
    found = await request.app.state.db.read(_read, request.app.state.setup, state, before, limit)
    return listed(request, found, limit, incident_number(found[-1]["incident"]) if found else None)


def _read(tx: Tx, setup: Setup, state: str | None, before: int | None, limit: int) -> list[Json]:
    return [
        ticket_json(s, runbook_of(tx, setup, s.state.runbook_version), incident_link(setup, s.state.number))
        for s in incidents.tickets(tx, state=state, before=before, limit=limit)
    ]


@router.post("/tickets/{id}/close")
async def close(
    request: Request, viewer: Acts, id: str, body: Annotated[CloseBody, Body(default_factory=CloseBody)]
) -> Json:
    """Close the ticket of an incident (`INC-42`); answers with the incident, which ends with it when nothing fires."""
    return await do(request, viewer, id, body, lambda by: events.CloseTicket(by, body.reason))


@router.post("/tickets/{id}/reopen")
async def reopen(
    request: Request, viewer: Acts, id: str, body: Annotated[CloseBody, Body(default_factory=CloseBody)]
) -> Json:
    """Open the ticket of an incident again; the incident itself stays as it is."""
    return await do(request, viewer, id, body, lambda by: events.ReopenTicket(by, body.reason))


@router.post("/incidents/{id}/ticket")
async def open_or_link(
    request: Request, viewer: Acts, id: str, body: Annotated[TicketBody, Body(default_factory=TicketBody)]
) -> Json:
    """Open a ticket for an incident, or link it with one of the tracker (`{"ticket": "#17"}`, or its address)."""
    setup, number = request.app.state.setup, incident_number(id)

    def usecase(tx: Tx) -> Json:
        by = actor(viewer, body.by, in_force(tx, setup)[1])
        stored = tracking.open_or_link(tx, setup, number, by, body.ticket)
        return incident_json(stored, incident_link(setup, number), tx.now)

    return await request.app.state.db.write(usecase)
