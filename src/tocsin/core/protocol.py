"""The protocol of a severity: its duties, when each is due, what does it, and to whom a missed one is handed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from tocsin.core.calendar import deadline
from tocsin.core.runbook import DutyRule, Runbook
from tocsin.core.types import instant_text

DutyState = Literal["waiting", "due", "done", "missed"]
HAND_ON = ("commander", "secondary", "team_lead", "everyone")  # the order in which a missed duty climbs
# Kinds of facts that still do a duty when another protocol asks for it later; an end or an extension is for its own.
LASTING: Final = frozenset({
    "acknowledged", "commander_assigned", "war_room_opened", "update_posted", "cause_identified", "escalated",
    "fix_deployed", "action_succeeded", "ticket_created",
})  # fmt: skip
UNDONE: Final = ("fix_deployed", "action_succeeded")  # of them, what a reopening shows to be untrue
REMIND_SHARE, REMIND_AT_MOST = 0.2, timedelta(minutes=5)  # how long before a deadline its owner is reminded


@dataclass(frozen=True, slots=True)
class Duty:
    """
    One thing that must happen by a time. Instants are aware UTC.

    `at` is None while it waits for something (`after`); `deadline` is None where nothing hurries. A recurring duty
    (`every`) stays open and counts its `rounds`; the others end with `done_at`. `holder` is the place in HAND_ON of
    whoever has it since it was missed, -1 for its owner; `hand_on_at` is when it climbs next.
    """

    id: str
    title: str
    owner: str
    done_by: tuple[str, ...]
    at: datetime | None = None
    deadline: datetime | None = None
    span: timedelta | None = None  # from `at` to the deadline, the first time
    every: timedelta | None = None
    after: str | None = None
    run: tuple[str, ...] = ()
    propose: tuple[str, ...] = ()
    if_missed: tuple[str, ...] = ()
    done_at: datetime | None = None
    missed_at: datetime | None = None
    late: bool = False
    moot: bool = False  # closed by the end of the incident, before anybody had to do it
    evidence: Mapping[str, Any] = field(default_factory=dict)
    rounds_done: int = 0
    rounds_missed: int = 0
    holder: int = -1
    hand_on_at: datetime | None = None


def begin(rule: DutyRule, start: datetime, runbook: Runbook) -> Duty:
    """Make the duty of *rule* for an incident declared at *start*; one that waits for something has no times yet."""
    duty = Duty(
        rule.id, rule.title, rule.owner, rule.done_by, every=rule.every, after=rule.after,
        run=rule.run, propose=rule.propose, if_missed=rule.if_missed,
    )  # fmt: skip
    return duty if rule.after else arm(duty, rule, start, runbook)


def arm(duty: Duty, rule: DutyRule, start: datetime, runbook: Runbook) -> Duty:
    """Start the clock of *duty* at *start*."""
    at = start + (rule.at or timedelta(0))
    end: datetime | None = None
    if rule.every:
        end = at + rule.every
    elif rule.for_:
        end = at + rule.for_
    elif rule.within:
        end = deadline(at, rule.within, runbook.organization.business_hours)
    return replace(duty, at=at, deadline=end, span=None if end is None else max(end - at, timedelta(seconds=1)))


def state_of(duty: Duty, now: datetime) -> DutyState:
    """Return waiting, due, done or missed at *now*. A missed duty done later is done."""
    if duty.done_at is not None:
        return "done"
    if duty.at is None or now < duty.at:
        return "waiting"
    return "missed" if duty.missed_at is not None and not duty.every else "due"


def is_open(duty: Duty) -> bool:
    """Say whether somebody still has to do it: it is armed and not done; a missed one is open."""
    return duty.at is not None and duty.done_at is None


def does(duty: Duty, kind: str, data: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a fact of *kind* at *now* does *duty*. `checked` and `elapsed` do the one they name."""
    if duty.done_at is not None or duty.at is None or now < duty.at:
        return False
    if kind in ("checked", "elapsed"):
        return data.get("duty") == duty.id
    return kind in duty.done_by and not data.get("if_missed")


Seen = Mapping[str, Mapping[str, str]]


def noticed(seen: Seen, kind: str, actor: str, at: datetime) -> Seen:
    """Add a fact to what was seen: `{kind: {"kind", "actor", "at", "last"}}`, of its first and its last instant."""
    text = instant_text(at) or ""
    first = seen.get(kind, {"kind": kind, "actor": actor, "at": text})
    return {**seen, kind: {**first, "last": text}}


def carried(
    rules: Iterable[DutyRule], had: Iterable[Duty], seen: Seen, start: datetime, now: datetime, runbook: Runbook
) -> tuple[tuple[Duty, ...], tuple[str, ...]]:  # fmt: skip
    """
    Make the duties of another protocol for an incident that is under way since *start*.

    What was done stays done, be it as a duty of the same name or by a fact that the duty asks for. A deadline that
    would lie in the past is counted from *now*; the ids of those are given beside the duties.
    """
    before = {duty.id: duty for duty in had}
    made = [_carried(rule, before.get(rule.id), seen, start, now, runbook) for rule in rules]
    return tuple(duty for duty, _ in made), tuple(duty.id for duty, anew in made if anew)


