"""Planned work as the status page shows it: each time by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core.planned import Plan, times

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def plan(**changes):
    base = {"id": "m", "title": "t", "text": "", "components": ("API",), "start": NOW, "until": NOW + HOUR,
            "created_at": NOW, "by": "ana"}  # fmt: skip
    return Plan(**{**base, **changes})


def test_work_that_comes_once_is_shown_once_as_it_is():
    (one,) = times(plan(), NOW + 5 * DAY)
    assert ("m", NOW, NOW + HOUR) == (one.id, one.start, one.until)
    assert [False, True] == [plan().over(NOW + n * HOUR) for n in (0, 1)]


def test_work_that_comes_again_is_there_for_each_past_time_and_the_next():
    found = times(plan(repeat="FREQ=WEEKLY"), NOW + 14 * DAY + 2 * HOUR)
    assert ["m-20261123", "m-20261130", "m-20261207", "m-20261214"] == [one.id for one in found]
    assert (NOW + 21 * DAY, NOW + 21 * DAY + HOUR) == plan(repeat="FREQ=WEEKLY").next_span(NOW + 14 * DAY + 2 * HOUR)


def test_only_ninety_days_are_looked_back():
    assert 92 == len(times(plan(repeat="FREQ=DAILY"), NOW + 300 * DAY))


def test_the_last_time_passes():
    ended = plan(repeat="FREQ=DAILY;UNTIL=20261124")
    assert [False, True] == [ended.over(NOW + n * DAY) for n in (0, 2)]
