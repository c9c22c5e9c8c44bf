"""The changes beside an incident: on its page, and in the API."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request

from tocsin.core.changes import Beside
from tocsin.core.types import Json, incident_number, instant_text
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases.changes import of
from tocsin.usecases.configure import Setup
from tocsin.web.api import Reads

router = APIRouter(prefix="/api/v1")


def change_json(item: Beside) -> Json:
    """A change as the API shows it; `related` says that it was of the incident's service or of what that needs."""
    change = item.change
    return {
        "at": instant_text(change.at), "when": item.when, "related": item.related, "source": change.source,
        "service": change.service, "title": change.title, "text": change.text, "labels": dict(change.labels),
        "links": [{"text": text, "href": href} for text, href in change.links],
    }  # fmt: skip


@router.get("/incidents/{id}/changes")
async def list_changes(request: Request, id: str, _: Reads) -> Json:
    """Deployments and other changes from 24 hours before the incident until its end, the newest first."""
    items = await request.app.state.db.read(_read, request.app.state.setup, incident_number(id))
    return {"items": [change_json(item) for item in items], "next": None}


def _read(tx: Tx, setup: Setup, number: int) -> tuple[Beside, ...]:
    return of(tx, setup, incidents.load(tx, number).state)
