"""Actions: the life of a plan, what an approval is bound to, who may give it, and what is proposed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from tocsin.core import protocol
from tocsin.core.calendar import utc_words
from tocsin.core.incident import Incident
from tocsin.core.runbook import Action, Runbook
from tocsin.core.types import Refused, incident_name

State = Literal["planned", "approved", "running", "verifying", "succeeded", "failed", "unknown", "undone"]
Event = Literal[
    "approved", "refused", "begun", "done", "taken", "failed", "lost", "proved", "unproved", "undone",
]  # fmt: skip
Rule = Literal["commander", "second_person", "none"]

HOLDS: Final = timedelta(minutes=10)  # a plan until it is approved, and an approval until it is begun
TRIES: Final = 3  # of what is idempotent; of anything else one
KINDS: Final = ("vercel", "railway", "http", "postgres", "github", "command")
SHARED: Final = ("vercel", "railway", "github")  # their actions touch the same thing: the connection's

# State and what happened, to the next state. What is not in the table cannot happen. `taken`: the vendor took it, and a
# probe must prove it. From `unknown` a late answer still leads on: it says what became of the one call. So it does
# where somebody had looked (`failed`) or had taken it back (`undone`) before that call was made.
LIFE: Final[Mapping[tuple[State, Event], State]] = {
    ("planned", "approved"): "approved",
    ("approved", "refused"): "failed",
    ("approved", "begun"): "running",
    ("approved", "lost"): "unknown",
    ("running", "begun"): "running",
    ("running", "done"): "succeeded",
    ("running", "taken"): "verifying",
    ("running", "failed"): "failed",
    ("running", "lost"): "unknown",
    ("unknown", "done"): "succeeded",
    ("unknown", "taken"): "verifying",
    ("unknown", "failed"): "failed",
    ("failed", "done"): "succeeded",
    ("failed", "taken"): "verifying",
    ("failed", "lost"): "unknown",
    ("undone", "done"): "succeeded",
    ("undone", "taken"): "verifying",
    ("undone", "lost"): "unknown",
    ("verifying", "proved"): "succeeded",
    ("verifying", "unproved"): "failed",
    ("succeeded", "undone"): "undone",
    ("verifying", "undone"): "undone",
    ("failed", "undone"): "undone",
    ("unknown", "undone"): "undone",
}
UNDER_WAY: Final = ("approved", "running", "verifying")


CODE: Final = 8  # hexadecimal digits of a plan's hash by which it is approved in a chat


@dataclass(frozen=True, slots=True)
class Run:
    """
    One plan of an action and what became of it. Instants are aware UTC.

    `touches` is what it changes, as far as the runbook tells: two that touch the same are never under way together.
    `undoes` is the run that this one takes back. `ran`: the call was begun and not refused, so something may have
    changed. `rehearsal`: of a drill, it changes nothing. `dry`: it was asked what it would do, and can never be run.
    """

    id: str
    incident: int
    action: str
    kind: str
    touches: str
    target: str
    steps: tuple[str, ...]
    hash: str
    planned_by: str
    planned_at: datetime
    expires_at: datetime
    approve: Rule
    warnings: tuple[str, ...] = ()
    undoes: str | None = None
    undoable: bool = False
    rehearsal: bool = False
    dry: bool = False
    idempotent: bool = False
    probe: str | None = None
    within: timedelta = timedelta(0)
    state: State = "planned"
    approved_by: str | None = None
    approved_at: datetime | None = None
    tries: int = 0
    epoch: int = 0  # of the claim under which the call was begun
    begun_at: datetime | None = None
    acted_at: datetime | None = None  # the vendor had taken it
    verify_until: datetime | None = None
    settled_at: datetime | None = None
    ran: bool = False
    why: str = ""
    receipt: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"the undo of {self.action}" if self.undoes else self.action


def step(run: Run, event: Event) -> State:
    """The state after *event*. Raises Refused: it cannot happen in this state."""
    state = LIFE.get((run.state, event))
    if state is None:
        raise Refused(f"{run.name} is {run.state}: it cannot be {event} now")
    return state


def kind_of(action: Action) -> tuple[str, Any]:
    """The name of the actor that an action of the runbook asks for, and the wish that stands there."""
    for kind in KINDS:
        value = getattr(action, kind)
        if value:
            wish = value if isinstance(value, str) else _plain(value)
            if kind == "http":
                return kind, {"call": wish, "undo": _plain(action.undo) if action.undo else None}
            return kind, wish
    return "", None


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(by_alias=True)
    return list(value) if isinstance(value, tuple) else value


def touches(action: str, kind: str) -> str:
    """What a run of it changes: the connection's thing, or what this action alone changes."""
    return kind if kind in SHARED else f"{kind}:{action}"


