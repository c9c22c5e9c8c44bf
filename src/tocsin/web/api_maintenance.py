"""The JSON API of planned work, which the status page announces."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tocsin.core.planned import Plan
from tocsin.core.types import Json
from tocsin.store import publish as store
from tocsin.store import quiet as quiet_store
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
    repeat: str | None = Field(None, max_length=200, description="such as FREQ=WEEKLY;BYDAY=SU")
    timezone: str = Field("UTC", max_length=100, description="in whose local time it comes again")
    hold: list[str] = Field([], max_length=50, description="matchers of alerts that page nobody meanwhile")
    confirm: bool = False


@router.get("/maintenance")
async def list_maintenance(request: Request, _: Reads) -> Json:
    """Planned work, by its start; what is over stays listed."""
    return await request.app.state.db.read(_listed)


def _listed(tx: Tx) -> Json:
    hold = {one.work: one.matchers for one in quiet_store.living(tx) if one.work}
    return {"items": [maintenance_json(one, tx.now, hold.get(one.id, ())) for one in store.plans(tx)], "next": None}


@router.post("/maintenance", status_code=201)
async def add_maintenance(request: Request, viewer: Acts, body: MaintenanceBody) -> Json:
    """Announce planned work on the status page, and hold back the alerts that it explains."""
    setup, db = request.app.state.setup, request.app.state.db

    def usecase(tx: Tx) -> Plan:
        _, runbook = in_force(tx, setup)
        return site.plan(
            tx, setup, title=body.title, text=body.text, components=body.components, start=body.from_,
            until=body.until, by=actor(viewer, body.by, runbook), repeat=body.repeat, zone=body.timezone,
            hold=body.hold, sure=body.confirm,
        )  # fmt: skip

    return maintenance_json(await db.write(usecase), db.clock(), body.hold)


@router.delete("/maintenance/{id}", status_code=204)
async def delete_maintenance(request: Request, viewer: Acts, id: str) -> Response:
    """Take planned work back."""
    await request.app.state.db.write(site.take_back, id, viewer.acts_as)
    return Response(status_code=204)
