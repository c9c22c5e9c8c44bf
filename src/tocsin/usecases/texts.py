"""What a text would say, where, before it is sent: the same decision and the same transports, nothing kept or sent."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any, Final

from tocsin.core import communications, decide
from tocsin.core.delivery import Route
from tocsin.core.events import Event
from tocsin.core.incident import Incident
from tocsin.core.runbook import Runbook
from tocsin.core.types import Publish, Tell
from tocsin.sdk import Mail, Message, Request
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, channel_config, incident_link, runbook_of
from tocsin.usecases.rooms import place
from tocsin.usecases.save import around, channel_routes

STATUS_PAGE: Final = "status page"
_SAYS: Final = ("text", "content", "body", "message")  # where vendors' JSON carries the text of a message


@dataclass(frozen=True, slots=True)
class Copy:
    """
    One copy of a text as it would go out: to whom, through what, with which title, and the text as it would be read.

    `room` says that it goes into the war room. `note` says what keeps it from going there, or what becomes of it.
    """

    to: str
    via: str
    title: str
    text: str
    room: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """Every copy of a text, what its template leaves unfilled, and how many texts were sent before."""

    copies: tuple[Copy, ...]
    gaps: tuple[str, ...]
    said: int


def preview(tx: Tx, setup: Setup, number: int, name: str, event: Event) -> Preview:
    """
    Say what *event*, which sends the text *name*, would send. Nothing is kept and nothing is sent.

    Raises:
        Refused: as doing it would.
    """
    state = incidents.load(tx, number).state
    runbook = runbook_of(tx, setup, state.runbook_version)
    world = around(tx, setup, runbook, state, event)
    decision = decide.decide(state, event, runbook, tx.now, world)
    copies: list[Copy] = []
    for effect in decision.effects:
        if isinstance(effect, Tell) and effect.plain and effect.channel:
            copies += [
                _copy(setup, runbook, decision.state, effect, route)
                for route in channel_routes(setup, runbook, effect.channel)
            ]
        elif isinstance(effect, Publish):
            about = f"{effect.component or 'the whole service'}: {effect.state.replace('_', ' ')}"
            copies.append(Copy(STATUS_PAGE, "public", effect.title, effect.body, note=f"{effect.status}; {about}"))
    texts = {name, *(("public_resolution",) if name == "all_clear" and state.public else ())}
    gaps = tuple(g for text in sorted(texts) for g in communications.gaps(runbook.templates.get(text, "")))
    return Preview(tuple(copies), gaps, state.said)


def _copy(setup: Setup, runbook: Runbook, state: Incident, tell: Tell, route: Route) -> Copy:
    channel = runbook.channel(tell.channel or "")
    shown = (channel.name if channel else "") or tell.channel or ""
    to = state.room.name if tell.room and state.room else shown
    if route.kind == "smtp":
        to = route.address
    payload = place(state, {"text": tell.text, "room": tell.room})
    message = Message(
        key="preview", to=route.address, title=tell.title, text=payload["text"], plain=True, incident=state.name,
        severity=state.severity, thread=payload.get("thread", ""), link=incident_link(setup, state.number),
    )  # fmt: skip
    title, text = _as_sent(setup, message, route, channel_config(setup, runbook, route.via))
    note = f"{route.why_not}: it goes to the server's console" if route.why_not else ""
    return Copy(to, route.kind, title, text, tell.room, note)


def _as_sent(setup: Setup, message: Message, route: Route, config: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text of the first thing that the transport would send, as its reader sees them."""
    transport = setup.plugins.transports.get(route.kind)
    if transport is None:
        return "", message.text
    conversation = transport.send(message, config)
    try:
        outgoing = next(conversation)
    except StopIteration:
        return "", message.text
    finally:
        conversation.close()
    if isinstance(outgoing, Mail):
        mail = message_from_bytes(outgoing.message, policy=policy.default)
        body = mail.get_body(("plain",))
        words = str(body.get_content()) if body else message.text
        return str(mail["Subject"]), words.replace("\r\n", "\n").rstrip("\n")
    if isinstance(outgoing, Request) and isinstance(outgoing.json, Mapping):
        said = next((outgoing.json[key] for key in _SAYS if isinstance(outgoing.json.get(key), str)), message.text)
        return "", html.unescape(said)
    return "", message.text
