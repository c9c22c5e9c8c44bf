"""What each number means, at its edges."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import insights
from tocsin.core.decide import decide, declare
from tocsin.core.events import Acknowledge, Around, Declared, MergeInto, PostUpdate, Reopen, Resolve, SetSeverity, Tick
from tocsin.core.incident import born

START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
AROUND = Around(who=lambda target: frozenset({"martijn"}))


class Led:
    """One incident, led by the minute; its figures are kept as the store keeps them."""

    def __init__(self, severity="P0", **more):
        made = declare(
            1, "v", Declared("Down", severity, more.pop("by", "martijn"), service="api", **more), BOOK, START, AROUND
        )
        self.state, self.facts = made.state, list(made.facts)
        self.counted = insights.figures(made.state, made.facts)

    def at(self, minutes, event=None):
        """Do it at that minute; the clock has been looked at just before."""
        for what in [Tick(), *([event] if event else [])]:
            made = decide(self.state, what, BOOK, START + timedelta(minutes=minutes), AROUND)
            self.state, self.facts = made.state, [*self.facts, *made.facts]
            if insights.changes(made.facts):
                self.counted = insights.figures(made.state, made.facts, self.counted)
        return self

    @property
    def figures(self):
        """Counted as it went along, and from the whole timeline: the same."""
        again = insights.recount(born(1, "v", self.facts[0]), self.facts)
        assert again == self.counted
        return self.counted


def test_one_that_nothing_happened_to_has_no_times_and_its_clocks_run():
    f = Led().figures
    assert (None, None, None) == (f.to_acknowledge, f.to_resolve, f.to_update)
    assert ("running", "running") == (f.response, f.resolution)
    assert "running" == insights.verdict(f.response, f.resolution)
    assert not f.worked


def test_the_first_acknowledgement_and_the_first_update_count():
    f = Led().at(3, Acknowledge("martijn")).at(5, Acknowledge("backup1")).at(7, PostUpdate("martijn", summary="x")).at(
        9, PostUpdate("martijn", summary="y")
    ).figures  # fmt: skip
    assert (180.0, 420.0) == (f.to_acknowledge, f.to_update)
    assert ("kept", "running") == (f.response, f.resolution)
    assert f.worked


def test_one_that_was_resolved_unacknowledged_has_no_time_to_acknowledge():
    f = Led().at(3, Resolve("martijn")).figures
    assert (None, 180.0) == (f.to_acknowledge, f.to_resolve)
    assert ("kept", "kept") == (f.response, f.resolution)


def test_at_the_deadline_itself_it_is_breached():
    assert "breached" == Led().at(15, Acknowledge("martijn")).figures.response
    assert "kept" == Led().at(14.99, Acknowledge("martijn")).figures.response
    assert "breached" == Led().at(16).figures.response


def test_reopened_it_has_no_end_until_the_last_one_and_a_breach_stays():
    led = Led().at(3, Acknowledge("martijn")).at(70, Resolve("martijn"))
    assert (4200.0, "breached") == (led.figures.to_resolve, led.figures.resolution)
    led.at(80, Reopen("martijn"))
    assert (None, "breached") == (led.figures.to_resolve, led.figures.resolution)
    led.at(90, Resolve("martijn"))
    assert (5400.0, "breached") == (led.figures.to_resolve, led.figures.resolution)


def test_reopened_in_time_the_new_clock_decides():
    led = Led().at(3, Acknowledge("martijn")).at(30, Resolve("martijn")).at(40, Reopen("martijn"))
    assert "running" == led.figures.resolution
    assert "breached" == led.at(101).figures.resolution


def test_the_severity_it_has_now_counts_by_its_own_clocks():
    led = Led("P0").at(20)
    assert "breached" == led.figures.response
    led.at(21, SetSeverity("martijn", "P2", "not that bad"))
    assert ("P2", "running") == (led.figures.severity, led.figures.response)
    assert "kept" == led.at(30, Acknowledge("martijn")).figures.response
    late = Led("P0").at(20, Acknowledge("martijn")).at(21, SetSeverity("martijn", "P2", "x"))
    assert "breached" == late.figures.response  # it was met late, and what was met stays as it was met


def test_a_merged_one_and_a_drill_are_marked():
    assert Led().at(3, MergeInto("martijn", 2, "Other", "http://x")).figures.merged
    assert Led(drill=True).figures.drill


def test_declared_by_an_alert_or_by_hand_is_the_same_and_no_work():
    by_hand, by_alert = Led().figures, Led(by="source:alertmanager").figures
    assert by_hand == by_alert
    assert not by_hand.worked


def test_outside_business_hours_the_time_stands_still():
    """P3 is answered by the next business day: what was declared on Monday is kept until Tuesday ends."""
    assert "kept" == Led("P3").at(60 * 24, Acknowledge("martijn")).figures.response
    assert "breached" == Led("P3").at(60 * 48, Acknowledge("martijn")).figures.response


# --------------------------------------------------------------------------------------------- percentiles


@given(st.lists(st.floats(0, 1e7, allow_nan=False)), st.sampled_from((0.01, 0.5, 0.9, 0.99, 1.0)))
def test_a_percentile_is_the_value_of_its_rank(values, share):
    found = insights.percentile(sorted(values), share)
    if not values:
        assert found is None
        return
    rank = ceil(share * len(values))
    assert found in values
    assert sum(value < found for value in values) < rank <= sum(value <= found for value in values)


def test_of_one_every_percentile_is_that_one():
    assert [7.0, 7.0] == [insights.percentile([7.0], share) for share in (0.5, 0.9)]


# --------------------------------------------------------------------------------------------- summing up

DAYS = [date(2026, 11, 2) + timedelta(days=7 * n) for n in range(4)]
STARTS = [(insights.micros(datetime(d.year, d.month, d.day, tzinfo=UTC)), d) for d in DAYS]
Row = namedtuple("Row", insights.Columns._fields)
ROWS = st.lists(
    st.builds(
        Row,
        st.integers(STARTS[0][0], STARTS[-1][0] + 6 * 86_400_000_000),
        st.sampled_from(("P0", "P1", "gone")), st.sampled_from(("api", "ddc", None)),
        st.sampled_from(("Disk full", "disk FULL", "Deploy", None)),
        *[st.sampled_from(("", "running", "kept", "breached"))] * 2,
        *[st.none() | st.integers(0, 9_000).map(float)] * 3,
    ),
    max_size=30,
)  # fmt: skip


@given(ROWS)
def test_a_summary_is_what_counting_one_by_one_gives(rows):
    s = insights.summarize(insights.Columns(*(zip(*rows, strict=True) if rows else [()] * 9)), ["P0", "P1"], STARTS)
    assert (len(rows), sum(r.to_resolve is None for r in rows)) == (s.all.incidents, s.all.open_)
    assert sum(r.to_acknowledge is None for r in rows) == s.all.unanswered
    assert ["P0", "P1"] == list(s.by_severity)[:2]
    for name, group in s.by_severity.items():
        mine = [r for r in rows if r.severity == name]
        assert len(mine) == group.incidents
        assert insights.times(r.to_update for r in mine) == group.update
        judged = [insights.verdict(r.response, r.resolution) for r in mine]
        assert (judged.count("kept"), judged.count("breached")) == (s.sla[name].kept, s.sla[name].breached)
        clock = [r.response for r in mine]
        assert (clock.count("kept"), clock.count("breached")) == s.sla[name].response
    assert len(STARTS) == len(s.trend)
    for bucket in s.trend:
        day = lambda r: datetime.fromtimestamp(r.at / 1e6, UTC).date()
        mine = [r for r in rows if bucket.day <= day(r) < bucket.day + timedelta(days=7)]
        assert insights.times(r.to_acknowledge for r in mine) == bucket.all.acknowledge
        assert {n: sum(r.severity == n for r in mine) for n in bucket.by_severity} == dict(bucket.by_severity)
    assert sum(r.cause is not None for r in rows) == sum(n for _, n in s.causes)
    assert len({r.cause.casefold() for r in rows if r.cause}) == len(s.causes)
    assert sorted((n for _, n in s.services), reverse=True) == [n for _, n in s.services]


@pytest.mark.parametrize(
    ("response", "resolution", "expected"),
    [("", "", ""), ("kept", "", "kept"), ("kept", "running", "running"), ("kept", "breached", "breached"),
     ("breached", "running", "breached"), ("kept", "kept", "kept")],
)  # fmt: skip
def test_the_promises_of_an_incident_together(response, resolution, expected):
    assert expected == insights.verdict(response, resolution)


def test_what_is_due_afterwards_is_judged_by_its_day():
    dues = [("2026-11-01", "2026-11-01"), ("2026-11-01", "2026-11-02"), ("2026-11-01", None), ("2026-11-20", None)]
    assert insights.OnTime(1, 1, 1, 1) == insights.on_time(dues, "2026-11-20")


def test_a_cause_is_one_line_without_its_full_stop():
    assert "The disk was full" == insights.cause_of(" The disk\nwas full. ")
    assert None is insights.cause_of(" . ")
    assert 200 == len(insights.cause_of("x" * 900))
