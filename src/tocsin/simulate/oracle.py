"""What must always hold, looked at on every commit, every provider call and every delivery, with rules of its own.

The numbers are those of the invariants in docs/reliability.md.
"""

from __future__ import annotations

from collections import Counter, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog
from sqlalchemy import text

from tocsin.core import delivery, escalation, oncall
from tocsin.core.incident import Incident, born, fold, to_json
from tocsin.core.runbook import Runbook
from tocsin.core.types import Fact, incident_name
from tocsin.core.watch import silence
from tocsin.sdk import Delivered, Reject, Retry
from tocsin.simulate.acts import Acts
from tocsin.simulate.retained import Forgotten, removing
from tocsin.simulate.shifts import behind, on_shift
from tocsin.simulate.target import Called
from tocsin.store import alerts, incidents, retention, watch
from tocsin.store.schema import from_micros, to_micros
from tocsin.usecases import deliver
from tocsin.usecases.deliver import Job

if TYPE_CHECKING:
    from tocsin.simulate.world import World

LATE: Final = timedelta(seconds=5)  # 8: after the last fault
STOPPED: Final = timedelta(seconds=2)  # 4
AT_WORK_SECONDS: Final = 1.0  # what was claimed under a fault is called a moment after its end
CALLS_A_MINUTE: Final = 10  # 14
SWEEP_SECONDS: Final = 300.0
ROTA_AHEAD: Final = 0.25  # of the sweeps look at an instant of the next year, too
LIFE: Final = delivery.MESSAGE_LIFE // timedelta(microseconds=1)  # of a text: only then is it given up
WEEK: Final = timedelta(weeks=1)  # counted in business time
OPEN: Final = ("requested", "sent", "delivered")
NOT_SENT: Final = ("draft", "action", "verify")  # rows that no provider takes
CANARY: Final = "canary"  # 20: a part of the simulated bot's token
READABLE: Final = (
    ("timeline", "data"), ("incidents", "state"), ("outbox", "payload"), ("outbox", "why"), ("attempts", "why"),
    ("pages", "reason"), ("alerts", "title"), ("postmortems", "text"), ("runbooks", "text"),
)  # fmt: skip

