"""The schedules of the runbook: rotations, layers, restrictions and calendars. Attribute names are the file's keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from tocsin.core.calendar import DAYS, parse_duration
from tocsin.core.runbook_values import ClockTime, Part, Span, Text, Words, Zone, clock_time

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
PERIOD_MOST: Final = 3_660 * DAY
YEARS: Final = (1970, 2199)  # in which a rotation may start
POLL_LEAST: Final = timedelta(minutes=1)
_MONTHS = re.compile(r"([1-9][0-9]{0,2}) ?(?:mo|months?)")
_WEEKDAYS = {name: n for n, name in enumerate(DAYS)}


@dataclass(frozen=True, slots=True)
class Months:
    """A period of whole months: hand-over on the day of the month on which it starts, or on the month's last day."""

    count: int


def _period(value: Any) -> Any:
    """Read `12h`, `1d`, `1w`, or `1mo` and `3 months`."""
    if isinstance(value, (timedelta, Months)):
        return value
    accepted = "whole hours, days, weeks or months, such as 12h, 1d, 1w or 1mo"
    if not isinstance(value, str):
        raise ValueError(accepted)
    found = _MONTHS.fullmatch(value.strip().lower())
    if found and int(found[1]) <= PERIOD_MOST // (30 * DAY):
        return Months(int(found[1]))
    try:
        span = parse_duration(value)
    except ValueError:
        raise ValueError(accepted) from None
    if span < HOUR or span > PERIOD_MOST or span % HOUR:
        raise ValueError(f"{accepted}; from 1h to ten years")
    return span


def _groups(value: Any) -> Any:
    """Everyone alone, `[ana, bo]`, or several at a time, `[[ana, bo], [cy, di]]`."""
    if isinstance(value, str):
        return ((value,),)
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list of people, or a list of lists of people")
    if not value:
        raise ValueError("at least one person")
    groups = tuple(tuple(one) if isinstance(one, (list, tuple)) else (one,) for one in value)
    for group in groups:
        if not group or not all(isinstance(person, str) and person for person in group):
            raise ValueError("people, or lists of at least one person")
        if len(set(group)) < len(group):
            raise ValueError("each person once in a shift")
    return groups


def _weekdays(value: Any) -> Any:
    """Read days: `mon`, `[mon, tue]`, or a span such as `mon-fri` or `fri-mon`."""
    days: list[str] = []
    for word in (value,) if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ("",):
        first, _, last = str(word).strip().lower().partition("-")
        if first not in _WEEKDAYS or (last and last not in _WEEKDAYS):
            raise ValueError(f"days such as mon, [sat, sun] or mon-fri; known are {', '.join(DAYS)}")
        count = (_WEEKDAYS[last or first] - _WEEKDAYS[first]) % 7
        days += [DAYS[(_WEEKDAYS[first] + n) % 7] for n in range(count + 1)]
    if not days:
        raise ValueError("at least one day: without any it never holds")
    return tuple(dict.fromkeys(days))


Period = Annotated[timedelta | Months, BeforeValidator(_period)]
Groups = Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_groups)]
Weekdays = Annotated[tuple[str, ...], BeforeValidator(_weekdays)]


class Rotation(Part):
    """Whose turn it is: the groups one after the other, each for `every`; hand-over at a local time."""

    people: Groups
    every: Period
    hand_off: Text  # "mon 09:00" or "09:00", local time
    starts: date
    people_per_shift: Annotated[int, Field(ge=1, le=20)] = 1

    @model_validator(mode="after")
    def _turns(self) -> Rotation:
        day, _, at = self.hand_off.rpartition(" ")
        clock_time(at)
        if day and day not in DAYS:
            raise ValueError('hand_off such as "mon 09:00" or "09:00"')
        if not YEARS[0] <= self.starts.year <= YEARS[1]:
            raise ValueError(f"starts in the years {YEARS[0]} to {YEARS[1]}")
        if day and isinstance(self.every, Months):
            raise ValueError('hand_off such as "09:00": a monthly rotation hands over on the day of `starts`')
        if self.people_per_shift > 1 and len(self.people) != len(self.flat):
            raise ValueError("people_per_shift with a plain list of people, or lists without people_per_shift")
        if self.people_per_shift > len(set(self.flat)):
            raise ValueError(f"people_per_shift of at most the {len(set(self.flat))} people of the rotation")
        return self

    @cached_property
    def flat(self) -> tuple[str, ...]:
        """Everyone of the rotation, in its order: who takes the turn of somebody absent is looked for here."""
        return tuple(person for group in self.people for person in group)

    @cached_property
    def first(self) -> datetime:
        """The local time, without a zone, at which the first turn begins."""
        day, _, at = self.hand_off.rpartition(" ")
        begins = self.starts
        while day and DAYS[begins.weekday()] != day:
            begins += DAY
        return datetime.combine(begins, time.fromisoformat(clock_time(at)))

    def group(self, turn: int) -> tuple[str, ...]:
        """Who has turn number *turn*, counted from 0; nobody before."""
        if turn < 0:
            return ()
        count = self.people_per_shift
        if count == 1:
            return self.people[turn % len(self.people)]
        flat = self.flat
        people = (flat[(turn * count + n) % len(flat)] for n in range(count))
        return tuple(dict.fromkeys(people))


