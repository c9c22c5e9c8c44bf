"""Live views by server-sent events: they say that something changed; the page fetches its parts anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from zlib import crc32

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tocsin.core.types import Refused, incident_number
from tocsin.store import incidents
from tocsin.store.sound import log_bytes
from tocsin.usecases import watch
from tocsin.web.auth import require, viewer_of

STREAMS: Final = 200  # at once
POLL_SECONDS: Final = 2.0  # another node may have written
BEAT_SECONDS: Final = 15.0  # a comment, so that nothing on the way closes the stream


class Hub:
    """Wakes the streams that wait for a topic."""

    def __init__(self) -> None:
        self.waiting: dict[asyncio.Event, str] = {}

    def heard(self, touched: frozenset[str]) -> None:
        """A commit touched these topics: `incident:42`, `incidents`."""
        changed = set(touched) | ({"incidents"} if any(t.startswith("incident:") for t in touched) else set())
        for event, topic in self.waiting.items():
            if topic in changed:
                event.set()


def start(app: Any) -> None:
    """Give the application its hub, fed by every commit."""
    app.state.hub = Hub()
    app.state.db.listen(app.state.hub.heard)


async def one(request: Request) -> Response:
    """The stream of one incident: an event with the number of its last entry, whenever that or a banner changes."""
    require(await viewer_of(request), "viewer")
    number = incident_number(request.path_params["id"])
    db = request.app.state.db
    await db.read(incidents.load, number)

    async def mark() -> str:
        return str((await db.read(incidents.load, number)).seq)

    return _stream(request, f"incident:{number}", mark)


async def all_(request: Request) -> Response:
    """The stream of the list."""
    require(await viewer_of(request), "viewer")
    db = request.app.state.db

    async def mark() -> str:
        newest = await db.read(incidents.listing, limit=50)
        return ".".join(str(stored.seq) for stored in newest)

    return _stream(request, "incidents", mark)


def _stream(request: Request, topic: str, mark: Any) -> Response:
    hub: Hub = request.app.state.hub
    if len(hub.waiting) >= STREAMS:
        raise Refused("too many live views are open; the page still works, reload it to see what is new", 503)
    seen, db = request.headers.get("last-event-id", ""), request.app.state.db

    async def with_banners() -> str:
        said = [*watch.store_banner(db.trouble, log_bytes(db.url)), *await db.read(watch.banners)]
        return str(await mark()) + (f"-{crc32(''.join(said).encode()):x}" if said else "")

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(hub, topic, with_banners, seen), media_type="text/event-stream", headers=headers)


async def _events(hub: Hub, topic: str, mark: Any, seen: str) -> AsyncIterator[str]:
    woken = asyncio.Event()
    hub.waiting[woken] = topic
    quiet = 0.0
    try:
        yield "retry: 2000\n\n"
        while True:
            now = await mark()
            woken.clear()
            if now != seen:
                seen, quiet = now, 0.0
                yield f"id: {now}\nevent: change\ndata: {now}\n\n"
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await woken.wait()
            except TimeoutError:
                quiet += POLL_SECONDS
            if quiet >= BEAT_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
    finally:
        del hub.waiting[woken]


ROUTES = [
    Route("/incidents/{id}/events", one, methods=["GET"]),
    Route("/events", all_, methods=["GET"]),
]
