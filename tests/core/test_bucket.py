"""Three at once, then one every five minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core import bucket

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def test_three_at_once_then_one_every_five_minutes():
    kept, taken = None, []
    for minute in range(16):
        for _ in range(4):
            left = bucket.take(kept, NOW + timedelta(minutes=minute))
            if left is not None:
                kept = left, NOW + timedelta(minutes=minute)
                taken.append(minute)

    assert [0, 0, 0, 5, 10, 15] == taken


def test_it_says_how_long_to_wait_and_a_clock_that_went_back_gives_nothing():
    assert timedelta(0) == bucket.wait(None, NOW)
    assert timedelta(minutes=5) == bucket.wait((0.0, NOW), NOW)
    assert timedelta(minutes=4) == bucket.wait((0.0, NOW), NOW + timedelta(minutes=1))
    assert 0.5 == bucket.level((0.5, NOW), NOW - timedelta(hours=1))
    assert 3.0 == bucket.level((1.0, NOW), NOW + timedelta(days=9))
