"""The JSON API of what is said: previews, drafts, texts sent again, the cause, the page's own war room."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core import communications, events
from tocsin.core.types import Json, incident_number
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import texts
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.web.api import Acting, Acts, Long, Reads, UpdateBody, actor, do, promised

router = APIRouter(prefix="/api/v1")


class SayBody(Acting):
    text: Long


class CauseBody(Acting):
    text: Long = ""
    confirmed: bool = False


class SendBody(Acting):
    text: str
    seen: int | None = None


class PreviewBody(UpdateBody):
    text: str = "status_update"
    root_cause: Long | None = None
    resolution: Long | None = None


@router.post("/incidents/{id}/say")
async def say(request: Request, viewer: Acts, id: str, body: SayBody) -> Json:
    """Say something in the war room: it stands on the timeline, and in the chat's room as soon as there is one."""
    return await do(request, viewer, id, body, lambda by: events.Say(by, body.text))


@router.post("/incidents/{id}/cause")
async def cause(
    request: Request, viewer: Acts, id: str, body: Annotated[CauseBody, Body(default_factory=CauseBody)]
) -> Json:
    """Note a suspected cause, or confirm what it was: only then can it be published."""
    return await do(request, viewer, id, body, lambda by: events.Cause(by, body.text, body.confirmed))


@router.post("/incidents/{id}/send")
async def send(request: Request, viewer: Acts, id: str, body: SendBody) -> Json:
    """Send one of the runbook's texts again, filled from the record as it is now."""
    return await do(request, viewer, id, body, lambda by: events.SendText(by, body.text, body.seen))


@router.post("/incidents/{id}/preview")
async def preview(request: Request, viewer: Acts, id: str, body: PreviewBody) -> Json:
    """What a text would say and where it would go; nothing is sent. `said` is what `seen` is to be when sending."""
    number, setup = incident_number(id), request.app.state.setup

    def look(tx: Tx) -> texts.Preview:
        by = actor(viewer, body.by, in_force(tx, setup)[1])
        form = body.model_dump(include={"status", "summary", "next_steps", "eta", "impact", "root_cause", "resolution"})
        form["public"] = "on" if body.public else None
        event = communications.written(body.text, by, form, body.seen, promised(body.next_update))
        return texts.preview(tx, setup, number, body.text, event)

    return preview_json(await request.app.state.db.read(look))


@router.get("/incidents/{id}/draft")
async def draft(request: Request, id: str, _: Reads) -> Json:
    """What a person would otherwise type into an update or an all-clear, from the record."""
    return await request.app.state.db.read(drafted, request.app.state.setup, incident_number(id))


def drafted(tx: Tx, setup: Setup, number: int) -> Json:
    """The draft of an incident's texts; keys as in `communications.drafted`."""
    stored = incidents.load(tx, number)
    runbook = runbook_of(tx, setup, stored.state.runbook_version)
    names = {id_: person.name for id_, person in runbook.people.items()}
    entries = incidents.timeline(tx, number, max(stored.seq - 200, 0))
    return dict(communications.drafted(stored.state, entries, names))


def preview_json(found: texts.Preview) -> Json:
    """A preview as the API shows it."""
    copies = [
        {"to": c.to, "via": c.via, "title": c.title, "text": c.text, "war_room": c.room, "note": c.note}
        for c in found.copies
    ]
    return {"copies": copies, "unknown_words": list(found.gaps), "said": found.said}