TOLD: Final = ("declared", "paged", "acknowledged", "resolved", "page_failed", "unacknowledged", "page_moot")
# 10: which status may follow which; the same word is no change.
FOLLOWS: Final = {
    "triggered": {"acknowledged", "investigating", "identified", "monitoring", "resolved"},
    "acknowledged": {"investigating", "identified", "monitoring", "resolved", "triggered"},
    "investigating": {"identified", "monitoring", "resolved", "triggered"},
    "identified": {"investigating", "monitoring", "resolved"},
    "monitoring": {"investigating", "identified", "resolved", "triggered"},
    "resolved": {"investigating", "triggered"},
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant: its number and name, when (seconds), what was found, and of which incident."""

    rule: str
    at: float
    text: str
    incident: int = 0


@dataclass(slots=True)
class Mirror:
    """An incident as its timeline says it is."""

    state: Incident
    seq: int
    at: datetime
    missed: set[tuple[str, str]] = field(default_factory=set)
    hashes: list[str] = field(default_factory=list)  # of the entries in their order, as they were seen first
    answered_by: set[str] = field(default_factory=set)  # since it was asked last
    last_call: float = 0.0


class Oracle:
    """Looks, and remembers the first things that were wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.violations: list[Violation] = []
        self.runbooks: dict[str, tuple[str, Runbook]] = {}
        self.mirrors: dict[int, Mirror] = {}
        self.keys: dict[tuple[str, str], str] = {}  # source and key to the state that was answered 2xx last
        self.fired: Counter[tuple[str, str]] = Counter()
        self.forgotten: Forgotten = Counter()  # episodes that retention took
        self.begun_anew: set[tuple[str, str]] = set()  # keys of which it took the newest, and not each that was before
        self._taken: set[tuple[str, str]] = set()
        self._calls: dict[str, deque[float]] = {}
        self._delivered: dict[str, float] = {}
        self._blows: dict[str, int] = {}  # a row to how many blows there had been when it was delivered first
        self._asked: dict[str, int] = {}  # every page that a timeline tells of, and its incident
        self._rejected: set[str] = set()
        self._jumped_at = -1e9
        self._random = Random(f"oracle {world.seed}")
        self.acts = Acts(world)

    def broken(self, rule: str, text_: str, incident: int = 0) -> None:
        """Note a violation."""
        if len(self.violations) < 20:
            self.violations.append(Violation(rule, self.world.loop.at, text_, incident))
            self.world.note(f"VIOLATION {rule}: {text_}")

    def jumped(self) -> None:
        """The machine's clock was set: what fell due by it is late through nobody's fault."""
        self._jumped_at = self.world.loop.at

    def found(self, statement: str, **values: Any) -> Any:
        """Rows of the store, by a query of the oracle's own."""
        assert self.world.base
        if self.world.base.memory:  # looking is most of what a run does: without a layer between
            cursor = self.world.driver.execute(statement, values)
            row = _row_type(tuple(column[0] for column in cursor.description))
            return [row(*found) for found in cursor.fetchall()]
        return self.world.base.read_now(lambda tx: tx.all(_text(statement), values))

    # ------------------------------------------------------------------------------------- alerts

    def take_key(self, source: str, key: str) -> bool:
        """Say whether a condition may have this key: no other has it now."""
        if (source, key) in self._taken:
            return False
        self._taken.add((source, key))
        return True

    def leave_key(self, source: str, key: str) -> None:
        self._taken.discard((source, key))

    def accepted(self, source: str, key: str, state: str) -> None:
        """A sender heard 2xx: at this very moment it is in the store (2)."""
        self.keys[source, key] = state
        self.fired[source, key] += state == "firing"
        self._check_key(source, key)

    def _check_key(self, source: str, key: str) -> None:
        dedup = alerts.dedup_of(source, key)
        row = next(
            iter(self.found("SELECT state, incident, disposition FROM alerts WHERE dedup = :d AND latest", d=dedup)),
            None,
        )
        wanted = self.keys[source, key]
        if row is None and wanted == "resolved" and not self.fired[source, key]:
            del self.keys[source, key]  # retention took the episode: there is nothing that this could have ended
        elif row is None or row.state != wanted:
            self.broken(
                "2 answered is stored", f"{source} {key} was answered 2xx as {wanted}, stored: {row and row.state}"
            )
        elif row.incident is None and row.disposition != "silenced":
            self.broken("1 in exactly one incident", f"{source} {key} is in no incident")

    # ------------------------------------------------------------------------------------- commits

    def commit(self, node: str, touched: frozenset[str]) -> None:
        """Something is on disk: look at each incident that it changed."""
        for what in sorted(touched):
            if what.startswith("incident:"):
                self._look(int(what[9:]))

    def _look(self, number: int) -> None:
        mirror = self.mirrors.get(number)
        rows = self.found(
            "SELECT status, wake_at, seq, state, runbook_version FROM incidents WHERE number = :n", n=number
        )
        if not rows:
            self.broken("9 timeline", f"{incident_name(number)} is gone", number)
            return
        row = rows[0]
        seq = mirror.seq if mirror else 0
        entries = self.found(
            "SELECT seq, at, kind, actor, data, hash FROM timeline WHERE incident = :n AND seq > :s ORDER BY seq",
            n=number,
            s=seq,
        )
        facts = [Fact(e.kind, from_micros(e.at), e.actor, orjson.loads(e.data)) for e in entries]
        if [e.seq for e in entries] != list(range(seq + 1, row.seq + 1)):
            self.broken("9 timeline", f"{incident_name(number)} has holes: {[e.seq for e in entries]}", number)
            return
        before = mirror.state if mirror else None
        if mirror is None:
            mirror = Mirror(born(number, row.runbook_version, facts[0]), 1, facts[0].at)
            self.mirrors[number] = mirror
            mirror.last_call = self.world.loop.at
            walked = mirror.state
            rest = facts[1:]
        else:
            walked, rest = mirror.state, facts
        for fact in rest:
            walked = self._fold(mirror, walked, fact)
        mirror.state, mirror.seq = walked, row.seq
        mirror.hashes += [entry.hash for entry in entries]
        if orjson.loads(to_json(walked)) != orjson.loads(row.state):
            self.broken("9 timeline", f"the timeline of {incident_name(number)} does not fold into its state", number)
        self._facts(mirror, before, facts, row.wake_at)
        self.acts.facts(number, before, facts)
        for fact in facts:
            self.world.count(number, fact.kind)
            self._tell(number, fact)

    def _tell(self, number: int, fact: Fact) -> None:
        if fact.kind in TOLD or fact.kind.startswith("action_"):
            who = fact.data.get("person", fact.actor)
            why = fact.data.get("reason") or fact.data.get("why") or fact.data.get("title") or fact.data.get("action")
            self.world.log.append((self.world.loop.at, f"{incident_name(number)} {fact.kind} {who}: {why or ''}"))

    def _fold(self, mirror: Mirror, state: Incident, fact: Fact) -> Incident:
        if fact.at < mirror.at:
            self.broken("9 timeline", f"{state.name}: {fact.kind} at {fact.at} comes after {mirror.at}", state.number)
        mirror.at = max(mirror.at, fact.at)
        if abs(fact.at - self.world.clock()) > timedelta(seconds=1):
            self.broken(
                "8 one clock", f"{state.name}: {fact.kind} at {fact.at}, the store's clock says {self.world.clock()}"
            )
        after = fold(state, fact)
        if after.status != state.status and after.status not in FOLLOWS[state.status]:
            self.broken("10 legal changes", f"{state.name}: {state.status} became {after.status}", state.number)
        return after

    def _facts(self, mirror: Mirror, before: Incident | None, facts: list[Fact], wake_at: int | None) -> None:
        state = mirror.state
        for fact in facts:
            self._repeated(mirror, fact)
            if fact.kind == "paged":
                self._paged(mirror, before, fact, facts)
            elif fact.kind == "unacknowledged":
                mirror.last_call = self.world.loop.at  # its walk begins anew: opened again, or by itself again
            elif fact.kind == "duty_missed":
                self._missed(mirror, fact)
            elif fact.kind == "elapsed" and "clock" in fact.data:
                self._elapsed(mirror, fact, facts)
            elif _is_empty(fact):
                self._nobody(mirror, fact, facts)
        stopped = [f for f in facts if f.kind in ("acknowledged", "resolved") or "into" in f.data]
        if (
            stopped
            and state.answered
            and facts.index(stopped[-1]) == max(facts.index(f) for f in facts if f in stopped or f.kind == "paged")
        ):
            self._all_closed(state)
        if self._must_page(state) and state.walk:
            due = to_micros(escalation.due_at(state.walk))
            if wake_at is None or wake_at > max(due, to_micros(mirror.at)) + 1000:
                self.broken(
                    "3 never silent", f"{state.name} is not acknowledged and nothing will wake it", state.number
                )

    def _repeated(self, mirror: Mirror, fact: Fact) -> None:
        """A second press of one person's button changes nothing (11)."""
        if fact.kind in ("paged", "unacknowledged", "reopened", "resolved", "merged", "split"):
            mirror.answered_by.clear()
        elif fact.kind == "acknowledged":
            if fact.actor in mirror.answered_by:
                self.broken("11 repeats", f"{mirror.state.name}: {fact.actor} acknowledged twice", mirror.state.number)
            mirror.answered_by.add(fact.actor)

    def _must_page(self, state: Incident) -> bool:
        return state.is_open and not state.answered and state.walk is not None and state.urgency != "none"

    def _all_closed(self, state: Incident) -> None:
        rows = self.found(
            "SELECT id, person, reason FROM pages WHERE incident = :n AND state IN ('requested','sent','delivered')",
            n=state.number,
        )
        if rows:
            self.broken(
                "4 stops",
                f"{state.name} is answered, and {rows[0].person} is still paged: {rows[0].reason}",
                state.number,
            )

    def acknowledged(self, number: int) -> None:
        """A person was told that their acknowledgement is kept."""
        mirror = self.mirrors.get(number)
        if mirror is None or (mirror.state.acknowledged_at is None and mirror.state.is_open):
            self.broken(
                "2 answered is stored", f"an answered acknowledgement of {incident_name(number)} is lost", number
            )

    def _paged(self, mirror: Mirror, before: Incident | None, fact: Fact, facts: list[Fact]) -> None:
        state, person = mirror.state, fact.data["person"]
        self._asked[fact.data["page"]] = state.number
        rows = self.found(
            "SELECT o.payload, p.runbook_version FROM outbox o JOIN pages p ON p.id = o.page WHERE p.id = :p",
            p=fact.data["page"],
        )
        if not rows:
            self.broken(
                "9 every page has its rows", f"{state.name}: the page of {person} is not in the outbox", state.number
            )
            return
        if rows[0].runbook_version != state.runbook_version:
            self.broken("18 the version", f"{state.name}: the page of {person} names another runbook", state.number)
        targets = orjson.loads(rows[0].payload).get("targets", [])
        asked = "lost before it was sent" in fact.data["reason"] or self.acts.is_asked_to_look(person, facts)
        if not targets and not asked:
            self.broken("5 the right person", f"{state.name}: {person} is paged for nobody's sake", state.number)
        if targets and person not in self.who(state, targets, fact.at):
            self.broken(
                "5 the right person", f"{state.name}: {person} was paged for {targets} at {fact.at}", state.number
            )
        walk = before.walk if before else None
        other = any(f.kind in ("escalated", "unacknowledged", "severity_changed") or _is_empty(f) for f in facts)
        if fact.data.get("taken") and walk and before and not before.answered and not other:
            due = escalation.due_at(_at(walk, fact.data["taken"] - 1))
            if fact.at < due:
                self.broken(
                    "8 never early",
                    f"{state.name}: step {fact.data['taken']} was due at {due}, taken {fact.at}",
                    state.number,
                )
            if fact.at > due + LATE and self._calm():
                self.broken(
                    "8 in time",
                    f"{state.name}: step {fact.data['taken']} was due at {due}, taken {fact.at}",
                    state.number,
                )

    def _missed(self, mirror: Mirror, fact: Fact) -> None:
        name, deadline = mirror.state.name, str(fact.data["deadline"])
        key = (fact.data["duty"], deadline)
        due = datetime.fromisoformat(deadline)
        if key in mirror.missed:
            self.broken("8 once", f"{name}: the duty {key[0]} of {deadline} was missed twice", mirror.state.number)
        mirror.missed.add(key)
        if fact.at < due or (fact.at > due + LATE and self._calm()):
            self.broken(
                "8 in time", f"{name}: the duty {key[0]} due {due} was judged at {fact.at}", mirror.state.number
            )

    def _elapsed(self, mirror: Mirror, fact: Fact, facts: list[Fact]) -> None:
        """A clock of the severity is told at three quarters of its time and at its end: once each, and never early."""
        name, data = mirror.state.name, fact.data
        key = (f"{data['clock']} {data['state']}", str(data["due"]))
        if key in mirror.missed:
            self.broken("8 once", f"{name}: {key[0]} of {key[1]} was told twice", mirror.state.number)
        mirror.missed.add(key)
        start, due = (datetime.fromisoformat(data[word]) for word in ("start", "due"))
        severities = self.runbooks[mirror.state.runbook_version][1].severities.values()
        flat = {span for s in severities for span in (s.respond_within, s.resolve_within)} - {WEEK}
        if data["state"] == "at_risk" and due - start not in flat:
            return  # counted in business time
        at = due if data["state"] == "breached" else start + (due - start) * 0.75
        moved = any(f.kind == "severity_changed" for f in facts)  # a shorter time may be three quarters over already
        if fact.at < at or (fact.at > at + LATE and self._calm() and not moved):
            self.broken("8 in time", f"{name}: {key[0]} was due at {at}, told {fact.at}", mirror.state.number)

    def _nobody(self, mirror: Mirror, fact: Fact, facts: list[Fact]) -> None:
        """A step for nobody lets the next be taken at once; where none of those taken had anybody everyone is paged."""
        state, taken = mirror.state, fact.data["taken"]
        targets = str(fact.data["reason"]).rpartition(": ")[2].split(", ")
        if self.who(state, targets, fact.at):
            self.broken("5 the right person", f"{state.name}: {targets} was said to be nobody", state.number)
        asked = [f for f in facts if f.kind in ("paged", "page_moot")]
        somebody = any(f.kind == "paged" and f.data.get("taken") for f in facts)  # by a step that was caught up with
        everyone = somebody or self.who(state, ("everyone",), fact.at) <= {f.data.get("person") for f in asked}
        steps, repeat = (len(state.walk.steps), state.walk.repeat) if state.walk else (1, 0)
        is_last = taken > steps * repeat or sum(map(_is_empty, facts)) >= steps
        if not (is_last and everyone) and not any(f.data.get("taken") == taken + 1 for f in asked):
            self.broken(
                "3 never silent",
                f"{state.name}: step {taken} stood for nobody, and nobody else was paged",
                state.number,
            )

    def _calm(self) -> bool:
        return self.world.calm() and self.world.loop.at - self._jumped_at > 90

    # ------------------------------------------------------------------------------------- the far side

    def call(self, node: str, job: Job) -> None:
        """A provider call starts."""
        self._rate(job)
        for part in (job, *job.folded):
            row = self.found(
                "SELECT o.state, o.owner, o.epoch, o.payload, o.person, p.state AS page, p.closed_at FROM outbox o "
                "LEFT JOIN pages p ON p.id = o.page WHERE o.id = :o", o=part.id,
            )[0]  # fmt: skip
            if row.state == "leased" and (row.owner, row.epoch) != (node, part.epoch):
                self.broken("7 one claim", f"{node} sends a row that {row.owner} holds", part.incident)
            self._stopped(part, row)
            if mirror := self.mirrors.get(part.incident):
                mirror.last_call = self.world.loop.at
                self._on_call(part, mirror.state, row)
        if job.message and CANARY in job.message.text + job.message.title:
            self.broken("20 secrets", "a message holds the bot's token", job.incident)

    def called(self, call: Called) -> None:
        """A call that is to change something has come to the target of an action."""
        self.acts.called(call)

    def _stopped(self, part: Job, row: Any) -> None:
        """No call starts more than 2 s after its page has ended (4)."""
        if not row.page or row.page in OPEN or self.world.loop.at - self._jumped_at < 10:
            return
        closed = from_micros(row.closed_at)
        if self.world.clock() - closed > STOPPED:
            name = incident_name(part.incident)
            self.broken(
                "4 stops", f"{name}: {row.person} is called, their page is {row.page} since {closed}", part.incident
            )

    def _on_call(self, part: Job, state: Incident, row: Any) -> None:
        """Who is called is on shift, or was when the call was claimed (5); a clock may have been set in between."""
        targets, now = orjson.loads(row.payload).get("targets", []), self.world.clock()
        looked = [now, now - STOPPED, now - timedelta(seconds=15)]
        if self.world.loop.at - self._jumped_at < 10:
            looked.append(part.claimed_at)
        if targets and not any(row.person in self.who(state, targets, at) for at in looked):
            self.broken("5 the right person", f"{state.name}: {row.person} is called, and is not on call", state.number)

    def _rate(self, job: Job) -> None:
        calls = self._calls.setdefault(job.id, deque(maxlen=CALLS_A_MINUTE + 1))
        calls.append(self.world.loop.at)
        if len(calls) > CALLS_A_MINUTE and calls[-1] - calls[0] < 60:
            self.broken("14 bounded", f"a row was tried {len(calls)} times within a minute", job.incident)

    def delivered(self, job: Job, to: str) -> None:
        """The far side took it: once, unless a fault explains the copy (7)."""
        at = self.world.loop.at
        for part in (job, *job.folded):
            last = self._delivered.get(part.id)
            if last is not None and self.world.last_fault < last - 60:
                self.broken(
                    "7 copies",
                    f"{incident_name(part.incident)}: {to} got the same message at {last:.0f} and {at:.0f}",
                    part.incident,
                )
            self._delivered[part.id] = at
            self._bounded(part)
            name = incident_name(part.incident)
            if job.folded and job.message and name not in job.message.text:
                self.broken("13 folds, never drops", f"{name} is folded and not named", part.incident)

    def _bounded(self, part: Job) -> None:
        """One copy; one more for each answer that was lost, and each blow at work with the first or after it (7)."""
        blows, begun = self.world.blows, self.world.loop.at - AT_WORK_SECONDS
        over = min(sum(ended < begun for ended in blows), len(blows) - 1)  # the last may have left one on its way
        over = self._blows.setdefault(part.id, over)
        copies = self.world.providers.copies[part.id]
        reasons = self.world.providers.unanswered[part.id] + len(blows) - over
        if copies > 1 + reasons:
            name = incident_name(part.incident)
            self.broken("7 copies", f"{name}: {copies} copies of one message, {reasons} reasons", part.incident)

    def settling(self, usecase: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], None]:
        """What to look at when the result of a provider call is written; a late one must change nothing."""
        if usecase is retention.remove:
            return removing(self.world)
        if usecase is not deliver.settle:
            return lambda: None
        job, verdict = args[1], args[2]
        parts = tuple(part for part in (job, *job.folded) if self._row(part.id))  # retention may have had it
        before = {part.id: self._row(part.id) for part in parts}
        held = {part.id: before[part.id].state == "leased" and before[part.id].epoch == part.epoch for part in parts}
        limits = self._limits(job) if isinstance(verdict, Retry) else {}
        if isinstance(verdict, Reject):
            self._rejected |= {part.id for part in parts}

        def settled() -> None:
            if limits and limits != self._limits(job):
                self.broken("13 limits", f"the answer for {job.destination} holds back others", job.incident)
            for part in parts:
                self._settled(part, verdict, before[part.id], held=held[part.id])

        return settled

    def _settled(self, part: Job, verdict: Any, before: Any, *, held: bool) -> None:
        after = self._row(part.id)
        name = incident_name(part.incident)
        if not held and after != before and before.state != "pending":
            self.broken("7 epoch", f"{name}: a late result made {before.state} {after.state}", part.incident)
        if after.state == "done" and after.kind not in NOT_SENT and not self.world.providers.copies[part.id]:
            self.broken("6 sent is sent", f"{name}: a row is done and no provider has it", part.incident)
        if held and isinstance(verdict, Retry) and after.kind == "page" and after.state not in ("pending", "moot"):
            self.broken("6 no limit", f"{name}: a page is {after.state} after a failure that may pass", part.incident)
        if held and isinstance(verdict, Delivered) and after.state == "pending":
            self.broken("7 copies", f"{name}: a row that was delivered waits to be sent again", part.incident)

    def _row(self, id_: str) -> Any:
        return next(iter(self.found("SELECT state, epoch, kind, owner FROM outbox WHERE id = :o", o=id_)), None)

    def _limits(self, job: Job) -> dict[str, int]:
        rows = self.found("SELECT name, free_at FROM destinations WHERE name != :n", n=job.destination)
        return {row.name: row.free_at for row in rows}

    # ------------------------------------------------------------------------------------- quiet points

    def sweep(self) -> None:
        """Look at all that is open: nothing is silent, nothing that is due is left (3, 8, 23)."""
        now = to_micros(self.world.clock())
        rows = {
            row.number: row
            for row in self.found("SELECT number, wake_at, seq FROM incidents WHERE status != 'resolved'")
        }
        for number, mirror in self.mirrors.items():
            state = mirror.state
            if not state.is_open:
                continue
            if number not in rows:
                self.broken("3 never silent", f"{state.name} is open and gone from the store", number)
                continue
            if self._must_page(state):
                self._silent(mirror, rows[number].wake_at, now)
            self._asleep(state, rows[number].wake_at, now)
        self._rota()
        self.acts.sweep(calm=self._calm())
        self._held(now)
        if self._calm():
            self._overdue(now)
            self._audited()

    def _held(self, now: int) -> None:
        """What is held back says by what, and what nothing holds back any more was paged (1, 16)."""
        rows = self.found(
            'SELECT a.source, a.key, a.service, a."check", a.first_at, a.rule, h."by", h.over_at FROM alerts a '
            "LEFT JOIN held h ON h.alert = a.id WHERE a.disposition = 'silenced' AND a.state = 'firing'"
        )
        if not rows:
            return
        silences = self.found("SELECT id, matchers, start, until, ended_at FROM silences")
        for row in rows:
            name = f"{row.source} {row.key}"
            if not row.by or not row.rule or row.over_at:
                self.broken("1 with its rule", f"{name} is held back by nothing: {row.rule!r}")
            elif self._calm() and not self._explained(row):
                since = self._free_since(row, silences)
                if since is not None and now - since > LATE // timedelta(microseconds=1):
                    self.broken("16 paged after a silence", f"{name} fires, and nothing holds it back since {since}")

    def _free_since(self, row: Any, silences: Any) -> int | None:
        """Since when no silence means this alert, in microseconds; None while one does."""
        free: int = row.first_at
        now = to_micros(self.world.clock())
        for one in silences:
            wanted = dict(text_.split("=") for text_ in orjson.loads(one.matchers))
            if all(getattr(row, name) == value for name, value in wanted.items()):
                end = min(one.until, one.ended_at or one.until)
                if one.start <= now < end:
                    return None
                free = max(free, end) if end <= now else free
        return free

    def _explained(self, row: Any) -> bool:
        """Say whether an alert that the runbook names as its cause fires, and somebody works on it."""
        causes = self.found(
            "SELECT a.id FROM alerts a JOIN incidents i ON i.number = a.incident WHERE a.state = 'firing' "
            "AND a.\"check\" = 'http_5xx' AND a.service = :s AND i.status != 'resolved'", s=row.service,
        )  # fmt: skip
        return bool(row.check == "slow" and causes and row.by.startswith("inhibit"))

    def _audited(self) -> None:
        """The auditor's own query finds nothing where nothing is silent (24)."""
        assert self.world.base
        for look in self.world.base.read_now(watch.silent, 50):
            if why := silence(look, self.world.clock()):
                self.broken("24 the auditor", f"{incident_name(look.number)}: {why}", look.number)

    def _silent(self, mirror: Mirror, wake_at: int | None, now: int) -> None:
        state, walk = mirror.state, mirror.state.walk
        if wake_at is None:
            self.broken("3 never silent", f"{state.name} is not acknowledged and nothing will wake it", state.number)
        quiet = self.world.loop.at - max(mirror.last_call, self.world.last_fault)
        steps = [step.after.total_seconds() for step in walk.steps] if walk else [0.0]
        longest = max([b - a for a, b in pairwise(steps)] + [walk.gap.total_seconds() if walk else 0])
        if self._calm() and quiet > longest + 60 and self._anybody(state):
            self.broken("3 never silent", f"{state.name}: nobody was called for {quiet:.0f} s", state.number)

    def _asleep(self, state: Incident, wake_at: int | None, now: int) -> None:
        """A duty with a deadline ahead has an instant at which it is looked at."""
        ahead = [to_micros(d.deadline) for d in state.duties if d.deadline and not (d.done_at or d.missed_at)]
        ahead += [to_micros(clock.due) for clock in state.clocks if not (clock.met_at or clock.told == "breached")]
        due = [deadline for deadline in ahead if deadline > now]
        if due and (wake_at is None or wake_at > min(due)):
            self.broken("8 in time", f"{state.name}: nothing will wake it for a duty's deadline", state.number)

    def _rota(self) -> None:
        """What the pager says of a schedule, now and at some instant of the next year, is what comes out here (5)."""
        _, runbook = next(reversed(self.runbooks.values()))
        for name, schedule in runbook.schedules.items():
            ahead = timedelta(days=365 * self._random.random()) if self._random.random() < ROTA_AHEAD else None
            now = self.world.clock()
            for at in (now, now + ahead) if ahead else (now,):
                zone = schedule.timezone or runbook.organization.timezone
                person, said = on_shift(schedule.rotation, zone, at), oncall.on_call_at(runbook, name, at).people
                if said != ((person,) if person else ()):
                    self.broken("5 the right person", f"{name} at {at}: {said} is said to be on call, it is {person}")

    def _anybody(self, state: Incident) -> bool:
        """Say whether each step of the walk stands for somebody: where it does not, silence has a reason."""
        return bool(state.walk) and all(self.who(state, step.targets, self.world.clock()) for step in state.walk.steps)  # type: ignore[union-attr]

    def _overdue(self, now: int) -> None:
        late = now - LATE // timedelta(microseconds=1)
        rows = self.found("SELECT incident, kind, due FROM outbox WHERE state = 'pending' AND due < :t", t=late)
        rows += self.found("SELECT incident, kind, due FROM outbox WHERE state = 'leased' AND lease_until < :t", t=late)
        if rows:
            self.broken(
                "23 all is done",
                f"{len(rows)} rows are overdue, the first a {rows[0].kind} of {incident_name(rows[0].incident)}",
                rows[0].incident,
            )

    def end(self) -> None:
        """Everything has healed and had its time."""
        self.sweep()
        for source, key in self.keys:
            self._check_key(source, key)
        self._ledger()
        ended = "SELECT * FROM outbox WHERE state IN ('done', 'failed')"
        for row in self.found(ended):
            copies = self.world.providers.copies[row.id]
            if row.state == "done" and row.kind not in NOT_SENT and not copies:
                self.broken(
                    "6 sent is sent",
                    f"{incident_name(row.incident)}: a {row.kind} is done and no provider has it",
                    row.incident,
                )
            if row.state == "failed" and row.kind == "page" and row.id not in self._rejected:
                self.broken("6 no limit", f"{incident_name(row.incident)}: a page failed: {row.why}", row.incident)
            young = row.state == "failed" and row.kind == "message" and row.done_at - row.created_at < LIFE
            if young and row.id not in self._rejected:
                self.broken("6 no limit", f"{incident_name(row.incident)}: a text failed: {row.why}", row.incident)
        self._written()
        self.acts.end()
        self._secrets()
        assert self.world.base
        broken = self.world.base.read_now(incidents.verify)["broken"]
        if broken:
            self.broken("9 timeline", f"the chain is broken at {broken}")

    def _written(self) -> None:
        """9: no entry was changed since it was seen, every page has its entry, and every entry its page."""
        seen = {(n, seq + 1): hash_ for n, mirror in self.mirrors.items() for seq, hash_ in enumerate(mirror.hashes)}
        for row in self.found("SELECT incident, seq, hash FROM timeline"):
            if seen.get((row.incident, row.seq)) != row.hash:
                self.broken("9 timeline", f"entry {row.seq} of {incident_name(row.incident)} is not what it was")
        pages = {row.id: row.incident for row in self.found("SELECT id, incident FROM pages")}
        for id_, number in pages.items() ^ self._asked.items():
            where = "the timeline" if id_ in pages else "the pages"
            self.broken("9 every page has its entry", f"a page of {incident_name(number)} is missing in {where}")

    def _secrets(self) -> None:
        """20: no row of what people may read holds the bot's token; nor does any line of the log."""
        for table, column in READABLE:
            query = f"SELECT COUNT(*) AS n FROM {table} WHERE {column} LIKE '%{CANARY}%'"  # noqa: S608 - our own names
            if self.found(query)[0].n:
                self.broken("20 secrets", f"{column} of {table} holds the bot's token")

    def logged(self, _logger: Any, _method: str, event: Any) -> Any:
        """A processor of the log: looks at each line, and lets none out."""
        if CANARY in str(event):
            self.broken("20 secrets", f"a line of the log holds the bot's token: {event.get('event')}")
        raise structlog.DropEvent

    def _ledger(self) -> None:
        """1: what was accepted is counted, in one incident each."""
        rows = self.found(
            "SELECT source, key, SUM(count) AS n, COUNT(DISTINCT episode) AS e, MAX(episode) AS m FROM alerts "
            "WHERE disposition IN ('incident', 'silenced') GROUP BY source, key"
        )
        counted = {(row.source, row.key): row for row in rows}
        for key, sent in self.fired.items():
            row = counted.get(key)
            if sent and (row is None or row.n < sent):
                self.broken("1 sums", f"{key} was accepted {sent} times, {row.n if row else 0} are counted")
            elif row and key not in self.begun_anew and row.e + self.forgotten[key] != row.m:
                self.broken("10 episodes", f"{key} has {row.e} episodes, the last is {row.m}")

    def who(self, state: Incident, targets: Any, at: datetime) -> set[str]:
        """Say who stands behind targets, by rules of its own."""
        runbook = self.runbooks[state.runbook_version][1]
        return set().union(*(behind(runbook, state.service, target, at) for target in targets))


_text = lru_cache(text)


@lru_cache
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Found", names)


def _is_empty(fact: Fact) -> bool:
    return fact.kind == "page_moot" and fact.data.get("why") == "this step stands for nobody now"


def _at(walk: Any, taken: int) -> Any:
    from dataclasses import replace  # noqa: PLC0415 - used here alone

    return replace(walk, taken=taken)
