"""The page of action items, and their card on an incident's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import action_items as core
from tocsin.core.action_items import ActionItem
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.sdk import clip
from tocsin.store import action_items as store
from tocsin.store.db import Tx
from tocsin.usecases import action_items, tracking
from tocsin.usecases.access import may
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.save import tracker_of
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render

VERBS: Final = ("done", "drop", "move", "issue", "reopen")


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action item in the list: `late` in words, empty where it is not."""

    item: ActionItem
    incident: str
    owner: str
    left: bool
    late: str
    today: date


@dataclass(frozen=True, slots=True)
class Board:
    """Action items in their order, and whom they can be given to or filtered by."""

    items: tuple[ActionView, ...]
    people: tuple[tuple[str, str], ...]
    teams: tuple[str, ...]
    tracker: bool  # issues can be opened

    @property
    def late(self) -> int:
        """How many are late."""
        return sum(bool(view.late) for view in self.items)


def _board(tx: Tx, setup: Setup, items: list[ActionItem], runbook: Runbook) -> Board:
    people = tuple((id_, person.name) for id_, person in runbook.people.items())
    return Board(tuple(_view(tx, item, runbook) for item in items), people, tuple(runbook.teams),
                 bool(tracker_of(setup, runbook)))  # fmt: skip


def _view(tx: Tx, item: ActionItem, runbook: Runbook) -> ActionView:
    today = core.today_of(runbook, item.owner, tx.now)
    late = core.late_words(item, today) if core.is_overdue(item, runbook, tx.now) else ""
    left = item.owner not in runbook.people
    name = item.owner if left else runbook.people[item.owner].name
    return ActionView(item, incident_name(item.incident), name, left, late, today)


def of_incident(tx: Tx, setup: Setup, number: int) -> Board:
    """Read the items of one incident, for the card on its page."""
    _, runbook = in_force(tx, setup)
    return _board(tx, setup, core.in_order(store.of_incident(tx, number), runbook, tx.now), runbook)


def _read(tx: Tx, setup: Setup, owner: str, team: str) -> Board:
    return _board(tx, setup, *action_items.board(tx, setup, owner, team))


async def listing(request: Request) -> Response:
    """Show the action items of everybody, of a person, or of a team."""
    require(await viewer_of(request), "viewer")
    return await _listing(request)


async def _listing(
    request: Request, message: str = "", status: int = 200, form: Mapping[str, str] = {}
) -> Response:  # fmt: skip
    of = request.query_params if request.method == "GET" else form
    owner, team = of.get("of", ""), of.get("team", "")
    setup, viewer = request.app.state.setup, request.state.viewer
    board = await request.app.state.db.read(_read, setup, owner, team)
    return render(request, "action_items/list.html", status=status, board=board, message=message, form=form, of=owner,
                  team=team, can_act=may(viewer.role, "responder"))  # fmt: skip


async def add(request: Request) -> Response:
    """Add an action item to an incident; a refusal keeps what was typed."""
    viewer, form = await require_form(request, "responder")
    form = {key: clip(value, core.TEXT_LIMIT) for key, value in form.items()}

    def usecase(tx: Tx, setup: Setup) -> ActionItem:
        return action_items.add(
            tx, setup, incident_number(form.get("incident", "")), viewer.acts_as, title=form.get("title", ""),
            owner=form.get("owner", ""), due=form.get("due", ""), link=form.get("link", ""),
            verify=form.get("verify", ""),
        )  # fmt: skip

    try:
        made = await request.app.state.db.write(usecase, request.app.state.setup)
    except Refused as error:
        return await _listing(request, str(error), error.status, form)
    there = f"/incidents/{incident_name(made.incident)}#items" if form.get("back") == "incident" else "/action-items"
    return RedirectResponse(there, 303)


async def change(request: Request) -> Response:
    """Mark one as done, drop it, or move it, and show the list again; a refusal says why."""
    viewer, form = await require_form(request, "responder")
    id_, verb = request.path_params["id"], request.path_params["verb"]
    if verb not in VERBS:
        raise Refused("no such action", 404)

    def usecase(tx: Tx, setup: Setup) -> ActionItem:
        if verb == "done":
            return action_items.done(tx, setup, id_, viewer.acts_as)
        if verb == "drop":
            return action_items.drop(tx, setup, id_, viewer.acts_as, clip(form.get("reason", ""), core.TEXT_LIMIT))
        if verb == "issue":
            return tracking.open_item(tx, setup, id_)
        if verb == "reopen":
            reason = clip(form.get("reason", ""), core.TEXT_LIMIT)
            return action_items.again(tx, setup, id_, viewer.acts_as, reason)
        return action_items.move(tx, setup, id_, viewer.acts_as, due=form.get("due", ""), owner=form.get("owner", ""))

    try:
        item = await request.app.state.db.write(usecase, request.app.state.setup)
    except Refused as error:
        if error.status == 404:
            raise
        return await _listing(
            request, str(error), error.status, {"of": form.get("of", ""), "team": form.get("team", "")}
        )
    if form.get("back") == "incident":
        return RedirectResponse(f"/incidents/{incident_name(item.incident)}#items", 303)
    kept = {name: form[name] for name in ("of", "team") if form.get(name)}
    return RedirectResponse(f"/action-items?{urlencode(kept)}" if kept else "/action-items", 303)


ROUTES = [
    Route("/action-items", listing, methods=["GET"]),
    Route("/action-items", add, methods=["POST"]),
    Route("/action-items/{id}/{verb}", change, methods=["POST"]),
]
