"""What must hold of actions (17): looked at on every commit, press and call, and held against the target's ledger.

The rules are the oracle's own. The numbers are those of docs/reliability.md and docs/actions.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from tocsin.core.incident import Incident
from tocsin.core.types import Fact, incident_name
from tocsin.simulate.runbooks import PEOPLE
from tocsin.simulate.target import SWITCHES, Called
from tocsin.store.schema import from_micros

if TYPE_CHECKING:
    from tocsin.simulate.world import World

ONCE: Final = "17 once for each approval"
ALLOWED: Final = "17 an approval that holds"
AGREES: Final = "17 what is said is what was done"
LOOK: Final = "17 unknown is looked at"
ENDS: Final = "17 nothing stays running"
HOLDS: Final = timedelta(minutes=10)  # a plan, and an approval
LEASE_SECONDS: Final = 30.0
CALL_SECONDS: Final = 25.0  # of a look and a call, each with its ten seconds, and some commits
TRIES: Final = 3  # of what is idempotent
IDEMPOTENT: Final = ("drain",)
SHARED: Final = ("roll_back", "redeploy")  # change the same thing
DONE: Final = ("succeeded", "verifying")
OVER: Final = ("succeeded", "failed", "unknown", "undone")
_UNDOS: Final = "SELECT * FROM actions WHERE undoes = :i AND state = 'succeeded'"


@dataclass(slots=True)
class Planned:
    """One plan as its incident's timeline tells of it. Instants are the store's, `begun` seconds of the world."""

    incident: int
    action: str
    by: str
    at: datetime
    approve: str
    undo: bool = False
    approved_by: str = ""
    approved_at: datetime | None = None
    begun: list[float] = field(default_factory=list)
    calls: int = 0
    over: bool = False

    @property
    def touches(self) -> str:
        """What it changes."""
        return "deployments" if self.action in SHARED else self.action


class Acts:
    """The oracle's part for actions. `outcomes` counts what became of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.plans: dict[str, Planned] = {}
        self.outcomes: Counter[str] = Counter()
        self._presses: dict[str, set[tuple[str, str, int]]] = {}  # who, with which hash, for which incident
        self._looked: dict[str, list[tuple[float, bool]]] = {}

    def _broken(self, rule: str, id_: str, text: str) -> None:
        plan = self.plans.get(id_)
        name = f"{'the undo of ' if plan and plan.undo else ''}{plan.action}" if plan else "an action"
        number = plan.incident if plan else 0
        self.world.oracle.broken(rule, f"{incident_name(number)}: {name} ({id_[-6:]}) {text}", number)

    # ------------------------------------------------------------------------------------- what people do

    def pressed(self, id_: str, who: str, hash_: str, number: int) -> None:
        """Somebody presses Approve: only what somebody pressed for may be approved."""
        self._presses.setdefault(id_, set()).add((who, hash_, number))

    def looked(self, id_: str, *, done: bool) -> None:
        """Somebody is about to say what the target shows."""
        self._looked.setdefault(id_, []).append((self.world.loop.at, done))

    # ------------------------------------------------------------------------------------- commits

    def facts(self, number: int, before: Incident | None, facts: Sequence[Fact]) -> None:
        """Look at what a commit tells of actions. *before*: the incident as it stood, None for a new one."""
        for fact in facts:
            id_ = fact.data.get("plan", "")
            if fact.kind == "action_planned":
                self.plans[id_] = Planned(
                    number, fact.data["action"], fact.actor, fact.at, fact.data.get("approve") or "none",
                    undo=bool(fact.data.get("undo")),
                )  # fmt: skip
            elif fact.kind in _LOOKS:
                if id_ not in self.plans or self.plans[id_].incident != number:
                    self._broken(ALLOWED, id_, f"is {fact.kind} for {incident_name(number)}, and was not planned there")
                else:
                    _LOOKS[fact.kind](self, id_, fact, before, facts)

    def _approved(self, id_: str, fact: Fact, before: Incident | None, facts: Sequence[Fact]) -> None:
        plan, who = self.plans[id_], fact.actor
        if plan.approved_at is not None:
            self._broken(ONCE, id_, f"was approved by {plan.approved_by} already, and by {who} again")
        plan.approved_by, plan.approved_at = who, fact.at
        row = self._row(id_)
        if (who, row.hash, plan.incident) not in self._presses.get(id_, ()):
            self._broken(ALLOWED, id_, f"was approved by {who}, who did not press for it, its hash and its incident")
        if fact.at >= plan.at + HOLDS:
            self._broken(ALLOWED, id_, f"was planned at {plan.at}, and approved at {fact.at}")
        if before is None or not (plan.undo or before.is_open):
            self._broken(ALLOWED, id_, "was approved for an incident that is over")
        if why := self._not_theirs(plan, before):
            self._broken(ALLOWED, id_, why)

    def _not_theirs(self, plan: Planned, before: Incident | None) -> str:
        """Why whoever approved it might not; empty when they might."""
        who, leads = plan.approved_by, before.roles.get("commander") if before else None
        if who not in PEOPLE:
            return f"was approved by {who}, who is nobody"
        if plan.approve == "second_person" and who == plan.by:
            return f"was approved by {who}, who planned it"
        return f"was approved by {who}, {leads} leads" if plan.approve == "commander" and who != leads else ""

    def _started(self, id_: str, fact: Fact, before: Incident | None, facts: Sequence[Fact]) -> None:
        plan = self.plans[id_]
        plan.begun.append(self.world.loop.at)
        if plan.approved_at is None or fact.at >= plan.approved_at + HOLDS:
            self._broken(ALLOWED, id_, f"was begun at {fact.at} on an approval of {plan.approved_at}")
        if plan.over:
            self._broken(ONCE, id_, "was over, and is begun")
        if len(plan.begun) > (TRIES if plan.action in IDEMPOTENT else 1):
            self._broken(ONCE, id_, f"is begun {len(plan.begun)} times on one approval")
        if before is None or not (plan.undo or before.is_open):
            self._broken(ALLOWED, id_, "was begun for an incident that is over")
        if any(row.value for row in self.world.oracle.found("SELECT value FROM meta WHERE key = 'actions_stopped'")):
            self._broken(ALLOWED, id_, "was begun while all actions were stopped")
        alone = {id_, self._row(id_).undoes}  # what is still being proved may be taken back
        for other_id, other in self.plans.items():
            if other_id not in alone and other.touches == plan.touches and other.begun and not other.over:
                self._broken(ALLOWED, id_, f"was begun while {other.action} of {incident_name(other.incident)} runs")

    def _ended(self, id_: str, fact: Fact, before: Incident | None, facts: Sequence[Fact]) -> None:
        plan = self.plans[id_]
        row = self._row(id_)
        self.outcomes[_outcome(fact.kind, row, plan)] += 1
        plan.over = True
        if fact.kind == "action_unknown":
            self._unknown(id_, plan, facts)
        elif fact.kind == "action_undone":  # the one word of what took it back
            for undo in self.world.oracle.found(_UNDOS, i=id_):
                self.plans[undo.id].over = True
                self._agrees(undo.id, undo)
        self._agrees(id_, row)

    def _unknown(self, id_: str, plan: Planned, facts: Sequence[Fact]) -> None:
        """It has a reason, and whoever approved it is paged in the same commit."""
        calls = self.world.target.of(id_)
        since = plan.begun[-1] if plan.begun else self.world.loop.at
        blown = any(ended >= since - 1 for ended in self.world.blows)
        if not plan.begun:
            self._broken(LOOK, id_, "is unknown, and was never begun")
        elif not blown and all(call.answered for call in calls):
            self._broken(LOOK, id_, "is unknown, and the target answered")
        paged = {f.data.get("person") for f in facts if f.kind in ("paged", "page_moot")}
        if plan.approved_by not in paged:
            self._broken(LOOK, id_, f"is unknown, and {plan.approved_by}, who approved it, is not paged")

    def is_asked_to_look(self, person: str, facts: Sequence[Fact]) -> bool:
        """Say whether a page is for what *person* approved, and nobody knows."""
        unknown = [self.plans.get(f.data["plan"]) for f in facts if f.kind == "action_unknown"]
        return any(plan is not None and plan.approved_by == person for plan in unknown)

    # ------------------------------------------------------------------------------------- the far side

    def called(self, call: Called) -> None:
        """A call that is to change something has come to the target."""
        plan = self.plans.get(call.run)
        if plan is None or plan.approved_at is None:
            self._broken(ALLOWED, call.run, "is called, and nobody approved it")
            return
        plan.calls += 1
        if plan.calls > len(plan.begun):
            self._broken(ONCE, call.run, f"is called {plan.calls} times, begun {len(plan.begun)} times")
        row = self._row(call.run)
        steps = self._row(row.undoes).steps if row.undoes else row.steps
        if not _is_said(call.words, "".join(orjson.loads(steps)), undo=plan.undo):
            self._broken(ALLOWED, call.run, f"was approved as {steps}, the call was {call.words}")

    # ------------------------------------------------------------------------------------- quiet points

    def sweep(self, *, calm: bool) -> None:
        """Nothing that was begun stays so longer than its call and a lease, once nothing goes wrong any more."""
        if not calm:
            return
        before = self.world.clock() - timedelta(seconds=LEASE_SECONDS + CALL_SECONDS)
        for row in self.world.oracle.found("SELECT id, state, begun_at, approved_at FROM actions "
                                           "WHERE state IN ('approved', 'running')"):  # fmt: skip
            since = from_micros(row.begun_at or row.approved_at)
            if since < before:
                self._broken(ENDS, row.id, f"is {row.state} since {since}")

    def end(self) -> None:
        """Hold every run against the ledger once more."""
        rows = self.world.oracle.found("SELECT * FROM actions")
        for row in rows:
            if row.id not in self.plans:
                self._broken("9 every action has its entry", row.id, "is not on its incident's timeline")
                continue
            self._agrees(row.id, row)
            if (row.state in ("planned", "approved") or row.dry) and self.world.target.of(row.id):
                self._broken(ALLOWED, row.id, f"is {row.state}, and was called")
            if self.plans[row.id].over != (row.state in OVER) and row.state != "verifying" and not row.dry:
                self._broken("9 every action has its entry", row.id, f"is {row.state}, and its timeline says otherwise")
        for id_ in self.plans.keys() - {row.id for row in rows}:
            self._broken("9 every action has its entry", id_, "is on its incident's timeline, and gone")

    def _agrees(self, id_: str, row: Any) -> None:
        """What is said to be done was done, and what is said to have changed nothing has not."""
        did = self.world.target.did(id_)
        if row.state in DONE and not did:
            self._broken(AGREES, id_, f"is {row.state}, and the target has not done it")
        if row.state == "undone" and not self._is_back(id_) and not self._died_over(id_):
            self._broken(AGREES, id_, "is said to be undone, and the target has done it since")
        excused = row.state == "failed" and self._looked_before(id_) and self._died_over(id_)
        if row.state == "failed" and did and not row.ran and not excused:
            self._broken(AGREES, id_, f"is said to have changed nothing ({row.why}), and the target has done it")
        if row.state == "failed" and row.ran and not did and len(self.plans[id_].begun) < 2:
            self._broken(AGREES, id_, f"is said to be done ({row.why}), and the target has not done it")

    def _is_back(self, id_: str) -> bool:
        """Say whether what took a run back was done later than the run itself."""
        back = {row.id for row in self.world.oracle.found(_UNDOS, i=id_)}
        done = [call.run in back for call in self.world.target.calls if call.did and call.run in {id_, *back}]
        return bool(done) and done[-1]

    def _looked_before(self, id_: str) -> bool:
        """Say whether somebody looked, and rightly saw nothing done, before the call was made."""
        called = max((call.at for call in self.world.target.of(id_)), default=0.0)
        return any(at < called and not done for at, done in self._looked.get(id_, ()))

    def _died_over(self, id_: str) -> bool:
        """Say whether a node died after the last call, and before it could tell of it: nobody can know then."""
        called = max((call.at for call in self.world.target.of(id_)), default=0.0)
        deaths = [at for node in self.world.nodes for at in node.deaths]
        return any(called <= at <= called + CALL_SECONDS for at in deaths)

    def _row(self, id_: str) -> Any:
        return self.world.oracle.found("SELECT * FROM actions WHERE id = :i", i=id_)[0]


_LOOKS: Final = {
    "action_approved": Acts._approved, "action_started": Acts._started, "action_succeeded": Acts._ended,
    "action_failed": Acts._ended, "action_unknown": Acts._ended, "action_undone": Acts._ended,
}  # fmt: skip


def _outcome(kind: str, row: Any, plan: Planned) -> str:
    """`succeeded`, `unknown`, `undone`; `refused` by the target, `not begun`, `unproved`, or `seen not done`."""
    if kind != "action_failed":
        return kind.removeprefix("action_")
    if row.ran:
        return "unproved"
    return "not begun" if not plan.begun else "seen not done" if plan.over else "refused"


def _is_said(words: str, steps: str, *, undo: bool) -> bool:
    """Say whether a call is what its plan, or of an undo the plan that it takes back, says in words."""
    if not undo:
        return words == steps
    if SWITCHES in words:
        return words.replace('"on":true', '"on":false') == steps
    return "(ticket " in words and words.partition("(ticket ")[2].replace(" back", "") == steps.partition("(ticket ")[2]
