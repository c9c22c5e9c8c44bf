"""Windows that come again, by the wall clock of their zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import recur
from tocsin.core.recur import Rule


def days(rule, first, count=400):
    return [day for n in range(count) if recur.comes_on(recur.parse(rule), first, day := first + timedelta(n))]


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", date(2026, 1, 1), ["2026-01-01", "2026-01-04", "2026-01-07"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=SU", date(2026, 11, 1), ["2026-11-01", "2026-11-08", "2026-11-15"]),
        ("freq=weekly", date(2026, 11, 3), ["2026-11-03", "2026-11-10", "2026-11-17"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", date(2026, 11, 2), ["2026-11-02", "2026-11-04", "2026-11-16"]),
        ("FREQ=MONTHLY;BYDAY=1SU", date(2026, 11, 1), ["2026-11-01", "2026-12-06", "2027-01-03"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", date(2026, 11, 27), ["2026-11-27", "2026-12-25", "2027-01-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", date(2028, 1, 31), ["2028-01-31", "2028-02-29", "2028-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", date(2026, 1, 31), ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY", date(2026, 1, 15), ["2026-01-15", "2026-02-15", "2026-03-15"]),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", date(2026, 2, 13), ["2026-02-13", "2026-03-13", "2026-11-13"]),
        ("FREQ=DAILY;UNTIL=20260102T000000Z", date(2026, 1, 1), ["2026-01-01", "2026-01-02"]),
    ],
)  # fmt: skip
def test_on_which_days_it_comes(rule, first, expected):
    assert expected == [day.isoformat() for day in days(rule, first)[: len(expected) + (len(expected) < 3)]]


@pytest.mark.parametrize(
    "text",
    ["", "FREQ=HOURLY", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;BYMONTHDAY=1",
     "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYDAY=6MO", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=x",
     "FREQ=DAILY;UNTIL=never", "FREQ=WEEKLY;WKST=SU", "FREQ=DAILY;FREQ=WEEKLY", "every sunday"],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_what_is(text):
    with pytest.raises(ValueError, match="such as FREQ=WEEKLY;BYDAY=SU"):
        recur.parse(text)


def spans(rule, start, until, zone, after, count):
    found = recur.occurrences(recur.parse(rule), start, until, zone, after, after + timedelta(days=400))
    return [span for _, span in zip(range(count), found, strict=False)]


def test_the_wall_clock_stays_when_clocks_change():
    """22:00 to 06:00 in Amsterdam: seven hours in the night of 29 March, nine in that of 25 October."""
    start, until = datetime(2026, 3, 27, 21, tzinfo=UTC), datetime(2026, 3, 28, 5, tzinfo=UTC)
    found = spans("FREQ=DAILY", start, until, "Europe/Amsterdam", start, 3)
    assert [8, 7, 8] == [(end - at).total_seconds() / 3600 for at, end in found]
    autumn = spans("FREQ=DAILY", start, until, "Europe/Amsterdam", datetime(2026, 10, 24, 20, tzinfo=UTC), 1)
    assert 9 == (autumn[0][1] - autumn[0][0]).total_seconds() / 3600


def test_a_window_in_an_hour_that_does_not_come_moves_by_the_offset_before_it():
    """02:15 to 02:45 in Madrid: on 29 March 2026 from 03:15 to 03:45."""
    start, until = datetime(2026, 3, 22, 1, 15, tzinfo=UTC), datetime(2026, 3, 22, 1, 45, tzinfo=UTC)
    found = spans("FREQ=WEEKLY", start, until, "Europe/Madrid", datetime(2026, 3, 28, tzinfo=UTC), 1)
    assert [(datetime(2026, 3, 29, 1, 15, tzinfo=UTC), datetime(2026, 3, 29, 1, 45, tzinfo=UTC))] == found


@given(
    st.integers(0, 2_000), st.integers(0, 95), st.integers(1, 90),
    st.sampled_from(["Europe/Madrid", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Africa/Cairo", "UTC"]),
)  # fmt: skip
def test_each_day_has_its_window_and_they_come_in_order(day, quarter, minutes, zone):
    """Against a minute-by-minute idea of it: every occurrence begins at its local time, where that time exists."""
    local = datetime(2024, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day, minutes=15 * quarter)
    start = local.astimezone(UTC)
    until = start + timedelta(minutes=minutes)
    found = list(recur.occurrences(Rule("DAILY"), start, until, zone, start, start + timedelta(days=20)))
    assert found == sorted(found)
    assert 19 <= len(found) <= 21
    for at, _ in found:
        back = at.astimezone(ZoneInfo(zone))
        there = local.replace(tzinfo=None).time() == back.replace(tzinfo=None).time()
        assert there or back.utcoffset() != (back - timedelta(hours=3)).utcoffset() or at == start


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;BYDAY=SU", "every week on Sunday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every week from Monday to Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday, Wednesday"),
        ("FREQ=MONTHLY;BYDAY=1SU", "every month on the first Sunday"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "every month on day 1, the last day"),
        ("FREQ=DAILY;UNTIL=20271231", "every day until 31 Dec 2027"),
    ],
)
def test_a_rule_is_said_in_words(rule, words):
    assert words == recur.words(rule)
