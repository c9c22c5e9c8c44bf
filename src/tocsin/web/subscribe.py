"""Subscriptions to the status page: asked for in a form, confirmed and ended by a press. No cookie, no script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin.core import statuspage, subscription
from tocsin.core.statuspage import Site
from tocsin.core.types import Refused
from tocsin.store.db import Busy, Tx
from tocsin.usecases import site as pages
from tocsin.usecases import subscribers
from tocsin.usecases.configure import NoRunbook, Setup, in_force
from tocsin.usecases.subscribers import Subscription
from tocsin.web.auth import SignInLimit, TooMany
from tocsin.web.site import page

View: TypeAlias = Callable[[Request], Awaitable[Response]]
TRIES: Final = 30  # a minute and address: behind a proxy they share one
COMPONENTS_MOST: Final = 200
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' https: data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
}  # fmt: skip
GONE: Final = ("This link is not good any more", ["It was used, it is too old, or it is not whole. Subscribe again:"])


def start(app: Any) -> None:
    """Begin to count who asks."""
    app.state.subscriptions = SignInLimit(TRIES)


def _shown(name: str, site: Site, status: int = 200, **context: Any) -> Response:
    return HTMLResponse(page(name, site, **context), status, HEADERS)


def _frame(tx: Tx, setup: Setup) -> tuple[Site, tuple[str, ...], tuple[str, ...]]:
    """The page's look, by which ways one may subscribe, and the components to choose among."""
    return pages.frame(tx, setup), subscribers.offered(tx, setup), statuspage.names_of(in_force(tx, setup)[1])


async def show(request: Request) -> Response:
    """The form."""
    return await _form(request)


async def _form(request: Request, message: str = "", status: int = 200, **given: Any) -> Response:
    site, offered, components = await request.app.state.db.read(_frame, request.app.state.setup)
    if not offered:
        return _said(site, ("There is nothing to subscribe to", ["The feed works with every feed reader."]), 404)
    known = {"given": "", "address": "", "chosen": (), **given}
    return _shown(
        "subscribe.html", site, status, message=message, offered=offered, components=components, **known
    )  # fmt: skip


async def ask(request: Request) -> Response:
    """Take the form: the answer is the same whoever has subscribed already."""
    form = await request.form()
    kind, address = (str(form.get(name, ""))[:2_100] for name in ("kind", "address"))
    chosen = [str(name) for name in form.getlist("components")][:COMPONENTS_MOST]
    again = {"given": kind, "address": address, "chosen": chosen}
    db, setup, counted = request.app.state.db, request.app.state.setup, request.app.state.subscriptions
    try:
        counted.count(request.client.host if request.client else "", db.clock())
        await db.write(subscribers.ask, setup, kind, address, chosen)
    except TooMany:
        answer = await _form(request, "Too many at once; please try again in a minute.", 429, **again)
        answer.headers["Retry-After"] = "60"
        return answer
    except Refused as error:
        return await _form(request, str(error)[:1].upper() + str(error)[1:] + ".", error.status, **again)
    where = "your mail: press the button behind its link" if kind == "email" else (
        "your server: echo the challenge, or press the button at the address in it"
    )  # fmt: skip
    lines = [f"Look at {where}, within 24 hours.", "Nothing comes? It was asked within ten minutes already, or the "
             "address cannot be reached."]  # fmt: skip
    return await _say(request, ("One more step", lines))


async def confirming(request: Request) -> Response:
    """What would be confirmed. Nothing happens until the button is pressed: mail scanners open every link."""
    found = await _look(request, "subscribe")
    if found is None:
        return await _say(request, GONE, 404)
    if found.state != "asked":
        return await _say(request, _as_it_is(found))
    return await _say(request, ("Confirm your subscription", _about(found)), press="Subscribe")


async def confirm(request: Request) -> Response:
    """The button was pressed."""
    db, setup, path = request.app.state.db, request.app.state.setup, request.path_params
    found = await db.write(subscribers.confirm, setup, path["id"], path["mac"])
    if found is None:
        return await _say(request, GONE, 404)
    if found.state == "ended":
        return await _say(request, _as_it_is(found), 409)
    return await _say(request, ("You are subscribed", _about(found)))


async def leaving(request: Request) -> Response:
    """What would be ended. Nothing happens until the button is pressed."""
    found = await _look(request, "unsubscribe")
    if found is None:
        return await _say(request, ("There is no such subscription", ["It has ended, or the link is not whole."]), 404)
    return await _say(request, ("End your subscription?", _about(found)), press="Unsubscribe")


async def leave(request: Request) -> Response:
    """The button was pressed, or a mail program says `List-Unsubscribe=One-Click` (RFC 8058)."""
    db, setup, path = request.app.state.db, request.app.state.setup, request.path_params
    if not await db.write(subscribers.leave, setup, path["id"], path["mac"]):
        return await _say(request, ("This link is not whole", ["Nothing was changed."]), 404)
    return await _say(request, ("You are unsubscribed", ["Your address was deleted. There is no further message."]))


async def _look(request: Request, verb: str) -> Subscription | None:
    path = request.path_params
    found: Subscription | None = await request.app.state.db.read(
        subscribers.look, request.app.state.setup, verb, path["id"], path["mac"]
    )
    return found


def _about(found: Subscription) -> list[str]:
    return [f"{found.address}, about {subscription.chosen_words(found.components)}."]


def _as_it_is(found: Subscription) -> tuple[str, list[str]]:
    if found.state == "ended":
        return "This subscription has ended", ["Nothing reached the address any more. Subscribe again when it works:"]
    return "You are subscribed", _about(found)


async def _say(request: Request, said: tuple[str, list[str]], status: int = 200, press: str = "") -> Response:
    return _said(await request.app.state.db.read(pages.frame, request.app.state.setup), said, status, press)


def _said(site: Site, said: tuple[str, list[str]], status: int = 200, press: str = "") -> Response:
    heading, lines = said
    return _shown("subscription.html", site, status, heading=heading, lines=lines, press=press)


async def nothing(request: Request) -> Response:
    """An address that none of our links has."""
    return await _say(request, GONE, 404)


def _always(view: View) -> View:
    """Strangers get a plain line when the database is away, and none of the pages for people who sign in."""

    @wraps(view)
    async def answered(request: Request) -> Response:
        try:
            return await view(request)
        except (Busy, NoRunbook):
            text = "Nothing was changed: this cannot be stored just now. Please try again in a minute.\n"
            return PlainTextResponse(text, 503, {**HEADERS, "Retry-After": "60"})

    return answered


ROUTES = [
    Route("/status/subscribe", _always(show), methods=["GET"]),
    Route("/status/subscribe.html", _always(show), methods=["GET"]),
    Route("/status/subscribe", _always(ask), methods=["POST"]),
    Route("/status/subscribe/{id}/{mac}", _always(confirming), methods=["GET"]),
    Route("/status/subscribe/{id}/{mac}", _always(confirm), methods=["POST"]),
    Route("/status/unsubscribe/{id}/{mac}", _always(leaving), methods=["GET"]),
    Route("/status/unsubscribe/{id}/{mac}", _always(leave), methods=["POST"]),
    Route("/status/subscribe/{rest:path}", _always(nothing), methods=["GET", "POST"]),
    Route("/status/unsubscribe/{rest:path}", _always(nothing), methods=["GET", "POST"]),
]
