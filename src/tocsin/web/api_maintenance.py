"""The JSON API of planned work, which the status page announces."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tocsin.core.statuspage import Maintenance
from tocsin.core.types import Json, Refused
from tocsin.store import publish as store
from tocsin.store.db import Tx
from tocsin.usecases import site
from tocsin.usecases.configure import in_force
from tocsin.web.api import Acting, Acts, Long, Reads, Title, actor
from tocsin.web.shapes import maintenance_json

router = APIRouter(prefix="/api/v1")


class MaintenanceBody(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    title: Title
    text: Long = ""
    components: list[str] = Field([], max_length=200)
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime


@router.get("/maintenance")
async def list_maintenance(request: Request, _: Reads) -> Json:
    """Planned work, by its start; what is over stays listed."""
    found = await request.app.state.db.read(store.maintenance)
    now = request.app.state.db.clock()
    return {"items": [maintenance_json(work, now) for work in found], "next": None}


@router.post("/maintenance", status_code=201)
async def add_maintenance(request: Request, viewer: Acts, body: MaintenanceBody) -> Json:
    """Announce planned work on the status page."""
    setup, db = request.app.state.setup, request.app.state.db

    def usecase(tx: Tx) -> Maintenance:
        _, runbook = in_force(tx, setup)
        return site.plan(
            tx, setup, title=body.title, text=body.text, components=body.components, start=body.from_,
            until=body.until, by=actor(viewer, body.by, runbook),
        )  # fmt: skip

    return maintenance_json(await db.write(usecase), db.clock())


@router.delete("/maintenance/{id}", status_code=204)
async def delete_maintenance(request: Request, viewer: Acts, id: str) -> Response:
    """Take planned work back."""
    if not await request.app.state.db.write(site.take_back, id):
        raise Refused("there is no such planned work", 404)
    return Response(status_code=204)
