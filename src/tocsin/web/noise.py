"""The pages of silences and of planned work: what is held back now, and the forms that change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.planned import Plan
from tocsin.core.quiet import Silence
from tocsin.core.statuspage import names_of
from tocsin.core.types import Refused
from tocsin.sdk import clip
from tocsin.store import publish
from tocsin.store import quiet as store
from tocsin.store.db import Tx
from tocsin.usecases import quiet, site
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.api import span_of
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.oncall import local_instant
from tocsin.web.render import render, zone_of

HELD_SHOWN: Final = 100
OVER_SHOWN: Final = 20
REPEATS: Final = (
    ("", "Once"), ("FREQ=DAILY", "Every day"), ("FREQ=WEEKLY", "Every week, on that day"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Monday to Friday"), ("FREQ=MONTHLY", "Every month, on that date"),
)  # fmt: skip
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A silence as a line: its state, the time that runs or comes next, and how many alerts it holds back now."""

    silence: Silence
    state: str
    start: datetime
    until: datetime
    holding: int


@dataclass(frozen=True, slots=True)
class Board:
    """The page of silences."""

    living: tuple[Row, ...]
    ended: tuple[Row, ...]
    held: tuple[Any, ...]  # as store.quiet.listing reads them
    services: tuple[str, ...]
    can_act: bool


@dataclass(frozen=True, slots=True)
class Work:
    """Planned work as a line, with what it holds back."""

    plan: Plan
    start: datetime
    until: datetime
    word: str
    hold: tuple[str, ...]


def row(one: Silence, now: datetime, holding: Mapping[str, int]) -> Row:
    """Show a silence in one line."""
    start, until = one.next_span(now) or (one.start, one.ended_at or one.until)
    return Row(one, one.state(now), start, until, holding.get(f"silence:{one.id}", 0))


def _board(tx: Tx, setup: Setup, role: str) -> Board:
    holding = store.holding(tx)
    living = tuple(row(one, tx.now, holding) for one in store.living(tx))
    return Board(
        tuple(line for line in living if line.state != "ended"),
        tuple(row(one, tx.now, holding) for one in store.ended(tx)),
        tuple(store.listing(tx, firing=True, limit=HELD_SHOWN)), tuple(in_force(tx, setup)[1].services),
        may(role, "responder"),
    )  # fmt: skip


async def silences(request: Request) -> Response:
    """Show the silences, and what they hold back."""
    require(await viewer_of(request), "viewer")
    meant = "\n".join(request.query_params.getlist("match"))[:2000]
    return await _silences(request, form={"matchers": meant} if meant else {})


async def _silences(
    request: Request, message: str = "", status: int = 200, form: Mapping[str, str] = {}, **more: Any
) -> Response:
    setup, viewer = request.app.state.setup, request.state.viewer
    board = await request.app.state.db.read(_board, setup, viewer.role)
    return render(
        request, "noise/silences.html", status=status, board=board, message=message, form=form, repeats=REPEATS,
        **{"tried": None, "sure": False, "unsure": "", "end": {}, **more},
    )  # fmt: skip


def _end(form: Form, start: datetime) -> datetime | None:
    """The end that a form names: an instant, else how long it lasts. Raises Refused."""
    if form.get("until"):
        return local_instant(dict(form), "until")
    span = span_of(form.get("for"))
    return start + min(span, timedelta(days=36_500)) if span else None


def _asked(tx: Tx, setup: Setup, form: Form, by: str) -> Silence:
    start = local_instant(dict(form), "from") if form.get("from") else tx.now
    return quiet.silence(
        tx, setup, texts=form.get("matchers", "").splitlines(), until=_end(form, start), start=start,
        reason=clip(form.get("reason", ""), 500), by=by, sure=form.get("sure") == "on",
        repeat=form.get("repeat") or None, zone=form["zone"],
    )  # fmt: skip


async def add_silence(request: Request) -> Response:
    """Make a silence, or say what it would have meant lately; a refusal keeps what was typed."""
    viewer, form = await require_form(request, "responder")
    form["zone"] = form.get("zone") or zone_of(request).key
    db, setup = request.app.state.db, request.app.state.setup
    try:
        if form.get("do") == "try":
            tried = await db.read(quiet.tried, form.get("matchers", "").splitlines())
            return await _silences(request, form=form, tried=tried)
        await db.write(_asked, setup, form, viewer.acts_as)
    except Refused as error:
        return await _silences(request, str(error), error.status, form, sure=error.status == 409)
    return RedirectResponse("/silences", 303)