def binding(
    key: bytes, *, action: str, incident: int, target: str, parameters: Mapping[str, Any], undoes: str | None = None
) -> str:  # fmt: skip
    """
    What an approval is bound to, as 64 hexadecimal digits: nothing of it can be another without another hash.

    It is keyed, because parameters may hold a secret that could be guessed from a plain hash.
    """
    said = {"action": action, "incident": incident, "target": target, "parameters": parameters, "undoes": undoes}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hmac.new(key, b"action\n" + text.encode(), hashlib.sha256).hexdigest()


# --------------------------------------------------------------------------------------------- approval


@dataclass(frozen=True, slots=True)
class Approver:
    """
    Who presses. `known`: a person of the runbook. `role`: of that person, or of the session. `named`: an admin's token
    that is nobody's own names them.
    """

    person: str
    known: bool
    role: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Switch:
    """Who stopped all actions, when and why."""

    by: str
    at: datetime
    reason: str = ""

    @property
    def words(self) -> str:
        """The sentence for whoever wants to run something."""
        why = f": {self.reason}" if self.reason else ""
        return f"all actions are stopped, by {self.by} since {utc_words(self.at)}{why}"


@dataclass(frozen=True, slots=True)
class Beside:
    """What else is known when somebody approves: the newest run begun on the same thing, and one that is under way."""

    begun: Run | None = None
    under_way: Run | None = None
    switch: Switch | None = None


def expired(run: Run, now: datetime) -> bool:
    """Say whether it was never approved in time: at the very instant it has expired."""
    return run.state == "planned" and now >= run.expires_at


def awaits(run: Run, now: datetime) -> bool:
    """Say whether somebody's approval is waited for."""
    return run.state == "planned" and run.approve != "none" and not run.dry and not expired(run, now)


def approval_over(run: Run, now: datetime) -> bool:
    """Say whether an approval was not acted on in time: nothing begins long after somebody agreed to it."""
    return run.approved_at is not None and now >= run.approved_at + HOLDS


def why_not_person(run: Run, who: Approver, commander: str | None) -> str:
    """Why *who* may not approve it; empty when they may."""
    if run.approve == "none":
        return ""
    if not who.known:
        return "an approval is a person's: sign in as one of the runbook, or name one with `by`"
    if who.role == "viewer":
        return f"{who.person} may only look: a responder approves"
    if run.approve == "commander":
        return _why_not_commander(run, who, commander)
    return f"{who.person} planned it: a second person approves {run.action}" if who.person == run.planned_by else ""


def _why_not_commander(run: Run, who: Approver, commander: str | None) -> str:
    if who.named or who.person == commander:
        return ""
    if commander is None:
        return f"nobody is commander of {incident_name(run.incident)}: take the role, then approve"
    return f"the runbook has the commander approve {run.action}: that is {commander}"


def may_approve(run: Run, commander: str | None) -> str:
    """Who may approve it, in words."""
    if run.approve == "none":
        return "it needs no approval"
    if run.approve == "commander":
        return f"the commander, {commander}" if commander else "the commander, as soon as there is one"
    return f"a second person: any responder but {run.planned_by}"


def check_approval(run: Run, hash_: str, who: Approver, state: Incident, beside: Beside, now: datetime) -> bool:
    """
    Check whether *who* may approve *run* now, and start it by that.

    Returns:
        False when they have approved it already: pressing twice changes nothing.

    Raises:
        Refused: with what to do instead; 403 when it is not theirs to approve.
    """
    if not hmac.compare_digest(hash_.encode(), run.hash.encode()):
        raise Refused("the hash is not that of this plan: look at the plan again, and approve what it says now")
    if run.dry:
        raise Refused("this was a dry run, which cannot be approved: plan it")
    if run.state != "planned":
        if run.approved_by == who.person:
            return False
        at = f" at {utc_words(run.approved_at)}" if run.approved_at else ""
        raise Refused(f"{run.name} was approved by {run.approved_by}{at} already and is {run.state}: plan it again")
    if now >= run.expires_at:
        raise Refused(f"this plan held until {utc_words(run.expires_at)}: plan it again, things may have changed since")
    if why := why_not_now(run, state, beside):
        raise Refused(why)
    if why := why_not_person(run, who, state.commander):
        raise Refused(why, 403)
    return True


