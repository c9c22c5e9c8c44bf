"""The JSON API of actions: plan, approve, run, undo; the list of them, and the switch that stops all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.requests import Request

from tocsin.core import actions as core
from tocsin.core.actions import Run
from tocsin.core.runbook import Runbook
from tocsin.core.types import Json, Refused, incident_name, incident_number, instant_text
from tocsin.net import Network
from tocsin.points import passing
from tocsin.sdk import Plan
from tocsin.store import actions as store
from tocsin.store import incidents
from tocsin.store.db import Tx
from tocsin.usecases import acting, actions
from tocsin.usecases.access import Viewer
from tocsin.usecases.actions import Ready
from tocsin.usecases.configure import Setup, in_force, runbook_of
from tocsin.web.api import Acting, Acts, Administers, Limit, Long, Reads, actor, listed

router = APIRouter(prefix="/api/v1")
PLAN_SECONDS: Final = 25.0  # for all that a vendor is asked; who waits is a person


class PlanBody(Acting):
    dry_run: bool = Field(False, description="say what it would do and whether it could be done; it cannot be approved")


class ApproveBody(Acting):
    plan: str
    hash: str = Field(description="as the plan has it: nothing but what was looked at is approved")


class RunBody(Acting):
    plan: str = Field("", description="a plan to run; without one it is planned now")


class UndoBody(Acting):
    plan: str = Field("", description="the run to take back; without one the newest of this incident")


class LookedBody(Acting):
    plan: str = Field(description="the run that is `unknown`")
    done: bool = Field(description="whether its target shows that it was done")


class StopBody(Acting):
    reason: Long = ""


def run_json(run: Run, now: datetime, setup: Setup, commander: str | None = None) -> Json:
    """A plan with what became of it. What it fixed for the vendor is not shown: it may hold secrets."""
    return {
        "plan": run.id, "hash": run.hash, "incident": incident_name(run.incident), "action": run.action,
        "kind": run.kind, "target": run.target, "steps": list(run.steps), "warnings": list(run.warnings),
        "state": run.state, "expires_at": instant_text(run.expires_at), "expired": core.expired(run, now),
        "approve": run.approve, "may_approve": core.may_approve(run, commander), "undoable": run.undoable,
        "undoes": run.undoes, "idempotent": run.idempotent, "dry_run": run.dry, "rehearsal": run.rehearsal,
        "verify": {"probe": run.probe, "within_seconds": int(run.within.total_seconds())} if run.probe else None,
        "planned_by": run.planned_by, "planned_at": instant_text(run.planned_at), "approved_by": run.approved_by,
        "approved_at": instant_text(run.approved_at), "begun_at": instant_text(run.begun_at),
        "acted_at": instant_text(run.acted_at), "verify_until": instant_text(run.verify_until),
        "settled_at": instant_text(run.settled_at), "tries": run.tries, "why": run.why or None,
        "receipt": run.receipt or None, "link": actions.plan_link(setup, run.id),
    }  # fmt: skip


def action_json(tx: Tx, setup: Setup, runbook: Runbook, name: str) -> Json:
    """An action of the runbook with its last outcome."""
    action = runbook.actions[name]
    kind, wish = core.kind_of(action)
    known = setup.plugins.actors.get(kind)
    why_not = actions.cannot(setup, runbook, name)
    last = store.last(tx, name)
    return {
        "name": name, "kind": kind, "title": known.title if known else kind,
        "does": wish if isinstance(wish, str) else None, "approve": action.approve,
        "idempotent": action.idempotent, "usable": not why_not, "why_not": why_not or None,
        "verify": {"probe": action.verify.probe, "within_seconds": int(action.verify.within.total_seconds())}
        if action.verify else None,
        "last": run_json(last, tx.now, setup) if last else None,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- reading


@router.get("/actions")
async def list_actions(request: Request, _: Reads) -> Json:
    """The actions of the runbook in force, each with its last outcome; `stopped` is null while they may be run."""
    return await request.app.state.db.read(_read, request.app.state.setup)


def _read(tx: Tx, setup: Setup) -> Json:
    _, runbook = in_force(tx, setup)
    items = [action_json(tx, setup, runbook, name) for name in runbook.actions]
    return {"items": items, "next": None, "stopped": stopped_json(tx)}


def stopped_json(tx: Tx) -> Json:
    """Who stopped all actions; None while they may be run."""
    switch = actions.stopped(tx)
    return {"by": switch.by, "at": instant_text(switch.at), "reason": switch.reason or None} if switch else None


@router.get("/incidents/{id}/actions")
async def of_incident(request: Request, id: str, _: Reads, before: str | None = None, limit: Limit = 100) -> Json:
    """What was planned and done for an incident, newest first, and what is proposed for it, with the reason."""
    number = incident_number(id)

    def read(tx: Tx, setup: Setup) -> tuple[list[Json], list[Json]]:
        state = incidents.load(tx, number).state
        offered = core.proposals(state, runbook_of(tx, setup, state.runbook_version), tx.now)
        found = store.listing(tx, incident=number, before=before, limit=limit)
        return (
            [run_json(run, tx.now, setup, state.commander) for run in found],
            [{"action": one.action, "reason": one.reason, "cause": one.cause or None} for one in offered],
        )

    items, proposed = await request.app.state.db.read(read, request.app.state.setup)
    return {**listed(request, items, limit, items[-1]["plan"] if items else None), "proposed": proposed}


@router.get("/actions/{plan}")
async def show_plan(request: Request, plan: str, _: Reads) -> Json:
    """One plan: exactly what would be changed, who may approve it, and what became of it."""

    def read(tx: Tx, setup: Setup) -> Json:
        run = store.get(tx, plan)
        if run is None:
            raise Refused(f"no plan {plan[:40]!r}", 404)
        return run_json(run, tx.now, setup, incidents.load(tx, run.incident).state.commander)

    return await request.app.state.db.read(read, request.app.state.setup)


# --------------------------------------------------------------------------------------------- acting


@router.post("/incidents/{id}/actions/{name}/plan")
async def plan(
    request: Request, viewer: Acts, id: str, name: str, body: Annotated[PlanBody, Body(default_factory=PlanBody)]
) -> Json:
    """Ask the vendor what it would do now, and keep that as a plan. Nothing is changed."""
    run = await make_plan(request, viewer, incident_number(id), name, body.by, dry=body.dry_run)
    return await _shown(request, run)


async def make_plan(
    request: Request, viewer: Viewer, number: int, name: str, by: str | None = None, *, dry: bool = False
) -> Run:  # fmt: skip
    """
    Plan an action: the vendor is asked outside of any transaction, then all that it said is stored in one.

    Raises:
        Refused: with the vendor's reason, when it cannot be planned.
    """
    db, setup = request.app.state.db, request.app.state.setup

    def known(tx: Tx) -> tuple[Ready, str]:
        return actions.ready(tx, setup, number, name), actor(viewer, by, in_force(tx, setup)[1])

    ready, person = await db.read(known)
    found, why_not = await ask(request.app.state.network, ready, dry=dry)
    run: Run = await db.write(actions.keep_plan, setup, ready, found, person, dry=dry, why_not=why_not)
    return run


async def ask(network: Network, ready: Ready, *, dry: bool) -> tuple[Plan, str]:
    """What the vendor says that it would do; of a dry run also why it could not be done now. Raises Refused."""
    why_not = ""
    title = ready.actor.title
    try:
        async with asyncio.timeout(PLAN_SECONDS):
            found = await network.converse(ready.actor.plan(ready.wish, ready.config))
            if isinstance(found, Plan) and dry:
                why_not = await network.converse(ready.actor.holds(found.parameters, ready.config))
    except TimeoutError:
        raise Refused(f"{title} gave no answer within {PLAN_SECONDS:g} s; nothing is planned", 503) from None
    if not isinstance(found, Plan):
        raise Refused(f"{title}: {actions.safe(found.why, ready.config)}")
    return found, f"it could not be done now: {actions.safe(why_not, ready.config)}" if why_not else ""


async def _shown(request: Request, run: Run) -> Json:
    return await show_plan(request, run.id, request.state.viewer)


@router.post("/incidents/{id}/actions/{name}/approve")
async def approve(request: Request, viewer: Acts, id: str, name: str, body: ApproveBody) -> Json:
    """Approve a plan by its hash, which starts it. Who may: the runbook says; a plan holds ten minutes, and once."""
    run = await make_approval(request, viewer, incident_number(id), name, body.model_dump())
    return await _shown(request, run)


async def make_approval(
    request: Request, viewer: Viewer, number: int, name: str, said: Mapping[str, Any]
) -> Run:  # fmt: skip
    """Approve as the viewer, or as whom they name; *said* has `plan`, `hash` and perhaps `by`."""
    setup = request.app.state.setup

    def usecase(tx: Tx) -> Run:
        person = actor(viewer, said.get("by"), in_force(tx, setup)[1])
        return actions.approve(
            tx, setup, number, name, str(said.get("plan", "")), str(said.get("hash", "")), viewer, person
        )

    run: Run = await request.app.state.db.write(usecase)
    passing("X1")
    return run


@router.post("/incidents/{id}/actions/{name}/run")
async def run(
    request: Request, viewer: Acts, id: str, name: str, body: Annotated[RunBody, Body(default_factory=RunBody)]
) -> Json:
    """Run an action that needs no approval: a plan of it, or planned now."""
    return await _shown(request, await make_run(request, viewer, incident_number(id), name, body.plan, body.by))


async def make_run(
    request: Request, viewer: Viewer, number: int, name: str, plan: str, by: str | None = None
) -> Run:  # fmt: skip
    """Run what needs no approval. Raises Refused: 409, when it does."""
    setup = request.app.state.setup

    def refuse(tx: Tx) -> Run | None:
        ready = actions.ready(tx, setup, number, name)
        if ready.action.approve != "none":
            raise Refused(f"{name} needs approval: plan it, and have that plan approved")
        return actions.of_incident(tx, number, name, plan) if plan else None

    planned = await request.app.state.db.read(refuse) or await make_plan(request, viewer, number, name, by)

    def start(tx: Tx) -> Run:
        return actions.run_now(tx, setup, planned, actor(viewer, by, in_force(tx, setup)[1]))

    started: Run = await request.app.state.db.write(start)
    passing("X1")
    return started


@router.post("/incidents/{id}/actions/{name}/undo")
async def undo(
    request: Request, viewer: Acts, id: str, name: str, body: Annotated[UndoBody, Body(default_factory=UndoBody)]
) -> Json:
    """Plan the way back of a run: approved as the action itself; where that needs no approval it starts at once."""
    return await _shown(request, await make_undo(request, viewer, incident_number(id), name, body.plan, body.by))


async def make_undo(
    request: Request, viewer: Viewer, number: int, name: str, plan: str, by: str | None = None
) -> Run:  # fmt: skip
    """Plan the way back; where no approval is needed it starts at once."""
    setup = request.app.state.setup

    def usecase(tx: Tx) -> Run:
        person = actor(viewer, by, in_force(tx, setup)[1])
        made = actions.plan_undo(tx, setup, number, name, plan, person)
        return actions.run_now(tx, setup, made, person) if made.approve == "none" else made

    made: Run = await request.app.state.db.write(usecase)
    return made


@router.post("/incidents/{id}/actions/{name}/looked")
async def looked(request: Request, viewer: Acts, id: str, name: str, body: LookedBody) -> Json:
    """Say what a look at the target of an `unknown` run showed: done, which a probe then proves, or not done."""
    number = incident_number(id)
    return await _shown(request, await keep_look(request, viewer, number, name, body.plan, done=body.done, by=body.by))


async def keep_look(
    request: Request, viewer: Viewer, number: int, name: str, plan: str, *, done: bool, by: str | None = None
) -> Run:  # fmt: skip
    """Keep what somebody saw at the target. Raises Refused: 409, when it is known what became of the run."""
    setup = request.app.state.setup

    def usecase(tx: Tx) -> Run:
        person = actor(viewer, by, in_force(tx, setup)[1])
        return acting.looked(tx, setup, number, name, plan, person, done=done)

    run: Run = await request.app.state.db.write(usecase)
    return run


# --------------------------------------------------------------------------------------------- the switch


@router.post("/actions/stop")
async def stop(
    request: Request, viewer: Administers, body: Annotated[StopBody, Body(default_factory=StopBody)]
) -> Json:
    """Stop all actions: plans may be made, nothing is begun any more, until an admin allows them again."""

    def usecase(tx: Tx, setup: Setup) -> Json:
        actions.stop(tx, actor(viewer, body.by, in_force(tx, setup)[1]), body.reason)
        return {"stopped": stopped_json(tx)}

    return await request.app.state.db.write(usecase, request.app.state.setup)


@router.post("/actions/allow")
async def allow(request: Request, viewer: Administers, body: Annotated[Acting, Body(default_factory=Acting)]) -> Json:
    """Let actions be run again."""

    def usecase(tx: Tx, setup: Setup) -> Json:
        actions.allow(tx, actor(viewer, body.by, in_force(tx, setup)[1]))
        return {"stopped": None}

    return await request.app.state.db.write(usecase, request.app.state.setup)
