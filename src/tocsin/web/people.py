"""How each person is reached: their ways, proved or broken; what they would hear tonight; checks and pages by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import delivery, reach, testpage
from tocsin.core.calendar import local_to_utc, words
from tocsin.core.delivery import CONSOLE, Health, Ways
from tocsin.core.reach import Heard, State
from tocsin.core.runbook import NotifyRule, Person, QuietHours, Runbook
from tocsin.core.types import Json, Refused, incident_name, instant_text
from tocsin.sdk import clip
from tocsin.store import people as store
from tocsin.store.db import Tx
from tocsin.usecases import people
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import require, require_form, same_origin, viewer_of
from tocsin.web.render import render

UNANSWERED: Final = timedelta(days=1)  # then a test page that nobody pressed is a bad sign
NIGHT: Final = time(3, 0)  # the hour at which it must work
# The state of a way as a class of the style sheet.
COLOURS: Final[Mapping[State, str]] = {
    "proved": "acknowledged", "never proved": "sent", "broken": "failed", "cannot be used": "failed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WayView:
    """One way to a person: its state in a word with its colour, the sentence behind it, whether a rule names it."""

    via: str
    address: str
    state: State
    colour: str
    text: str
    named: bool
    can_check: bool


@dataclass(frozen=True, slots=True)
class HeardView:
    """One line of what they would hear: the local time, the way, its state."""

    at: datetime
    text: str
    state: State
    colour: str
    why: str
    console: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    """All that a person's page shows. `reached` is false when nothing but the console would sound."""

    id: str
    name: str
    roles: str
    zone: str
    reached: bool
    ways: tuple[WayView, ...]
    high: tuple[str, ...]
    low: tuple[str, ...]
    quiet: str
    night: tuple[HeardView, ...]
    test: str
    test_state: str
    next_test: datetime | None


def tonight(runbook: Runbook, person: str, now: datetime) -> datetime:
    """The next 03:00 on the person's own clock, in UTC."""
    known = runbook.people.get(person)
    zone = (known.timezone if known else None) or runbook.organization.timezone
    day = now.astimezone(ZoneInfo(zone)).date()
    at = local_to_utc(day, NIGHT, zone)
    return at if at > now else local_to_utc(day + timedelta(days=1), NIGHT, zone)


def show(
    runbook: Runbook, ways: Ways, person: str, health: Health, tested: tuple[datetime, datetime | None] | None,
    now: datetime,
) -> PersonView:  # fmt: skip
    """Build the page of one person. Nothing is read here."""
    known = runbook.people[person]
    heard = reach.reach_at(runbook, ways, person, tonight(runbook, person, now), health)
    test, state = _test(tested, now)
    return PersonView(
        id=person, name=known.name, roles=", ".join(known.roles), zone=known.timezone or runbook.organization.timezone,
        reached=reach.reachable(heard), ways=_ways(runbook, ways, person, health, now),
        high=_rules(known.notify.high), low=_rules(known.notify.low), quiet=_quiet(known, runbook),
        night=tuple(_heard(h, now) for h in heard), test=test, test_state=state,
        next_test=testpage.next_test(runbook, person, now),
    )  # fmt: skip


def _ways(runbook: Runbook, ways: Ways, person: str, health: Health, now: datetime) -> tuple[WayView, ...]:
    """Every channel that leads to the person, and those that their rules name though they do not."""
    notify = runbook.people[person].notify
    named = {delivery.way(runbook, ways, person, rule.via).via for rule in (*notify.high, *notify.low)}
    found = []
    for via in dict.fromkeys([*sorted(named), *runbook.channels]):
        route = delivery.way(runbook, ways, person, via)
        if route.kind == CONSOLE or (route.why_not and via not in named):
            continue
        contact = health.get((person, route.via))
        state, proved = reach.state_of(route, contact)
        why = delivery.broken(route, contact) or route.why_not
        text = reach.in_words(Heard(now, route.via, route.kind, state, why, proved), now)
        found.append(WayView(route.via, route.address, state, COLOURS[state], text, via in named, not route.why_not))
    return tuple(found)


def _heard(heard: Heard, now: datetime) -> HeardView:
    text = f"{heard.via}, if {heard.instead_of} fails" if heard.instead_of else heard.via
    if heard.kind == CONSOLE:
        text = "the server's console: somebody has to look at it"
    return HeardView(
        heard.at, text, heard.state, COLOURS[heard.state], reach.in_words(heard, now), heard.kind == CONSOLE
    )


def _rules(rules: tuple[NotifyRule, ...]) -> tuple[str, ...]:
    return tuple(f"{rule.via}, {f'after {words(rule.after)}' if rule.after else 'at once'}" for rule in rules)


def _quiet(known: Person, runbook: Runbook) -> str:
    quiet: QuietHours | None = known.quiet_hours
    if quiet is None:
        return ""
    zone = quiet.timezone or known.timezone or runbook.organization.timezone
    days = "every day" if len(quiet.days) == 7 else ", ".join(quiet.days)
    return f"{quiet.from_} to {quiet.until} ({zone}), {days}: low urgency waits for the end, high urgency never does"


def _test(tested: tuple[datetime, datetime | None] | None, now: datetime) -> tuple[str, str]:
    """How the last test page went, in words and as a colour."""
    if tested is None:
        return "never sent", "sent"
    sent, answered = tested
    if answered is None:
        return f"sent {words(now - sent)} ago, not answered", "failed" if now - sent > UNANSWERED else "sent"
    old = now - answered > testpage.STALE
    return f"answered {words(now - answered)} ago, {words(answered - sent)} after it was sent", "sent" if old else (
        "acknowledged"
    )


