"""Load on people, by their own clocks; spans and their parts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import load

ZONES = {"ana": "Europe/Amsterdam", "bo": "Australia/Lord_Howe", "cy": "Asia/Kathmandu", "di": "America/St_Johns"}
AT = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


def counted(pages, start, end, zones=ZONES):
    """As the store counts: by span without a change of clocks, and by quarter of the week."""
    spans = load.steady(load.quarter_of(start), load.quarter_of(end) + 1, {*zones.values(), "UTC"})
    found = Counter()
    for person, at in pages:
        quarter = load.quarter_of(at)
        (begin,) = [a for a, b in spans if a <= quarter < b]
        found[person, begin, quarter % load.A_WEEK] += 1
    return [(*key, n) for key, n in found.items()]


@given(st.lists(st.tuples(st.sampled_from((*ZONES, "left")), AT), min_size=1, max_size=40))
def test_each_page_counts_at_its_persons_own_hour(pages):
    instants = [at for _, at in pages]
    loads = load.loads(counted(pages, min(instants), max(instants)), ZONES, "UTC")
    hours, night, weekend = Counter(), Counter(), Counter()
    for person, at in pages:
        local = at.astimezone(ZoneInfo(ZONES.get(person, "UTC")))
        hours[person, local.hour] += 1
        if local.hour >= 22 or local.hour < 7:
            night[person] += 1
        elif local.weekday() >= 5:
            weekend[person] += 1
    assert len(pages) == sum(each.pages for each in loads)
    for each in loads:
        assert [hours[each.person, hour] for hour in range(24)] == list(each.hours)
        assert (night[each.person], weekend[each.person]) == (each.night, each.weekend)


def test_the_hour_that_comes_twice_and_the_one_that_is_left_out():
    """Amsterdam: 02:30 happens twice on 2026-10-25, and never on 2026-03-29."""
    pages = [("ana", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)), ("ana", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
             ("ana", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)), ("ana", datetime(2026, 3, 29, 1, 30, tzinfo=UTC))]  # fmt: skip
    (ana,) = load.loads(counted(pages, pages[2][1], pages[1][1]), ZONES, "UTC")
    assert (2, 1, 1) == (ana.hours[2], ana.hours[1], ana.hours[3])


def test_spans_end_where_a_clock_changes():
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    spans = load.steady(load.quarter_of(start), load.quarter_of(end), {"Europe/Amsterdam"})
    assert 3 == len(spans)
    changes = [load.EPOCH + timedelta(seconds=a * load.QUARTER) for a, _ in spans[1:]]
    assert [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)] == changes


def test_how_even_it_is():
    one = load.Load("ana", "UTC", 4, 3, 0, (0,) * 24)
    two = load.Load("bo", "UTC", 4, 0, 1, (0,) * 24)
    assert (0.75, 0.5) == load.shares([one, two], ["ana", "bo"])
    assert (0.0, 0.5) == load.shares([], ["ana", "bo"])
    assert (0.0, 0.0) == load.shares([], [])
    share, equal = load.shares([one], ["ana", "bo", "cy"])  # who was never paged counts too
    assert 1.0 == share
    assert pytest.approx(1 / 3) == equal


NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until", "start", "end"),
    [
        ("2026-11", "", "", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("2026-12", "", "", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("2026-Q4", "", "", "2026-09-30T22:00", "2026-12-31T23:00"),
        ("all", "", "", None, None),
        ("90d", "2026-10-25", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),  # a day of 25 hours
        ("90d", "2026-03-29", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),  # and one of 23
        ("90d", "2026-11-01", "", "2026-10-31T23:00", None),
        ("90d", "", "2026-11-01", None, "2026-11-01T23:00"),
        ("30d", "", "", "2026-10-24T22:00", "2026-11-23T09:02"),
    ],
)
def test_a_span_is_read_in_local_days(text, since, until, start, end):
    span = load.span_of(text, since, until, "Europe/Amsterdam", NOW)
    at = lambda said: datetime.fromisoformat(said).replace(tzinfo=UTC) if said else None
    assert (at(start), at(end)) == (span.start, span.end)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_whatever_is_typed_is_a_span_or_a_sentence(text, since, until):
    said = ""
    try:
        span = load.span_of(text, since, until, "Europe/Amsterdam", NOW)
    except ValueError as error:
        span, said = None, str(error)
    assert bool(span) != bool(said)


def test_a_trend_is_in_weeks_from_monday_and_a_long_one_in_months():
    word, parts = load.parts(NOW - timedelta(days=20), NOW, "Europe/Amsterdam")
    assert ("week", date(2026, 11, 2), date(2026, 11, 23)) == (word, parts[0][1], parts[-1][1])
    word, parts = load.parts(NOW - timedelta(days=300), NOW, "Europe/Amsterdam")
    assert ("month", date(2026, 1, 1), date(2026, 11, 1)) == (word, parts[0][1], parts[-1][1])
    assert 1 == len(load.parts(NOW, NOW, "UTC")[1])


@given(AT, st.sampled_from(sorted(ZONES.values())))
def test_a_report_is_due_once_a_month(at, zone):
    due = load.next_first(at, zone, 9)
    assert due > at
    assert (1, 9) == (due.astimezone(ZoneInfo(zone)).day, due.astimezone(ZoneInfo(zone)).hour)
    assert load.month_due(due, zone, 9) > load.month_due(at, zone, 9)
    assert load.month_due(due - timedelta(microseconds=1), zone, 9) == load.month_due(at, zone, 9)
    last = due.astimezone(ZoneInfo(zone)).replace(day=1) - timedelta(days=1)
    assert f"{last:%Y-%m}" == load.month_due(due, zone, 9)
