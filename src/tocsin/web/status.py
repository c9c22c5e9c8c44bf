"""The status page as the public sees it: files from memory, before everything else of the web, with no store behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from html import escape
from typing import Any, Final

from tocsin.core.calendar import utc_words, words
from tocsin.web.site import File

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STALE: Final = timedelta(minutes=3)  # a page that is older says so
AGE_MARK: Final = b"<!--age-->"
HEADERS: Final = [
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self' https: data:; "
     b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"public, max-age=15, stale-if-error=86400"),
    (b"access-control-allow-origin", b"*"),
]  # fmt: skip
ASKED: Final = ("/status/subscribe", "/status/subscribe.html")
ALIASES: Final = {"status": "index.html", "status/history": "status/history.html"}


class PublicSite:
    """An ASGI application over rendered files. Queries, cookies and bodies are not looked at."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self._files: Mapping[str, File] = {}
        self._at: datetime | None = None

    def show(self, files: Mapping[str, File], at: datetime) -> None:
        """Serve these files from now on; *at* is the instant that they tell of."""
        self._files, self._at = files, at

    def handles(self, path: str) -> bool:
        """Say whether the path belongs here. What makes or ends a subscription needs the database, and is elsewhere."""
        known = path in ("/status", "/index.html") or path.startswith(("/status/", "/api/v2/"))
        asked = path in ASKED or path.startswith(("/status/subscribe/", "/status/unsubscribe/"))
        return known and not asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = self._answer(scope)
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *HEADERS]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, _plain((b"allow", b"GET, HEAD")), b"only GET is taken here\n"
        if self._at is None:
            return 503, _plain((b"retry-after", b"5")), b"the status page is not ready yet\n"
        path = scope["path"].removeprefix("/")
        file = self._files.get(ALIASES.get(path, path)) or self._files.get(f"{path}.html")
        if file is None:
            return 404, _plain(), b"there is nothing at this address\n"
        old = self.now() - self._at
        if old > STALE and AGE_MARK in file.body:
            body = file.body.replace(AGE_MARK, _age(old, self._at))
            return 200, [(b"content-type", file.type.encode()), _length(body)], body
        return _as_asked(file, dict(scope["headers"]))


def _as_asked(file: File, asked: Mapping[bytes, bytes]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The file packed, plain, or not at all when the asker has it already."""
    tag = file.tag.encode()
    common = [(b"etag", tag), (b"vary", b"accept-encoding")]
    if tag in asked.get(b"if-none-match", b""):
        return 304, common, b""
    common.append((b"content-type", file.type.encode()))
    if b"gzip" in asked.get(b"accept-encoding", b""):
        return 200, [*common, (b"content-encoding", b"gzip"), _length(file.packed)], file.packed
    return 200, [*common, _length(file.body)], file.body


def _plain(*more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"text/plain; charset=utf-8"), *more]


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def _age(old: timedelta, at: datetime) -> bytes:
    text = f"This page is {words(old)} old: it tells of {utc_words(at)}. What has happened since is not shown yet."
    return f'<p class="age" role="status">{escape(text)}</p>'.encode()
