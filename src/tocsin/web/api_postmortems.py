"""The JSON API of postmortems: the document with its versions, its review, its evidence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tocsin.core import lint, postmortem, review
from tocsin.core.attendance import Attendance
from tocsin.core.review import Plan
from tocsin.core.types import Json, Refused, incident_name, incident_number, instant_text
from tocsin.store import attendance
from tocsin.store import postmortems as store
from tocsin.store import reviews as weeks
from tocsin.store.db import Tx
from tocsin.usecases import evidence, postmortems, reviews
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.api import Acting, Acts, Limit, Long, Reads, actor, listed
from tocsin.web.filed import noticed

router = APIRouter(prefix="/api/v1")


class SaveBody(Acting):
    text: str
    version: int
    joins: str = ""


class PublishBody(Acting):
    version: int
    anyway: bool = False


class StateBody(Acting):
    state: str


class MoveBody(Acting):
    at: str
    reason: Long = ""


class ReasonBody(Acting):
    reason: Long = ""


class LintBody(Acting):
    text: str


Plain = Annotated[Acting, Body(default_factory=Acting)]


def document_json(row: Any) -> Json:
    """A document: `found` is another text of it that waits to be joined, with its hash as `joins` wants it."""
    found = None
    if row.found is not None:
        found = {"text": row.found, "in": row.found_in, "at": instant_text(row.found_at),
                 "sha256": store.sha256_of(row.found)}  # fmt: skip
    return {
        "incident": incident_name(row.incident), "path": row.path, "text": row.text, "version": row.version,
        "state": row.state, "written_at": instant_text(row.written_at), "by": row.changed_by,
        "published": {"version": row.published_version, "at": instant_text(row.published_at), "by": row.published_by}
        if row.published_version else None,
        "questions": [{"line": q.line, "heading": q.heading, "text": q.text} for q in postmortem.questions(row.text)],
        "found": found,
    }  # fmt: skip


def answer_json(one: Attendance, plan: Plan) -> Json:
    """What a calendar answered. `counts`: about the time that the review has now."""
    return {
        "attendee": one.attendee, "person": one.person, "answer": one.answer or None, "counts": one.counts(plan),
        "sequence": one.sequence if one.answer else one.proposed_sequence, "comment": one.comment,
        "heard_at": instant_text(one.heard_at), "sender": one.sender,
        "proposed_at": instant_text(one.proposed) if one.proposes(plan) else None,
    }  # fmt: skip


def plan_json(tx: Tx, plan: Plan, number: int) -> Json:
    """The week after an incident: when its review is, who comes, and its steps."""
    heard = attendance.of(tx, number)
    answered = {one.person for one in heard if one.counts(plan)}
    return {
        "incident": incident_name(number), "review_at": instant_text(plan.meeting_at),
        "minutes": int(plan.length.total_seconds() // 60), "invited": list(plan.invited), "over": plan.over or None,
        "sequence": plan.sequence, "asked": list(plan.asked), "answers": [answer_json(one, plan) for one in heard],
        "unanswered": [person for person in plan.asked if person not in answered],
        "steps": [{"id": step.id, "title": step.title, "day": step.day, "due_at": instant_text(step.due),
                   "state": "done" if step.done_at else "late" if step.missed_at else "open",
                   "holder": "system" if step.kind == "evidence" else review.holder_of(step),
                   "done_at": instant_text(step.done_at), "done_by": step.done_by} for step in plan.steps],
    }  # fmt: skip


@router.get("/postmortems")
async def list_postmortems(
    request: Request, _: Reads, state: Literal["draft", "in_review", "published"] | None = None,
    before: int | None = None, limit: Limit = 100,
) -> Json:  # fmt: skip
    """Every document, those of the newest incidents first, without their texts."""
    rows = await request.app.state.db.read(_list, state, before, limit)
    found = [
        {"incident": incident_name(row.incident), "title": row.title, "severity": row.severity, "state": row.state,
         "path": row.path, "version": row.version, "written_at": instant_text(row.written_at), "by": row.changed_by,
         "published_at": instant_text(row.published_at)}
        for row in rows
    ]  # fmt: skip
    return listed(request, found, limit, rows[-1].incident if rows else None)


def _list(tx: Tx, state: str | None, before: int | None, limit: int) -> Any:
    return store.listing(tx, state=state, before=before, limit=limit)


@router.get("/incidents/{id}/postmortem")
async def show_postmortem(request: Request, id: str, _: Reads) -> Json:
    """The document as it is now; what somebody changed in its file by hand is noticed."""
    return document_json(await noticed(request, incident_number(id)))


@router.put("/incidents/{id}/postmortem")
async def save_postmortem(request: Request, viewer: Acts, id: str, body: SaveBody) -> Any:
    """Save a text over the version that was read; when another was saved meanwhile: 409, with that one as `current`."""
    number = incident_number(id)
    await noticed(request, number)

    def usecase(tx: Tx, setup: Setup, by: str) -> Any:
        return postmortems.edit(tx, setup, number, by, body.text, body.version, body.joins)

    return await _document(request, viewer, body, usecase)


@router.post("/incidents/{id}/postmortem/publish")
async def publish_postmortem(request: Request, viewer: Acts, id: str, body: PublishBody) -> Any:
    """Publish a version. Open questions are refused (409), unless `anyway`."""
    number = incident_number(id)
    await noticed(request, number)

    def usecase(tx: Tx, setup: Setup, by: str) -> Any:
        return postmortems.publish(tx, setup, number, by, body.version, anyway=body.anyway)

    return await _document(request, viewer, body, usecase)


@router.post("/incidents/{id}/postmortem/state")
async def set_state(request: Request, viewer: Acts, id: str, body: StateBody) -> Any:
    """Give it to be reviewed (`in_review`), or take it back (`draft`)."""

    def usecase(tx: Tx, _setup: Setup, by: str) -> Any:
        return postmortems.set_state(tx, incident_number(id), by, body.state)

    return await _document(request, viewer, body, usecase)


async def _document(request: Request, viewer: Acts, body: Acting, usecase: Any) -> Any:
    setup = request.app.state.setup

    def do(tx: Tx) -> Json:
        _, runbook = in_force(tx, setup)
        return document_json(usecase(tx, setup, actor(viewer, body.by, runbook)))

    try:
        return await request.app.state.db.write(do)
    except postmortems.Stale as stale:
        problem = {"type": "about:blank", "title": "Not possible now", "status": 409, "detail": str(stale),
                   "instance": request.url.path, "current": document_json(stale.row)}  # fmt: skip
        return JSONResponse(problem, 409, media_type="application/problem+json")


@router.get("/incidents/{id}/postmortem/versions")
async def list_versions(request: Request, id: str, _: Reads) -> Json:
    """The versions of a document, newest first: who saved which when, and why."""
    rows = await request.app.state.db.read(store.history, incident_number(id))
    items = [{"version": row.version, "at": instant_text(row.at), "by": row.by, "why": row.why, "sha256": row.sha256}
             for row in rows]  # fmt: skip
    return {"items": items, "next": None}


@router.get("/incidents/{id}/postmortem/lint")
async def lint_postmortem(request: Request, id: str, _: Reads) -> Json:
    """What could be said better in the document as it is now: `[{"line", "rule", "text", "better"}]`."""

    def read(tx: Tx) -> Json:
        _, runbook = in_force(tx, request.app.state.setup)
        row = postmortems.read(tx, incident_number(id))
        return [one.json for one in lint.lint(row.text, [person.name for person in runbook.people.values()])]

    return await request.app.state.db.read(read)


@router.get("/incidents/{id}/review")
async def show_review(request: Request, id: str, _: Reads) -> Json:
    """The week after an incident: when its review is, who is invited and comes, which steps are open, late or done."""
    number = incident_number(id)

    def read(tx: Tx) -> Json:
        plan = weeks.get(tx, number)
        if plan is None:
            raise Refused(f"{incident_name(number)} has no review", 404)
        return plan_json(tx, plan, number)

    return await request.app.state.db.read(read)


@router.post("/incidents/{id}/review/move")
async def move_review(request: Request, viewer: Acts, id: str, body: MoveBody) -> Json:
    """Put the review to another time, in the organization's zone or with an offset; it is sent anew."""

    def usecase(tx: Tx, setup: Setup, by: str) -> Plan:
        at = reviews.local_time(body.at, in_force(tx, setup)[1])
        return reviews.move(tx, setup, incident_number(id), by, at, body.reason)

    return await _plan(request, viewer, id, body, usecase)


