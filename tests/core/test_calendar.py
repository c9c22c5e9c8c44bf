"""Durations, business days, and local time through the changes of the clock."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import calendar
from tocsin.core.runbook import BusinessHours

HOURS = BusinessHours.model_validate({"timezone": "Europe/Amsterdam", "holidays": "NL"})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("4h", 14_400), ("1d", 86_400), ("1w", 604_800), ("1h30m", 5_400), (" 2H ", 7_200)],
)
def test_durations_read(text, seconds):
    assert timedelta(seconds=seconds) == calendar.parse_duration(text)


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-5m", "15 m", "1y", "٣m", "9999999s", "next business day"])
def test_what_is_no_duration_says_what_is(text):
    with pytest.raises(ValueError, match="90s, 15m, 4h, 1d, 1w"):
        calendar.parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"), (-5, "0 seconds"), (45, "45 seconds"), (60, "1 minute"), (900, "15 minutes"),
        (3_900, "1 hour 5 minutes"), (3_605, "1 hour"), (183_600, "2 days 3 hours"), (86_400, "1 day"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds, words):
    assert words == calendar.words(timedelta(seconds=seconds))


@given(st.integers(1, 10**7))
def test_words_of_whole_units_read_back(seconds):
    span = timedelta(seconds=seconds)
    words = calendar.words(span)
    units = {"day": "d", "hour": "h", "minute": "m", "second": "s"}
    parts = words.split()
    compact = "".join(f"{n}{units[unit.rstrip('s')]}" for n, unit in zip(parts[::2], parts[1::2], strict=True))

    assert timedelta(0) <= span - calendar.parse_duration(compact) < timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("Europe/Madrid", (2026, 3, 29, 2, 30), (2026, 3, 29, 1, 30)),  # a gap: by the offset before it
        ("Europe/Madrid", (2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30)),  # an overlap: the first
        ("Africa/Cairo", (2026, 4, 24, 0, 0), (2026, 4, 23, 22, 0)),  # no midnight
        ("Australia/Lord_Howe", (2026, 10, 4, 2, 15), (2026, 10, 3, 15, 45)),  # half an hour
        ("Antarctica/Troll", (2026, 3, 29, 1, 30), (2026, 3, 29, 1, 30)),  # two hours
        ("Pacific/Apia", (2011, 12, 30, 12, 0), (2011, 12, 30, 22, 0)),  # a day that never was
        ("UTC", (2026, 1, 1, 9, 0), (2026, 1, 1, 9, 0)),
    ],
)
def test_local_times_become_instants(zone, local, instant):
    year, month, day, hour, minute = local

    assert datetime(*instant, tzinfo=UTC) == calendar.local_to_utc(date(year, month, day), time(hour, minute), zone)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ((2026, 11, 23, 9), (2026, 11, 24, 16)),  # Monday: until Tuesday's close
        ((2026, 11, 27, 20), (2026, 11, 30, 16)),  # Friday evening: Monday
        ((2026, 12, 24, 9), (2026, 12, 28, 16)),  # Christmas, and a weekend
        ((2026, 3, 27, 12), (2026, 3, 30, 15)),  # the clock changes in between: 17:00 is 15:00 UTC
    ],
)
def test_the_next_business_day_ends_with_its_business(at, end):
    instant = datetime(*at, tzinfo=UTC)

    assert datetime(*end, tzinfo=UTC) == calendar.next_business_day(instant, HOURS)
    assert datetime(*end, tzinfo=UTC) == calendar.deadline(instant, "next business day", HOURS)
    assert instant + timedelta(hours=1) == calendar.deadline(instant, timedelta(hours=1), HOURS)


def test_hours_without_holidays_know_weekends_alone():
    plain = BusinessHours()

    assert calendar.is_business_day(date(2026, 12, 25), plain)
    assert not calendar.is_business_day(date(2026, 12, 26), plain)


def test_instants_in_words():
    assert "2026-11-23 09:02 UTC" == calendar.utc_words(datetime(2026, 11, 23, 9, 2, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 11, 23, 20, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 21, 0, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 6, 0, tzinfo=UTC), None),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),  # the clocks go back
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),  # and forward
    ],
)
def test_a_window_past_midnight_ends_on_the_local_clock(at, ends):
    assert ends == calendar.window_end("22:00", "07:00", calendar.DAYS, "Europe/Amsterdam", at)


def test_a_window_begins_on_its_days_alone():
    saturday_night = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)  # Sunday by the clock, begun on Saturday
    assert calendar.window_end("22:00", "07:00", ("sat",), "UTC", saturday_night)
    assert calendar.window_end("22:00", "07:00", ("sun",), "UTC", saturday_night) is None
    assert calendar.window_end("12:00", "13:00", ("sun",), "UTC", saturday_night.replace(hour=12))


def test_the_short_way_to_an_instant_is_the_long_way_in_every_zone():
    """Where no clock changes near, an offset is subtracted that was found once: with its edges."""
    for zone in sorted(zoneinfo.available_timezones() - {"Factory", "localtime"}):
        for day in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal(), 5):
            for minutes in (0, 150, 1439):
                local = datetime.combine(date.fromordinal(day), time()) + timedelta(minutes=minutes)
                assert local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) == calendar.instant_of(local, zone)


def test_a_zone_that_changes_its_clock_and_back_within_a_week_is_not_taken_for_steady():
    local = datetime(2000, 10, 10, 12)

    assert datetime(2000, 10, 10, 15, tzinfo=UTC) == calendar.instant_of(local, "America/Boa_Vista")
    assert datetime(2000, 10, 20, 16, tzinfo=UTC) == calendar.instant_of(
        local + timedelta(days=10), "America/Boa_Vista"
    )


@pytest.mark.parametrize("at", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])
def test_at_the_ends_of_time_no_offset_is_taken_for_steady(at):
    assert calendar.steady_offset(at, "Europe/Amsterdam") is None


@pytest.mark.parametrize(
    ("start", "weeks", "end"),
    [
        ("2026-11-23T09:02", 1, "2026-11-30T09:02"),  # Monday to Monday
        ("2026-11-28T12:00", 1, "2026-12-07T08:00"),  # a Saturday counts from Monday's opening
        ("2026-11-23T18:30", 1, "2026-12-01T08:00"),  # after hours from the next opening
        ("2026-12-21T09:02", 1, "2026-12-29T09:02"),  # Christmas Day falls on a Friday
        ("2026-03-23T09:00", 1, "2026-03-30T08:00"),  # the clocks go forward between: the same time on the wall
        ("2026-11-23T09:02", 2, "2026-12-07T09:02"),
    ],
)
def test_a_week_is_a_week_of_business_days(start, weeks, end):
    at = datetime.fromisoformat(f"{start}+00:00")

    assert datetime.fromisoformat(f"{end}+00:00") == calendar.deadline(at, timedelta(weeks=weeks), HOURS)


def test_days_are_days():
    at = datetime(2026, 11, 27, 16, tzinfo=UTC)

    assert at + timedelta(days=1) == calendar.deadline(at, timedelta(days=1), HOURS)


@pytest.mark.parametrize(
    ("span", "start", "end", "part"),
    [
        (timedelta(hours=1), "2026-11-23T09:00", "2026-11-23T10:00", "2026-11-23T09:45"),
        ("next business day", "2026-11-27T15:00", "2026-11-30T16:00", "2026-11-30T13:45"),  # 1 h on Friday, 8 on Monday
        ("next business day", "2026-11-28T12:00", "2026-11-30T16:00", "2026-11-30T14:00"),
        (timedelta(weeks=1), "2026-11-23T08:00", "2026-11-30T08:00", "2026-11-26T14:00"),
    ],
)
def test_three_quarters_of_business_time_are_three_quarters_of_what_is_worked(span, start, end, part):
    first, last, at = (datetime.fromisoformat(f"{word}+00:00") for word in (start, end, part))

    assert at == calendar.part_of(0.75, first, last, span, HOURS)


def test_the_whole_of_a_span_in_which_nobody_works_is_its_end():
    first, last = datetime(2026, 11, 28, 12, tzinfo=UTC), datetime(2026, 11, 28, 13, tzinfo=UTC)

    assert last == calendar.part_of(0.75, first, last, "next business day", HOURS)