async def change_silence(request: Request) -> Response:
    """Give a silence another end, or end it."""
    viewer, form = await require_form(request, "responder")
    id_, verb = request.path_params["id"], request.path_params["verb"]

    def usecase(tx: Tx) -> None:
        if verb == "end":
            quiet.end(tx, id_, viewer.acts_as)
            return
        one, until = store.get(tx, id_), _end(form, tx.now)
        if verb != "extend" or one is None or until is None:
            raise Refused("for how long from now? Such as 2h", 422)
        quiet.extend(tx, id_, until, viewer.acts_as, sure=form.get("sure") == "on")

    try:
        await request.app.state.db.write(usecase)
    except Refused as error:
        return await _silences(request, str(error), error.status, unsure=id_ if error.status == 409 else "", end=form)
    return RedirectResponse("/silences", 303)


# --------------------------------------------------------------------------------------------- planned work


async def maintenance(request: Request) -> Response:
    """Show planned work."""
    require(await viewer_of(request), "viewer")
    return await _maintenance(request)


async def _maintenance(
    request: Request, message: str = "", status: int = 200, form: Mapping[str, str] = {},
    chosen: tuple[str, ...] = (), *, sure: bool = False,
) -> Response:  # fmt: skip
    db, setup = request.app.state.db, request.app.state.setup
    works, components = await db.read(_works, setup)
    return render(
        request, "noise/maintenance.html", status=status, works=works, components=components, message=message,
        form=form, chosen=chosen, repeats=REPEATS, sure=sure, can_act=may(request.state.viewer.role, "responder"),
    )  # fmt: skip


def _works(tx: Tx, setup: Setup) -> tuple[tuple[Work, ...], tuple[str, ...]]:
    hold = {one.work: one.matchers for one in store.living(tx) if one.work}
    lines = []
    for plan in publish.plans(tx):
        start, until = plan.next_span(tx.now)
        word = "To come" if tx.now < start else "Running" if tx.now < until else "Over"
        lines.append(Work(plan, start, until, word, hold.get(plan.id, ())))
    ahead = sorted((work for work in lines if work.word != "Over"), key=lambda work: work.start)
    over = sorted((work for work in lines if work.word == "Over"), key=lambda work: work.until, reverse=True)
    return (*ahead, *over[:OVER_SHOWN]), tuple(names_of(in_force(tx, setup)[1]))


async def add_work(request: Request) -> Response:
    """Announce planned work; a refusal keeps what was typed."""
    viewer, form = await require_form(request, "responder")
    form["zone"] = form.get("zone") or zone_of(request).key
    chosen = tuple(name.removeprefix("component:") for name, value in form.items() if name.startswith("component:"))
    setup = request.app.state.setup

    def usecase(tx: Tx) -> None:
        site.plan(
            tx, setup, title=clip(form.get("title", ""), 500), text=clip(form.get("text", ""), 10_000),
            components=chosen, start=local_instant(form, "from"), until=local_instant(form, "until"), by=viewer.acts_as,
            repeat=form.get("repeat") or None, zone=form["zone"], hold=form.get("hold", "").splitlines(),
            sure=form.get("sure") == "on",
        )  # fmt: skip

    try:
        await request.app.state.db.write(usecase)
    except Refused as error:
        return await _maintenance(request, str(error), error.status, form, chosen, sure=error.status == 409)
    return RedirectResponse("/maintenance", 303)


async def end_work(request: Request) -> Response:
    """Take planned work back."""
    viewer, _ = await require_form(request, "responder")
    await request.app.state.db.write(site.take_back, request.path_params["id"], viewer.acts_as)
    return RedirectResponse("/maintenance", 303)


def like(service: str | None, check: str | None) -> str:
    """The address of the form of a silence for what an incident is about."""
    said = [f"{name}={value}" for name, value in (("service", service), ("check", check)) if value]
    return "/silences?" + "&".join(f"match={quote(text)}" for text in said) + "#new"


ROUTES = [
    Route("/silences", silences, methods=["GET"]),
    Route("/silences", add_silence, methods=["POST"]),
    Route("/silences/{id}/{verb}", change_silence, methods=["POST"]),
    Route("/maintenance", maintenance, methods=["GET"]),
    Route("/maintenance", add_work, methods=["POST"]),
    Route("/maintenance/{id}/end", end_work, methods=["POST"]),
]
