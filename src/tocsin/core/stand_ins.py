"""What the database knows beside the runbook: overrides, absences, and the calendars that were read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)  # of a shift that has none
END: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Override:
    """
    A stand-in for a span `[start, until)` of a schedule, in UTC. A later one wins over an earlier one.

    With `replaces` it takes the place of that person alone, and only where they are on call; without, of everybody.
    """

    id: str
    schedule: str
    person: str
    start: datetime
    until: datetime
    reason: str
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A span `[start, until)` in UTC in which a person takes no turn of any rotation."""

    id: str
    person: str
    start: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Booking:
    """An event `[start, until)` of a schedule's calendar; `names` are its summary and its attendees, as written."""

    schedule: str
    start: datetime
    until: datetime
    names: tuple[str, ...]


class _Span(Protocol):
    @property
    def start(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...


S = TypeVar("S", bound=_Span)


class Spans(Generic[S]):
    """Spans that may overlap, found by an instant without looking at all of them. They keep the order they came in."""

    def __init__(self, items: Sequence[S]) -> None:
        ranked = sorted(enumerate(items), key=lambda pair: pair[1].start)
        self._ranked = ranked
        self._starts = [item.start for _, item in ranked]
        self._ends = list(accumulate((item.until for _, item in ranked), max))  # the latest end so far: never falls
        self._edges = sorted({edge for item in items for edge in (item.start, item.until)})

    def at(self, at: datetime) -> tuple[datetime, datetime, tuple[S, ...]]:
        """The span around *at* in which nothing begins or ends, and what holds there."""
        place = bisect_right(self._edges, at)
        start = self._edges[place - 1] if place else BEGINNING
        until = self._edges[place] if place < len(self._edges) else END
        first, last = bisect_right(self._ends, at), bisect_right(self._starts, at)
        if first >= last:
            return start, until, ()
        holding = sorted(((rank, item) for rank, item in self._ranked[first:last] if at < item.until), key=_rank)
        return start, until, tuple(item for _, item in holding)

    def within(self, start: datetime, until: datetime) -> tuple[S, ...]:
        """What touches `[start, until)`, by its start."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, until)
        return tuple(item for _, item in self._ranked[first:last] if item.until > start)


def _rank(pair: tuple[int, object]) -> int:
    return pair[0]


NONE: Final[Spans[Override]] = Spans(())
_NO_ABSENCES: Final[Spans[Absence]] = Spans(())
_NO_BOOKINGS: Final[Spans[Booking]] = Spans(())


@dataclass(frozen=True, slots=True)
class StandIns:
    """All stand-ins, sorted by what they are of. Make it with `gather`, once for many questions."""

    by_schedule: dict[str, Spans[Override]] = field(default_factory=dict)
    by_person: dict[str, Spans[Absence]] = field(default_factory=dict)
    booked: dict[str, Spans[Booking]] = field(default_factory=dict)

    def overrides(self, schedule: str) -> Spans[Override]:
        """The overrides of a schedule."""
        return self.by_schedule.get(schedule, NONE)

    def absences(self, person: str) -> Spans[Absence]:
        """The absences of a person."""
        return self.by_person.get(person, _NO_ABSENCES)

    def bookings(self, schedule: str) -> Spans[Booking]:
        """What a schedule's calendar says."""
        return self.booked.get(schedule, _NO_BOOKINGS)

    def joined(self, other: StandIns) -> StandIns:
        """These and *other*; of one schedule or person *other*'s are the ones that count."""
        return StandIns(
            self.by_schedule | other.by_schedule, self.by_person | other.by_person, self.booked | other.booked
        )


Given: TypeAlias = StandIns | Sequence[Override]  # what the resolver takes: an empty tuple is nobody's stand-in


def gather(
    overrides: Iterable[Override] = (), absences: Iterable[Absence] = (), bookings: Iterable[Booking] = ()
) -> StandIns:
    """Sort stand-ins for the resolver. Overrides come in the order of their creation."""
    by_schedule: dict[str, list[Override]] = defaultdict(list)
    by_person: dict[str, list[Absence]] = defaultdict(list)
    booked: dict[str, list[Booking]] = defaultdict(list)
    for override in overrides:
        by_schedule[override.schedule].append(override)
    for absence in absences:
        by_person[absence.person].append(absence)
    for booking in bookings:
        booked[booking.schedule].append(booking)
    return StandIns(
        {name: Spans(items) for name, items in by_schedule.items()},
        {name: Spans(items) for name, items in by_person.items()},
        {name: Spans(items) for name, items in booked.items()},
    )


def sorted_out(given: Given, schedule: str) -> StandIns:
    """The stand-ins as the resolver needs them; a plain list of overrides is sorted here, for one question."""
    if isinstance(given, StandIns):
        return given
    mine = [override for override in given if override.schedule == schedule]
    return StandIns({schedule: Spans(mine)}) if mine else StandIns()
