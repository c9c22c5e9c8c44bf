"""The calendar feeds behind secret links: for calendar programs, which sign in nowhere."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core.types import Refused
from tocsin.usecases import calendar_links
from tocsin.usecases.configure import Setup

HEADERS: Final = {
    "Cache-Control": "private, no-cache",  # kept, but asked again each time: a revoked link opens nothing
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Content-Disposition": 'inline; filename="oncall.ics"',
}
_PATH = re.compile(r"^/calendar/.*", re.DOTALL)


def address(setup: Setup, secret: str) -> str:
    """Where the calendar of a link is read."""
    return f"{setup.public_url}/calendar/{secret}.ics"


def without_secret(path: str) -> str:
    """A path as it may be logged."""
    return _PATH.sub("/calendar/***", path)


async def feed(request: Request) -> Response:
    """Give the calendar that a link opens, or say that it is the same as before."""
    state = request.app.state
    body = await state.db.read(calendar_links.feed, state.setup, request.path_params["token"])
    if body is None:
        raise Refused("this calendar link is unknown or was revoked", 404)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": etag}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


ROUTES = [Route("/calendar/{token}.ics", feed, methods=["GET", "HEAD"])]
