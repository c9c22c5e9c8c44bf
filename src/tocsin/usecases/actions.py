"""Actions: what would be done, who approves it, and the switch that stops all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tocsin.core import actions as core
from tocsin.core.actions import Approver, Beside, Run, Switch
from tocsin.core.events import ActionMoved
from tocsin.core.runbook import Action, Runbook
from tocsin.core.types import FactKind, Refused, instant_text
from tocsin.net import redact
from tocsin.sdk import Actor, Plan, clip
from tocsin.store import actions as store
from tocsin.store import audit, incidents, probes, queue
from tocsin.store.db import Tx
from tocsin.store.incidents import Stored
from tocsin.usecases import restored
from tocsin.usecases.access import Viewer, role_of
from tocsin.usecases.configure import Setup, get_meta, in_force, put_meta, runbook_of, source_config
from tocsin.usecases.respond import act
from tocsin.usecases.sealing import derived, seal, unseal

KIND: Final = "action"  # of rows of the outbox: a call that is to be made
VERIFY: Final = "verify"  # a look at the probe that proves one
STOPPED: Final = "actions_stopped"  # in `meta`
PURPOSE: Final = "action"  # of what is sealed and derived
STEPS_KEPT, TEXT_KEPT = 50, 500  # what an integration may say, in lines and characters
REASON_KEPT: Final = 500
SECRETS: Final = ("token", "webhook_secret", "client_secret", "signing_secret")  # of a connection

log = structlog.get_logger("tocsin.actions")


@dataclass(frozen=True, slots=True)
class Ready:
    """An action of the runbook with all that is needed to ask its vendor."""

    name: str
    action: Action
    actor: Actor
    wish: Any
    config: Mapping[str, Any]
    incident: Stored


# --------------------------------------------------------------------------------------------- planning


def ready(tx: Tx, setup: Setup, number: int, name: str) -> Ready:
    """
    Read what is needed to plan an action for an incident. The vendor is asked outside of any transaction.

    Raises:
        Refused: 404 for an unknown incident or action; 409 when the incident is over, or the action cannot be used.
    """
    stored = incidents.load(tx, number)
    runbook = runbook_of(tx, setup, stored.state.runbook_version)
    action = _named(runbook, name)
    if why := core.closed(stored.state) or cannot(setup, runbook, name):
        raise Refused(why)
    kind, wish = core.kind_of(action)
    return Ready(name, action, setup.plugins.actors[kind], wish, config_of(setup, runbook, kind), stored)


def _named(runbook: Runbook, name: str) -> Action:
    if name not in runbook.actions:
        known = ", ".join(runbook.actions) or "none"
        raise Refused(f"no action {name!r}; this incident's runbook has {known}", 404)
    return runbook.actions[name]


def cannot(setup: Setup, runbook: Runbook, name: str) -> str:
    """Why an action of the runbook cannot be used here; empty when it can."""
    kind, _ = core.kind_of(runbook.actions[name])
    if not kind:
        return f"the action {name} names nothing to do: one of {', '.join(core.KINDS)}"
    for place, missing in runbook.left_out.items():
        if place in (f"actions.{name}", f"connections.{kind}"):
            return f"{name} is left out: {', '.join(missing)} is not set"
    actor = setup.plugins.actors.get(kind)
    if actor is None:
        return f"nothing that can do {kind!r} is installed"
    config = config_of(setup, runbook, kind)
    lacking = [need for need in actor.needs if not config.get(need)]
    return f"{actor.title} needs {', '.join(lacking)} under connections: {kind}" if lacking else ""


def config_of(setup: Setup, runbook: Runbook, kind: str) -> Mapping[str, Any]:
    """The settings of the connection of that name; empty where there is none."""
    return source_config(setup, runbook, kind)


def keep_plan(
    tx: Tx, setup: Setup, known: Ready, plan: Plan, by: str, *, dry: bool = False, why_not: str = ""
) -> Run:  # fmt: skip
    """Keep what the vendor said that an action would do. *why_not*: of a dry run, why it could not be done now."""
    store.hold(tx)
    stored = incidents.load(tx, known.incident.state.number, for_update=True)
    if why := core.closed(stored.state):
        raise Refused(why)
    action, number = known.action, stored.state.number
    verify = action.verify
    plan = _shown(plan, known.config)
    target = plan.target
    run = Run(
        id=store.new_id(tx, number, known.name), incident=number, action=known.name, kind=known.actor.name,
        touches=core.touches(known.name, known.actor.name), target=target,
        steps=plan.steps, approve=action.approve,
        hash=_binding(setup, known.name, number, target, plan.parameters), planned_by=by, planned_at=tx.now,
        expires_at=tx.now + core.HOLDS, warnings=_warnings(tx, plan, action), undoable=plan.undo is not None,
        rehearsal=stored.state.drill, dry=dry, idempotent=action.idempotent, probe=verify.probe if verify else None,
        within=verify.within if verify else timedelta(0), why=clip(why_not, TEXT_KEPT),
    )  # fmt: skip
    return _add(tx, setup, run, plan.parameters, plan.undo)


def _add(
    tx: Tx, setup: Setup, run: Run, parameters: Mapping[str, Any], undo: Mapping[str, Any] | None
) -> Run:  # fmt: skip
    text = json.dumps({"parameters": dict(parameters), "undo": dict(undo) if undo is not None else None})
    store.add(tx, run, seal(setup, PURPOSE, run.id, text.encode()))
    moved(tx, setup, run, "action_planned", run.planned_by)
    return run


def _shown(plan: Plan, config: Mapping[str, Any]) -> Plan:
    """The plan with its words cut to length, and without the secrets of its connection."""

    def each(lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(safe(line, config) for line in lines[:STEPS_KEPT])

    return replace(plan, target=safe(plan.target, config), steps=each(plan.steps), warnings=each(plan.warnings))


def safe(text: str, config: Mapping[str, Any]) -> str:
    """A vendor's or an integration's words as they may be shown."""
    secrets = [value for name, value in config.items() if name in SECRETS and isinstance(value, str)]
    return clip(redact(text, *secrets), TEXT_KEPT)


def _binding(
    setup: Setup, action: str, number: int, target: str, parameters: Mapping[str, Any], undoes: str | None = None
) -> str:  # fmt: skip
    key = derived(setup, PURPOSE)
    return core.binding(key, action=action, incident=number, target=target, parameters=parameters, undoes=undoes)


def _warnings(tx: Tx, plan: Plan, action: Action) -> tuple[str, ...]:
    """What the vendor's limits are, and how much its success will be worth."""
    said = list(plan.warnings)
    if plan.undo is None:
        said.append("It cannot be undone from here.")
    if action.verify is None:
        said.append("Nothing proves it afterwards: the runbook names no probe for it.")
    elif (looked := probes.seen(tx, action.verify.probe)) is None:
        said.append(f"The probe {action.verify.probe}, which is to prove it, has not looked yet.")
    elif looked.ok:
        said.append(f"The probe {action.verify.probe} is ok already: that it is ok afterwards proves little.")
    return tuple(said)


