"""Who is on call, whether they have confirmed it, and the shifts of the coming two weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core import oncall
from tocsin.core.calendar import utc_words, words
from tocsin.core.handoff import people
from tocsin.core.runbook import Runbook
from tocsin.store import handoffs
from tocsin.store import oncall as store
from tocsin.store.db import Tx
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import require, viewer_of
from tocsin.web.render import render

AHEAD: Final = timedelta(days=14)
DAY: Final = timedelta(days=1)
RECENT: Final = 50  # hand-offs that are looked through
STILL: Final = ("waiting", "unconfirmed")


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One shift with the names of its people; nobody is a gap."""

    who: str
    start: datetime
    until: datetime
    override: str
    gap: bool


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule: who is on call now, and what comes."""

    name: str
    now: ShiftView
    coming: tuple[ShiftView, ...]


@dataclass(frozen=True, slots=True)
class Handed:
    """One schedule of a hand-off."""

    name: str
    outgoing: str
    until: datetime


@dataclass(frozen=True, slots=True)
class HandOffView:
    """A hand-off: its state in a word and a colour, and a sentence on what came of it."""

    id: str
    title: str
    person: str | None
    who: str
    at: datetime
    word: str
    colour: str
    note: str
    schedules: tuple[Handed, ...]
    open: bool


WORDS: Final = {  # state of a hand-off: its word, and the state of a page whose colour it has
    "waiting": ("Not confirmed yet", "sent"), "confirmed": ("Confirmed", "acknowledged"),
    "unconfirmed": ("Unconfirmed", "failed"), "superseded": ("Over", "moot"), "nobody": ("Nobody", "failed"),
}  # fmt: skip


def hand_off_view(row: Any, runbook: Runbook, now: datetime) -> HandOffView:
    """Show a hand-off, as `store.handoffs` reads it."""
    handed = tuple(
        Handed(e["schedule"], people(e["outgoing"], runbook), datetime.fromisoformat(e["until"])) for e in row.schedules
    )
    who, named = people([row.person] if row.person else [], runbook), ", ".join(h.name for h in handed)
    word, colour = WORDS[row.state]
    return HandOffView(
        id=row.id, title=f"{who if row.person else 'Nobody'} takes {named}", person=row.person, who=who, at=row.at,
        word=word, colour=colour, note=_came_of(row, runbook, now), schedules=handed,
        open=row.state in ("waiting", "unconfirmed"),
    )  # fmt: skip


def _came_of(row: Any, runbook: Runbook, now: datetime) -> str:
    told = people(row.told, runbook)
    if row.state == "confirmed":
        late = f", after {told} had been told" if row.told else ""
        return f"{people([row.confirmed_by], runbook)} has the pager: said so {utc_words(row.confirmed_at)}{late}."
    if row.state == "waiting":
        return f"Others are told in {words(row.confirm_by - now)}."
    if row.state == "unconfirmed":
        return f"Nobody confirmed by {utc_words(row.confirm_by)}; {told} was told."
    return f"{told} was told." if row.state == "nobody" else "The shift has changed hands since."


def show(runbook: Runbook, stand_ins: tuple[oncall.Override, ...], now: datetime) -> tuple[ScheduleView, ...]:
    """Build the page: each schedule with its shift now and those of the coming 14 days."""
    views = []
    for name in runbook.schedules:
        current = oncall.on_call_at(runbook, name, now, stand_ins)
        coming = [shift for shift in oncall.shifts(runbook, name, now, now + AHEAD, stand_ins) if shift.start > now]
        views.append(ScheduleView(name, _view(current, runbook), tuple(_view(shift, runbook) for shift in coming)))
    return tuple(views)


def _view(shift: oncall.Shift, runbook: Runbook) -> ShiftView:
    who = ", ".join(runbook.people[p].name if p in runbook.people else p for p in shift.people)
    return ShiftView(who or "Nobody", shift.start, shift.until, shift.override or "", not shift.people)


async def page(request: Request) -> Response:
    """Show who is on call."""
    require(await viewer_of(request), "viewer")
    viewer = request.state.viewer
    state = request.app.state
    schedules, hand_offs, duties = await state.db.read(_read, state.setup, viewer.acts_as)
    return render(
        request, "oncall/show.html", schedules=schedules, hand_offs=hand_offs, duties=duties,
        can_act=may(viewer.role, "responder"),
    )  # fmt: skip


def _read(
    tx: Tx, setup: Setup, me: str
) -> tuple[tuple[ScheduleView, ...], tuple[HandOffView, ...], tuple[str, ...]]:  # fmt: skip
    """The schedules; the hand-offs of the last day and those that nobody confirmed; my duties when I am on call."""
    _, runbook = in_force(tx, setup)
    stand_ins = store.overrides(tx)
    mine = any(me in oncall.on_call_at(runbook, name, tx.now, stand_ins).people for name in runbook.schedules)
    recent = [row for row in handoffs.listing(tx, limit=RECENT) if tx.now - row.at < DAY or row.state in STILL]
    views = tuple(hand_off_view(row, runbook, tx.now) for row in recent if row.state != "superseded")
    return show(runbook, stand_ins, tx.now), views, runbook.on_call.duties if mine else ()


ROUTES = [Route("/oncall", page, methods=["GET"])]
