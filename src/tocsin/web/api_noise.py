"""The JSON API of what keeps noise away: silences, what they hold back, merging, splitting, and trying a payload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request

from tocsin.core import impact
from tocsin.core.quiet import Silence
from tocsin.core.types import Json, Refused, incident_number
from tocsin.store import quiet as store
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import joining, quiet, rehearse
from tocsin.usecases.configure import in_force, incident_link
from tocsin.web.api import Acting, Acts, Limit, Long, Reads, actor, listed, span_of
from tocsin.web.shapes import held_json, incident_json, silence_json

router = APIRouter(prefix="/api/v1")


class SilenceBody(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    matchers: list[str] = Field(max_length=50, description="such as service=api, labels.env!=test, text=~disk.*full")
    reason: Long = ""
    from_: AwareDatetime | None = Field(None, alias="from", description="without it: now")
    until: AwareDatetime | None = None
    for_: str | int | None = Field(None, alias="for", description="a duration such as 2h, or seconds")
    repeat: str | None = Field(None, max_length=200, description="such as FREQ=WEEKLY;BYDAY=SU")
    timezone: str = Field("UTC", max_length=100, description="in whose local time it comes again")
    confirm: bool = Field(False, description="yes, though it matches everything or is long")


class ExtendBody(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    until: AwareDatetime | None = None
    for_: str | int | None = Field(None, alias="for", description="a duration from now, or seconds")
    confirm: bool = False


class MergeBody(Acting):
    into: str
    reason: Long = ""


class SplitBody(Acting):
    alerts: list[str] | None = Field(None, max_length=joining.SPLIT_AT_MOST, description="without it: undo its merge")
    reason: Long = ""


class TryBody(Acting):
    body: str = Field(max_length=1_000_000)
    source: str | None = None


Ended = Annotated[Acting, Body(default_factory=Acting)]


def end_of(until: datetime | None, span: str | int | None, start: datetime) -> datetime | None:
    """The end that is asked for, as an instant or by how long. Raises Refused."""
    if until is not None:
        return until.astimezone(UTC)
    found = span_of(span)
    try:
        return start + found if found is not None else None
    except OverflowError:
        raise Refused("this end is too far away", 422) from None


@router.get("/silences")
async def list_silences(request: Request, _: Reads, ended: bool = False) -> Json:
    """Silences in force and to come; with `ended` those of the last 30 days that are over, too."""

    def read(tx: Tx) -> list[Json]:
        holding = store.holding(tx)
        found = store.living(tx) + (store.ended(tx) if ended else ())
        shown = (silence_json(one, tx.now, holding.get(f"silence:{one.id}", 0)) for one in found)
        return [one for one in shown if ended or one["state"] != "ended"]

    return {"items": await request.app.state.db.read(read), "next": None}


@router.get("/silences/{id}")
async def show_silence(request: Request, id: str, _: Reads) -> Json:
    """One silence."""

    def read(tx: Tx) -> Json:
        one = store.get(tx, id)
        if one is None:
            raise Refused("there is no such silence", 404)
        return silence_json(one, tx.now, store.holding(tx).get(f"silence:{id}", 0))

    return await request.app.state.db.read(read)


@router.post("/silences", status_code=201)
async def add_silence(request: Request, viewer: Acts, body: SilenceBody) -> Json:
    """Hold back what matches. 409: it may be a mistake; send it again with `confirm` if it is none."""

    def usecase(tx: Tx, by: str) -> Silence:
        start = body.from_.astimezone(UTC) if body.from_ else None
        return quiet.silence(
            tx, request.app.state.setup, texts=body.matchers, start=start, reason=body.reason, by=by,
            until=end_of(body.until, body.for_, start or tx.now), sure=body.confirm, repeat=body.repeat,
            zone=body.timezone,
        )  # fmt: skip

    return await _silenced(request, viewer, body, usecase)


@router.post("/silences/{id}/extend")
async def extend_silence(request: Request, viewer: Acts, id: str, body: ExtendBody) -> Json:
    """Give a silence another end, later or sooner."""

    def usecase(tx: Tx, by: str) -> Silence:
        until = end_of(body.until, body.for_, tx.now)
        if until is None:
            raise Refused("until when? Say `until` or `for`", 422)
        return quiet.extend(tx, id, until, by, sure=body.confirm)

    return await _silenced(request, viewer, body, usecase)


@router.post("/silences/{id}/end")
async def end_silence(request: Request, viewer: Acts, id: str, body: Ended) -> Json:
    """End a silence now: what it holds back and still fires is paged."""
    return await _silenced(request, viewer, body, lambda tx, by: quiet.end(tx, id, by))


@router.delete("/silences/{id}")
async def delete_silence(request: Request, viewer: Acts, id: str) -> Json:
    """The same as ending it."""
    return await _silenced(request, viewer, Acting(), lambda tx, by: quiet.end(tx, id, by))


async def _silenced(request: Request, viewer: Acts, body: Acting, usecase: Callable[[Tx, str], Silence]) -> Json:
    def do(tx: Tx) -> Json:
        by = actor(viewer, body.by, in_force(tx, request.app.state.setup)[1])
        one = usecase(tx, by)
        return silence_json(one, tx.now, store.holding(tx).get(f"silence:{one.id}", 0))

    return await request.app.state.db.write(do)


@router.get("/held")
async def list_held(
    request: Request, _: Reads, firing: bool = False, before: str | None = None, limit: Limit = 100
) -> Json:
    """Every alert that is or was held back, newest first, with its rule; `firing`: those that are now."""
    rows = await request.app.state.db.read(store.listing, firing=firing, before=before, limit=limit)
    return listed(request, [held_json(row) for row in rows], limit, rows[-1].id if rows else None)


@router.get("/triage/questions")
async def list_questions(request: Request, _: Reads) -> Json:
    """What to ask about the impact, and the severity that each answer speaks for."""
    _, runbook = await request.app.state.db.read(in_force, request.app.state.setup)
    return {"items": [question.model_dump() for question in impact.questions(runbook)], "next": None}


@router.post("/triage/test")
async def try_payload(request: Request, viewer: Acts, body: TryBody) -> Json:
    """Say what a payload would do now, without doing it; without `source` it is guessed."""
    setup = request.app.state.setup
    raw = body.body.encode("utf-8", "replace")
    return {"items": await request.app.state.db.write(rehearse.rehearse, setup, raw, body.source), "next": None}


# --------------------------------------------------------------------------------------------- merging


@router.post("/incidents/{id}/merge")
async def merge(request: Request, viewer: Acts, id: str, body: MergeBody) -> Json:
    """Let this incident go on in another; answers with the one that goes on."""
    number, into = incident_number(id), incident_number(body.into)

    def usecase(tx: Tx, by: str) -> Stored:
        return joining.merge(tx, request.app.state.setup, number, into, by, body.reason)

    return await _joined(request, viewer, body, usecase)


@router.post("/incidents/{id}/split")
async def split(
    request: Request, viewer: Acts, id: str, body: Annotated[SplitBody, Body(default_factory=SplitBody)]
) -> Json:
    """Undo this incident's merge; with `alerts` take those out of it into a new one. Answers with the one split off."""
    number, setup = incident_number(id), request.app.state.setup

    def usecase(tx: Tx, by: str) -> Stored:
        if body.alerts is None:
            return joining.split(tx, setup, number, by, body.reason)
        return joining.split_alerts(tx, setup, number, body.alerts, by, body.reason)

    return await _joined(request, viewer, body, usecase)


async def _joined(request: Request, viewer: Acts, body: Acting, usecase: Callable[[Tx, str], Stored]) -> Json:
    setup, db = request.app.state.setup, request.app.state.db
    stored = await db.write(lambda tx: usecase(tx, actor(viewer, body.by, in_force(tx, setup)[1])))
    return incident_json(stored, incident_link(setup, stored.state.number), db.clock())
