"""Signing in and out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core.types import Refused
from tocsin.usecases import access
from tocsin.web.auth import cookie_name, require_form, same_origin, set_cookie
from tocsin.web.render import render


def local(path: str) -> str:
    """A path on this server to go to after signing in; anything else leads to the main page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


async def sign_in(request: Request) -> Response:
    """Show the sign-in; with a link's token the one button, without it name and password. Uses nothing up."""
    return await _show(request, request.query_params.get("token", ""), "", 200)


async def _show(request: Request, token: str, message: str, status: int) -> Response:
    db, setup = request.app.state.db, request.app.state.setup
    role = await db.read(access.link_role, token) if token else None
    if token and role is None and not message:
        message = "This sign-in link was used already or is too old. Start Tocsin again for a new one."
    choices = await db.read(access.sign_in_choices, setup)
    return render(
        request, "access/sign_in.html", status=status, token=token if role else "", message=message, choices=choices,
        next=local(request.query_params.get("next", "/")),
    )  # fmt: skip


async def signed_in(request: Request) -> Response:
    """Begin a session, by link or by password; a new id each time."""
    db, setup, new = request.app.state.db, request.app.state.setup, request.app.state.new_secret
    request.app.state.sign_ins.count(request.client.host if request.client else "", db.clock())
    form = await request.form()
    token, cookie, csrf = str(form.get("token", "")), new(), new()
    try:
        if not same_origin(request):
            raise Refused("this form is not from a page of this server", 403)
        if token:
            await db.write(access.sign_in_by_link, setup, token, str(form.get("as", "admin")), cookie, csrf)
        else:
            name, password = str(form.get("name", "")), str(form.get("password", ""))
            await db.write(access.sign_in_by_password, setup, name, password, cookie, csrf)
    except Refused as error:
        return await _show(request, token, str(error), error.status)
    response = RedirectResponse(local(str(form.get("next", "/"))), 303)
    set_cookie(request, response, cookie)
    return response


async def sign_out(request: Request) -> Response:
    """End the session."""
    await require_form(request, "viewer")
    await request.app.state.db.write(access.sign_out, request.cookies.get(cookie_name(request), ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(cookie_name(request), path="/")
    return response


ROUTES = [
    Route("/sign-in", sign_in, methods=["GET"]),
    Route("/sign-in", signed_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
