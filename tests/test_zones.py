"""Zones come from the wheel, also where the machine's own rules are older, and old rules are told."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta

import tzdata

from tocsin import zones

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


def test_rules_older_than_half_a_year_are_told():
    date = zones.dated()

    assert date is not None and date > datetime(2025, 1, 1, tzinfo=UTC)
    assert "" == zones.warning(date + zones.OLD)
    assert f"tzdata {zones.version()}" in zones.warning(date + zones.OLD + timedelta(days=1))
