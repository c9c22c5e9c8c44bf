"""How ready everybody is: the worst first, each with what to do next, and how each person would be reached tonight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core import readiness as core
from tocsin.core.calendar import words
from tocsin.core.reach import Heard, in_words
from tocsin.core.runbook_check import Finding
from tocsin.usecases import connections, readiness
from tocsin.usecases.access import may
from tocsin.usecases.readiness import Night, Report
from tocsin.web.auth import require, viewer_of
from tocsin.web.connections import show as show_connections
from tocsin.web.render import render

GRAVE = core.rank("integration_left_out")  # the kinds before it wake nobody, or the wrong one


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its word, and whether it is one of the grave ones."""

    word: str
    subject: str
    text: str
    next: str
    grave: bool


@dataclass(frozen=True, slots=True)
class WayView:
    """One way to a person: after how long, through what, in which state."""

    after: str
    via: str
    state: str
    colour: str
    note: str


@dataclass(frozen=True, slots=True)
class NightView:
    """How one person would be reached."""

    name: str
    at: datetime
    schedules: str
    reachable: bool
    ways: tuple[WayView, ...]
    tested: str


COLOURS = {"proved": "acknowledged", "never proved": "sent", "broken": "failed", "cannot be used": "failed"}


def show(report: Report) -> tuple[tuple[FindingView, ...], tuple[NightView, ...]]:
    """Build the page: the findings, and a night for each person, those on call first."""
    found = tuple(_finding(finding) for finding in report.findings)
    nights = sorted(report.nights, key=lambda night: (night.reachable, not night.schedules, night.name))
    return found, tuple(_night(night, report.at) for night in nights)


def _finding(f: Finding) -> FindingView:
    text = f.text[:1].upper() + f.text[1:]
    return FindingView(f.kind.replace("_", " "), f.subject, text, core.NEXT.get(f.kind, ""), core.rank(f.kind) < GRAVE)


def _night(night: Night, now: datetime) -> NightView:
    return NightView(
        night.name, night.at, ", ".join(night.schedules), night.reachable,
        tuple(_way(way, night, now) for way in night.ways), _tested(night, now),
    )  # fmt: skip


def _way(way: Heard, night: Night, now: datetime) -> WayView:
    after = words(way.at - night.at) if way.at > night.at else "at once"
    instead = f"if {way.instead_of} fails; " if way.instead_of else ""
    if way.kind == "console":
        return WayView(after, way.via, "stands in", "moot", "whoever looks at the server sees it")
    note = in_words(way, now) if way.state != "never proved" else ""
    return WayView(after, way.via, way.state, COLOURS[way.state], f"{instead}{note}")


def _tested(night: Night, now: datetime) -> str:
    if night.tested is None:
        return "no test page yet"
    sent, answered = night.tested
    if answered is None:
        return f"test page {words(now - sent)} ago, not answered"
    return f"test page {words(now - sent)} ago, answered after {words(answered - sent)}"


async def page(request: Request) -> Response:
    """Show readiness, looked at now."""
    viewer = require(await viewer_of(request), "viewer")
    setup = request.app.state.setup
    connected = show_connections(await request.app.state.db.read(connections.last, setup))
    report = await request.app.state.db.read(readiness.read, setup)
    found, nights = show(report)
    return render(request, "readiness/show.html", report=report, findings=found, nights=nights,
                  connected=connected, can_act=may(viewer.role, "responder"))  # fmt: skip


ROUTES = [Route("/readiness", page, methods=["GET"])]
