"""Business time and durations, in the words that people use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

NEXT_BUSINESS_DAY: Final = "next business day"
Duration: TypeAlias = timedelta | Literal["next business day"]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

STEADY, AROUND = 2, 2  # days; since 1970 no zone went back within less than 7 (Brazil, October 2000): than all three


class BusinessHours(Protocol):
    """When people work, as the runbook says it: days, hours, zone and public holidays."""

    @property
    def days(self) -> tuple[str, ...]: ...
    @property
    def from_(self) -> str: ...
    @property
    def until(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def holidays(self) -> str | None: ...


_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
_DURATION = re.compile(r"(?:[0-9]{1,6}[wdhms])+")
_PART = re.compile(r"([0-9]+)([wdhms])")


def parse_duration(text: str) -> timedelta:
    """
    Read `90s`, `15m`, `4h`, `1d`, `1w` or several together (`1h30m`).

    Raises:
        ValueError: with a sentence on what is accepted.
    """
    compact = text.strip().lower()
    if not _DURATION.fullmatch(compact):
        raise ValueError("a duration such as 90s, 15m, 4h, 1d, 1w or 1h30m")
    return timedelta(seconds=sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(compact)))


def words(span: timedelta) -> str:
    """Write a span in its two largest units: `1 hour 5 minutes`, `15 minutes`, `45 seconds`."""
    left = max(int(span.total_seconds()), 0)
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
        elif parts:
            break  # "1 hour 5 seconds" says more than is known
    return " ".join(parts[:2]) or "0 seconds"


def utc_words(at: datetime) -> str:
    """Write an instant as `2026-11-23 09:02 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def local_to_utc(day: date, at: time, zone: str) -> datetime:
    """Turn a local date and time into the instant they mean: see `instant_of`."""
    return instant_of(datetime.combine(day, at), zone)


def instant_of(local: datetime, zone: str) -> datetime:
    """
    Turn a local time, given without a zone, into the instant it means, in UTC.

    In a gap (clocks go forward) it moves by the offset before the gap; in an overlap it is the first occurrence
    (reliability.md section 5).
    """
    offset = _steady_offset(zone, local.toordinal() // STEADY)
    if offset is not None:
        return local.replace(tzinfo=UTC) - offset
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)  # fold=0: the offset before, the first of two


def steady_offset(at: datetime, zone: str) -> timedelta | None:
    """The offset of a zone at an instant in UTC; None where its clock changes within two to four days."""
    return _steady_offset(zone, at.toordinal() // STEADY)


@lru_cache(maxsize=16_384)
def _steady_offset(zone: str, block: int) -> timedelta | None:
    there = ZoneInfo(zone)
    try:
        days = (block * STEADY - AROUND, (block + 1) * STEADY + AROUND)
        begins, ends = (datetime.combine(date.fromordinal(day), time(), UTC) for day in days)
        found = {begins.astimezone(there).utcoffset(), ends.astimezone(there).utcoffset()}
    except (OverflowError, ValueError):  # at the ends of what a date can be
        return None
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=64)
def _holidays(code: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - slow to load, and only for a runbook that names a country

    country, _, part = code.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def has_holidays(code: str) -> bool:
    """Say whether the public holidays of NL, or of a part such as DE-BY, are known."""
    import holidays  # noqa: PLC0415

    country, _, part = code.partition("-")
    known = holidays.list_supported_countries()
    return country in known and (not part or part in known[country])


def is_business_day(day: date, hours: BusinessHours) -> bool:
    """Say whether people work on that local date: one of the days named, and no public holiday."""
    return DAYS[day.weekday()] in hours.days and not (hours.holidays and day in _holidays(hours.holidays, day.year))


def in_business_hours(at: datetime, hours: BusinessHours) -> bool:
    """Say whether people work at that instant."""
    local = at.astimezone(ZoneInfo(hours.timezone))
    begins, ends = time.fromisoformat(hours.from_), time.fromisoformat(hours.until)
    return is_business_day(local.date(), hours) and begins <= local.time().replace(fold=0) < ends


def next_business_day(at: datetime, hours: BusinessHours) -> datetime:
    """Return the end of business of the next business day after the local day of *at*, in UTC."""
    day = at.astimezone(ZoneInfo(hours.timezone)).date()
    for _ in range(400):  # more than a year without one business day is a mistake that the runbook's check names
        day += timedelta(days=1)
        if is_business_day(day, hours):
            break
    return local_to_utc(day, time.fromisoformat(hours.until), hours.timezone)


WEEK: Final = timedelta(weeks=1)
AHEAD: Final = 4_000  # days: who never works has no business time, which the runbook's check refuses


def in_business_time(span: Duration) -> bool:
    """Say whether *span* is counted in business time: "next business day", and whole weeks (`1w`)."""
    return not isinstance(span, timedelta) or (span >= WEEK and not span % WEEK)


def deadline(start: datetime, span: Duration, hours: BusinessHours) -> datetime:
    """
    Return when *span* after *start* is over, in UTC.

    "next business day" is over with its business hours. A week has as many business days as the organization works in
    one: it is over at the same local time so many of them later, and it begins with the first business hour.
    """
    if not isinstance(span, timedelta):
        return next_business_day(start, hours)
    if not in_business_time(span):
        return start + span
    begins = next((begin for begin, _ in _working(start, hours)), start).astimezone(ZoneInfo(hours.timezone))
    day, left = begins.date(), span // WEEK * len(set(hours.days))
    while left and day - begins.date() < AHEAD * timedelta(days=1):
        day += timedelta(days=1)
        left -= is_business_day(day, hours)
    return local_to_utc(day, begins.time(), hours.timezone)


def part_of(share: float, start: datetime, end: datetime, span: Duration, hours: BusinessHours) -> datetime:
    """Return when *share* (0 to 1) of the time from *start* to *end* is over: of business time, where that counts."""
    if not in_business_time(span):
        return start + (end - start) * share
    windows = []
    for begin, close in _working(start, hours):
        if begin >= end:
            break
        windows.append((begin, min(close, end)))
    left = sum((close - begin for begin, close in windows), timedelta(0)) * share
    for begin, close in windows:
        if left <= close - begin:
            return begin + left
        left -= close - begin
    return end


def _working(start: datetime, hours: BusinessHours) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which people work from *start* on, in UTC, each from its opening, or *start*, to its close."""
    begins, ends = time.fromisoformat(hours.from_), time.fromisoformat(hours.until)
    first = start.astimezone(ZoneInfo(hours.timezone)).date() - timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range(AHEAD)):
        if is_business_day(day, hours):
            close = local_to_utc(day if begins < ends else day + timedelta(days=1), ends, hours.timezone)
            if close > start:
                yield max(local_to_utc(day, begins, hours.timezone), start), close


def window_end(start: str, end: str, days: Sequence[str], zone: str, at: datetime) -> datetime | None:
    """
    When the daily window from *start* to *end* ("22:00" to "07:00", local time) in which *at* lies ends, in UTC.

    None outside of it. *days* are those on which the window begins; one past midnight ends on the day after.
    """
    today = at.astimezone(ZoneInfo(zone)).date()
    begins, ends = time.fromisoformat(start), time.fromisoformat(end)
    for day in (today - timedelta(days=1), today):
        if DAYS[day.weekday()] in days:
            last = day if begins < ends else day + timedelta(days=1)
            until = local_to_utc(last, ends, zone)
            if local_to_utc(day, begins, zone) <= at < until:
                return until
    return None
