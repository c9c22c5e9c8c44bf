"""I have the pager: the page behind a hand-off's link, and the button on the on-call page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.calendar import utc_words, words
from tocsin.core.handoff import people
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused
from tocsin.store import handoffs
from tocsin.store.db import Tx
from tocsin.usecases import action_items, handoff
from tocsin.usecases.configure import Setup, check_handoff, in_force
from tocsin.web.auth import require_form, same_origin
from tocsin.web.render import render

DAY: Final = timedelta(days=1)
RECENT: Final = 50  # hand-offs that are looked through
STILL: Final = ("waiting", "unconfirmed")


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


def recent(tx: Tx, runbook: Runbook) -> tuple[HandOffView, ...]:
    """The hand-offs of the last day, and those that nobody has confirmed."""
    rows = [row for row in handoffs.listing(tx, limit=RECENT) if tx.now - row.at < DAY or row.state in STILL]
    return tuple(hand_off_view(row, runbook, tx.now) for row in rows if row.state != "superseded")


async def ask(request: Request) -> Response:
    """Show what is handed over, and the one button. The link is the credential; looking changes nothing."""
    view, sections, duties, name = await request.app.state.db.read(_asked, request, request.app.state.setup)
    response = render(request, "oncall/confirm.html", h=view, sections=sections, duties=duties, reader=name)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _asked(tx: Tx, request: Request, setup: Setup) -> tuple[HandOffView, Any, tuple[str, ...], str]:
    row = _row(tx, request, setup)
    _, runbook = in_force(tx, setup)
    name = people((request.path_params["person"],), runbook)
    late = action_items.overdue(tx, runbook, [entry["schedule"] for entry in row.schedules])
    sections = (*handoff.gather(tx, setup), *late)
    return hand_off_view(row, runbook, tx.now), sections, runbook.on_call.duties, name


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
