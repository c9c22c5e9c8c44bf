"""The pages of actions: the list with the switch, one plan exactly as it is, and the card on an incident's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.core import actions as core
from tocsin.core.actions import Approver, Proposal, Run, Switch
from tocsin.core.incident import Incident
from tocsin.core.runbook import Action, Runbook
from tocsin.core.sentences import name_of
from tocsin.core.types import Refused, incident_name, incident_number
from tocsin.store import actions as store
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import actions
from tocsin.usecases.access import Viewer, may
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.web.api_actions import keep_look, make_approval, make_plan, make_run, make_undo
from tocsin.web.auth import require, require_form, viewer_of
from tocsin.web.render import render, short

SHOWN: Final = 50  # plans in a list
COLOURS: Final = {
    "planned": "sent", "approved": "sent", "running": "sent", "verifying": "sent", "succeeded": "acknowledged",
    "failed": "failed", "unknown": "failed", "undone": "moot",
}  # fmt: skip
REFRESH_SECONDS: Final = 3  # of a page that shows what is under way, without script too


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for one viewer: its state in a word and a colour, who may approve it, and which buttons are theirs."""

    run: Run
    incident: str
    name: str
    state: str
    colour: str
    left: str
    may_approve: str
    why_not: str
    planned_by: str
    approved_by: str
    can_approve: bool
    can_run: bool
    can_undo: bool
    can_plan: bool
    can_look: bool

    @property
    def under_way(self) -> bool:
        """Whether what the page says changes by itself."""
        return self.run.state in core.UNDER_WAY


def plan_view(run: Run, state: Incident, runbook: Runbook, viewer: Viewer, now: datetime, undone: bool) -> PlanView:
    """Show one plan. *undone*: an undo of it is planned or done. Nothing is read here."""
    names = {id_: person.name for id_, person in runbook.people.items()}
    who = Approver(viewer.acts_as, viewer.person is not None, viewer.role)
    over = core.expired(run, now)
    acts = may(viewer.role, "responder")
    open_ = run.state == "planned" and not over and not run.dry and acts
    why_not = core.why_not_person(run, who, state.commander) if open_ else ""
    if why_not and run.approve == "second_person" and viewer.acts_as == run.planned_by:
        why_not = "you planned it, and a second person approves it"
    commander = name_of(state.commander, names) if state.commander else None
    word = "expired" if over else "dry run" if run.dry else run.state
    return PlanView(
        run=run, incident=incident_name(run.incident), name=run.name.replace("_", " "), state=word,
        colour="moot" if over or run.dry else COLOURS[run.state],
        left=short(run.expires_at - now) if run.state == "planned" and not over else "",
        may_approve=_may(run, commander, names), why_not=why_not, planned_by=name_of(run.planned_by, names),
        approved_by=name_of(run.approved_by, names) if run.approved_by else "",
        can_approve=open_ and run.approve != "none" and not why_not, can_run=open_ and run.approve == "none",
        can_undo=acts and _undoable(run) and not undone,
        can_plan=acts and not run.undoes and state.is_open and (over or run.dry or run.state not in
                                                                ("planned", *core.UNDER_WAY)),
        can_look=acts and run.state == "unknown",
    )  # fmt: skip


def _may(run: Run, commander: str | None, names: dict[str, str]) -> str:
    if run.approve == "second_person":
        return f"a second person: any responder but {name_of(run.planned_by, names)}"
    return core.may_approve(run, commander)