def person_json(runbook: Runbook, view: PersonView, tested: tuple[datetime, datetime | None] | None) -> Json:
    """A person as the API shows them."""
    sent, answered = tested or (None, None)
    return {
        "id": view.id, "name": view.name, "roles": list(runbook.people[view.id].roles), "timezone": view.zone,
        "reached": view.reached, "quiet_hours": view.quiet or None,
        "ways": [{"via": w.via, "state": w.state, "text": w.text, "named": w.named} for w in view.ways],
        "tonight": [
            {"at": instant_text(h.at), "via": h.text, "state": h.state, "text": h.why} for h in view.night
        ],
        "test": {"sent_at": instant_text(sent), "answered_at": instant_text(answered),
                 "next_at": instant_text(view.next_test)},
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- reading


def everybody(tx: Tx, setup: Setup) -> tuple[Runbook, list[PersonView]]:
    """Every person of the runbook in force."""
    _, runbook = in_force(tx, setup)
    health, tests = store.health(tx), store.last_tests(tx)
    return runbook, [show(runbook, setup.ways, id_, health, tests.get(id_), tx.now) for id_ in runbook.people]


def one(tx: Tx, setup: Setup, person: str) -> tuple[PersonView, Json]:
    """One person, as the page and the API show them. Raises Refused: 404."""
    _, runbook = in_force(tx, setup)
    people.known(runbook, person)
    tested = store.last_tests(tx).get(person)
    view = show(runbook, setup.ways, person, store.health(tx, person), tested, tx.now)
    return view, person_json(runbook, view, tested)


# --------------------------------------------------------------------------------------------- views


async def listing(request: Request) -> Response:
    """Show everybody: whether they would be reached, and when that was tried last."""
    require(await viewer_of(request), "viewer")
    _, views = await request.app.state.db.read(everybody, request.app.state.setup)
    return render(request, "people/list.html", people=views)


async def detail(request: Request) -> Response:
    """Show one person."""
    require(await viewer_of(request), "viewer")
    return await _detail(request)


async def _detail(request: Request, message: str = "", status: int = 200, done: str = "") -> Response:
    view, _ = await request.app.state.db.read(one, request.app.state.setup, request.path_params["id"])
    can_act = may(request.state.viewer.role, "responder")
    said = done or SAID.get(request.query_params.get("done", ""), "")
    return render(
        request, "people/show.html", status=status, p=view, message=message, done=said, can_act=can_act,
        asked=request.query_params.get("via", ""),
    )  # fmt: skip


SAID: Final = {
    "code": "A code is on its way. Type it in below, or open its link.",
    "proved": "Proved: this way reaches its person.",
    "test": "The test page is on its way. One press on its link answers it.",
}


async def act(request: Request) -> Response:
    """Do what one of the page's forms asks, and show the page again, or the incident of a page by hand."""
    viewer, form = await require_form(request, "responder")
    person, what, via = request.path_params["id"], request.path_params["action"], form.get("via", "")
    db, setup, by = request.app.state.db, request.app.state.setup, viewer.acts_as
    here = f"/people/{person}"
    try:
        if what == "check":
            await db.write(people.send_check, setup, person, via, by, request.app.state.new_secret())
            return RedirectResponse(f"{here}?done=code&via={via}#ways", 303)
        if what == "code":
            return await _typed(request, person, via, form.get("code", ""))
        if what == "test":
            await db.write(people.send_test, setup, person, by)
            return RedirectResponse(f"{here}?done=test", 303)
        if what == "page":
            urgency: Literal["high", "low"] = "low" if form.get("urgency") == "low" else "high"
            number = await db.write(people.page_by_hand, setup, person, clip(form.get("message", ""), 500), by, urgency)
            return RedirectResponse(f"/incidents/{incident_name(number)}", 303)
    except Refused as error:
        if error.status == 404:
            raise
        return await _detail(request, str(error), error.status)
    raise Refused("no such action", 404)


async def _typed(request: Request, person: str, via: str, code: str) -> Response:
    why = await request.app.state.db.write(people.type_code, request.app.state.setup, person, via, clip(code, 20))
    if why:
        return await _detail(request, f"{via}: {why}", 409)
    return RedirectResponse(f"/people/{person}?done=proved#ways", 303)


async def check(request: Request) -> Response:
    """Show the page of a check's link. The link is the credential; looking proves nothing."""
    row, name = await request.app.state.db.read(_checked, request)
    response = render(request, "people/check.html", row=row, whom=name)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _checked(tx: Tx, request: Request) -> tuple[Any, str]:
    setup, id_ = request.app.state.setup, request.path_params["id"]
    row = store.check(tx, id_) if people.is_check_link(setup, id_, request.path_params["mac"]) else None
    if row is None:
        raise Refused("this link is not known: open the newest that you got", 404)
    known = in_force(tx, setup)[1].people.get(row.person)
    return row, known.name if known else row.person


async def pressed(request: Request) -> Response:
    """Take the press that proves a way, or answers a test page."""
    row, _ = await request.app.state.db.read(_checked, request)
    if not same_origin(request):
        raise Refused("this press did not come from the page of the link", 403)
    await request.app.state.db.write(people.press, request.app.state.setup, row.id)
    return RedirectResponse(request.url.path, 303)


ROUTES = [
    Route("/people", listing, methods=["GET"]),
    Route("/people/{id}", detail, methods=["GET"]),
    Route("/people/{id}/{action}", act, methods=["POST"]),
    Route("/check/{id}/{mac}", check, methods=["GET"]),
    Route("/check/{id}/{mac}", pressed, methods=["POST"]),
]
