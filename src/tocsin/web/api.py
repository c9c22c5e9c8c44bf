"""The JSON API, version 1."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Depends, Header, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request

from tocsin.core import events
from tocsin.core.calendar import parse_duration
from tocsin.core.runbook import Runbook
from tocsin.core.types import Json, Refused, incident_number
from tocsin.sdk import clip
from tocsin.store import alerts, handoffs, incidents, queue
from tocsin.store.db import Tx
from tocsin.usecases import access, handoff, readiness, respond, restored
from tocsin.usecases.configure import Setup, in_force, incident_link, notices, text_of
from tocsin.web.auth import Viewer, require, same_origin, viewer_of
from tocsin.web.shapes import (
    alert_json,
    entry_json,
    handoff_json,
    incident_json,
    page_json,
    readiness_json,
    restored_json,
)

router = APIRouter(prefix="/api/v1")
LIST_LIMIT: Final = 500

Title = Annotated[str, AfterValidator(lambda text: clip(text, 500))]
Long = Annotated[str, AfterValidator(lambda text: clip(text, 10_000))]


# --------------------------------------------------------------------------------------------- who asks


async def reader(request: Request) -> Viewer:
    """Anybody who is signed in or has a token."""
    return require(await viewer_of(request), "viewer")


async def responder(request: Request) -> Viewer:
    """Somebody who may act; a session must show that the request is its own page's."""
    viewer = require(await viewer_of(request), "responder")
    own = request.headers.get("x-csrf-token", "")
    if viewer.csrf is not None and (own != viewer.csrf or not same_origin(request)):
        raise Refused("a request with a session's cookie needs its X-CSRF-Token", 403)
    kind = request.headers.get("content-type", "")
    if kind and not kind.startswith("application/json") and int(request.headers.get("content-length") or 0):
        raise Refused("the body must be application/json", 415)
    return viewer


async def administrator(request: Request) -> Viewer:
    """Somebody who may act, and is an admin."""
    return require(await responder(request), "admin")


Reads = Annotated[Viewer, Depends(reader)]
Acts = Annotated[Viewer, Depends(responder)]
Administers = Annotated[Viewer, Depends(administrator)]
Limit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
IdempotencyKey = Annotated[str | None, Header(max_length=256)]


