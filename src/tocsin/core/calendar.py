"""Business time and durations, in the words that people use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import holidays

NEXT_BUSINESS_DAY: Final = "next business day"
Duration: TypeAlias = timedelta | Literal["next business day"]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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
    """
    Turn a local time into the instant it means.

    In a gap (clocks go forward) it moves by the offset before the gap; in an overlap it is the first occurrence
    (reliability.md section 5).
    """
    local = datetime.combine(day, at, ZoneInfo(zone))  # fold=0: in a gap the offset before it, in an overlap the first
    return local.astimezone(UTC)


@lru_cache(maxsize=64)
def _holidays(code: str, year: int) -> frozenset[date]:
    country, _, part = code.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


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


def deadline(start: datetime, span: Duration, hours: BusinessHours) -> datetime:
    """Return when *span* after *start* is over; "next business day" is over with its business hours."""
    return start + span if isinstance(span, timedelta) else next_business_day(start, hours)


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
