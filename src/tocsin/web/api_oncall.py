"""The JSON API of who is on call: shifts, overrides, absences, swaps and calendar links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AfterValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from tocsin.core import oncall
from tocsin.core.swap import Swap
from tocsin.core.types import Json, Refused
from tocsin.sdk import clip
from tocsin.store import oncall as store
from tocsin.store.db import Tx
from tocsin.usecases import calendar_links, rota
from tocsin.usecases.calendar_links import Link
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.api import Acting, Acts, Limit, Reads, actor
from tocsin.web.calendar import address
from tocsin.web.shapes import absence_json, link_json, override_json, shift_json, swap_json

router = APIRouter(prefix="/api/v1")
YEARS: Final = (2000, 2200)  # in which it is answered who is on call
AHEAD: Final = timedelta(days=14)  # of a list of shifts without an end
LIST_LONGEST: Final = timedelta(days=400)  # of a list of shifts

Reason = Annotated[str, AfterValidator(lambda text: clip(text, 500))]


class Span(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    from_: datetime = Field(alias="from")
    until: datetime
    reason: Reason = ""


class OverrideBody(Span):
    schedule: str
    person: str
    replaces: str | None = Field(None, description="whose place it takes; without it everybody's")


class AbsenceBody(Span):
    person: str


class Turn(Acting):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    from_: datetime = Field(alias="from")
    until: datetime


class SwapBody(Span):
    schedule: str
    asker: str | None = Field(None, description="whose turn it is; without it whoever asks")
    other: str
    back: Turn


class LinkBody(Acting):
    schedule: str | None = None
    person: str | None = None


def aware(at: datetime) -> datetime:
    """An instant in UTC. Raises Refused: it has no zone, or no schedule reaches so far."""
    if at.tzinfo is None:
        raise Refused("an instant needs a time zone, such as 2026-11-23T09:00:00Z", 422)
    if not YEARS[0] <= at.year < YEARS[1]:
        raise Refused(f"an instant in the years {YEARS[0]} to {YEARS[1] - 1}", 422)
    return at.astimezone(UTC)


# --------------------------------------------------------------------------------------------- who


@router.get("/oncall")
async def show_oncall(
    request: Request, _: Reads, at: datetime | None = None, schedule: str | None = None,
    from_: Annotated[datetime | None, Query(alias="from")] = None, until: datetime | None = None,
) -> Json:  # fmt: skip
    """Who is on call, one object for each schedule; with `from` and `until` every shift between them."""
    db, setup = request.app.state.db, request.app.state.setup
    return {"items": await db.read(answer, setup, at, from_, until, schedule), "next": None}


def answer(
    tx: Tx, setup: Setup, at: datetime | None, start: datetime | None, until: datetime | None, schedule: str | None
) -> list[Json]:  # fmt: skip
    """Who is on call at an instant, now without one; with a span every shift of it, for 14 days without an end."""
    if start is None and until is None:
        return on_call(tx, setup, aware(at) if at else tx.now, schedule)
    begins = aware(start) if start else tx.now
    return shifts(tx, setup, begins, aware(until) if until else begins + AHEAD, schedule)


def _names(tx: Tx, setup: Setup, schedule: str | None) -> list[str]:
    _, runbook = in_force(tx, setup)
    if schedule is not None and schedule not in runbook.schedules:
        raise Refused(f"no schedule {schedule!r}; there are {', '.join(runbook.schedules)}", 404)
    return [schedule] if schedule else list(runbook.schedules)


def on_call(tx: Tx, setup: Setup, at: datetime, schedule: str | None) -> list[Json]:
    """The shift of each schedule at an instant."""
    names, (_, runbook) = _names(tx, setup, schedule), in_force(tx, setup)
    stand_ins = store.stand_ins_around(tx, at)
    return [shift_json(oncall.on_call_at(runbook, name, at, stand_ins)) for name in names]


def shifts(tx: Tx, setup: Setup, start: datetime, until: datetime, schedule: str | None) -> list[Json]:
    """The shifts of each schedule between two instants, in order."""
    if not timedelta(0) < until - start <= LIST_LONGEST:
        raise Refused(f"`until` after `from`, at most {LIST_LONGEST.days} days", 422)
    names, (_, runbook) = _names(tx, setup, schedule), in_force(tx, setup)
    stand_ins = store.stand_ins(tx, start, until)
    return [shift_json(one) for name in names for one in oncall.shifts(runbook, name, start, until, stand_ins)]


def _by(tx: Tx, request: Request, viewer: Acts, by: str | None) -> str:
    _, runbook = in_force(tx, request.app.state.setup)
    return actor(viewer, by, runbook)


# --------------------------------------------------------------------------------------------- overrides, absences


@router.get("/overrides")
async def list_overrides(request: Request, _: Reads) -> Json:
    """The stand-ins in force or to come."""
    found = await request.app.state.db.read(store.overrides)
    return {"items": [override_json(override) for override in found], "next": None}


@router.post("/overrides", status_code=201)
async def add_override(request: Request, viewer: Acts, body: OverrideBody) -> Json:
    """Let somebody stand in for a span of a schedule."""
    start, until = aware(body.from_), aware(body.until)

    def usecase(tx: Tx) -> oncall.Override:
        return rota.add_override(
            tx, request.app.state.setup, schedule=body.schedule, person=body.person, start=start, until=until,
            reason=body.reason, by=_by(tx, request, viewer, body.by), replaces=body.replaces,
        )  # fmt: skip

    return override_json(await request.app.state.db.write(usecase))


@router.delete("/overrides/{id}", status_code=204)
async def delete_override(request: Request, viewer: Acts, id: str) -> Response:
    """End an override."""
    await request.app.state.db.write(rota.end_override, id, viewer.acts_as)
    return Response(status_code=204)


@router.get("/absences")
async def list_absences(request: Request, _: Reads) -> Json:
    """Who is away, or will be."""
    found = await request.app.state.db.read(store.absences_to_come)
    return {"items": [absence_json(absence) for absence in found], "next": None}


@router.post("/absences", status_code=201)
async def add_absence(request: Request, viewer: Acts, body: AbsenceBody) -> Json:
    """Say that somebody is away: their turns go to the next of the rotation who is there."""
    start, until = aware(body.from_), aware(body.until)

    def usecase(tx: Tx) -> oncall.Absence:
        by = _by(tx, request, viewer, body.by)
        setup = request.app.state.setup
        return rota.add_absence(tx, setup, person=body.person, start=start, until=until, reason=body.reason, by=by)

    return absence_json(await request.app.state.db.write(usecase))


@router.delete("/absences/{id}", status_code=204)
async def delete_absence(request: Request, viewer: Acts, id: str) -> Response:
    """End an absence."""
    await request.app.state.db.write(rota.end_absence, id, viewer.acts_as)
    return Response(status_code=204)


# --------------------------------------------------------------------------------------------- swaps


@router.get("/swaps")
async def list_swaps(request: Request, _: Reads, state: str | None = None, limit: Limit = 100) -> Json:
    """Swaps, the newest first."""
    found = await request.app.state.db.read(store.all_swaps, state=state, limit=limit)
    return {"items": [swap_json(swap) for swap in found], "next": None}


@router.post("/swaps", status_code=201)
async def ask_swap(request: Request, viewer: Acts, body: SwapBody) -> Json:
    """Ask somebody to swap a turn of theirs for one of yours."""
    turn, back = (aware(body.from_), aware(body.until)), (aware(body.back.from_), aware(body.back.until))

    def usecase(tx: Tx) -> Swap:
        asker = _by(tx, request, viewer, body.by or body.asker)
        return rota.ask_swap(
            tx, request.app.state.setup, schedule=body.schedule, asker=asker, other=body.other, turn=turn, back=back,
            reason=body.reason,
        )  # fmt: skip

    return swap_json(await request.app.state.db.write(usecase))


@router.post("/swaps/{id}/{verb}")
async def answer_swap(request: Request, viewer: Acts, id: str, verb: str, body: Acting | None = None) -> Json:
    """Accept or decline a swap as the other, or withdraw it as the one who asked."""

    def usecase(tx: Tx) -> Swap:
        by = _by(tx, request, viewer, body.by if body else None)
        if verb == "expire":
            raise Refused("a swap expires by itself", 422)
        return rota.answer_swap(tx, request.app.state.setup, id, verb, by)

    return swap_json(await request.app.state.db.write(usecase))


# --------------------------------------------------------------------------------------------- calendar links


@router.get("/calendars")
async def list_calendars(request: Request, _: Reads) -> Json:
    """The links to calendars, without their secrets."""
    found = await request.app.state.db.read(calendar_links.links)
    return {"items": [link_json(link) for link in found], "next": None}


@router.post("/calendars", status_code=201)
async def make_calendar(request: Request, viewer: Acts, body: LinkBody) -> Json:
    """Make a secret link to the calendar of a schedule or a person; its address is shown only now."""
    if (body.schedule is None) == (body.person is None):
        raise Refused("exactly one of schedule and person", 422)
    secret = request.app.state.new_secret()

    def usecase(tx: Tx) -> Link:
        kind, of = ("schedule", body.schedule) if body.schedule is not None else ("person", body.person)
        by = _by(tx, request, viewer, body.by)
        return calendar_links.make(tx, request.app.state.setup, secret, kind=kind, of=of or "", by=by)

    link = await request.app.state.db.write(usecase)
    return {**link_json(link), "url": address(request.app.state.setup, secret)}


@router.delete("/calendars/{id}", status_code=204)
async def revoke_calendar(request: Request, viewer: Acts, id: str) -> Response:
    """Revoke a link: it opens nothing any more."""
    await request.app.state.db.write(calendar_links.revoke, id, viewer.acts_as)
    return Response(status_code=204)
