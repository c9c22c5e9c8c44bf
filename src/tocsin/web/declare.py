"""How bad is it: the form that asks about the impact, proposes the severity, and declares or sets it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import events, impact
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import respond
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

Form = Mapping[str, str]


def chosen(form: Form) -> dict[int, int]:
    """Which answer was given to which question, by their places; what is no number says nothing."""
    pairs = ((name.removeprefix("q"), value) for name, value in form.items() if name.startswith("q"))
    return {int(place): int(value) for place, value in pairs if place.isdecimal() and value.isdecimal()}


async def page(request: Request) -> Response:
    """Show the questions."""
    require(await viewer_of(request), "responder")
    return await _page(request, {name: clip(value, 500) for name, value in request.query_params.items()})


async def _page(request: Request, form: Form, message: str = "", status: int = 200) -> Response:
    found, runbook = await request.app.state.db.read(_about, request.app.state.setup, form.get("incident", ""))
    answers = chosen(form)
    proposal = impact.propose(runbook, answers)
    severity = proposal.severity if form.get("do") == "propose" and proposal.severity else form.get("severity")
    return render(
        request, "noise/declare.html", status=status, form=form, message=message, runbook=runbook, about=found,
        questions=impact.questions(runbook), answers=answers, proposal=proposal,
        severity=severity or (found.severity if found else ""), services=sorted(runbook.services),
    )  # fmt: skip


def _about(tx: Tx, setup: Setup, name: str) -> tuple[Incident | None, Runbook]:
    """The incident that it is about, if it is about an open one, with its runbook; else the one in force."""
    if not name:
        return None, in_force(tx, setup)[1]
    state = incidents.load(tx, incident_number(name)).state
    return state, runbook_of(tx, setup, state.runbook_version)


async def post(request: Request) -> Response:
    """Propose, or do what is asked for; a refusal keeps what was typed."""
    viewer, form = await require_form(request, "responder")
    if form.get("do") == "propose":
        none = "" if chosen(form) else "Answer at least one question"
        return await _page(request, form, none)
    try:
        number = await request.app.state.db.write(_do, request.app.state.setup, form, viewer.acts_as)
    except Refused as error:
        return await _page(request, form, str(error), error.status)
    return RedirectResponse(f"/incidents/{incident_name(number)}", 303)


def _do(tx: Tx, setup: Setup, form: Form, by: str) -> int:
    severity = form.get("severity", "")
    if name := form.get("incident"):
        number = incident_number(name)
        _, runbook = _about(tx, setup, name)
        because = impact.propose(runbook, chosen(form)).because
        respond.act(tx, setup, number, events.SetSeverity(by, severity, form.get("reason") or because))
        return number
    if not severity:
        raise Refused("how bad is it? Answer the questions, or choose a severity", 422)
    event = events.Declared(
        clip(form.get("title", ""), 500), severity, by, service=form.get("service") or None,
        impact=clip(form.get("impact", ""), 10_000) or None,
    )  # fmt: skip
    return respond.declare(tx, setup, event)


ROUTES = [
    Route("/declare", page, methods=["GET"]),
    Route("/declare", post, methods=["POST"]),
]
