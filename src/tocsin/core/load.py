"""Load on people: pages by hour of day, at night and on weekends, in each person's own zone; and how even it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

NIGHT: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 6})  # hours that begin in it: from 22:00 until 07:00
SATURDAY: Final = 5
QUARTER: Final = 900  # seconds: the offset of every zone since 1972 is a multiple of it
A_DAY: Final = 96  # quarters
A_WEEK: Final = 7 * A_DAY
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Load:
    """What one person was paged: in all, at night, on weekends by day, and by local hour (24 counts)."""

    person: str
    zone: str
    pages: int
    night: int
    weekend: int
    hours: tuple[int, ...]


def loads(counted: Iterable[tuple[str, int, int, int]], zones: Mapping[str, str], otherwise: str) -> tuple[Load, ...]:
    """
    Sum up pages, who had most first.

    Args:
        counted: Person, a quarter of an hour since 1970 UTC, another one a whole number of weeks from those that are
            counted, and how many pages there were in these. In all of them the person's zone is as far ahead as in the
            first (`steady`).
        zones: The time zone of each person that has one.
        otherwise: The time zone of everybody else.
    """
    hours: dict[str, list[int]] = {}
    nights: Counter[str] = Counter()
    weekends: Counter[str] = Counter()
    ahead: dict[tuple[str, int], int] = {}
    for person, when, slot, count in counted:
        zone = zones.get(person, otherwise)
        if (zone, when) not in ahead:
            ahead[zone, when] = _ahead(zone, when)
        local = slot + ahead[zone, when]
        hour = local % A_DAY // 4
        hours.setdefault(person, [0] * 24)[hour] += count
        if hour in NIGHT:
            nights[person] += count
        elif (local // A_DAY + 3) % 7 >= SATURDAY:  # 1970 began on a Thursday
            weekends[person] += count
    made = [
        Load(who, zones.get(who, otherwise), sum(each), nights[who], weekends[who], tuple(each))
        for who, each in hours.items()
    ]
    return tuple(sorted(made, key=lambda load: (-load.pages, load.person)))


def steady(start: int, end: int, zones: Iterable[str]) -> list[tuple[int, int]]:
    """Cut the quarters [start, end) into spans in which none of *zones* changes its clocks."""
    cuts = {start}
    for zone in set(zones):
        at, was = start, _ahead(zone, start)
        while at < end:
            later = min(at + A_DAY, end)
            now = _ahead(zone, later)
            if now != was:
                cuts.add(_change(zone, at, later))
            at, was = later, now
    bounds = [*sorted(cut for cut in cuts if start <= cut < end), end]
    return list(pairwise(bounds))


def _change(zone: str, low: int, high: int) -> int:
    """The first quarter after *low* that is as far ahead as *high*: clocks change once between them."""
    new = _ahead(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _ahead(zone, middle) == new else (middle, high)
    return high


def quarter_of(at: datetime) -> int:
    """The quarter of an hour since 1970 UTC that *at* lies in."""
    return (at - EPOCH) // timedelta(seconds=QUARTER)


def _ahead(zone: str, quarter: int) -> int:
    offset = (EPOCH + timedelta(seconds=quarter * QUARTER)).astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    return int(offset.total_seconds()) // QUARTER


def shares(loads_: Iterable[Load], people: Iterable[str]) -> tuple[float, float]:
    """
    How even the pages of the nights and weekends fall on *people*.

    Returns:
        The largest share that one of them has, and the share that each would have; (0, equal) when there were none.
    """
    hard = {load.person: load.night + load.weekend for load in loads_}
    everybody = {*people, *hard}
    total = sum(hard.values())
    equal = 1 / len(everybody) if everybody else 0.0
    return (max(hard.values()) / total if total else 0.0), equal


# --------------------------------------------------------------------------------------------- spans and their parts


@dataclass(frozen=True, slots=True)
class Span:
    """A span of instants, [start, end), with its name; None: it is open there."""

    start: datetime | None
    end: datetime | None
    name: str


LAST: Final[Mapping[str, int]] = {"30d": 30, "90d": 90, "365d": 365}  # days
NAMES: Final[Mapping[str, str]] = {
    "30d": "the last 30 days", "90d": "the last 90 days", "365d": "the last year", "all": "everything",
}  # fmt: skip


def span_of(text: str, since: str, until: str, zone: str, now: datetime) -> Span:
    """
    Read a span: its own days *since* and *until* (both count), else *text*: 30d, 90d, 365d, all, 2026-11, 2026-Q4.

    Raises:
        ValueError: with a sentence on what is accepted.
    """
    if since or until:
        start = _midnight(_day(since), zone) if since else None
        end = _midnight(_day(until) + timedelta(days=1), zone) if until else None
        if start and end and end <= start:
            raise ValueError("the first day comes after the last")
        return Span(start, end, f"{since or 'the beginning'} to {until or 'today'}")
    if text in LAST:
        today = now.astimezone(ZoneInfo(zone)).date()
        return Span(_midnight(today - timedelta(days=LAST[text] - 1), zone), now, NAMES[text])
    if text == "all":
        return Span(None, None, NAMES["all"])
    first, months = _first(text)
    return Span(_midnight(first, zone), _midnight(_later(first, months), zone), text)


def _day(text: str) -> date:
    try:
        return _sane(date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"a day such as 2026-11-23, not {text[:40]!r}") from None


def _sane(day: date) -> date:
    if not 1971 <= day.year <= 9000:
        raise ValueError("a year from 1971 to 9000")
    return day


def _first(text: str) -> tuple[date, int]:
    """The first day of a month or a quarter, and how many months it has."""
    year, _, part = text.partition("-")
    try:
        if part.startswith("Q"):
            return _sane(date(int(year), {"Q1": 1, "Q2": 4, "Q3": 7, "Q4": 10}[part], 1)), 3
        return _sane(date(int(year), int(part), 1)), 1
    except (ValueError, KeyError):
        raise ValueError(f"30d, 90d, 365d, all, a month (2026-11) or a quarter (2026-Q4), not {text[:40]!r}") from None


def _later(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


MOST_WEEKS: Final = 27  # of a trend; a longer one is in months


def parts(start: datetime, end: datetime, zone: str) -> tuple[str, tuple[tuple[datetime, date], ...]]:
    """Cut a span into local weeks (from Monday), or months where it is long: its word, and where each part begins."""
    there = ZoneInfo(zone)
    first, last = start.astimezone(there).date(), end.astimezone(there).date()
    weekly = (last - first).days <= MOST_WEEKS * 7
    day = first - timedelta(days=first.weekday()) if weekly else first.replace(day=1)
    found: list[tuple[datetime, date]] = []
    while not found or _midnight(day, zone) < end:
        found.append((_midnight(day, zone), day))
        day = day + timedelta(days=7) if weekly else _later(day, 1)
    return ("week" if weekly else "month"), tuple(found)


def next_first(now: datetime, zone: str, hour: int) -> datetime:
    """The first of the next month at that local hour, after *now*."""
    first = now.astimezone(ZoneInfo(zone)).date().replace(day=1)
    due = datetime.combine(first, time(hour), ZoneInfo(zone)).astimezone(UTC)
    return due if due > now else datetime.combine(_later(first, 1), time(hour), ZoneInfo(zone)).astimezone(UTC)


def month_due(now: datetime, zone: str, hour: int) -> str:
    """The month whose report was due last, at that local hour of the first of the next one."""
    there = ZoneInfo(zone)
    today = now.astimezone(there).date()
    first = today.replace(day=1)
    if now < datetime.combine(first, time(hour), there).astimezone(UTC):
        first = _later(first, -1)
    return f"{_later(first, -1):%Y-%m}"