def opened(tx: Tx, setup: Setup, run: Run) -> tuple[Mapping[str, Any], Mapping[str, Any] | None] | None:
    """
    What a plan fixed: its parameters, and those of its way back.

    None when they cannot be read any more, or are not those that the hash was made of.
    """
    text = unseal(setup, PURPOSE, run.id, store.sealed(tx, run.id))
    if text is None:
        return None
    fixed = json.loads(text)
    if _binding(setup, run.action, run.incident, run.target, fixed["parameters"], run.undoes) != run.hash:
        return None
    return fixed["parameters"], fixed["undo"]


# --------------------------------------------------------------------------------------------- approving


def approver_of(runbook: Runbook, viewer: Viewer, person: str) -> Approver:
    """Who presses, acting as *person*: the viewer, or whom an admin's token names."""
    known = person in runbook.people
    role = role_of(runbook, person) if known and viewer.person != person else viewer.role
    return Approver(person, known, role, viewer.person is None and viewer.role == "admin" and known)


def approve(tx: Tx, setup: Setup, number: int, name: str, plan: str, hash_: str, viewer: Viewer, person: str) -> Run:
    """
    Approve a plan as *person*, which starts its run. Repeating it changes nothing.

    Raises:
        Refused: 404 for a plan that is none of this action and incident; 403 when it is not theirs to approve; 409
            when it is too old, stale, used, or nothing may be run now.
    """
    store.hold(tx)
    run = of_incident(tx, number, name, plan)
    state = incidents.load(tx, number, for_update=True).state
    who = approver_of(in_force(tx, setup)[1], viewer, person)
    if not core.check_approval(run, hash_, who, state, beside(tx, run), tx.now):
        return run
    if (until := restored.held_until(tx)) and until > tx.now and not run.rehearsal:
        raise Refused("Tocsin was restored from a backup and holds everything back: release it first")
    via = viewer.name if viewer.name != person else ""
    return _start(tx, setup, run, person, via)