class Restriction(Part):
    """Hours of the week in local time, `[from, to)` on each of `days`; to before or at from: into the next day."""

    days: Weekdays = DAYS
    from_: ClockTime = Field("00:00", alias="from")
    to: ClockTime = "00:00"

    @cached_property
    def span(self) -> tuple[timedelta, timedelta]:
        """From when until when, counted from the day's local midnight; equal times are a whole day."""
        start, end = (timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (self.from_, self.to))
        return start, end if end > start else end + DAY


Restrictions = Annotated[tuple[Restriction, ...], Field(max_length=50)]


class Layer(Part):
    """A rotation with its own hours; where it has somebody it wins over the layers before it."""

    name: str = ""
    timezone: Zone | None = None
    rotation: Rotation
    restrictions: Restrictions = ()


class CalendarFeed(Part):
    """An iCalendar feed: whose summary, or whose attendee's address, stands for whom."""

    url: str = ""
    file: str = ""
    people: Annotated[dict[str, str], Field(min_length=1)]
    every: Span = timedelta(minutes=15)

    @model_validator(mode="after")
    def _one_place(self) -> CalendarFeed:
        if bool(self.url) == bool(self.file):
            raise ValueError("exactly one of url and file")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url such as https://calendar.example.org/oncall.ics")
        if self.every < POLL_LEAST:
            raise ValueError("every of at least 1m")
        return self

    @cached_property
    def by_name(self) -> dict[str, str]:
        """The people by what the calendar calls them, in lower case and without `mailto:`."""
        return {plain_name(name): person for name, person in self.people.items()}


def plain_name(text: str) -> str:
    """A summary or an address as it is compared: blanks, case and `mailto:` do not count."""
    return " ".join(text.casefold().split()).removeprefix("mailto:")


class HandOff(Part):
    """How shifts are handed over: who is told, how long whoever takes one may take to confirm, who hears otherwise."""

    confirm_within: Span = timedelta(minutes=30)
    to: Words = ("secondary", "team_lead")
    notify: tuple[Literal["incoming", "outgoing"], ...] = ("incoming", "outgoing")


class Schedule(Part):
    """Who is on call: `rotation`, then each of `layers`, then the calendar; the later wins where it has somebody."""

    timezone: Zone | None = None
    rotation: Rotation | None = None
    restrictions: Restrictions = ()
    layers: Annotated[tuple[Layer, ...], Field(max_length=20)] = ()
    ical: CalendarFeed | None = None
    hand_off: HandOff | None = None  # None: the organization's

    @model_validator(mode="after")
    def _has_a_source(self) -> Schedule:
        if not (self.rotation or self.layers or self.ical):
            raise ValueError("a rotation, layers or ical: without any of them nobody is ever on call")
        if self.restrictions and not self.rotation:
            raise ValueError("restrictions beside a rotation; those of a layer stand in the layer")
        return self

    @cached_property
    def all_layers(self) -> tuple[Layer, ...]:
        """The rotation of the schedule itself as the lowest layer, then the others."""
        if self.rotation is None:
            return self.layers
        return (Layer(rotation=self.rotation, restrictions=self.restrictions), *self.layers)

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Everyone who may be on call by it, without overrides."""
        turns = (person for layer in self.all_layers for person in layer.rotation.flat)
        return tuple(dict.fromkeys((*turns, *(self.ical.people.values() if self.ical else ()))))


__all__ = [
    "CalendarFeed", "HandOff", "Layer", "Months", "Restriction", "Rotation", "Schedule", "plain_name",
]  # fmt: skip