def why_not_now(run: Run, state: Incident, beside: Beside) -> str:
    """Why nothing may be begun by this plan any more, or just now; empty when it may."""
    if run.undoes is None and (why := closed(state)):
        return why
    begun = beside.begun
    if begun and begun.id not in (run.id, run.undoes) and (begun.begun_at or run.planned_at) >= run.planned_at:
        return f"{begun.name} was run since this was planned ({incident_name(begun.incident)}): plan it again"
    if beside.under_way and beside.under_way.id not in (run.id, run.undoes):
        other = beside.under_way
        return f"{other.name} is {other.state} ({incident_name(other.incident)}): wait for its end, then plan again"
    if beside.under_way and beside.under_way.id == run.undoes and beside.under_way.state != "verifying":
        return f"{run.action} is {beside.under_way.state}: wait for its end"
    return beside.switch.words if beside.switch else ""


def closed(state: Incident) -> str:
    """Why nothing is begun for an incident that is over; empty while it is open."""
    if state.merged_into:
        return f"{state.name} is merged into {incident_name(state.merged_into)}: go on there"
    return "" if state.is_open else f"{state.name} is resolved: reopen it first, or undo what was done"


def check_undo(run: Run, undone_by: Run | None) -> None:
    """Raises Refused: there is nothing of *run* to take back. *undone_by* is an undo of it that was approved."""
    if run.undoes:
        raise Refused("an undo is not undone: plan the action itself again")
    if run.state == "undone":
        raise Refused(f"{run.action} is undone already")
    if not run.ran or run.state in ("planned", "approved", "running"):
        raise Refused(f"{run.action} is {run.state} and has changed nothing: there is nothing to undo")
    if not run.undoable:
        raise Refused(f"{run.action} has no undo")
    if undone_by:
        raise Refused(f"the undo of {run.action} is {undone_by.state} already: it is done at most once")


# --------------------------------------------------------------------------------------------- proposals


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that is offered, with the reason; `cause` is the kind of cause that speaks for it, or empty."""

    action: str
    reason: str
    cause: str = ""


def proposals(state: Incident, runbook: Runbook, now: datetime) -> tuple[Proposal, ...]:
    """What is offered, each action once: by suspected causes, the strongest first, then by duties that are due."""
    if not state.is_open:
        return ()
    found: dict[str, Proposal] = {}
    for one in (*by_cause(state, runbook), *_by_duty(state, runbook, now)):
        found.setdefault(one.action, one)
    return tuple(found.values())


def by_cause(state: Incident, runbook: Runbook) -> tuple[Proposal, ...]:
    """What the protocol's mitigations offer for the causes that are suspected."""
    rules = runbook.protocols[state.protocol].mitigations if state.protocol in runbook.protocols else {}
    return tuple(
        Proposal(action, cause.reason, cause.kind)
        for cause in (state.causes if rules else ())
        if cause.kind in rules
        for action in rules[cause.kind].do
        if action in runbook.actions
    )


def _by_duty(state: Incident, runbook: Runbook, now: datetime) -> tuple[Proposal, ...]:
    """What open duties propose. An action under their `run` is proposed as well: nothing is changed by itself."""
    return tuple(
        Proposal(action, f"the duty “{duty.title}” proposes it")
        for duty in state.duties
        if protocol.is_open(duty) and protocol.state_of(duty, now) != "waiting"
        for action in (*duty.propose, *duty.run)
        if action in runbook.actions
    )


def acted(run: Run, now: datetime, **changes: Any) -> Run:
    """The run once the vendor had taken it: proved by a probe within its time, where the runbook names one."""
    until = now + run.within if run.probe else None
    return replace(run, acted_at=now, verify_until=until, ran=True, **changes)