def run_now(tx: Tx, setup: Setup, run: Run, by: str) -> Run:
    """
    Start a plan of an action that needs no approval.

    Raises:
        Refused: 409 when it does need one, or as `approve`.
    """
    store.hold(tx)
    run = of_incident(tx, run.incident, run.action, run.id)
    if run.approve != "none":
        raise Refused(f"{run.action} needs approval: plan it, and have that plan approved")
    state = incidents.load(tx, run.incident, for_update=True).state
    if not core.check_approval(run, run.hash, Approver(by, True, "responder"), state, beside(tx, run), tx.now):
        return run
    return _start(tx, setup, run, by, "")


def of_incident(tx: Tx, number: int, name: str, plan: str) -> Run:
    """The plan of that id. Raises Refused: 404, there is none of this action and incident."""
    run = store.get(tx, plan)
    if run is None or (run.incident, run.action) != (number, name):
        raise Refused(f"no plan {plan[:40]!r} of {name} for this incident", 404)
    return run


def beside(tx: Tx, run: Run) -> Beside:
    """What else bears on beginning *run* now. A rehearsal changes nothing: only the switch stands in its way."""
    switch = stopped(tx)
    if run.rehearsal:
        return Beside(switch=switch)
    return Beside(store.begun(tx, run.touches), store.under_way(tx, run.touches, run.id), switch)


def _start(tx: Tx, setup: Setup, run: Run, by: str, via: str) -> Run:
    """From here on it is the worker's: the approval and the row that asks for the call are one commit."""
    run = store.keep(tx, replace(run, state=core.step(run, "approved"), approved_by=by, approved_at=tx.now))
    queue.put(
        tx, f"action:{run.id}", tx.now, incident=run.incident, kind=KIND, via=run.kind,
        destination=f"action:{run.touches}", payload={"run": run.id}, urgent=True,
    )  # fmt: skip
    moved(tx, setup, run, "action_approved", by, why=f"pressed with the token {via}" if via else "")
    return run


# --------------------------------------------------------------------------------------------- undoing


def plan_undo(tx: Tx, setup: Setup, number: int, name: str, plan: str, by: str) -> Run:
    """
    Plan the way back of a run; an empty *plan* means the newest that ran. Asked again it gives the same plan.

    Raises:
        Refused: 404 when nothing of it ran; 409 when it cannot be undone, or was.
    """
    store.hold(tx)
    run = of_incident(tx, number, name, plan) if plan else _newest(tx, number, name)
    others = store.undos(tx, run.id)
    started = next((one for one in others if one.approved_at and (one.ran or one.state in core.UNDER_WAY)), None)
    core.check_undo(run, started)
    if waiting := next((one for one in others if one.state == "planned" and not core.expired(one, tx.now)), None):
        return waiting
    fixed = opened(tx, setup, run)
    if fixed is None or fixed[1] is None:
        raise Refused(f"the way back of {name} cannot be read any more: it was kept under another secret key")
    back = fixed[1]
    undo = Run(
        id=store.new_id(tx, number, name), incident=number, action=name, kind=run.kind, touches=run.touches,
        target=run.target, steps=_back(run), hash=_binding(setup, name, number, run.target, back, run.id),
        planned_by=by, planned_at=tx.now, expires_at=tx.now + core.HOLDS, approve=run.approve,
        warnings=_about(run), undoes=run.id, rehearsal=run.rehearsal, idempotent=run.idempotent,
    )  # fmt: skip
    return _add(tx, setup, undo, back, None)


