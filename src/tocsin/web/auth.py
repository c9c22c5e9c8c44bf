"""Who looks, and what they may do: session cookies, bearer tokens, CSRF."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tocsin.core.types import Refused
from tocsin.store.db import Tx
from tocsin.usecases import access, watch
from tocsin.usecases.access import Role, Viewer, may
from tocsin.usecases.configure import Setup

SIGN_IN_TRIES: Final = 10  # a minute and address
MINUTE: Final = timedelta(minutes=1)


class NotSignedIn(Exception):  # noqa: N818 - what the visitor is
    """The page needs a sign-in: the visitor is led there, and back."""


class TooMany(Exception):  # noqa: N818 - what it was
    """Too many tries to sign in from one address."""


def cookie_name(request: Request) -> str:
    """The `__Host-` prefix needs https; on plain http, for loopback, the name goes without."""
    return "__Host-tocsin" if is_https(request) else "tocsin"


def is_https(request: Request) -> bool:
    """Whether people reach this server by https, as its public address says."""
    return str(request.app.state.setup.public_url).startswith("https://")


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Give a new session to the browser."""
    response.set_cookie(
        cookie_name(request), secret, max_age=int(access.ABSOLUTE.total_seconds()), path="/", httponly=True,
        secure=is_https(request), samesite="lax",
    )  # fmt: skip


async def viewer_of(request: Request) -> Viewer | None:
    """The viewer of the session cookie, or of a bearer token on the API; None for a stranger."""
    known: Viewer | None = getattr(request.state, "viewer", None)
    if known is None:
        request.state.banners = []
        known = await (_by_token(request) or _by_cookie(request))
        request.state.viewer = known
    return known


def _viewer_and_banners(tx: Tx, setup: Setup, cookie: str) -> tuple[tuple[Viewer, bool] | None, list[str]]:
    """The viewer, and in the same snapshot what every page must tell them."""
    found = access.viewer_by_cookie(tx, setup, cookie)
    return found, watch.banners(tx) if found else []


def _by_token(request: Request) -> Any:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not (request.url.path.startswith("/api/") or request.url.path == "/metrics"):
        return None
    return request.app.state.db.read(access.viewer_by_token, request.app.state.setup, token.strip())


async def _by_cookie(request: Request) -> Viewer | None:
    cookie = request.cookies.get(cookie_name(request), "")
    if not cookie:
        return None
    db, setup = request.app.state.db, request.app.state.setup
    found, request.state.banners = await db.read(_viewer_and_banners, setup, cookie)
    if found is None:
        return None
    viewer: Viewer = found[0]
    if found[1]:
        await db.write(access.note_seen, cookie)
    return viewer


def require(viewer: Viewer | None, role: Role) -> Viewer:
    """
    Return the viewer when they may do what *role* may.

    Raises:
        NotSignedIn: nobody is signed in. Refused: 403, the role is not enough.
    """
    if viewer is None:
        raise NotSignedIn
    if not may(viewer.role, role):
        raise Refused(f"this needs the role {role}; yours is {viewer.role}", 403)
    return viewer


async def require_form(request: Request, role: Role) -> tuple[Viewer, dict[str, str]]:
    """
    Return who posts a form, and its fields as texts.

    Raises:
        Refused: 403, when the form is not one of this session's own pages.
    """
    viewer = require(await viewer_of(request), role)
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    own = fields.get("csrf") or request.headers.get("x-csrf-token", "")
    if not (viewer.csrf and compare_digest(own.encode(), viewer.csrf.encode()) and same_origin(request)):
        raise Refused("this form is not from a page of this session: open the page again and repeat", 403)
    return viewer, fields


def same_origin(request: Request) -> bool:
    """Say whether a request that names its origin comes from our own pages."""
    origin = request.headers.get("origin")
    if not origin:
        return True
    hosts = {request.headers.get("host", ""), urlsplit(request.app.state.setup.public_url).netloc}
    return urlsplit(origin).netloc in hosts


class SignInLimit:
    """Counts the tries to sign in, or to do what else strangers may, by address over the last minute."""

    def __init__(self, most: int = SIGN_IN_TRIES) -> None:
        self.most = most
        self._tries: dict[str, deque[datetime]] = defaultdict(deque)

    def count(self, address: str, now: datetime) -> None:
        """Count one try. Raises TooMany."""
        if len(self._tries) > 10_000:
            self._tries.clear()
        tries = self._tries[address]
        while tries and now - tries[0] > MINUTE:
            tries.popleft()
        if len(tries) >= self.most:
            raise TooMany
        tries.append(now)


__all__ = [
    "NotSignedIn", "SignInLimit", "TooMany", "Viewer", "cookie_name", "require", "require_form", "same_origin",
    "set_cookie", "viewer_of",
]  # fmt: skip
