"""The JSON API of action items: what is agreed after incidents, who does it until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core import action_items as core
from tocsin.core.action_items import ActionItem
from tocsin.core.types import Json, incident_number
from tocsin.store import action_items as store
from tocsin.store.db import Tx
from tocsin.usecases import action_items, tracking
from tocsin.usecases.configure import in_force
from tocsin.web.api import Acting, Acts, Limit, Long, Reads, actor, listed
from tocsin.web.shapes import action_json

router = APIRouter(prefix="/api/v1")


class AddBody(Acting):
    incident: str
    title: Long
    owner: str
    due: str
    issue: Long = ""
    verify: Long = ""


class DropBody(Acting):
    reason: Long = ""


class ReopenBody(Acting):
    reason: Long = ""


class ChangeBody(Acting):
    state: Literal["", "open", "done", "dropped"] = ""
    due: str = ""
    owner: str = ""
    reason: Long = ""


class MoveBody(Acting):
    due: str = ""
    owner: str = ""


Done = Annotated[Acting, Body(default_factory=Acting)]


@router.get("/action-items")
async def list_items(
    request: Request, _: Reads, state: Literal["open", "overdue", "done", "dropped"] | None = None,
    owner: str | None = None, team: str | None = None, incident: str | None = None, before: str | None = None,
    limit: Limit = 100,
) -> Json:  # fmt: skip
    """Every action item, newest first; `state=overdue`: those that are late, the latest first, all at once."""
    number = incident_number(incident) if incident else None

    def read(tx: Tx) -> list[Json]:
        _, runbook = in_force(tx, request.app.state.setup)
        owners = frozenset({owner}) if owner else core.of_team(runbook, team) if team else None
        if state == "overdue":
            late = [one for one in store.open_ones(tx) if core.is_overdue(one, runbook, tx.now)]
            found = [one for one in late if owners is None or one.owner in owners]
            found = [one for one in found if number is None or one.incident == number]
        else:
            found = list(
                store.listing(tx, state=state, owners=owners, incident=number, before=before, limit=limit)
            )  # fmt: skip
        return [action_json(one, runbook, tx.now) for one in found]

    found = await request.app.state.db.read(read)
    return listed(request, found, limit, found[-1]["id"] if found and state != "overdue" else None)


@router.post("/action-items", status_code=201)
async def add(request: Request, viewer: Acts, body: AddBody) -> Json:
    """Agree on something to be done after an incident. The owner is a person of the runbook, `due` a day."""
    number = incident_number(body.incident)

    def usecase(tx: Tx, by: str) -> ActionItem:
        return action_items.add(
            tx, request.app.state.setup, number, by, title=body.title, owner=body.owner, due=body.due,
            link=body.issue, verify=body.verify,
        )  # fmt: skip

    return await _did(request, viewer, body, usecase)


@router.patch("/action-items/{id}")
async def change(request: Request, viewer: Acts, id: str, body: ChangeBody) -> Json:
    """Change what is given, all of it or nothing: the state (open, done, dropped, with a reason), day and owner."""
    setup = request.app.state.setup

    def usecase(tx: Tx, by: str) -> ActionItem:
        item = action_items.known(tx, id)
        if body.state == "open" and not item.is_open:
            item = action_items.again(tx, setup, id, by, body.reason)
        if body.due or body.owner:
            item = action_items.move(tx, setup, id, by, due=body.due, owner=body.owner)
        if body.state == "done":
            item = action_items.done(tx, setup, id, by)
        if body.state == "dropped":
            item = action_items.drop(tx, setup, id, by, body.reason)
        return item

    return await _did(request, viewer, body, usecase)


@router.post("/action-items/{id}/done")
async def done(request: Request, viewer: Acts, id: str, body: Done) -> Json:
    """It is done; nobody is reminded any more."""
    return await _did(request, viewer, body, lambda tx, by: action_items.done(tx, request.app.state.setup, id, by))


@router.post("/action-items/{id}/drop")
async def drop(request: Request, viewer: Acts, id: str, body: DropBody) -> Json:
    """It will not be done, for a reason."""
    return await _did(
        request, viewer, body, lambda tx, by: action_items.drop(tx, request.app.state.setup, id, by, body.reason)
    )


@router.post("/action-items/{id}/move")
async def move(request: Request, viewer: Acts, id: str, body: MoveBody) -> Json:
    """Give it another day, another owner, or both."""
    setup = request.app.state.setup
    return await _did(
        request, viewer, body, lambda tx, by: action_items.move(tx, setup, id, by, due=body.due, owner=body.owner)
    )


@router.post("/action-items/{id}/reopen")
async def reopen(request: Request, viewer: Acts, id: str, body: ReopenBody) -> Json:
    """It is not done after all."""
    return await _did(
        request, viewer, body, lambda tx, by: action_items.again(tx, request.app.state.setup, id, by, body.reason)
    )


@router.post("/action-items/{id}/issue")
async def issue(request: Request, viewer: Acts, id: str, body: Done) -> Json:
    """Open an issue for it in the tracker; the two are closed together. Its link follows once the tracker has it."""
    return await _did(request, viewer, body, lambda tx, _: tracking.open_item(tx, request.app.state.setup, id))


async def _did(request: Request, viewer: Acts, body: Acting, usecase: Callable[[Tx, str], ActionItem]) -> Json:
    def do(tx: Tx) -> Json:
        _, runbook = in_force(tx, request.app.state.setup)
        return action_json(usecase(tx, actor(viewer, body.by, runbook)), runbook, tx.now)

    return await request.app.state.db.write(do)
