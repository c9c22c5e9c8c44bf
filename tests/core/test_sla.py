"""The clocks of a severity at their very instants, in business time and over changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import sla

START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOOK = runbook_file.read(
    (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {}
).runbook  # fmt: skip


def response(severity="P0"):
    return sla.begin(BOOK, severity, START)[0]


@pytest.mark.parametrize(
    ("minutes", "met", "state"),
    [
        (11.24, None, "running"), (11.25, None, "at_risk"), (14.99, None, "at_risk"), (15, None, "breached"),
        (20, 14.99, "kept"), (20, 15, "breached"), (20, 12, "kept"),
    ],
)  # fmt: skip
def test_a_clock_runs_is_at_risk_and_breached_at_its_instants(minutes, met, state):
    clock = response()
    if met:
        [clock] = sla.meet([clock], START + met * MINUTE, "response")

    assert state == sla.state_of(clock, START + minutes * MINUTE)


def test_meeting_stops_the_clock_that_is_named_and_no_second_time():
    clocks = sla.meet(sla.begin(BOOK, "P0", START), START + MINUTE, "response")
    again = sla.meet(clocks, START + 5 * MINUTE, "response")

    assert (START + MINUTE, None) == (again[0].met_at, again[1].met_at)


def test_a_late_look_tells_of_the_breach_alone():
    assert "breached" == sla.due(response(), START + 40 * MINUTE)
    assert "" == sla.due(response(), START + 11 * MINUTE)


def test_a_clock_that_is_told_asks_to_be_looked_at_for_what_is_left():
    assert [START + 15 * MINUTE, START + 11.25 * MINUTE] == list(sla.instants([response()]))
    [met] = sla.meet([response()], START, "response")
    assert [] == list(sla.instants([met]))


SEVERITIES = st.sampled_from(["P0", "P1", "P2", "P3"])


@given(st.lists(st.tuples(SEVERITIES, st.integers(0, 3_000), st.booleans()), max_size=12), SEVERITIES)
def test_whatever_the_severity_becomes_no_running_clock_is_due_in_the_past(steps, first):
    """What was met keeps its instant; what runs is due ahead, and at risk before it is due."""
    clocks, now = sla.begin(BOOK, first, START), START
    for severity, minutes, answers in steps:
        now += minutes * MINUTE
        met = {clock.which: clock.met_at for clock in clocks if clock.met_at}
        clocks = sla.moved(clocks, BOOK, severity, now)
        assert met == {clock.which: clock.met_at for clock in clocks if clock.met_at}
        for clock in clocks:
            assert clock.met_at or clock.due > now
            assert clock.start <= clock.at_risk <= clock.due
        if answers:
            clocks = sla.meet(clocks, now, "response")


def test_a_reopened_incident_has_the_clocks_that_are_named_anew():
    clocks = sla.meet(sla.begin(BOOK, "P1", START), START + MINUTE, "response", "resolution")
    later = START + 60 * MINUTE
    again = sla.again(clocks, BOOK, "P1", later, "resolution")

    assert (START + MINUTE, None, later + 240 * MINUTE) == (again[0].met_at, again[1].met_at, again[1].due)
