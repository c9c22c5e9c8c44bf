"""I have the pager: the page behind a hand-off's link, and the button on the on-call page."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import handoff as core
from tocsin.core.types import Refused
from tocsin.store import handoffs
from tocsin.store.db import Tx
from tocsin.usecases import handoff
from tocsin.usecases.configure import Setup, check_handoff, in_force
from tocsin.web.auth import require_form, same_origin
from tocsin.web.oncall import HandOffView, hand_off_view
from tocsin.web.render import render


async def ask(request: Request) -> Response:
    """Show what is handed over, and the one button. The link is the credential; looking changes nothing."""
    view, sections, duties, name = await request.app.state.db.read(_asked, request, request.app.state.setup)
    response = render(request, "oncall/confirm.html", h=view, sections=sections, duties=duties, reader=name)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _asked(tx: Tx, request: Request, setup: Setup) -> tuple[HandOffView, Any, tuple[str, ...], str]:
    row = _row(tx, request, setup)
    _, runbook = in_force(tx, setup)
    name = core.people((request.path_params["person"],), runbook)
    return hand_off_view(row, runbook, tx.now), handoff.gather(tx, setup), runbook.on_call.duties, name


def _row(tx: Tx, request: Request, setup: Setup) -> Any:
    path = request.path_params
    row = handoffs.get(tx, path["id"]) if check_handoff(setup, path["id"], path["person"], path["mac"]) else None
    if row is None:
        raise Refused("this link is not known: open the newest message that you got", 404)
    return row


async def confirm(request: Request) -> Response:
    """Confirm as the person whose link this is."""
    state = request.app.state
    row = await state.db.read(_row, request, state.setup)
    if not same_origin(request):
        raise Refused("this press did not come from the confirm page", 403)
    await state.db.write(handoff.confirm, state.setup, row.id, request.path_params["person"])
    return RedirectResponse(request.url.path, 303)


async def confirm_here(request: Request) -> Response:
    """Confirm as whoever is signed in, from the on-call page."""
    viewer, _ = await require_form(request, "responder")
    state = request.app.state
    await state.db.write(handoff.confirm, state.setup, request.path_params["id"], viewer.acts_as)
    return RedirectResponse("/oncall", 303)


ROUTES = [
    Route("/handoff/{id}/{person}/{mac}", ask, methods=["GET"]),
    Route("/handoff/{id}/{person}/{mac}", confirm, methods=["POST"]),
    Route("/oncall/handoffs/{id}/confirm", confirm_here, methods=["POST"]),
]
