"""Who is on call, and the shifts of the coming two weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core import oncall
from tocsin.core.runbook import Runbook
from tocsin.store import oncall as store
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import require, viewer_of
from tocsin.web.render import render

AHEAD: Final = timedelta(days=14)


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
    schedules = await request.app.state.db.read(_read, request.app.state.setup)
    return render(request, "oncall/show.html", schedules=schedules)


def _read(tx: Tx, setup: Setup) -> tuple[ScheduleView, ...]:
    _, runbook = in_force(tx, setup)
    return show(runbook, store.overrides(tx), tx.now)


ROUTES = [Route("/oncall", page, methods=["GET"])]
