"""Composing a text: choose it, write its free parts, see what goes where, send. And the war room on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import communications, events, notify
from tocsin.core.calendar import parse_duration
from tocsin.core.incident import Incident, Room
from tocsin.core.promise import recurring
from tocsin.core.runbook import Runbook
from tocsin.core.sentences import name_of
from tocsin.core.templates import words_of
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import alerts, incidents, rooms
from tocsin.store.db import Tx
from tocsin.usecases import respond, texts
from tocsin.usecases.configure import Setup, incident_link, runbook_of
from tocsin.web.api import promised
from tocsin.web.api_texts import drafted
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

FREE: Final[Mapping[str, tuple[str, ...]]] = {  # what people write; everything else of a text comes from the record
    "status_update": ("status", "summary", "next_steps", "eta", "impact", "next_update"),
    "all_clear": ("root_cause", "resolution"),
}
PROMISES: Final = ("5m", "10m", "15m", "30m", "1h", "2h", "4h")
SHOWN: Final = 50  # messages of the war room on the page


@dataclass(frozen=True, slots=True)
class ComposeView:
    """All that the page shows; `form` is what was typed, or the draft from the record."""

    name: str
    title: str
    severity: str
    status: str
    text: str
    choices: tuple[tuple[str, str, bool], ...]  # text of the runbook, in words; whether it can be sent now
    free: tuple[str, ...]
    form: Mapping[str, str]
    record: tuple[tuple[str, str], ...]  # the words of the text that come from the record
    suspected: str
    promises: tuple[str, ...]
    said: int
    preview: texts.Preview | None
    can_be_public: bool
    firing: int  # alerts of the incident


@dataclass(frozen=True, slots=True)
class RoomView:
    """The war room as the incident's page shows it."""

    name: str
    where: str
    closed: bool
    messages: tuple[tuple[datetime, str, str, str], ...]  # at, who, where it was said, text


def view(
    state: Incident, runbook: Runbook, link: str, now: datetime, text: str, form: Mapping[str, str],
    preview: texts.Preview | None = None, firing: int = 0,
) -> ComposeView:  # fmt: skip
    """Build the page. Nothing is read here: the same arguments give the same page."""
    known = [name for name in communications.TEXTS if name in runbook.templates]
    filled = notify.template_words(state, runbook, now, link)
    free = FREE.get(text, ())
    record = tuple(
        (word.replace("_utc", "").replace("_", " "), filled.get(word) or "unknown")
        for word in words_of(runbook.templates.get(text, ""))
        if word not in free and word in filled
    )
    return ComposeView(
        state.name, state.title, state.severity, state.status, text,
        tuple((name, name.replace("_", " ").capitalize(), _can(name, state)) for name in known), free, form, record,
        state.suspected or "", promises(state), state.said, preview, not state.drill, firing,
    )  # fmt: skip


def promises(state: Incident) -> tuple[str, ...]:
    """The spans that the next update can be promised for: none longer than the runbook's own interval."""
    rule = recurring(state.duties)
    return tuple(span for span in PROMISES if not rule or not rule.every or parse_duration(span) <= rule.every)


def _can(name: str, state: Incident) -> bool:
    over = name in ("public_resolution",) or (name == "all_clear" and not state.is_open)
    return not state.is_open if over else state.is_open


def room_view(room: Room | None, entries: Sequence[Any], names: Mapping[str, str], *, closed: bool) -> RoomView:
    """Show what is said in the war room, here and in the chat; the page is one also where the chat has none."""
    where = f"also in {room.channel}" if room and room.thread else "on this page"
    said = [e for e in entries if e.kind == "message_seen"][-SHOWN:]
    messages = tuple((e.at, name_of(e.actor, names), str(e.data.get("via", "")), str(e.data["text"])) for e in said)
    return RoomView(room.name if room else "", where, closed, messages)


# --------------------------------------------------------------------------------------------- reading


def _read(tx: Tx, setup: Setup, number: int) -> tuple[Incident, Runbook, Mapping[str, str], int]:
    state = incidents.load(tx, number).state
    runbook = runbook_of(tx, setup, state.runbook_version)
    return state, runbook, drafted(tx, setup, number), alerts.firing(tx, number)


def read_room(tx: Tx, setup: Setup, state: Incident, entries: Sequence[Any]) -> RoomView:
    """What the incident's page shows of the war room."""
    people = runbook_of(tx, setup, state.runbook_version).people
    names = {id_: person.name for id_, person in people.items()}
    closed = state.room is not None and rooms.kept(tx, state.number, state.room.thread)[0].closed
    return room_view(state.room, entries, names, closed=closed)


async def _show(
    request: Request, form: Mapping[str, str], preview: texts.Preview | None = None, message: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    number, setup, db = incident_number(request.path_params["id"]), request.app.state.setup, request.app.state.db
    state, runbook, draft, firing = await db.read(_read, setup, number)
    first = "status_update" if state.is_open else "all_clear"
    text = form.get("text") or first
    typed = {**draft, **form} if "seen" in form else dict(draft)
    made = view(state, runbook, incident_link(setup, number), db.clock(), text, typed, preview, firing)
    return render(request, "incidents/compose.html", v=made, message=message, status=status)


# --------------------------------------------------------------------------------------------- views


async def compose(request: Request) -> Response:
    """Show the form, filled from the record."""
    require(await viewer_of(request), "responder")
    return await _show(request, {"text": request.query_params.get("text", "")})


async def composed(request: Request) -> Response:
    """Show what would go where, or send it; a refusal sends nothing, and keeps what was typed."""
    viewer, given = await require_form(request, "responder")
    number, setup, db = incident_number(request.path_params["id"]), request.app.state.setup, request.app.state.db
    form = {key: clip(value, 10_000) for key, value in given.items()}
    name = form.get("text", "status_update")
    try:
        event = communications.written(
            name, viewer.acts_as, form, seen_of(form), promised(form.get("next_update"))
        )  # fmt: skip
        if form.get("do") == "send":
            await db.write(respond.act, setup, number, event)
            return RedirectResponse(f"/incidents/{incident_name(number)}", 303)
        found = await db.read(texts.preview, setup, number, name, event)
    except Refused as error:
        if error.status == 404:
            raise
        return await _show(request, form, message=str(error), status=error.status)
    return await _show(request, form, found)


def seen_of(form: Mapping[str, str]) -> int | None:
    """How many texts the writer had seen, as the form carries it."""
    said = form.get("seen", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


ROUTES = [
    Route("/incidents/{id}/compose", compose, methods=["GET"]),
    Route("/incidents/{id}/compose", composed, methods=["POST"]),
]
FORMS: Final[Mapping[str, Callable[[str, Mapping[str, str]], events.Event]]] = {
    "say": lambda by, f: events.Say(by, f.get("said", "")),
    "cause": lambda by, f: events.Cause(by, f.get("cause", ""), f.get("confirmed") == "on"),
}
