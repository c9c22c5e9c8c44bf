"""Who is on call: one resolver for the pager, the pages, the command line and the feeds."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.core.calendar import DAYS, instant_of, steady_offset
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_schedules import CalendarFeed, Layer, Months, Restriction, Rotation, Schedule, plain_name
from tocsin.core.stand_ins import (
    BEGINNING,
    END,
    Absence,
    Booking,
    Given,
    Override,
    Spans,
    StandIns,
    gather,
    sorted_out,
)

__all__ = [
    "Absence", "Booking", "Instead", "Override", "Shift", "StandIns", "gather", "on_call_at", "secondary", "shifts",
    "targets",
]  # fmt: skip

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOBODY: frozenset[str] = frozenset()
TURNS_BACK = timedelta(hours=25)  # no clock was ever turned further: a local time further away is on its side for sure
WEEK_AROUND = timedelta(days=9)  # the hours of a week come again within it, also around a day that a zone left out


@dataclass(frozen=True, slots=True)
class Instead:
    """Why somebody has a turn that was another's: *person* takes it for *of*, who is away with *reason*."""

    person: str
    of: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shift:
    """
    One turn `[start, until)` in UTC; `people` is empty where nobody is on call; `override` is its reason.

    `instead` says who has the turn of somebody absent.
    """

    schedule: str
    people: tuple[str, ...]
    start: datetime
    until: datetime
    override: str | None = None
    instead: tuple[Instead, ...] = ()


# --------------------------------------------------------------------------------------------- turns


