"""Who is on call, whether they confirmed it, the shifts of the coming two weeks, and the forms that change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin import zones
from tocsin.core import oncall
from tocsin.core.calendar import local_to_utc
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_check import Finding
from tocsin.core.stand_ins import Absence, Override, StandIns
from tocsin.core.swap import Swap
from tocsin.core.types import Refused
from tocsin.sdk import clip
from tocsin.store import oncall as store
from tocsin.store.db import Tx
from tocsin.usecases import calendar_links, rota
from tocsin.usecases.access import may
from tocsin.usecases.calendar_links import Link
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import Viewer, require, require_form, viewer_of
from tocsin.web.calendar import address
from tocsin.web.handoff import HandOffView, recent
from tocsin.web.render import render, zone_of

AHEAD: Final = timedelta(days=14)
WIDTH: Final = 1400  # units of the drawn line of shifts: 100 a day
COLOURS: Final = 6  # that people have on it
REASON_LIMIT: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One shift with the names of its people; nobody is a gap. `left` and `width` place it on the drawn line."""

    who: str
    start: datetime
    until: datetime
    override: str
    gap: bool
    left: int = 0
    width: int = 0
    colour: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule: who is on call now, what comes, and since when its calendar cannot be read."""

    name: str
    now: ShiftView
    coming: tuple[ShiftView, ...]
    gaps: tuple[ShiftView, ...]
    line: tuple[ShiftView, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A shift that somebody may ask to swap: its words, and what the form sends."""

    person: str
    who: str
    schedule: str
    start: datetime
    until: datetime

    @property
    def value(self) -> str:
        return "|".join((self.schedule, self.person, self.start.isoformat(), self.until.isoformat()))