@router.post("/incidents/{id}/review/drop")
async def drop_review(request: Request, viewer: Acts, id: str, body: ReasonBody) -> Json:
    """Hold no review, for a reason; calendars take it out."""

    def usecase(tx: Tx, setup: Setup, by: str) -> Plan:
        return reviews.drop(tx, setup, incident_number(id), by, body.reason)

    return await _plan(request, viewer, id, body, usecase)


@router.post("/incidents/{id}/review/steps/{step}/done")
async def done(request: Request, viewer: Acts, id: str, step: str, body: Plain) -> Json:
    """Tick a step of the week; the review not before it began."""

    def usecase(tx: Tx, setup: Setup, by: str) -> Plan:
        return reviews.tick(tx, setup, incident_number(id), step, by)

    return await _plan(request, viewer, id, body, usecase)


async def _plan(request: Request, viewer: Acts, id: str, body: Acting, usecase: Any) -> Json:
    setup = request.app.state.setup

    def do(tx: Tx) -> Json:
        _, runbook = in_force(tx, setup)
        return plan_json(tx, usecase(tx, setup, actor(viewer, body.by, runbook)), incident_number(id))

    return await request.app.state.db.write(do)


@router.get("/incidents/{id}/evidence")
async def download(request: Request, id: str, _: Reads) -> Response:
    """The bundle of evidence, a zip archive; its SHA-256 is its ETag and stands on the incident's timeline."""
    return await bundle(request, incident_number(id))


async def bundle(request: Request, number: int) -> Response:
    """The same, for a page."""
    row = await request.app.state.db.read(weeks.body, number)
    if row is None:
        raise Refused(f"no evidence is collected of {incident_name(number)} yet", 404)
    headers = {"Content-Disposition": f'attachment; filename="{evidence.file_name(number)}"', "ETag": f'"{row.sha256}"'}
    return Response(row.body, media_type="application/zip", headers=headers)
