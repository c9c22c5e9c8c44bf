"""The JSON API of connection tests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core.types import Json
from tocsin.usecases import connections
from tocsin.usecases.configure import in_force
from tocsin.web.api import Acting, Acts, Reads, actor
from tocsin.web.connections import run

router = APIRouter(prefix="/api/v1")


@router.get("/connections")
async def show(request: Request, _: Reads) -> Json:
    """What the runbook connects, each with what its last test said."""
    known = await request.app.state.db.read(connections.last, request.app.state.setup)
    return known.json


@router.post("/connections/test")
async def test(request: Request, viewer: Acts, body: Annotated[Acting, Body(default_factory=Acting)]) -> Json:
    """Test everything that the runbook connects, now; nothing is changed by it. Takes up to 15 seconds."""
    _, runbook = await request.app.state.db.read(in_force, request.app.state.setup)
    return (await run(request, actor(viewer, body.by, runbook))).json
