"""The devices of whoever looks: registered, tested and removed here. Also what makes the pages an app."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.types import Refused
from tocsin.usecases import devices
from tocsin.usecases.access import Viewer
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

STATIC: Final = Path(__file__).parent / "static"
MANIFEST: Final = {
    "name": "Tocsin", "short_name": "Tocsin", "id": "/", "start_url": "/incidents", "scope": "/",
    "display": "standalone", "background_color": "#101216", "theme_color": "#b3261e",
    "icons": [
        {"src": "/static/icon-192.png", "sizes": "192x192", "type": "image/png"},
        {"src": "/static/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
        {"src": "/static/icon.svg", "sizes": "any", "type": "image/svg+xml"},
    ],
}  # fmt: skip
SAID: Final = {"registered": "This device is registered. Send it a test.", "removed": "The device is removed.",
               "tested": "A test is on its way: it should show within seconds."}  # fmt: skip


async def page(request: Request) -> Response:
    """Show the viewer's devices, and offer to register this one."""
    require(await viewer_of(request), "viewer")
    return await _show(request, SAID.get(request.query_params.get("done", ""), ""))


async def _show(request: Request, done: str = "", message: str = "", status: int = 200) -> Response:
    viewer: Viewer = request.state.viewer
    way, key, mine = await request.app.state.db.read(devices.look, request.app.state.setup, viewer.person or "")
    return render(
        request, "devices/show.html", status=status, way=way, key=key, devices=mine, done=done, message=message,
        most=devices.MOST, person=viewer.person,
    )  # fmt: skip


async def register(request: Request) -> Response:
    """Register the browser that sends this form."""
    viewer, form = await require_form(request, "viewer")
    try:
        said = orjson.loads(form.get("device", "")[:10_000])
    except ValueError:
        said = None
    db, setup = request.app.state.db, request.app.state.setup
    try:
        await db.write(devices.register, setup, _person(viewer), form.get("name", ""), said)
    except Refused as error:
        return await _show(request, message=str(error), status=error.status)
    return RedirectResponse("/devices?done=registered", 303)


async def remove(request: Request) -> Response:
    """Forget one of the viewer's devices."""
    viewer, _ = await require_form(request, "viewer")
    await request.app.state.db.write(devices.remove, _person(viewer), request.path_params["id"])
    return RedirectResponse("/devices?done=removed", 303)


async def test(request: Request) -> Response:
    """Send a text to all of the viewer's devices."""
    viewer, _ = await require_form(request, "viewer")
    await request.app.state.db.write(devices.test, request.app.state.setup, _person(viewer))
    return RedirectResponse("/devices?done=tested", 303)


def _person(viewer: Viewer) -> str:
    if viewer.person is None:
        raise Refused(f"{viewer.name} is nobody in the runbook: nobody would be paged on this device", 409)
    return viewer.person


async def manifest(request: Request) -> Response:
    """What a browser must know to install the pages as an app."""
    return JSONResponse(MANIFEST, media_type="application/manifest+json")


async def worker(request: Request) -> Response:
    """The service worker; at the root, so that it may open every page."""
    return FileResponse(STATIC / "worker.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


ROUTES = [
    Route("/devices", page, methods=["GET"]),
    Route("/devices", register, methods=["POST"]),
    Route("/devices/test", test, methods=["POST"]),
    Route("/devices/{id}/remove", remove, methods=["POST"]),
    Route("/manifest.webmanifest", manifest, methods=["GET"]),
    Route("/worker.js", worker, methods=["GET"]),
]
