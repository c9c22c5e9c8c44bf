"""Running an action: claimed from the outbox, recorded before the call, settled after it, proved by a probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import structlog

from tocsin.core import actions as core
from tocsin.core import delivery
from tocsin.core.actions import Event, Run
from tocsin.core.calendar import words
from tocsin.core.events import Note
from tocsin.core.runbook import Runbook
from tocsin.core.types import SYSTEM, FactKind, Refused, incident_name
from tocsin.sdk import Acted, Actor, clip
from tocsin.store import actions as store
from tocsin.store import incidents, probes, queue
from tocsin.store.db import Busy, Tx
from tocsin.usecases import rescue, respond, restored
from tocsin.usecases.actions import (
    TEXT_KEPT,
    VERIFY,
    beside,
    cannot,
    config_of,
    moved,
    of_incident,
    opened,
)
from tocsin.usecases.configure import NoRunbook, Setup, in_force, runbook_of

RUN_SECONDS: Final = 300.0  # then nobody waits any longer for the far side, and somebody must look
LOOK_EVERY: Final = timedelta(seconds=5)  # at what the probe saw
AGAIN_AFTER: Final = timedelta(seconds=5)  # what is idempotent is tried again
TOO_EARLY: Final = ("failed", "undone")  # what may be said before a process that stands still makes its call
LATE: Final = "its process had stood still, and called after {}"
OUT_OF_A_BACKUP: Final = "it was approved before Tocsin was restored from a backup, and may have been run since then"
UNREADABLE: Final = "what it would do cannot be read any more: plan it again"

log = structlog.get_logger("tocsin.actions")


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be done, with the actor that does it. `epoch` is of the claim."""

    run: Run
    actor: Actor
    parameters: Mapping[str, Any] = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)


def take(tx: Tx, setup: Setup, row: Any) -> Call | None:
    """
    Look at a claimed row: what is to be called, or None when that is settled here.

    A run whose call was begun and whose lease is over is `unknown`: nobody can say what became of it, and it is never
    begun again, unless the runbook says that it is idempotent. So is one that was approved before a backup was put
    back: it may have been begun since that was taken.
    """
    store.hold(tx)
    run = store.get(tx, row.payload["run"])
    if run is None or run.state not in ("approved", "running"):
        queue.settle(tx, row.id, "moot", done_at=tx.now, why=f"the action is {run.state if run else 'gone'}")
        return None
    if run.state == "running" and not (run.idempotent and run.tries < core.TRIES):
        why = "its process ended, or was cut off, while the far side was called"
        _end(tx, setup, row.id, run, "lost", why)
        return None
    if run.state == "approved" and run.approved_at and restored.older(tx, run.approved_at):
        _end(tx, setup, row.id, replace(run, ran=True), "lost", OUT_OF_A_BACKUP)
        return None
    runbook, why = _runbook(tx, setup, run)
    fixed = opened(tx, setup, run)
    if runbook is None or fixed is None or why:
        _end(tx, setup, row.id, run, "refused" if run.state == "approved" else "lost", why or UNREADABLE)
        return None
    return Call(run, setup.plugins.actors[run.kind], fixed[0], config_of(setup, runbook, run.kind))


def _runbook(tx: Tx, setup: Setup, run: Run) -> tuple[Runbook | None, str]:
    """The runbook of its incident, and why the action cannot be used by it."""
    try:
        runbook = runbook_of(tx, setup, incidents.load(tx, run.incident).state.runbook_version)
    except NoRunbook as error:
        return None, str(error)
    gone = run.action not in runbook.actions
    return runbook, f"the runbook has no action {run.action}" if gone else cannot(setup, runbook, run.action)


def begin(tx: Tx, setup: Setup, row_id: str, epoch: int, why_not: str) -> bool:
    """
    Record that the call begins, right before it: only what this says yes to is called, once for each claim.

    *why_not* is the vendor's word that it cannot be done any more. What stands in the way ends the run: nothing was
    changed then. Asked again for the same claim it says the same.
    """
    store.hold(tx)
    row = queue.keep_held(tx, row_id, epoch, None)
    run = store.get(tx, row.payload["run"]) if row else None
    if row is None or run is None:
        return False
    if run.state == "running" and run.epoch == epoch:
        return True
    if why := why_not or _in_the_way(tx, run):
        _end(tx, setup, row_id, run, "refused" if run.state == "approved" else "lost", why)
        return False
    again = run.tries > 0
    run = replace(
        run, state=core.step(run, "begun"), tries=run.tries + 1, epoch=epoch, begun_at=tx.now, ran=True, why=""
    )
    store.keep(tx, run)
    queue.settle(tx, row_id, "leased", lease_until=tx.now + delivery.LEASE)
    moved(tx, setup, run, "action_started", SYSTEM, again=again)
    return True