class Acting(BaseModel):
    """What every acting call may say besides its own words; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")
    by: str | None = Field(None, description="the person for whom a token that is nobody's own acts")


class Declare(Acting):
    title: Title
    severity: str
    service: str | None = None
    impact: Long | None = None
    drill: bool = Field(False, description="people are paged, everything is marked DRILL, and it counts nowhere")


Was = Annotated[str | None, Field(description="what you saw: where it is another by now, the answer is 409")]


class SeverityBody(Acting):
    severity: str
    reason: Long = ""
    was: Was = None


class AssignBody(Acting):
    role: str
    person: str | None = Field(description="null gives the role up")
    was: Was = None


class UpdateBody(Acting):
    status: str | None = None
    summary: Long | None = None
    next_steps: Long | None = None
    eta: Title | None = None
    impact: Long | None = None
    public: bool = False
    next_update: str | int | None = Field(None, description="when the next one comes: 15m, seconds, or an instant")
    seen: int | None = Field(
        None, description="`said` as it was when this was written; refused when others wrote since"
    )


class NoteBody(Acting):
    text: Long


class EscalateBody(Acting):
    reason: Long = ""


class PassBody(Acting):
    reason: Long = ""


class ExtendBody(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    for_: str | int | None = Field(None, alias="for", description="a duration such as 2h, or seconds")
    reason: Long = ""


class CheckedBody(Acting):
    duty: str


class WriteUpBody(Acting):
    text: Long


class ResolveBody(Acting):
    root_cause: Long | None = None
    resolution: Long | None = None
    seen: int | None = None


class ReopenBody(Acting):
    reason: Long = ""


def listed(request: Request, items: list[Json], limit: int, cursor: str | int | None) -> Json:
    """A page of a list, and the path of the next one when there may be more."""
    follows = None
    if len(items) == limit and cursor is not None:
        query = {**request.query_params, "limit": str(limit), "before": str(cursor)}
        follows = f"{request.url.path}?{urlencode(query)}"
    return {"items": items, "next": follows}


# --------------------------------------------------------------------------------------------- reading


@router.get("/incidents")
async def list_incidents(
    request: Request, _: Reads, status: str | None = None, severity: str | None = None, service: str | None = None,
    drill: bool | None = None, before: int | None = None, limit: Limit = 100, q: str = "",
) -> Json:  # fmt: skip
    """Every incident, newest first; resolved ones too unless `status` says otherwise. `q`: those with these words."""
    db, setup = request.app.state.db, request.app.state.setup
    found = await db.read(
        incidents.listing, status=status, severity=severity, service=service, drill=drill, before=before, limit=limit,
        words=q,
    )  # fmt: skip
    now = db.clock()
    items = [incident_json(stored, incident_link(setup, stored.state.number), now) for stored in found]
    return listed(request, items, limit, found[-1].state.number if found else None)


@router.get("/incidents/{id}")
async def show_incident(request: Request, id: str, _: Reads) -> Json:
    """One incident."""
    return await _shown(request, incident_number(id))


async def _shown(request: Request, number: int) -> Json:
    db, setup = request.app.state.db, request.app.state.setup
    stored = await db.read(incidents.load, number)
    return incident_json(stored, incident_link(setup, number), db.clock())


@router.get("/incidents/{id}/timeline")
async def show_timeline(request: Request, id: str, _: Reads, after: int = 0, limit: Limit = LIST_LIMIT) -> Json:
    """What happened, in order; `next` leads on."""
    number = incident_number(id)
    db = request.app.state.db
    await db.read(incidents.load, number)
    entries = await db.read(incidents.timeline, number, after, limit)
    follows = f"{request.url.path}?after={entries[-1].seq}&limit={limit}" if len(entries) == limit else None
    return {"items": [entry_json(entry) for entry in entries], "next": follows}


@router.get("/pages")
async def list_pages(
    request: Request, _: Reads, incident: str | None = None, before: str | None = None, limit: Limit = 100
) -> Json:
    """Who was asked to acknowledge, why, and what became of it; newest first."""
    db = request.app.state.db
    number = incident_number(incident) if incident else None
    rows = await db.read(queue.pages, incident=number, before=before, limit=limit)
    tries = await db.read(queue.attempts, [row.id for row in rows])
    return listed(request, [page_json(row, tries) for row in rows], limit, rows[-1].id if rows else None)


@router.get("/alerts")
async def list_alerts(
    request: Request, viewer: Reads, incident: str | None = None, state: str | None = None,
    disposition: str | None = None, before: str | None = None, limit: Limit = 100,
) -> Json:  # fmt: skip
    """Every alert, one for each key and episode, newest first."""
    number = incident_number(incident) if incident else None
    db = request.app.state.db
    rows = await db.read(
        alerts.listing, incident=number, state=state, disposition=disposition, before=before, limit=limit
    )
    shown = [alert_json(row, raw=access.may(viewer.role, "admin")) for row in rows]
    return listed(request, shown, limit, rows[-1].id if rows else None)


@router.get("/runbook")
async def show_runbook(request: Request, _: Reads) -> Json:
    """The runbook in force: its text with every ${NAME} unreplaced, and what is left out."""
    return await request.app.state.db.read(_runbook, request.app.state.setup)


def _runbook(tx: Tx, setup: Setup) -> Json:
    version, _ = in_force(tx, setup)
    return {"version": version, "text": text_of(tx, version), "notices": notices(tx, setup)}


# --------------------------------------------------------------------------------------------- acting


def actor(viewer: Viewer, by: str | None, runbook: Runbook) -> str:
    """
    For whom a call acts: the viewer, or for a token that is nobody's own the person that `by` names.

    Raises:
        Refused: 403, for somebody who names another; 422, for a person whom the runbook does not have.
    """
    if by is None or by == viewer.acts_as:
        return viewer.acts_as
    if viewer.person is not None:
        raise Refused(f"you act as {viewer.person}; only a token of no person may act for another", 403)
    if by not in runbook.people:
        raise Refused(f"no person {by!r}; the runbook has {', '.join(runbook.people)}", 422)
    return by


async def do(request: Request, viewer: Viewer, id: str, body: Acting, make: Callable[[str], events.Event]) -> Json:
    """Do one acting call, once for its Idempotency-Key, and answer with the incident."""
    number = incident_number(id)
    setup, key = request.app.state.setup, once_key(request, viewer)
    mark = fingerprint(request, body)

    def usecase(tx: Tx) -> int:
        _, runbook = in_force(tx, setup)
        event = make(actor(viewer, body.by, runbook))

        def act() -> int:
            respond.act(tx, setup, number, event)
            return number

        return respond.once(tx, key, mark, act) if key else act()

    await request.app.state.db.write(usecase)
    return await _shown(request, number)


def once_key(request: Request, viewer: Viewer) -> str:
    """The Idempotency-Key of a request, bound to who asks; empty without one."""
    key = request.headers.get("idempotency-key", "")
    return hashlib.sha256(f"{viewer.name}\n{key}".encode()).hexdigest() if key else ""


def fingerprint(request: Request, body: BaseModel) -> str:
    """What tells one request from another under the same key."""
    return hashlib.sha256(f"{request.url.path}\n{body.model_dump_json()}".encode()).hexdigest()


@router.post("/incidents", status_code=201)
async def declare(request: Request, viewer: Acts, body: Declare, idempotency_key: IdempotencyKey = None) -> Json:
    """Declare an incident."""
    setup, key = request.app.state.setup, once_key(request, viewer)
    mark = fingerprint(request, body)

    def usecase(tx: Tx) -> int:
        _, runbook = in_force(tx, setup)
        by = actor(viewer, body.by, runbook)
        event = events.Declared(
            body.title, body.severity, by, service=body.service or None, impact=body.impact, drill=body.drill
        )

        def open_() -> int:
            return respond.declare(tx, setup, event)

        return respond.once(tx, key, mark, open_) if key else open_()

    return await _shown(request, await request.app.state.db.write(usecase))


Empty = Annotated[Acting, Body(default_factory=Acting)]


@router.post("/incidents/{id}/acknowledge")
async def acknowledge(request: Request, viewer: Acts, id: str, body: Empty) -> Json:
    """I have it: paging stops, and who acknowledges leads when nobody does yet."""
    return await do(request, viewer, id, body, events.Acknowledge)


@router.post("/incidents/{id}/pass")
async def pass_on(
    request: Request, viewer: Acts, id: str, body: Annotated[PassBody, Body(default_factory=PassBody)]
) -> Json:
    """I can't take it: that person's page ends, and the next step is paged at once."""
    return await do(request, viewer, id, body, lambda by: events.PassOn(by, body.reason))


@router.post("/incidents/{id}/severity")
async def severity(request: Request, viewer: Acts, id: str, body: SeverityBody) -> Json:
    """Change the severity, or confirm it by saying the same."""
    return await do(request, viewer, id, body, lambda by: events.SetSeverity(by, body.severity, body.reason, body.was))


@router.post("/incidents/{id}/assign")
async def assign(request: Request, viewer: Acts, id: str, body: AssignBody) -> Json:
    """Give a role to a person, or give it up."""
    return await do(request, viewer, id, body, lambda by: events.Assign(by, body.role, body.person, body.was))


@router.post("/incidents/{id}/update")
async def update(request: Request, viewer: Acts, id: str, body: UpdateBody) -> Json:
    """Post a status update."""
    said = {**body.model_dump(exclude={"by"}), "next_update": promised(body.next_update)}
    return await do(request, viewer, id, body, lambda by: events.PostUpdate(by, **said))


def promised(value: str | int | None) -> timedelta | datetime | None:
    """Read when the next update is promised: a duration, seconds, or an instant in RFC 3339. Raises Refused."""
    if not isinstance(value, str) or not value.strip():
        return span_of(value) if isinstance(value, int) else None
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(value.strip())
        if at.tzinfo is None:
            raise Refused("the instant of the next update needs a zone: 2026-11-23T09:32:00Z", 422)
        return at.astimezone(UTC)
    return span_of(value)


@router.post("/incidents/{id}/note")
async def note(request: Request, viewer: Acts, id: str, body: NoteBody) -> Json:
    """Put a note on the timeline."""
    return await do(request, viewer, id, body, lambda by: events.Note(by, body.text))


@router.post("/incidents/{id}/escalate")
async def escalate(
    request: Request, viewer: Acts, id: str, body: Annotated[EscalateBody, Body(default_factory=EscalateBody)]
) -> Json:
    """Page the next step of the policy now."""
    return await do(request, viewer, id, body, lambda by: events.Escalate(by, body.reason))


@router.post("/incidents/{id}/extend")
async def extend(
    request: Request, viewer: Acts, id: str, body: Annotated[ExtendBody, Body(default_factory=ExtendBody)]
) -> Json:
    """Declare that it takes longer."""
    return await do(request, viewer, id, body, lambda by: events.Extend(by, span_of(body.for_), body.reason))


def span_of(value: str | int | None) -> timedelta | None:
    """Read a duration or a count of seconds. Raises Refused."""
    if value is None or value == "":
        return None
    try:
        return timedelta(seconds=value) if isinstance(value, int) else parse_duration(value)
    except (ValueError, OverflowError) as error:
        raise Refused(f"not a duration: {error}", 422) from None


@router.post("/incidents/{id}/checked")
async def checked(request: Request, viewer: Acts, id: str, body: CheckedBody) -> Json:
    """Tick a duty."""
    return await do(request, viewer, id, body, lambda by: events.Check(by, body.duty))


@router.post("/incidents/{id}/write-up")
async def write_up(request: Request, viewer: Acts, id: str, body: WriteUpBody) -> Json:
    """Publish the quick write-up of a resolved incident."""
    return await do(request, viewer, id, body, lambda by: events.WriteUp(by, body.text))


@router.post("/incidents/{id}/resolve")
async def resolve(
    request: Request, viewer: Acts, id: str, body: Annotated[ResolveBody, Body(default_factory=ResolveBody)]
) -> Json:
    """It is over: the all-clear goes out, and the review is scheduled."""
    return await do(
        request, viewer, id, body, lambda by: events.Resolve(by, body.root_cause, body.resolution, body.seen)
    )


@router.post("/incidents/{id}/reopen")
async def reopen(
    request: Request, viewer: Acts, id: str, body: Annotated[ReopenBody, Body(default_factory=ReopenBody)]
) -> Json:
    """It is not over."""
    return await do(request, viewer, id, body, lambda by: events.Reopen(by, body.reason))


# --------------------------------------------------------------------------------------------- readiness


@router.get("/readiness")
async def show_readiness(request: Request, _: Reads) -> Json:
    """What will hurt one night, the worst first, and how each person would be reached at 03:00."""
    return readiness_json(await request.app.state.db.read(readiness.read, request.app.state.setup))


# --------------------------------------------------------------------------------------------- hand-offs


@router.get("/handoffs")
async def list_handoffs(
    request: Request, _: Reads, state: str | None = None, before: str | None = None, limit: Limit = 100
) -> Json:
    """Shift changes, newest first: who took over, and whether they confirmed it."""
    rows = await request.app.state.db.read(handoffs.listing, state=state, before=before, limit=limit)
    return listed(request, [handoff_json(row) for row in rows], limit, rows[-1].id if rows else None)


@router.post("/handoffs/{id}/confirm")
async def confirm_handoff(request: Request, viewer: Acts, id: str, body: Empty) -> Json:
    """I have the pager: nothing more is asked, and whoever heard otherwise is told."""
    setup = request.app.state.setup

    def usecase(tx: Tx) -> Json:
        _, runbook = in_force(tx, setup)
        return handoff_json(handoff.confirm(tx, setup, id, actor(viewer, body.by, runbook)))

    return await request.app.state.db.write(usecase)


# --------------------------------------------------------------------------------------------- after a restore


@router.get("/restored")
async def show_restored(request: Request, _: Reads) -> Json:
    """Whether a restored database holds everything back, until when, and whom it would page then."""
    return restored_json(await request.app.state.db.read(restored.look))


@router.post("/restored/release")
async def release_restored(request: Request, viewer: Administers) -> Json:
    """Let what waits go out now; `released` is false when nothing was held back."""
    return {"released": await request.app.state.db.write(restored.release, viewer.acts_as)}
