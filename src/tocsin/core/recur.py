"""What comes again: weekly and monthly windows in local time, written as RFC 5545 writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from tocsin.core.calendar import local_to_utc

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLACES: Final = {
    0: "", 1: "the first ", 2: "the second ", 3: "the third ", 4: "the fourth ", 5: "the fifth ", -1: "the last ",
    -2: "the second to last ", -3: "the third to last ", -4: "the fourth to last ", -5: "the fifth to last ",
}  # fmt: skip
DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=7)  # of one occurrence
AHEAD: Final = 366  # days that the next occurrence is looked for: every second year's 29 February is a mistake
_DAY = re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
ACCEPTED: Final = (
    "FREQ=DAILY, WEEKLY or MONTHLY, with INTERVAL, BYDAY (SU; 1SU or -1FR of a month), BYMONTHDAY (1, -1) and "
    "UNTIL (20271231), such as FREQ=WEEKLY;BYDAY=SU"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    On which local days something comes again.

    `days` are (which of the month, weekday from 0): 0 for every one of them. `until` is the last local day.
    """

    freq: Literal["DAILY", "WEEKLY", "MONTHLY"]
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    until: date | None = None


def parse(text: str) -> Rule:
    """
    Read a rule: a part of RFC 5545's RRULE, in any case, with or without `RRULE:` before it.

    Raises:
        ValueError: with a sentence on what is accepted.
    """
    try:
        pairs = [part.split("=") for part in text.strip().upper().removeprefix("RRULE:").split(";")]
        parts = {name: value for name, value in pairs}  # noqa: C416 - a part that is no pair raises here
        if len(parts) < len(pairs) or not parts.keys() <= {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "UNTIL", "WKST"}:
            raise ValueError("an unknown part")
        if parts.get("WKST", "MO") != "MO":
            raise ValueError("weeks begin on Monday")
        return _checked(parts)
    except ValueError:
        raise ValueError(f"{ACCEPTED}; not {text[:80]!r}") from None


def _checked(parts: dict[str, str]) -> Rule:
    freq = parts["FREQ"] if parts.get("FREQ") in ("DAILY", "WEEKLY", "MONTHLY") else ""
    days = tuple(_day(word) for word in parts["BYDAY"].split(",")) if "BYDAY" in parts else ()
    month_days = tuple(int(word) for word in parts["BYMONTHDAY"].split(",")) if "BYMONTHDAY" in parts else ()
    interval = int(parts.get("INTERVAL", "1"))
    until = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date() if "UNTIL" in parts else None  # noqa: DTZ007
    ordinal = any(which for which, _ in days)
    wrong = (
        not freq or not 1 <= interval <= 99 or (ordinal and freq != "MONTHLY") or (month_days and freq != "MONTHLY")
        or any(not 1 <= abs(day) <= 31 for day in month_days) or (freq == "DAILY" and days)
    )  # fmt: skip
    if wrong:
        raise ValueError("a part that does not fit")
    return Rule(freq, interval, days, month_days, until)  # type: ignore[arg-type]


def words(text: str) -> str:
    """
    Say a rule in words, such as "every week on Sunday" or "every month on the last Friday".

    Raises:
        ValueError: as `parse`.
    """
    rule = parse(text)
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}[rule.freq]
    every = f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"
    if rule.freq == "WEEKLY" and rule.interval == 1 and [day for _, day in rule.days] == [0, 1, 2, 3, 4]:
        on = "from Monday to Friday"
    else:
        days = [f"{PLACES[which]}{NAMES[day]}" for which, day in rule.days]
        dates = [
            f"day {day}" if day > 0 else "the last day" if day == -1 else f"the last day but {-day - 1}"
            for day in rule.month_days
        ]
        on = " and ".join(", ".join(some) for some in (days, dates) if some)
        on = f"on {on}" if on else ""
    ends = f"until {rule.until:%-d %b %Y}" if rule.until else ""
    return " ".join(part for part in (every, on, ends) if part)


def _day(word: str) -> tuple[int, int]:
    found = _DAY.fullmatch(word)
    if found is None:
        raise ValueError("no day")
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def comes_on(rule: Rule, first: date, day: date) -> bool:
    """Say whether *rule*, whose first occurrence is on *first*, has one on *day*: both local days."""
    if day < first or (rule.until and day > rule.until):
        return False
    if rule.freq == "DAILY":
        return (day - first).days % rule.interval == 0
    if rule.freq == "WEEKLY":
        weeks = ((day - timedelta(day.weekday())) - (first - timedelta(first.weekday()))).days // 7
        weekdays = {weekday for _, weekday in rule.days} or {first.weekday()}
        return day.weekday() in weekdays and weeks % rule.interval == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    return months % rule.interval == 0 and _in_month(rule, first, day)


def _in_month(rule: Rule, first: date, day: date) -> bool:
    from_start = day.day
    from_end = from_start - ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY).day - 1
    if rule.month_days and not {from_start, from_end} & set(rule.month_days):
        return False
    if not rule.days:
        return bool(rule.month_days) or from_start == first.day
    which = {0, (from_start - 1) // 7 + 1, -((-from_end - 1) // 7 + 1)}
    return any(weekday == day.weekday() and place in which for place, weekday in rule.days)


def occurrences(
    rule: Rule, start: datetime, until: datetime, zone: str, after: datetime, before: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """
    The occurrences that touch [*after*, *before*), in order, as UTC instants.

    The first one is from *start* to *until*; the others keep its wall clock in *zone*, whatever clocks do: a night
    from 22:00 to 06:00 is one hour longer or shorter when they change.
    """
    begins, ends = start.astimezone(ZoneInfo(zone)), until.astimezone(ZoneInfo(zone))
    nights = ends.date() - begins.date()
    day = max(after.astimezone(ZoneInfo(zone)).date() - nights - DAY, begins.date())
    last = before.astimezone(ZoneInfo(zone)).date()
    while day <= last:
        if day == begins.date() or comes_on(rule, begins.date(), day):
            at = local_to_utc(day, begins.time().replace(fold=0), zone)
            end = local_to_utc(day + nights, ends.time().replace(fold=0), zone)
            if day == begins.date():
                at, end = start.astimezone(UTC), until.astimezone(UTC)
            if at < end and at < before and end > after:
                yield at, end
        day += DAY
