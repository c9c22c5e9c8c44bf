"""Drills with the real people: begun here after a confirmation, and those that were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import events
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name
from tocsin.sdk import clip
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import respond
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

PAST: Final = 20  # drills in the list
SURE: Final = "this pages real people: say that you mean it"


def _read(tx: Tx, setup: Setup) -> tuple[Runbook, list[Stored]]:
    return in_force(tx, setup)[1], incidents.listing(tx, drill=True, limit=PAST)


async def page(request: Request) -> Response:
    """Show how to begin a drill, and the last ones."""
    require(await viewer_of(request), "viewer")
    return await _page(request, {})


async def _page(request: Request, form: Mapping[str, str], message: str = "", status: int = 200) -> Response:
    runbook, past = await request.app.state.db.read(_read, request.app.state.setup)
    return render(
        request, "drills/show.html", status=status, form=form, message=message, severities=runbook.severities,
        services=sorted(runbook.services), past=[stored.state for stored in past],
        can_act=may(request.state.viewer.role, "responder"),
    )  # fmt: skip


async def begin(request: Request) -> Response:
    """Declare the drill, and show it; without the confirmation nothing is done and what was typed is kept."""
    viewer, form = await require_form(request, "responder")
    title = clip(form.get("title", ""), 500)
    event = events.Declared(
        title, form.get("severity", ""), viewer.acts_as, service=form.get("service") or None, drill=True
    )
    try:
        if form.get("sure") != "yes":
            raise Refused(SURE, 422)
        number = await request.app.state.db.write(respond.declare, request.app.state.setup, event)
    except Refused as error:
        return await _page(request, form, str(error), error.status)
    return RedirectResponse(f"/incidents/{incident_name(number)}", 303)


ROUTES = [
    Route("/drills", page, methods=["GET"]),
    Route("/drills", begin, methods=["POST"]),
]