def _carried(
    rule: DutyRule, old: Duty | None, seen: Seen, start: datetime, now: datetime, runbook: Runbook
) -> tuple[Duty, bool]:  # fmt: skip
    fresh = begin(rule, start, runbook)
    if rule.after:
        return fresh, False
    done_before = [seen[kind] for kind in rule.done_by if kind in seen]
    if fresh.every:
        return _round(fresh, old, [datetime.fromisoformat(was["last"]) for was in done_before], now)
    if old and old.done_at and not old.every:
        return replace(fresh, done_at=old.done_at, evidence=old.evidence, late=old.late, missed_at=old.missed_at), False
    if done_before:
        was = min(done_before, key=lambda one: one["at"])
        at = datetime.fromisoformat(was["at"])
        late = fresh.deadline is not None and at > fresh.deadline
        evidence = {name: was[name] for name in ("kind", "actor", "at")}
        return replace(fresh, done_at=at, evidence=evidence, late=late), False
    if fresh.deadline is not None and fresh.deadline <= now:
        return arm(fresh, rule, now, runbook), True
    return fresh, False


def _round(fresh: Duty, old: Duty | None, done_at: list[datetime], now: datetime) -> tuple[Duty, bool]:
    """The round of a recurring duty that runs: from when it was done last, or from *now* where that would be over."""
    if old and old.every == fresh.every and old.deadline and old.deadline > now:
        return replace(old, done_by=fresh.done_by, owner=fresh.owner, title=fresh.title), False
    counts = {"rounds_done": old.rounds_done, "rounds_missed": old.rounds_missed} if old else {}
    begins = max(done_at, default=None)
    ends = begins + fresh.every if begins and fresh.every else fresh.deadline
    anew = ends is None or ends <= now
    if anew and fresh.every:
        ends = now + fresh.every
    return replace(fresh, deadline=ends, **counts), anew  # type: ignore[arg-type]


def done(duty: Duty, now: datetime, evidence: Mapping[str, Any]) -> Duty:
    """Do *duty* at *now*; a recurring one starts its next round, counted from *now*."""
    if duty.every:
        return replace(
            duty, rounds_done=duty.rounds_done + 1, evidence=evidence, deadline=now + duty.every, holder=-1,
            hand_on_at=None,
        )  # fmt: skip
    late = duty.missed_at is not None or (duty.deadline is not None and now > duty.deadline)
    return replace(duty, done_at=now, evidence=evidence, late=late, moot=False, hand_on_at=None)


def close(duty: Duty, now: datetime) -> Duty:
    """End an open duty with the incident: nobody has to do it any more. A missed one stays missed."""
    if duty.missed_at is not None and not duty.every:
        return replace(duty, hand_on_at=None)
    return replace(duty, done_at=now, moot=True, hand_on_at=None)


def reopen(duty: Duty, now: datetime) -> Duty:
    """Take up again a duty that the end of the incident had closed, or done: its time starts anew."""
    if not duty.moot and duty.evidence.get("kind") != "resolved":
        return duty
    end = now + duty.span if duty.span else None
    return replace(duty, done_at=None, missed_at=None, late=False, moot=False, evidence={}, deadline=end)


def overdue(duty: Duty, now: datetime) -> bool:
    """Say whether the deadline has come: at the deadline itself it has."""
    unmissed = duty.every is not None or duty.missed_at is None
    return is_open(duty) and unmissed and duty.deadline is not None and duty.deadline <= now


def missed(duty: Duty, now: datetime) -> Duty:
    """Record that the deadline passed. A recurring duty starts its next round at the deadline."""
    if duty.every and duty.deadline:
        behind = (now - duty.deadline) // duty.every
        return replace(
            duty, rounds_missed=duty.rounds_missed + behind + 1, missed_at=duty.deadline,
            deadline=duty.deadline + (behind + 1) * duty.every,
        )  # fmt: skip
    return replace(duty, missed_at=duty.deadline)


def handed(duty: Duty, holder: int, now: datetime) -> Duty:
    """Give *duty* to the role at *holder* of HAND_ON; unless that is everyone it climbs again after its own span."""
    again = None if duty.every or holder >= len(HAND_ON) - 1 or not duty.span else now + duty.span
    return replace(duty, holder=holder, hand_on_at=again)


def holder_of(duty: Duty) -> str:
    """Return the role or target that has the duty now."""
    return duty.owner if duty.holder < 0 else HAND_ON[duty.holder]


def remind_at(duty: Duty) -> datetime | None:
    """Return when the owner is reminded of an unmissed deadline, or None when there is none to keep."""
    if not is_open(duty) or duty.deadline is None or duty.span is None or "acknowledged" in duty.done_by:
        return None  # pages already ask for the acknowledgement
    if (duty.missed_at is not None and not duty.every) or duty.owner == "system" or "elapsed" in duty.done_by:
        return None
    return duty.deadline - min(duty.span * REMIND_SHARE, REMIND_AT_MOST)


def instants(duties: Iterable[Duty]) -> Iterable[datetime]:
    """Give every instant at which a duty needs to be looked at."""
    for duty in duties:
        if is_open(duty):
            yield from (t for t in (duty.at, duty.hand_on_at, remind_at(duty)) if t is not None)
            if duty.deadline is not None and (duty.every or duty.missed_at is None):
                yield duty.deadline