def _in_the_way(tx: Tx, run: Run) -> str:
    """Why it may not be begun at this instant; empty when it may."""
    if core.approval_over(run, tx.now):
        return f"it was not begun within {words(core.HOLDS)} of its approval"
    if (until := restored.held_until(tx)) and until > tx.now:
        return "Tocsin was restored from a backup and holds everything back"
    return core.why_not_now(run, incidents.load(tx, run.incident).state, beside(tx, run))


def renew(tx: Tx, row_id: str, epoch: int) -> None:
    """The call still goes on: nobody else takes it for lost."""
    if queue.held(tx, row_id, epoch):
        queue.settle(tx, row_id, "leased", lease_until=tx.now + delivery.LEASE)


def settle(tx: Tx, setup: Setup, row_id: str, epoch: int, acted: Acted) -> None:
    """
    Record what became of the call that was begun under *epoch*. Repeating it changes nothing.

    An answer that comes after the run was given up as unknown still counts: it is about that one call.
    """
    store.hold(tx)
    row = queue.row(tx, row_id)
    run = store.get(tx, row.payload["run"]) if row else None
    if run is None or run.epoch != epoch or not _counts(run, acted):
        return
    why = clip(acted.why, TEXT_KEPT)
    if run.state in TOO_EARLY:
        late = LATE.format("it was taken back" if run.state == "undone" else "somebody looked")
        run, why = replace(run, ran=True, settled_at=None), f"{why}; {late}" if why else late
    if acted.state == "unknown":
        if run.state == "unknown":
            return
        if run.idempotent and run.tries < core.TRIES and queue.held(tx, row_id, epoch):
            store.keep(tx, replace(run, why=why))
            queue.settle(tx, row_id, "pending", due=tx.now + AGAIN_AFTER, why=why, failures=row.failures + 1)
            return
        _end(tx, setup, row_id, run, "lost", why or "the far side gave no answer that can be read")
    elif acted.state == "failed":
        _end(tx, setup, row_id, replace(run, ran=run.tries > 1), "failed", why or "the far side refused it")
    else:
        done: Event = "taken" if run.probe and not run.rehearsal else "done"
        _end(tx, setup, row_id, core.acted(run, tx.now, receipt=clip(acted.receipt, TEXT_KEPT)), done, why)


def _counts(run: Run, acted: Acted) -> bool:
    """
    Say whether an answer still counts: while nobody knows, and where somebody looked, or took it back, too early.

    A process that stood still between its record and its call makes that call when it goes on.
    """
    if run.state in TOO_EARLY:
        return run.begun_at is not None and run.acted_at is None and acted.state != "failed"
    return run.state in ("running", "unknown")


# What is told of an end; what must still be proved is told when it is.
_FACTS: Final[Mapping[Event, FactKind]] = {
    "refused": "action_failed", "failed": "action_failed", "lost": "action_unknown", "done": "action_succeeded",
    "proved": "action_succeeded", "unproved": "action_failed",
}  # fmt: skip


def _end(tx: Tx, setup: Setup, row_id: str, run: Run, event: Event, why: str) -> None:
    """Bring a run to the state that follows from *event*, close its row, and tell."""
    queue.settle(tx, row_id, "done", done_at=tx.now, why=why)
    if event == "refused":
        why = f"{why}; nothing was changed"
    if event == "done" and not run.undoes:
        proof = "a rehearsal: nothing was changed" if run.rehearsal else "done, and nothing proved it"
        why = f"{proof} ({why})" if why else proof
    _conclude(tx, setup, run, event, why)


