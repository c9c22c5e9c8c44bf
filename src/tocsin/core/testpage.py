"""The monthly test page of each person: when it is due, in their working hours, never all on one day."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.calendar import is_business_day, local_to_utc
from tocsin.core.runbook import Runbook

SETTLE: Final = timedelta(days=7)  # somebody new to the runbook is not tested in their first week
DAYS_SPREAD: Final = 20  # people are tested on the first business day from their own day of the month on: 1 to 20
ANSWER_WITHIN: Final = timedelta(days=7)  # the link of a test page is good so long
STALE: Final = timedelta(days=45)  # a test page that was answered longer ago proves nothing any more


def next_test(runbook: Runbook, person: str, after: datetime) -> datetime | None:
    """
    When *person* gets their next test page, later than *after*, in UTC; None where the runbook says `never`.

    The day and the minute come from a hash of their name. The hours are the organization's, on the person's own clock.
    """
    known = runbook.people.get(person)
    if known is None or known.test_page == "never":
        return None
    hours = runbook.organization.business_hours
    zone = known.timezone or hours.timezone
    seed = hashlib.sha256(person.encode()).digest()
    first = after.astimezone(ZoneInfo(zone)).date().replace(day=1)
    for month in range(14):
        year, index = divmod(first.month - 1 + month, 12)
        day = first.replace(year=first.year + year, month=index + 1, day=1 + seed[0] % DAYS_SPREAD)
        while not is_business_day(day, hours):
            day += timedelta(days=1)
        at = local_to_utc(day, _moment(hours.from_, hours.until, seed[1]), zone)
        if at > after:
            return at
    return None


def in_working_hours(runbook: Runbook, person: str, at: datetime) -> bool:
    """Say whether *at* is in the person's working hours: a test page that comes late waits for them."""
    hours = runbook.organization.business_hours
    known = runbook.people.get(person)
    local = at.astimezone(ZoneInfo((known.timezone if known else None) or hours.timezone))
    return is_business_day(local.date(), hours) and hours.from_ <= f"{local:%H:%M}" < hours.until


def _moment(start: str, end: str, seed: int) -> time:
    """A minute of the middle half of the day from *start* to *end*."""
    begin, last = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    span = max(last - begin, 4)
    minute = begin + span // 4 + seed * (span // 2) // 256
    return time(minute // 60 % 24, minute % 60)
