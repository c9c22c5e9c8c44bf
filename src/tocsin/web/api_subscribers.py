"""The JSON API of who subscribed to the status page; their addresses are for admins alone."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tocsin.core.types import Json
from tocsin.store import subscribers as store
from tocsin.store.db import Tx
from tocsin.usecases import subscribers
from tocsin.usecases.configure import Setup
from tocsin.web.api import Administers, Limit, listed
from tocsin.web.shapes import subscriber_json

router = APIRouter(prefix="/api/v1")


@router.get("/subscribers")
async def list_subscribers(request: Request, _: Administers, before: str | None = None, limit: Limit = 100) -> Json:
    """Every subscription, newest first, and how many are told for each kind."""
    found, counts = await request.app.state.db.read(_read, request.app.state.setup, before, limit)
    return {**listed(request, found, limit, found[-1]["id"] if found else None), "counts": counts}


def _read(tx: Tx, setup: Setup, before: str | None, limit: int) -> tuple[list[Json], Json]:
    found = [subscriber_json(*one) for one in subscribers.listing(tx, setup, before, limit)]
    return found, dict(store.counts(tx))


@router.delete("/subscribers/{id}", status_code=204)
async def remove_subscriber(request: Request, viewer: Administers, id: str) -> Response:
    """End a subscription and delete its address; nothing is sent to it any more, also not what waits."""
    await request.app.state.db.write(subscribers.remove, id, viewer.acts_as)
    return Response(status_code=204)
