"""Zones come from the wheel, also where the machine's own rules are older, and old rules are told."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
import tzdata

from tocsin import zones
from tocsin.core import calendar, oncall

from . import zones as other_zones
from .core import oncall_oracle
from .core.test_oncall import ODD_HOURS, daily_from

OLD = "America/Vancouver"  # stays on summer time from 2026-11-01: rules of 2025 say otherwise
PROGRAM = f"""
import zoneinfo
from datetime import UTC, datetime
before = zoneinfo.ZoneInfo("{OLD}")
from tocsin import wiring
print(len(zoneinfo.TZPATH), datetime(2027, 1, 1, tzinfo=UTC).astimezone(zoneinfo.ZoneInfo("{OLD}")).utcoffset())
"""


def test_the_wheel_wins_over_the_machine_in_every_process_that_joins_the_parts():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)

    assert "0 -1 day, 17:00:00" == told.stdout.strip()


def test_the_tests_use_the_wheel_too():
    assert () == zoneinfo.TZPATH
    assert tzdata.IANA_VERSION == zones.version()


def test_the_age_of_the_rules_is_shown_with_their_date():
    date = zones.dated()

    assert f"{zones.version()} of {date:%Y-%m-%d}, 30 days old" == zones.age(date + timedelta(days=30))
    assert zones.age(date - timedelta(days=3)).endswith(" 0 days old")


def test_rules_older_than_half_a_year_are_told():
    date = zones.dated()

    assert date is not None and date > datetime(2025, 1, 1, tzinfo=UTC)
    assert "" == zones.warning(date + zones.OLD)
    assert f"tzdata {zones.version()}" in zones.warning(date + zones.OLD + timedelta(days=1))


@pytest.mark.parametrize(
    ("zone", "local", "by_the_wheel", "by_2025b"),
    [
        ("America/Vancouver", (2026, 11, 2, 9), 16, 17),  # stays on summer time from 2026-11-01
        ("America/Edmonton", (2026, 11, 2, 9), 15, 16),
        ("America/Winnipeg", (2026, 11, 2, 9), 14, 15),
        ("Africa/Casablanca", (2026, 9, 21, 9), 9, 8),
        ("Europe/Amsterdam", (2026, 10, 26, 9), 8, 8),
        ("Australia/Lord_Howe", (2026, 12, 1, 11), 0, 0),
        ("Europe/Dublin", (2026, 7, 1, 9), 8, 8),
    ],
)
def test_a_hand_over_follows_the_rules_in_use_the_old_and_the_new(zone, local, by_the_wheel, by_2025b):
    assert datetime(*local[:3], by_the_wheel, tzinfo=UTC) == calendar.instant_of(datetime(*local), zone)
    with other_zones.old_rules():
        assert datetime(*local[:3], by_2025b, tzinfo=UTC) == calendar.instant_of(datetime(*local), zone)
        assert "2025b" == zones.version()
    assert datetime(*local[:3], by_the_wheel, tzinfo=UTC) == calendar.instant_of(datetime(*local), zone)


MOVED = {  # what 2025b says otherwise, in hours
    ("America/Vancouver", "2026-11-02"): 1, ("America/Edmonton", "2026-11-02"): 1, ("America/Winnipeg", "2026-11-02"): 1,
    ("Africa/Casablanca", "2026-09-21"): -1,
}  # fmt: skip


@pytest.mark.parametrize(("zone", "hand_off", "day", "begins"), ODD_HOURS)
def test_each_odd_hour_of_the_world_is_where_the_older_rules_have_it(zone, hand_off, day, begins):
    """The cases of reliability.md, section 5, with both: all the same but those that the law changed since."""
    with other_zones.old_rules():
        daily = daily_from(zone, hand_off, day)
        there = begins + timedelta(hours=MOVED.get((zone, day), 0))
        assert there == oncall.on_call_at(daily, "primary", there).start


def test_the_second_evaluator_agrees_by_older_rules_too():
    """Every change of 2024 to 2030 in the zones of reliability.md, section 5, by tzdata 2025b."""
    with other_zones.old_rules():
        answers, windows, different = oncall_oracle.hold(3, 66_000, names=other_zones.names(other_zones.OLD))

    assert [] == different[:5]
    assert (True, 180) <= (answers >= 66_000, windows)