def _conclude(tx: Tx, setup: Setup, run: Run, event: Event, why: str) -> Run:
    """The state that follows from *event*: what was taken is proved next, the rest is told now."""
    run = replace(run, state=core.step(run, event), why=why)
    if event != "taken":
        run = replace(run, settled_at=tx.now)
    run = store.keep(tx, run)
    if event == "taken":
        queue.put(
            tx, f"verify:{run.id}", tx.now + LOOK_EVERY, incident=run.incident, kind=VERIFY, via="", destination="",
            payload={"run": run.id}, urgent=True,
        )  # fmt: skip
    elif event == "done" and run.undoes:
        _undone(tx, setup, run)
    else:
        _tell(tx, setup, run, _FACTS[event], why)
    return run


def looked(tx: Tx, setup: Setup, number: int, name: str, plan: str, by: str, *, done: bool) -> Run:
    """
    Somebody looked at what an `unknown` run was to change, and says whether it was *done*: no answer will tell.

    Their word is a note on the timeline. What was done is proved by its probe like any other; what was not changed
    nothing, and can be planned again.

    Raises:
        Refused: 404, there is no such plan; 409, what became of it is known.
    """
    store.hold(tx)
    run = of_incident(tx, number, name, plan)
    if run.state != "unknown":
        raise Refused(f"what became of {name} is known: it is {run.state}")
    people = in_force(tx, setup)[1].people
    said = f"{people[by].name if by in people else by} looked: it was {'done' if done else 'not done'}"
    respond.act(tx, setup, number, Note(by, f"{run.name} at {run.target}: {said}"))
    if not done:
        return _conclude(tx, setup, replace(run, ran=False), "failed", said)
    event: Event = "taken" if run.probe and not run.rehearsal else "done"
    return _conclude(tx, setup, core.acted(run, tx.now, receipt=run.receipt), event, said)


def _undone(tx: Tx, setup: Setup, undo: Run) -> None:
    """An undo was done: what it took back is undone."""
    run = store.get(tx, undo.undoes or "")
    if run is not None and run.state != "undone":
        run = store.keep(tx, replace(run, state=core.step(run, "undone"), settled_at=tx.now))
        by = undo.approved_by or SYSTEM
        _tell(tx, setup, replace(run, approved_by=undo.approved_by), "action_undone", "", by)


def _tell(tx: Tx, setup: Setup, run: Run, kind: FactKind, why: str, by: str = SYSTEM) -> None:
    """Put an outcome on the timeline. Where the incident cannot be worked on the outcome stays, and is told plainly."""
    try:
        with tx.apart():
            moved(tx, setup, run, kind, by, why)
    except Busy:
        raise
    except Exception:
        log.exception("action_not_on_timeline", incident=run.incident, action=run.action, kind=kind)
        title = f"{incident_name(run.incident)}: {run.name} is {run.state}"
        rescue.tell(tx, setup, f"action:{run.id}:{kind}", title, f"{title}, on {run.target}. {why}")


def gave_up(tx: Tx, setup: Setup, row_id: str, epoch: int, error: Exception) -> None:
    """Running it raised, before or while it was called: what was not begun changed nothing, the rest is unknown."""
    store.hold(tx)
    row = queue.keep_held(tx, row_id, epoch, None)
    run = store.get(tx, row.payload["run"]) if row else None
    if run is None or run.state not in ("approved", "running"):
        return
    why = f"{type(error).__name__} in Tocsin or the integration; the log has the whole fault"
    _end(tx, setup, row_id, run, "refused" if run.state == "approved" else "lost", why)


# --------------------------------------------------------------------------------------------- proving


def verify(tx: Tx, setup: Setup, row: Any) -> None:
    """Look whether the probe has seen it ok since it was done; past its time it failed, and is told."""
    store.hold(tx)
    run = store.get(tx, row.payload["run"])
    if run is None or run.state != "verifying" or run.acted_at is None or run.verify_until is None:
        queue.settle(tx, row.id, "moot", done_at=tx.now, why="nothing is to be proved any more")
        return
    looked = probes.seen(tx, run.probe or "")
    fresh = looked if looked and looked.at > run.acted_at else None
    if fresh and fresh.ok:
        _end(tx, setup, row.id, run, "proved", f"the probe {run.probe} is ok")
    elif tx.now >= run.verify_until:
        seen = f"is still {fresh.check or 'not ok'}" if fresh else "has not looked since"
        _end(tx, setup, row.id, run, "unproved", f"done, but the probe {run.probe} {seen} after {words(run.within)}")
    else:
        queue.settle(tx, row.id, "pending", due=min(tx.now + LOOK_EVERY, run.verify_until))
