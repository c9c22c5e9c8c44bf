"""Whether what the runbook connects works: the section of the readiness page, and its button."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.types import Refused
from tocsin.net import Network
from tocsin.usecases import connections
from tocsin.usecases.connections import Known, Result
from tocsin.web.auth import require_form

WORDS: Final[Mapping[str, tuple[str, str]]] = {  # the word that stands there, and its colour
    "works": ("Works", "acknowledged"), "fails": ("Does not work", "failed"), "left_out": ("Left out", "sent"),
    "no_test": ("No test", "moot"), "not_yet": ("Not tested yet", "moot"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection or channel: its word, what it can do, and what to set or permit."""

    where: str
    title: str
    word: str
    colour: str
    can: str
    text: str
    missing: tuple[str, ...]
    fails: bool


@dataclass(frozen=True, slots=True)
class ConnectionsView:
    """All of them, with when they were tested last and by whom; what does not work first."""

    items: tuple[ConnectionView, ...]
    at: datetime | None
    by: str


def show(known: Known) -> ConnectionsView:
    """Build the section. Nothing is read here."""
    order = {"fails": 0, "left_out": 1, "works": 2, "not_yet": 3, "no_test": 4}
    items = sorted(known.items, key=lambda one: (order[one.state], one.where))
    return ConnectionsView(tuple(map(_view, items)), known.at, known.by)


def _view(one: Result) -> ConnectionView:
    word, colour = WORDS[one.state]
    return ConnectionView(
        one.where, one.title, word, colour, can(one), one.text, one.missing, one.state == "fails"
    )  # fmt: skip


def can(one: Result) -> str:
    """What it can do, in words; empty where nothing is known."""
    if one.reads is None:
        return ""
    acts = {True: "acts", False: "cannot act", None: ""}[one.acts]
    return ", ".join(filter(None, ["reads" if one.reads else "cannot read", acts]))


def start(app: Starlette, network: Network | None) -> None:
    """Give the application what a test needs: the way out, and that one test runs at a time."""
    app.state.network, app.state.testing = network, asyncio.Lock()


async def run(request: Request, by: str) -> Known:
    """
    Test everything that the runbook connects, side by side, and remember what came of it.

    Raises:
        Refused: 409 while another test runs; 503 where this server has no way out.
    """
    state = request.app.state
    if state.network is None:
        raise Refused("this server makes no calls of its own", 503)
    if state.testing.locked():
        raise Refused("a test of the connections is running: look again in a few seconds")
    async with state.testing:
        found = await state.db.read(connections.in_use, state.setup)
        tests = [connections.begin(target) for target in found if target.is_tested]
        answers = await state.network.each(tests, connections.DEADLINE_SECONDS)
        told = connections.results(found, answers)
        await state.db.write(connections.keep, state.setup, by, found, told)
    known: Known = await state.db.read(connections.last, state.setup)
    return known


async def test(request: Request) -> Response:
    """Test them, and show readiness again."""
    viewer, _ = await require_form(request, "responder")
    await run(request, viewer.acts_as)
    return RedirectResponse("/readiness#connections", 303)


ROUTES = [Route("/readiness/connections", test, methods=["POST"])]
