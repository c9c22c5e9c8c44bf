"""The second opinion on who is on call, against the first, and against instants that are known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.calendar import local_to_utc
from tocsin.simulate.runbooks import ZONES
from tocsin.simulate.shifts import instant_of


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2026-03-29T02:30", "Europe/Madrid", "2026-03-29T01:30"),  # a gap: the offset before it
        ("2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30"),  # an overlap: its first
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45"),  # half an hour of overlap
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),  # half an hour of gap
        ("2026-09-06T00:00", "America/Santiago", "2026-09-06T04:00"),  # no midnight
    ],
)
def test_known_instants(wall, zone, instant):
    assert datetime.fromisoformat(instant).replace(tzinfo=UTC) == instant_of(datetime.fromisoformat(wall), zone)


@given(
    st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(0, 24 * 60 - 1), st.sampled_from(ZONES),
)  # fmt: skip
def test_two_ways_to_read_a_local_time_agree(day, minute, zone):
    at = (datetime.min + timedelta(minutes=minute)).time()
    assert instant_of(datetime.combine(day, at), zone) == local_to_utc(day, at, zone)
    assert isinstance(at, time)
