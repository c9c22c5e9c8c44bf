"""The JSON API, version 1: people, how they are reached, pages by hand."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from starlette.requests import Request

from tocsin.core.types import Json, Refused, incident_name
from tocsin.store import queue
from tocsin.store.db import Tx
from tocsin.usecases import people, respond
from tocsin.usecases.configure import in_force
from tocsin.web.api import Acting, Acts, IdempotencyKey, Long, Reads, actor, fingerprint, once_key
from tocsin.web.people import everybody, one
from tocsin.web.shapes import page_json

router = APIRouter(prefix="/api/v1")


class ViaBody(Acting):
    via: str


class CodeBody(Acting):
    via: str
    code: str


class PageBody(Acting):
    person: str
    message: Long
    urgency: Literal["high", "low"] = "high"


@router.get("/people")
async def list_people(request: Request, _: Reads) -> Json:
    """Everybody: whether a page would reach them tonight, by which ways, and what proves it."""
    db, setup = request.app.state.db, request.app.state.setup
    _, views = await db.read(everybody, setup)
    return {"items": [(await db.read(one, setup, view.id))[1] for view in views], "next": None}


@router.get("/people/{id}")
async def show_person(request: Request, id: str, _: Reads) -> Json:
    """One person."""
    return (await request.app.state.db.read(one, request.app.state.setup, id))[1]


@router.post("/people/{id}/check", status_code=202)
async def check(request: Request, viewer: Acts, id: str, body: ViaBody) -> Json:
    """Send a code through one way to a person."""
    db, setup = request.app.state.db, request.app.state.setup

    def usecase(tx: Tx, secret: str) -> None:
        by = actor(viewer, body.by, in_force(tx, setup)[1])
        people.send_check(tx, setup, id, body.via, by, secret)

    await db.write(usecase, request.app.state.new_secret())
    return {"sent": True}


@router.post("/people/{id}/code")
async def code(request: Request, viewer: Acts, id: str, body: CodeBody) -> Json:
    """Type in the code that a person got: it proves the way."""
    db, setup = request.app.state.db, request.app.state.setup
    if why := await db.write(people.type_code, setup, id, body.via, body.code[:20]):
        raise Refused(f"{body.via}: {why}")
    return (await db.read(one, setup, id))[1]


@router.post("/people/{id}/test", status_code=202)
async def test(
    request: Request, viewer: Acts, id: str, body: Annotated[Acting, Body(default_factory=Acting)]
) -> Json:  # fmt: skip
    """Send a test page by every way of the person's rules for high urgency."""
    setup = request.app.state.setup

    def usecase(tx: Tx) -> int:
        return people.send_test(tx, setup, id, actor(viewer, body.by, in_force(tx, setup)[1]))

    return {"sent": await request.app.state.db.write(usecase)}


@router.post("/pages", status_code=201)
async def page(request: Request, viewer: Acts, body: PageBody, idempotency_key: IdempotencyKey = None) -> Json:
    """Page somebody by hand. It is an incident of its own: unanswered, the default policy is walked."""
    setup, key, print_ = request.app.state.setup, once_key(request, viewer), fingerprint(request, body)

    def usecase(tx: Tx) -> Json:
        by = actor(viewer, body.by, in_force(tx, setup)[1])

        def ask() -> int:
            return people.page_by_hand(tx, setup, body.person, body.message, by, body.urgency)

        number = respond.once(tx, key, print_, ask) if key else ask()
        first = queue.pages(tx, incident=number, limit=500)[-1]
        return {**page_json(first, ()), "incident": incident_name(number), "asked_by": by}

    return await request.app.state.db.write(usecase)
