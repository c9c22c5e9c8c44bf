"""Who is on call: one resolver for the pager, the pages, the command line and the feeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from tocsin.core.calendar import DAYS, local_to_utc
from tocsin.core.runbook import Rotation, Runbook

DAY = timedelta(days=1)
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Override:
    """A stand-in for a span `[start, until)` of a schedule, in UTC. A later one wins over an earlier one."""

    id: str
    schedule: str
    person: str
    start: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One turn `[start, until)` in UTC; `people` is empty where nobody is on call; `override` is its reason."""

    schedule: str
    people: tuple[str, ...]
    start: datetime
    until: datetime
    override: str | None = None


@dataclass(frozen=True, slots=True)
class _Turns:
    """A rotation laid on the clock: `boundary(k)` is the instant at which turn *k* begins."""

    rotation: Rotation
    zone: str
    first: date
    at: time

    def boundary(self, turn: int) -> datetime:
        every = self.rotation.every
        if every % DAY:  # whole hours: counted in real time
            return local_to_utc(self.first, self.at, self.zone) + turn * every
        return local_to_utc(self.first + turn * every, self.at, self.zone)

    def turn_at(self, at: datetime) -> int:
        """The turn in which *at* lies; negative before the rotation starts."""
        turn = (at - self.boundary(0)) // self.rotation.every
        while self.boundary(turn) > at:
            turn -= 1
        while self.boundary(turn + 1) <= at:
            turn += 1
        return turn

    def person(self, turn: int) -> tuple[str, ...]:
        people = self.rotation.people
        return (people[turn % len(people)],) if turn >= 0 and people else ()


def _turns(runbook: Runbook, schedule: str) -> _Turns | None:
    known = runbook.schedules.get(schedule)
    if known is None:
        return None
    day, _, at = known.rotation.hand_off.rpartition(" ")
    first = known.rotation.starts
    while day and DAYS[first.weekday()] != day:
        first += DAY
    return _Turns(known.rotation, known.timezone or runbook.organization.timezone, first, time.fromisoformat(at))


def on_call_at(runbook: Runbook, schedule: str, at: datetime, overrides: Sequence[Override] = ()) -> Shift:
    """
    Say who is on call at *at* (aware UTC), and from when until when.

    An unknown schedule, or a rotation that has not started, gives a shift with no people.
    """
    turns = _turns(runbook, schedule)
    mine = [o for o in overrides if o.schedule == schedule]
    edges = {edge for o in mine for edge in (o.start, o.until)}
    if turns is None:
        start, until, people = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), tuple[str, ...]()
    else:
        turn = turns.turn_at(at)
        people = turns.person(turn)
        start, until = turns.boundary(turn), turns.boundary(max(turn + 1, 0))
    start = max([start, *(edge for edge in edges if edge <= at)])
    until = min([until, *(edge for edge in edges if edge > at)])
    stand_in = next((o for o in reversed(mine) if o.start <= at < o.until), None)
    if stand_in:
        return Shift(schedule, (stand_in.person,), start, until, stand_in.reason)
    return Shift(schedule, people, start, until)


def shifts(
    runbook: Runbook, schedule: str, start: datetime, until: datetime, overrides: Sequence[Override] = ()
) -> tuple[Shift, ...]:
    """Give the shifts that cover `[start, until)`, in order, without holes; neighbours of the same people are one."""
    joined: list[Shift] = []
    for shift in _pieces(runbook, schedule, start, until, overrides):
        last = joined[-1] if joined else None
        if last and (last.people, last.override) == (shift.people, shift.override) and last.until == shift.start:
            joined[-1] = replace(last, until=shift.until)
        else:
            joined.append(shift)
    return tuple(joined)


def _pieces(
    runbook: Runbook, schedule: str, start: datetime, until: datetime, overrides: Sequence[Override]
) -> Iterator[Shift]:
    at = start
    while at < until:
        shift = on_call_at(runbook, schedule, at, overrides)
        yield replace(shift, start=max(shift.start, start), until=min(shift.until, until))
        at = shift.until


def targets(
    runbook: Runbook, target: str, at: datetime, service: str | None, overrides: Sequence[Override] = ()
) -> frozenset[str]:
    """
    Say who stands behind a page target at *at*: `everyone`, `on_call` (the first step of the service's policy),
    `team_lead` (of the service's team), `schedule:X`, `team:X`, or a person. What is unknown stands for nobody.
    """
    kind, _, name = target.partition(":")
    if target == "everyone":
        return frozenset(runbook.people)
    if target == "on_call":
        return _step(runbook, 0, at, service, overrides)
    if target == "team_lead":
        lead = runbook.lead_of(service)
        return frozenset({lead}) if lead else NOBODY
    if kind == "schedule":
        return frozenset(on_call_at(runbook, name, at, overrides).people)
    if kind == "team":
        return frozenset(runbook.teams[name].members) if name in runbook.teams else NOBODY
    return frozenset({target}) if target in runbook.people else NOBODY


def secondary(
    runbook: Runbook, service: str | None, at: datetime, overrides: Sequence[Override] = ()
) -> frozenset[str]:
    """Say who is second in line: the second step of the service's policy."""
    return _step(runbook, 1, at, service, overrides)


def _step(
    runbook: Runbook, place: int, at: datetime, service: str | None, overrides: Sequence[Override]
) -> frozenset[str]:
    _, policy = runbook.policy_for(service)
    if place >= len(policy.steps):
        return NOBODY
    named = [target for target in policy.steps[place].page if target != "on_call"]  # a policy cannot mean itself
    return NOBODY.union(*(targets(runbook, target, at, service, overrides) for target in named))
