"""The route table, the middleware and the error views."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tocsin import __doc__ as about
from tocsin.core.types import Refused
from tocsin.net import Network
from tocsin.points import passing
from tocsin.sdk import BadPayload
from tocsin.store.db import Busy, Database, Unsure
from tocsin.usecases.configure import NoRunbook, Setup
from tocsin.web import (
    access,
    action_items,
    actions,
    api,
    api_action_items,
    api_actions,
    api_connections,
    api_maintenance,
    api_noise,
    api_numbers,
    api_oncall,
    api_people,
    api_postmortems,
    api_probes,
    api_subscribers,
    api_texts,
    api_tickets,
    calendar,
    changes,
    connections,
    declare,
    devices,
    diagnosis,
    drills,
    handoff,
    incidents,
    joining,
    live,
    noise,
    numbers,
    oncall,
    operations,
    people,
    postmortems,
    probes,
    readiness,
    reference,
    subscribe,
    tickets,
)  # fmt: skip
from tocsin.web.auth import NotSignedIn, SignInLimit, TooMany
from tocsin.web.chat import ChatApp
from tocsin.web.heartbeat import HeartbeatApp
from tocsin.web.ingest import IngestApp
from tocsin.web.limits import Limits
from tocsin.web.operations import Meters
from tocsin.web.render import make_templates, render
from tocsin.web.status import PublicSite

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HERE: Final = Path(__file__).parent
BODY_LIMIT: Final = 1_000_000  # bytes
RETRY_AFTER: Final = {"Retry-After": "5"}
HEADERS: Final = [
    (b"content-security-policy",
     b"default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; "
     b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]  # fmt: skip

log = structlog.get_logger("tocsin.web")


def create_app(
    db: Database, setup: Setup, *, new_secret: Callable[[], str], lifespan: Any = None,
    public: PublicSite | None = None, limits: Limits | None = None, network: Network | None = None,
) -> App:  # fmt: skip
    """
    Join routes, middleware and error views over one database.

    *new_secret* draws session ids; *public* is the status page, which somebody else keeps rendered; *network* fetches
    what a source needs to know its vendor by.
    """
    app = FastAPI(
        title="Tocsin", description=about or "", version="1", lifespan=lifespan, openapi_url="/api/openapi.json",
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    meters = Meters()
    app.state.db, app.state.setup, app.state.meters = db, setup, meters
    app.state.new_secret, app.state.sign_ins, app.state.templates = new_secret, SignInLimit(), make_templates()
    app.state.network = network or Network(lambda _line: None, db.clock)
    app.include_router(api.router)
    for part in (
        api_action_items, api_actions, api_connections, api_oncall, api_maintenance, api_noise, api_numbers,
        api_people, api_postmortems, api_probes, api_subscribers, api_texts, api_tickets, changes, diagnosis,
    ):  # fmt: skip
        app.include_router(part.router)
    for routes in (
        access, action_items, actions, connections, devices, drills, handoff, joining, postmortems, incidents,
        declare, noise, numbers, oncall, calendar, people, live, operations, probes, readiness, reference,
        subscribe, tickets,
    ):  # fmt: skip
        app.router.routes.extend(routes.ROUTES)
    app.router.routes.append(Mount("/static", StaticFiles(directory=HERE / "static"), name="static"))
    _handle_errors(app)
    live.start(app)
    subscribe.start(app)
    connections.start(app, network)
    chat, ingest = ChatApp(db, setup, meters.count), IngestApp(db, setup, meters.count, limits, network)
    beats = HeartbeatApp(ingest, meters.count)
    return Outermost(chat, ingest, public or PublicSite(db.clock), app, beats)


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(Busy, _busy)
    app.add_exception_handler(NoRunbook, _busy)
    app.add_exception_handler(BadPayload, _bad_payload)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """An error in the shape of its asker: RFC 9457 under /api, a page elsewhere."""
    if request.url.path.startswith("/api/") or request.url.path.startswith("/-/"):
        body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail,
                "instance": request.url.path, **more}  # fmt: skip
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    response = render(request, "error.html", status=status, title=TITLES.get(status, "Error"), detail=detail)
    response.headers.update(headers or {})
    return response


TITLES: Final = {
    400: "Bad request", 401: "Sign in first", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Not possible now", 413: "Too large", 415: "Wrong content type", 422: "Cannot be used",
    429: "Too many requests", 500: "A fault in Tocsin", 503: "Busy",
}  # fmt: skip


async def _refused(request: Request, error: Exception) -> Response:
    return problem(request, getattr(error, "status", 409), str(error))


async def _not_signed_in(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return problem(request, 401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
    there = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(there)}", 303)


async def _too_many(request: Request, error: Exception) -> Response:
    return problem(request, 429, "too many tries to sign in; wait a minute", {"Retry-After": "60"})


async def _busy(request: Request, error: Exception) -> Response:
    log.warning("put_off", path=calendar.without_secret(request.url.path), why=str(error))
    if isinstance(error, Unsure):
        return problem(request, 503, f"{error}; look, or send it again with the same Idempotency-Key", RETRY_AFTER)
    return problem(request, 503, f"Tocsin cannot store this just now ({error}); nothing was changed", RETRY_AFTER)


async def _bad_payload(request: Request, error: Exception) -> Response:
    return problem(request, getattr(error, "status", 400), str(error))


async def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [{"key": ".".join(map(str, e["loc"][1:])), "text": e["msg"]} for e in found]
    return problem(request, 422, "the request cannot be used", errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    detail = "there is nothing at this address" if status == 404 else str(getattr(error, "detail", ""))
    return problem(request, status, detail, dict(getattr(error, "headers", None) or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("view_failed", path=calendar.without_secret(request.url.path), exc_info=error)
    return problem(request, 500, "something went wrong in Tocsin itself; it is in the log")


class Outermost:
    """Gives alerts, callbacks and the status page their short ways; bounds and hardens the rest."""

    def __init__(
        self, chat: ChatApp, ingest: IngestApp, public: PublicSite, app: App, beats: HeartbeatApp
    ) -> None:  # fmt: skip
        self.chat, self.ingest, self.public, self.app, self.beats = chat, ingest, public, app, beats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.chat.handles(scope["path"]):
            await self.chat(scope, receive, send)
        elif self.beats.handles(scope["path"]):
            await self.beats(scope, receive, send)
        elif self.ingest.handles(scope["path"]):
            await self.ingest(scope, receive, send)
        elif self.public.handles(scope["path"]):
            await self.public(scope, receive, send)
        elif scope["method"] == "POST" and _acknowledges(scope["path"]):
            passing("A1")
            await self.app(scope, _bounded(receive), _hardened(_told(send)))
            passing("A4")
        else:
            await self.app(scope, _bounded(receive), _hardened(send))


def _acknowledges(path: str) -> bool:
    return path.endswith("/acknowledge") or path.startswith("/ack/")


def _told(send: Send) -> Send:
    """Whatever is answered to an acknowledgement is answered after its commit."""

    async def told(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            passing("A3")
        await send(message)

    return told


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_LIMIT:
            raise HTTPException(413, f"the body is over {BODY_LIMIT} bytes")
        return message

    return bounded


def _hardened(send: Send) -> Send:
    async def hardened(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in names)]
            if b"cache-control" not in names:
                message["headers"].append((b"cache-control", b"no-store"))
        await send(message)

    return hardened