@dataclass(frozen=True, slots=True)
class _Turns:
    """
    A rotation laid on the clock: turn *k* begins at `boundary(k)`, a local time made an instant.

    The turn at an instant is the last one that has begun. So a hand-over that a later one overtakes, where the clocks
    go forward by more than a shift, is left out, and no instant is without a turn or has two.
    """

    rotation: Rotation
    zone: str
    known: dict[int, datetime] = field(default_factory=dict)  # boundaries: each is asked for several times

    def boundary(self, turn: int) -> datetime:
        """When a turn begins; a later one may overtake it."""
        if (at := self.known.get(turn)) is None:
            at = self.known[turn] = self._boundary(turn)
        return at

    def _boundary(self, turn: int) -> datetime:
        begins, every = self.rotation.first, self.rotation.every
        if isinstance(every, Months):
            day = _months_on(begins.date(), turn * every.count)
            return instant_of(datetime.combine(day, begins.time()), self.zone)
        return instant_of(begins + turn * every, self.zone)

    def turn_at(self, at: datetime) -> int:
        """The turn in which *at* lies; negative before the rotation starts."""
        latest = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) + TURNS_BACK
        begins, every = self.rotation.first, self.rotation.every
        if isinstance(every, Months):
            turn = ((latest.year - begins.year) * 12 + latest.month - begins.month) // every.count
        else:
            turn = (latest - begins) // every
        while turn >= 0 and self.boundary(turn) > at:
            turn -= 1
        return max(turn, -1)

    def span(self, turn: int) -> tuple[datetime, datetime]:
        """From when until when a turn lasts that some instant lies in."""
        every = self.rotation.every
        if turn < 0:
            return BEGINNING, self.boundary(0)
        ahead = 1 if isinstance(every, Months) else max(TURNS_BACK // every, 1)
        return self.boundary(turn), min(self.boundary(turn + n) for n in range(1, ahead + 1))

    def around(self, at: datetime) -> tuple[datetime, datetime, int]:
        """The turn at an instant, and its span."""
        every, offset = self.rotation.every, steady_offset(at, self.zone)
        if isinstance(every, timedelta) and offset is not None:  # no change of the clock near: no need to look further
            turn = (at.replace(tzinfo=None) + offset - self.rotation.first) // every
            if turn >= 0:
                start = self.boundary(turn)
                until = start + every if every < DAY else self.boundary(turn + 1)
                if start <= at < until:
                    return start, until, turn
        turn = self.turn_at(at)
        return *self.span(turn), turn

    def turns_of(
        self, person: str, others: StandIns, start: datetime, until: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        """
        Spans outside of which this rotation gives somebody no turn: their own turns, and those of who is away.

        In no order; a span may be longer than what they have of it.
        """
        cycle = [self.rotation.group(turn) for turn in range(len(self.rotation.people))]  # then it comes again
        away = {one for group in cycle for one in group if one != person and others.absences(one).within(start, until)}
        earliest, latest = max(self.turn_at(start), 0), self.turn_at(until)
        for place, group in enumerate(cycle):
            absent = () if person in group else tuple(away.intersection(group))
            if person not in group and not absent:
                continue
            for turn in range(earliest + (place - earliest) % len(cycle), latest + 1, len(cycle)):
                begins, ends = self.boundary(turn), self.boundary(turn + 1)
                if not absent or any(others.absences(one).within(begins, ends) for one in absent):
                    yield begins, ends


def _months_on(day: date, months: int) -> date:
    """The same day of the month, so many months later; the last one where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _hours(restrictions: tuple[Restriction, ...], zone: str, start: datetime, until: datetime) -> list[datetime]:
    """Where the hours of restrictions begin and end, around `[start, until)`: edges in turn, the first a beginning."""
    there = ZoneInfo(zone)
    day = (start - WEEK_AROUND).astimezone(there).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    last = (until + WEEK_AROUND).astimezone(there).replace(tzinfo=None)
    spans = [(restriction.days, *restriction.span) for restriction in restrictions]
    found = []
    while day <= last:
        name = DAYS[day.weekday()]
        found += [
            (instant_of(day + begin, zone), instant_of(day + end, zone)) for days, begin, end in spans if name in days
        ]
        day += DAY
    edges: list[datetime] = []
    for begin, end in sorted(found):
        if edges and begin <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        elif begin < end:
            edges += (begin, end)
    return edges


# --------------------------------------------------------------------------------------------- layers


@dataclass(frozen=True, slots=True)
class _Piece:
    """Who one source has on call, the same from *start* until *until*; nobody: the sources below are asked."""

    start: datetime
    until: datetime
    people: tuple[str, ...]
    instead: tuple[Instead, ...] = ()


class _Line:
    """One layer over a span of time: gives the piece at an instant."""

    def __init__(self, layer: Layer, zone: str, stand_ins: StandIns, start: datetime, until: datetime) -> None:
        self.turns, self.stand_ins = _Turns(layer.rotation, layer.timezone or zone), stand_ins
        hours = layer.restrictions
        self.hours = _hours(hours, self.turns.zone, start, until) if hours else None
        flat = layer.rotation.flat
        self.absences = {person: stand_ins.by_person[person] for person in flat if person in stand_ins.by_person}
        self.piece = _Piece(BEGINNING, BEGINNING, ())
        self.turn = BEGINNING, BEGINNING, -1

    def turns_of(self, person: str, start: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
        """Spans outside of which this layer never has somebody."""
        is_in_it = person in self.turns.rotation.flat
        return self.turns.turns_of(person, self.stand_ins, start, until) if is_in_it else ()

    def at(self, at: datetime) -> _Piece:
        """The piece at an instant; the last one is kept, for whoever asks in order."""
        if not self.piece.start <= at < self.piece.until:
            self.piece = self._find(at)
        return self.piece

    def _find(self, at: datetime) -> _Piece:
        start, until = BEGINNING, END
        if self.hours is not None:
            place = bisect_right(self.hours, at)
            start = self.hours[place - 1] if place else BEGINNING
            until = self.hours[place] if place < len(self.hours) else END
            if place % 2 == 0:
                return _Piece(start, until, ())
        begins, ends, turn = self.turn = self._turn(at)
        start, until = max(start, begins), min(until, ends)
        people = self.turns.rotation.group(turn)
        if not people or not self.absences:
            return _Piece(start, until, people)
        away: dict[str, Absence] = {}
        for person, spans in self.absences.items():
            begins, ends, holding = spans.at(at)
            start, until = max(start, begins), min(until, ends)
            if holding:
                away[person] = holding[-1]
        return _Piece(start, until, *_present(self.turns.rotation.flat, people, away))

    def _turn(self, at: datetime) -> tuple[datetime, datetime, int]:
        """The turn at an instant: the last one still, or the one after it, before it is looked for."""
        start, until, turn = self.turn
        if start <= at < until:
            return self.turn
        every = self.turns.rotation.every
        if at == until and turn >= 0 and (isinstance(every, Months) or every >= DAY):
            ends = self.turns.boundary(turn + 2)
            if at < ends:  # else a day was left out, and a turn with it
                return until, ends, turn + 1
        return self.turns.around(at)


def _present(
    flat: tuple[str, ...], people: tuple[str, ...], away: dict[str, Absence]
) -> tuple[tuple[str, ...], tuple[Instead, ...]]:
    """Let the next of the rotation who is there, and not in this shift, take the turn of each who is away."""
    shift: list[str] = []
    instead: list[Instead] = []
    for person in people:
        if person not in away:
            shift.append(person)
            continue
        place = flat.index(person)
        after = (*flat[place + 1 :], *flat[:place])
        free = (other for other in after if other not in away and other not in people and other not in shift)
        if other := next(free, None):
            shift.append(other)
            instead.append(Instead(other, person, away[person].reason))
    return tuple(shift), tuple(instead)


class _Calendar:
    """What was read from a schedule's calendar, as one more layer."""

    def __init__(self, feed: CalendarFeed, booked: Spans[Booking], stand_ins: StandIns) -> None:
        self.feed, self.booked, self.stand_ins = feed, booked, stand_ins

    def turns_of(self, person: str, start: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
        """The spans of the events that may mean somebody: all, where they are called anything in the calendar."""
        known = person in self.feed.people.values()
        return [(event.start, event.until) for event in self.booked.within(start, until)] if known else ()

    def at(self, at: datetime) -> _Piece:
        """The people of all events at an instant who are there."""
        start, until, events = self.booked.at(at)
        known = self.feed.by_name
        named = [known[name] for event in events for name in map(plain_name, event.names) if name in known]
        people = []
        for person in dict.fromkeys(named):
            begins, ends, away = self.stand_ins.absences(person).at(at)
            start, until = max(start, begins), min(until, ends)
            if not away:
                people.append(person)
        return _Piece(start, until, tuple(people))


class _Sources:
    """Everything that decides who is on call by one schedule, from the top down, over a span of time."""

    def __init__(self, runbook: Runbook, name: str, start: datetime, until: datetime, given: Given) -> None:
        stand_ins = sorted_out(given, name)
        known = runbook.schedules.get(name)
        self.name, self.overrides = name, stand_ins.overrides(name)
        self.sources = list(self._of(known, runbook.organization.timezone, stand_ins, start, until)) if known else []

    def _of(
        self, known: Schedule, otherwise: str, stand_ins: StandIns, start: datetime, until: datetime
    ) -> Iterator[_Line | _Calendar]:
        if known.ical:
            yield _Calendar(known.ical, stand_ins.bookings(self.name), stand_ins)
        for layer in reversed(known.all_layers):
            yield _Line(layer, known.timezone or otherwise, stand_ins, start, until)

    def turns_of(self, person: str, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Spans within `[start, until)` outside of which somebody is never on call; in order, apart from each other."""
        spans = [(one.start, one.until) for one in self.overrides.within(start, until) if one.person == person]
        for source in self.sources:
            spans += source.turns_of(person, start, until)
        begun = ended = start
        for begins, ends in sorted(spans):
            if begins > ended:
                yield begun, ended
                begun = begins
            ended = min(max(ended, ends), until)
        yield begun, ended

    def at(self, at: datetime) -> Shift:
        """The shift at an instant: the first source that has somebody, cut where one above it will have, or had."""
        start, until, overrides = self.overrides.at(at)
        people, instead = tuple[str, ...](), tuple[Instead, ...]()
        whole = any(override.replaces is None for override in overrides)  # then nothing below it counts
        for source in self.sources if not whole else ():
            piece = source.at(at)
            start, until = max(start, piece.start), min(until, piece.until)
            if piece.people:
                people, instead = piece.people, piece.instead
                break
        reason = None
        for override in overrides:
            if override.replaces is None:
                people, instead, reason = (override.person,), (), override.reason
            elif override.replaces in people:
                taken = (override.person if person == override.replaces else person for person in people)
                people, reason = tuple(dict.fromkeys(taken)), override.reason
                instead = tuple(one for one in instead if one.person != override.replaces)
        return Shift(self.name, people, start, until, reason, instead)


# --------------------------------------------------------------------------------------------- the questions


def on_call_at(runbook: Runbook, schedule: str, at: datetime, overrides: Given = ()) -> Shift:
    """
    Say who is on call at *at* (aware UTC), and from when until when.

    Args:
        overrides: Overrides in the order of their creation, or all stand-ins as `gather` sorts them.

    Returns:
        The shift; an unknown schedule, or one that has not started, gives a shift with no people.
    """
    at = at.astimezone(UTC)
    return _Sources(runbook, schedule, at, at, overrides).at(at)


def shifts(
    runbook: Runbook, schedule: str, start: datetime, until: datetime, overrides: Given = (), *,
    only: str | None = None, is_whole: bool = False,
) -> tuple[Shift, ...]:  # fmt: skip
    """
    Give the shifts that cover `[start, until)`, in order, without holes; neighbours of the same people are one.

    Args:
        only: A person: then the same shifts without those that they have no part in, which are not looked at.
        is_whole: The first shift from its own beginning, not from *start*.
    """
    start, until = start.astimezone(UTC), until.astimezone(UTC)
    sources = _Sources(runbook, schedule, start, until, overrides)
    spans = iter([(start, until)]) if only is None else sources.turns_of(only, start, until)
    found: list[Shift] = []
    for begins, ends in spans:
        first = len(found)
        found += [one for one in _joined(sources, begins, ends) if only is None or only in one.people]
        if is_whole and begins == start and len(found) > first and found[first].start == start:
            found[first] = replace(found[first], start=sources.at(start).start)
    return tuple(found)


def _joined(sources: _Sources, start: datetime, until: datetime) -> Iterator[Shift]:
    """The shifts of a span, the first and the last cut to it."""
    begun, last, at = start, None, start
    while at < until:
        shift = sources.at(at)
        if last and (last.people, last.override, last.instead) != (shift.people, shift.override, shift.instead):
            yield Shift(last.schedule, last.people, begun, at, last.override, last.instead)
            begun = at
        last, at = shift, shift.until
    if last:
        yield Shift(last.schedule, last.people, begun, until, last.override, last.instead)


def hand_overs(runbook: Runbook, schedule: str, start: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """When the rotations of a schedule hand over within `[start, until)`, whoever is on call; each with its zone."""
    known = runbook.schedules[schedule]
    found = []
    for layer in known.all_layers:
        turns = _Turns(layer.rotation, layer.timezone or known.timezone or runbook.organization.timezone)
        numbers = range(max(turns.turn_at(start), 0), turns.turn_at(until) + 1)
        found += [(at, turns.zone) for n in numbers if start <= (at := turns.boundary(n)) < until]
    return sorted(found)


def targets(runbook: Runbook, target: str, at: datetime, service: str | None, overrides: Given = ()) -> frozenset[str]:
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


def schedules_behind(runbook: Runbook, target: str, service: str | None) -> frozenset[str]:
    """Name the schedules that a page target asks: those whose stand-ins must be known to say who stands behind it."""
    kind, _, name = target.partition(":")
    if kind == "schedule":
        return frozenset({name})
    if target not in ("on_call", "secondary"):
        return NOBODY
    _, policy = runbook.policy_for(service)
    steps = policy.steps[1:2] if target == "secondary" else policy.steps[:1]
    named = (name for step in steps for name in step.page if name not in ("on_call", "secondary"))
    return NOBODY.union(*(schedules_behind(runbook, name, service) for name in named))


def secondary(runbook: Runbook, service: str | None, at: datetime, overrides: Given = ()) -> frozenset[str]:
    """Say who is second in line: the second step of the service's policy."""
    return _step(runbook, 1, at, service, overrides)


def _step(runbook: Runbook, place: int, at: datetime, service: str | None, overrides: Given) -> frozenset[str]:
    _, policy = runbook.policy_for(service)
    if place >= len(policy.steps):
        return NOBODY
    named = [target for target in policy.steps[place].page if target != "on_call"]  # a policy cannot mean itself
    return NOBODY.union(*(targets(runbook, target, at, service, overrides) for target in named))