def _newest(tx: Tx, number: int, name: str) -> Run:
    found = [run for run in store.listing(tx, incident=number, action=name, limit=500) if not run.undoes and run.ran]
    if not found:
        raise Refused(f"{name} was not run for this incident: there is nothing to undo", 404)
    return found[0]


def _back(run: Run) -> tuple[str, ...]:
    return tuple(f"Take back: {step}" for step in reversed(run.steps))


def _about(run: Run) -> tuple[str, ...]:
    if run.state == "unknown":
        return ("Nobody knows whether it was done at all: look first.",)
    return ("It is still being verified.",) if run.state == "verifying" else ()


# --------------------------------------------------------------------------------------------- the switch


def stopped(tx: Tx) -> Switch | None:
    """Who stopped all actions; None while they may be run."""
    text = get_meta(tx, STOPPED)
    if not text:
        return None
    said = json.loads(text)
    return Switch(said["by"], datetime.fromisoformat(said["at"]), said["reason"])


def stop(tx: Tx, by: str, reason: str = "") -> Switch:
    """Stop all actions: plans may be made, nothing is begun. What was begun already goes on. Again: nothing changes."""
    store.hold(tx)
    if known := stopped(tx):
        return known
    said = {"by": by, "at": tx.now.isoformat(), "reason": clip(reason.strip(), REASON_KEPT)}
    put_meta(tx, STOPPED, json.dumps(said))
    audit.append(tx, by, "actions_stopped", {"reason": said["reason"]})
    tx.touched.add("incidents")
    return Switch(by, tx.now, said["reason"])


def allow(tx: Tx, by: str) -> bool:
    """Let actions be run again; says whether they were stopped."""
    store.hold(tx)
    known = stopped(tx)
    if known is None:
        return False
    put_meta(tx, STOPPED, "")
    audit.append(tx, by, "actions_allowed", {"stopped_by": known.by, "stopped_at": instant_text(known.at)})
    tx.touched.add("incidents")
    return True


def banner(tx: Tx) -> list[str]:
    """The sentence on every page while they are stopped."""
    switch = stopped(tx)
    return [f"{switch.words[0].upper()}{switch.words[1:]}. Plans may be made; nothing is run."] if switch else []


# --------------------------------------------------------------------------------------------- the timeline


def moved(tx: Tx, setup: Setup, run: Run, kind: FactKind, by: str, why: str = "", *, again: bool = False) -> None:
    """Put a step of a run on its incident's timeline, and tell whom it concerns."""
    state = incidents.load(tx, run.incident).state
    act(tx, setup, run.incident, ActionMoved(
        by, kind, run.id, run.action, run.target, run.planned_by, link=plan_link(setup, run.id),
        approved_by=run.approved_by or "", approve=run.approve if kind == "action_planned" else "",
        may_approve=core.may_approve(run, state.commander), code=run.hash[: core.CODE],
        steps=run.steps if kind == "action_planned" else (),
        why=why or (run.why if run.dry else ""), receipt=run.receipt, undo=run.undoes is not None,
        undoable=run.undoable and run.ran and kind != "action_undone", dry=run.dry, rehearsal=run.rehearsal,
        again=again,
    ))  # fmt: skip


def plan_link(setup: Setup, plan: str) -> str:
    """The address of a plan's page."""
    return f"{setup.public_url}/actions/{plan}"