def _undoable(run: Run) -> bool:
    return run.undoable and run.ran and run.undoes is None and run.state in (
        "verifying", "succeeded", "failed", "unknown"
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """An action of the runbook that can be planned for an incident: why it is proposed, or why it cannot be used."""

    name: str
    label: str
    reason: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Deeds:
    """What can be done for an incident, and what was."""

    proposed: tuple[Offer, ...]
    others: tuple[Offer, ...]
    plans: tuple[PlanView, ...]
    switch: Switch | None


def deeds(tx: Tx, setup: Setup, state: Incident, runbook: Runbook, viewer: Viewer) -> Deeds:
    """Read the card of one incident."""
    offered = core.proposals(state, runbook, tx.now)
    named = {one.action for one in offered}
    rest = [Proposal(name, "") for name in runbook.actions if name not in named] if state.is_open else []
    found = store.listing(tx, incident=state.number, limit=SHOWN)
    undone = {run.undoes for run in found if run.undoes and not core.expired(run, tx.now)}
    return Deeds(
        tuple(_offer(setup, runbook, one) for one in offered), tuple(_offer(setup, runbook, one) for one in rest),
        tuple(plan_view(run, state, runbook, viewer, tx.now, run.id in undone) for run in found), actions.stopped(tx),
    )  # fmt: skip


def _offer(setup: Setup, runbook: Runbook, one: Proposal) -> Offer:
    reason = one.reason[:1].upper() + one.reason[1:]
    return Offer(one.action, one.action.replace("_", " "), reason, actions.cannot(setup, runbook, one.action))


# --------------------------------------------------------------------------------------------- the list


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action of the runbook with its last outcome."""

    name: str
    title: str
    does: str
    approve: str
    verify: str
    why_not: str
    last: Run | None
    colour: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All actions of the runbook in force, the newest plans, and the switch."""

    lines: tuple[ActionLine, ...]
    plans: tuple[Run, ...]
    switch: Switch | None
    names: dict[str, str]


APPROVES: Final = {
    "commander": "the commander approves", "second_person": "a second person approves", "none": "needs no approval",
}  # fmt: skip


def read(tx: Tx, setup: Setup) -> Listing:
    """Read the list."""
    _, runbook = in_force(tx, setup)
    lines = tuple(_line(tx, setup, runbook, name, action) for name, action in runbook.actions.items())
    names = {id_: person.name for id_, person in runbook.people.items()}
    return Listing(lines, tuple(store.listing(tx, limit=SHOWN)), actions.stopped(tx), names)


def _line(tx: Tx, setup: Setup, runbook: Runbook, name: str, action: Action) -> ActionLine:
    kind, wish = core.kind_of(action)
    known = setup.plugins.actors.get(kind)
    last = store.last(tx, name)
    verify = f"proved by the probe {action.verify.probe}" if action.verify else "nothing proves it"
    return ActionLine(
        name, known.title if known else kind, wish if isinstance(wish, str) else "", APPROVES[action.approve], verify,
        actions.cannot(setup, runbook, name), last, COLOURS[last.state] if last else "",
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- views


async def listing(request: Request) -> Response:
    """Show the actions of the runbook, what was planned and done, and the switch."""
    viewer = require(await viewer_of(request), "viewer")
    found = await request.app.state.db.read(read, request.app.state.setup)
    return render(request, "actions/list.html", found=found, can_stop=may(viewer.role, "admin"), colours=COLOURS)


async def show(request: Request) -> Response:
    """Show one plan exactly."""
    require(await viewer_of(request), "viewer")
    return await _show(request, request.path_params["plan"])


async def _show(request: Request, plan: str, message: str = "", status: int = 200) -> Response:
    viewer = request.state.viewer

    def one(tx: Tx, setup: Setup) -> tuple[PlanView, list[Run], Switch | None, Run | None]:
        run = store.get(tx, plan)
        if run is None:
            raise Refused(f"there is no plan {plan[:40]!r}", 404)
        state = incidents.load(tx, run.incident).state
        undos = store.undos(tx, run.id)
        undone = any(not core.expired(undo, tx.now) and undo.state != "failed" for undo in undos)
        view = plan_view(run, state, runbook_of(tx, setup, state.runbook_version), viewer, tx.now, undone)
        return view, undos, actions.stopped(tx), store.get(tx, run.undoes) if run.undoes else None

    view, undos, switch, of = await request.app.state.db.read(one, request.app.state.setup)
    response = render(request, "actions/show.html", status=status, p=view, undos=undos, message=message, switch=switch,
                      of=of)  # fmt: skip
    if view.under_way:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


async def act(request: Request) -> Response:
    """Take one step of an action and show the plan; a refusal says why, beside what was asked for."""
    viewer, form = await require_form(request, "responder")
    number, name = incident_number(request.path_params["id"]), request.path_params["name"]
    verb, plan = request.path_params["verb"], form.get("plan", "")
    try:
        if verb == "plan":
            run = await make_plan(request, viewer, number, name, dry=form.get("dry_run") == "on")
        elif verb == "approve":
            run = await make_approval(request, viewer, number, name, {"plan": plan, "hash": form.get("hash", "")})
        elif verb == "run":
            run = await make_run(request, viewer, number, name, plan)
        elif verb == "undo":
            run = await make_undo(request, viewer, number, name, plan)
        elif verb == "looked":
            run = await keep_look(request, viewer, number, name, plan, done=form.get("done") == "yes")
        else:
            raise Refused("no such step of an action", 404)
    except Refused as error:
        if error.status == 404:
            raise
        if plan:
            return await _show(request, plan, str(error), error.status)
        return render(request, "actions/refused.html", status=error.status, message=str(error), action=name,
                      incident=incident_name(number))  # fmt: skip
    return RedirectResponse(f"/actions/{run.id}", 303)


async def switch(request: Request) -> Response:
    """Stop all actions, or allow them again, and show the list."""
    viewer, form = await require_form(request, "admin")
    db = request.app.state.db
    if request.url.path.endswith("/stop"):
        await db.write(actions.stop, viewer.acts_as, form.get("reason", ""))
    else:
        await db.write(actions.allow, viewer.acts_as)
    return RedirectResponse("/actions", 303)


ROUTES = [
    Route("/actions", listing, methods=["GET"]),
    Route("/actions/stop", switch, methods=["POST"]),
    Route("/actions/allow", switch, methods=["POST"]),
    Route("/actions/{plan}", show, methods=["GET"]),
    Route("/incidents/{id}/actions/{name}/{verb}", act, methods=["POST"]),
]