@dataclass(frozen=True, slots=True)
class SwapView:
    """A swap that waits for an answer, and what the viewer may say to it."""

    swap: Swap
    asker: str
    other: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The whole page."""

    schedules: tuple[ScheduleView, ...]
    people: tuple[tuple[str, str], ...]
    overrides: tuple[tuple[Override, str], ...]
    absences: tuple[tuple[Absence, str], ...]
    swaps: tuple[SwapView, ...]
    mine: tuple[Turn, ...]
    theirs: tuple[Turn, ...]
    links: tuple[Link, ...]
    tzdata: str
    old: str
    hand_offs: tuple[HandOffView, ...]
    duties: tuple[str, ...]  # the viewer's, while they are on call
    can_act: bool


def show(
    runbook: Runbook, stand_ins: oncall.StandIns | tuple[Override, ...], now: datetime, faults: list[Finding]
) -> tuple[ScheduleView, ...]:  # fmt: skip
    """Build the schedules of the page: each with its shift now and those of the coming 14 days."""
    views = []
    for name in runbook.schedules:
        current = oncall.on_call_at(runbook, name, now, stand_ins)
        found = oncall.shifts(runbook, name, now, now + AHEAD, stand_ins)
        line = tuple(_view(shift, runbook, now) for shift in found)
        coming = tuple(view for view in line if view.start > now)
        gaps = tuple(view for view in line if view.gap)
        said = tuple(finding.text for finding in faults if finding.subject == name)
        views.append(ScheduleView(name, _view(current, runbook, now), coming, gaps, line, said))
    return tuple(views)


def _view(shift: oncall.Shift, runbook: Runbook, now: datetime) -> ShiftView:
    who = ", ".join(_name(runbook, person) for person in shift.people)
    notes = [f"stands in: {shift.override}" if shift.override else "stands in"] if shift.override is not None else []
    for one in shift.instead:
        notes.append(f"for {_name(runbook, one.of)}, who is away" + (f" ({one.reason})" if one.reason else ""))
    left, right = (_place(at, now) for at in (shift.start, shift.until))
    # A person has one colour on the whole page, where there are colours enough for everybody.
    few = len(runbook.people) <= COLOURS
    order = tuple(runbook.people) if few else runbook.schedules[shift.schedule].people
    first = shift.people[0] if shift.people else ""
    colour = order.index(first) % COLOURS if first in order else COLOURS
    return ShiftView(
        who or "Nobody",
        shift.start,
        shift.until,
        "; ".join(notes),
        not shift.people,
        left,
        max(right - left, 1),
        colour,
    )


def _place(at: datetime, now: datetime) -> int:
    """Where an instant stands on the drawn line."""
    return round(min(max((at - now) / AHEAD, 0), 1) * WIDTH)


def _name(runbook: Runbook, person: str) -> str:
    return runbook.people[person].name if person in runbook.people else person


def turns(runbook: Runbook, stand_ins: StandIns, now: datetime) -> tuple[Turn, ...]:
    """The whole shifts ahead, one for each person of them: what may be swapped."""
    found = []
    for name in runbook.schedules:
        for shift in oncall.shifts(runbook, name, now, now + 3 * AHEAD, stand_ins):
            if shift.start > now and shift.until < now + 3 * AHEAD:
                found += [Turn(p, _name(runbook, p), name, shift.start, shift.until) for p in shift.people]
    return tuple(sorted(found, key=lambda turn: turn.start))


def _read(tx: Tx, setup: Setup, viewer: Viewer) -> Board:
    _, runbook = in_force(tx, setup)
    stand_ins = store.stand_ins_around(tx, tx.now)
    swappable = turns(runbook, stand_ins, tx.now) if viewer.person else ()
    with_me = {turn.schedule for turn in swappable if turn.person == viewer.person}
    return Board(
        show(runbook, stand_ins, tx.now, rota.findings(tx, runbook)),
        tuple((id_, person.name) for id_, person in runbook.people.items()),
        tuple((one, _name(runbook, one.person)) for one in store.overrides(tx)),
        tuple((one, _name(runbook, one.person)) for one in store.absences_to_come(tx)),
        tuple(_swap(one, runbook, viewer) for one in store.all_swaps(tx, state="asked") if one.expires_at > tx.now),
        tuple(turn for turn in swappable if turn.person == viewer.person),
        tuple(turn for turn in swappable if turn.person != viewer.person and turn.schedule in with_me),
        tuple(calendar_links.links(tx)), zones.age(tx.now), zones.warning(tx.now),
        recent(tx, runbook), runbook.on_call.duties if _on_call(runbook, stand_ins, viewer, tx.now) else (),
        may(viewer.role, "responder"),
    )  # fmt: skip


def _on_call(runbook: Runbook, stand_ins: StandIns, viewer: Viewer, now: datetime) -> bool:
    names = runbook.schedules
    return any(viewer.acts_as in oncall.on_call_at(runbook, name, now, stand_ins).people for name in names)


def _swap(one: Swap, runbook: Runbook, viewer: Viewer) -> SwapView:
    words = {one.other: ("accept", "decline"), one.asker: ("withdraw",)}
    return SwapView(one, _name(runbook, one.asker), _name(runbook, one.other), words.get(viewer.acts_as, ()))


async def page(request: Request) -> Response:
    """Show who is on call."""
    return await _page(request, "")


async def _page(request: Request, new_link: str) -> Response:
    viewer = require(await viewer_of(request), "viewer")
    board = await request.app.state.db.read(_read, request.app.state.setup, viewer)
    return render(request, "oncall/show.html", board=board, new_link=new_link)


# --------------------------------------------------------------------------------------------- forms


def local_instant(fields: dict[str, str], name: str) -> datetime:
    """A local time of a form, in the zone that the form was shown in. Raises Refused."""
    try:
        zone, local = ZoneInfo(fields.get("zone", "UTC")), datetime.fromisoformat(fields.get(name, ""))
        at = local_to_utc(local.date(), local.time(), zone.key)
    except (ValueError, OSError, KeyError, OverflowError):
        raise Refused(f"{name}: a date and a time such as 2026-11-23T09:00", 422) from None
    return at


async def _form(request: Request, usecase: Callable[[Tx, Setup, dict[str, str], str], Any]) -> Response:
    """Do what a form asks for, and show the page again."""
    viewer, fields = await require_form(request, "responder")
    fields["zone"] = fields.get("zone") or zone_of(request).key
    await request.app.state.db.write(usecase, request.app.state.setup, fields, viewer.acts_as)
    return RedirectResponse("/oncall", 303)


async def add_override(request: Request) -> Response:
    """Let somebody stand in."""

    def usecase(tx: Tx, setup: Setup, fields: dict[str, str], by: str) -> None:
        rota.add_override(
            tx, setup, schedule=fields.get("schedule", ""), person=fields.get("person", ""),
            start=local_instant(fields, "from"), until=local_instant(fields, "until"), reason=_reason(fields), by=by,
            replaces=fields.get("replaces") or None,
        )  # fmt: skip

    return await _form(request, usecase)


async def add_absence(request: Request) -> Response:
    """Say that somebody is away."""

    def usecase(tx: Tx, setup: Setup, fields: dict[str, str], by: str) -> None:
        rota.add_absence(
            tx, setup, person=fields.get("person", ""), start=local_instant(fields, "from"),
            until=local_instant(fields, "until"), reason=_reason(fields), by=by,
        )  # fmt: skip

    return await _form(request, usecase)


def _reason(fields: dict[str, str]) -> str:
    return clip(fields.get("reason", ""), REASON_LIMIT)


async def ask_swap(request: Request) -> Response:
    """Ask for a swap of two turns."""

    def usecase(tx: Tx, setup: Setup, fields: dict[str, str], by: str) -> None:
        schedule, _, turn = _turn(fields, "mine")
        other_schedule, other, back = _turn(fields, "theirs")
        if other_schedule != schedule:
            raise Refused("both turns are of one schedule", 422)
        rota.ask_swap(
            tx, setup, schedule=schedule, asker=by, other=other, turn=turn, back=back, reason=_reason(fields)
        )  # fmt: skip

    return await _form(request, usecase)


def _turn(fields: dict[str, str], name: str) -> tuple[str, str, tuple[datetime, datetime]]:
    try:
        schedule, person, start, until = fields.get(name, "").split("|")
        return schedule, person, (_utc(start), _utc(until))
    except ValueError:
        raise Refused("choose both turns", 422) from None


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at.astimezone(UTC)


async def end(request: Request) -> Response:
    """End an override or an absence, revoke a link, or answer a swap: what the path says."""
    what, id_, verb = (request.path_params[name] for name in ("what", "id", "verb"))

    def usecase(tx: Tx, setup: Setup, fields: dict[str, str], by: str) -> None:
        if what == "swaps" and verb in ("accept", "decline", "withdraw"):
            rota.answer_swap(tx, setup, id_, verb, by)
        elif (what, verb) in ENDINGS:
            ENDINGS[what, verb](tx, id_, by)
        else:
            raise Refused("there is nothing at this address", 404)

    return await _form(request, usecase)


ENDINGS: Final[dict[tuple[str, str], Callable[[Tx, str, str], None]]] = {
    ("overrides", "end"): rota.end_override,
    ("absences", "end"): rota.end_absence,
    ("links", "revoke"): calendar_links.revoke,
}


async def make_link(request: Request) -> Response:
    """Make a calendar link, and show its address this once."""
    viewer, fields = await require_form(request, "responder")
    secret, setup = request.app.state.new_secret(), request.app.state.setup
    kind, _, of = fields.get("of", "").partition(":")

    def usecase(tx: Tx) -> None:
        calendar_links.make(tx, setup, secret, kind=kind, of=of, by=viewer.acts_as)

    await request.app.state.db.write(usecase)
    return await _page(request, address(setup, secret))


ROUTES = [
    Route("/oncall", page, methods=["GET"]),
    Route("/oncall/overrides", add_override, methods=["POST"]),
    Route("/oncall/absences", add_absence, methods=["POST"]),
    Route("/oncall/swaps", ask_swap, methods=["POST"]),
    Route("/oncall/links", make_link, methods=["POST"]),
    Route("/oncall/{what}/{id}/{verb}", end, methods=["POST"]),
]
