"""What was changed around an incident: one line for each deployment, and how long before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core.changes import Change, apart, beside, needs_of

BEGAN = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def change(minutes, title="Deployed", service="api", **labels):
    return Change(BEGAN - timedelta(minutes=minutes), "vercel", service, title, "", labels, ())


@pytest.mark.parametrize(
    ("before", "words"),
    [(timedelta(minutes=4), "4 minutes before"), (timedelta(minutes=4, seconds=59), "4 minutes before"),
     (timedelta(seconds=59), "less than a minute before"), (timedelta(0), "less than a minute before"),
     (timedelta(seconds=-30), "less than a minute after"), (timedelta(minutes=-1), "1 minute after"),
     (timedelta(hours=3, minutes=5), "3 hours 5 minutes before"), (timedelta(days=1), "1 day before")],
)  # fmt: skip
def test_how_long_before_is_said_in_words(before, words):
    assert words == apart(BEGAN - before, BEGAN)


def test_of_one_deployment_the_newest_word_counts():
    found = beside(
        [change(2, "live", deployment="d1"), change(5, "begun", deployment="d1"), change(9)], BEGAN, frozenset()
    )
    assert [("live", "2 minutes before"), ("Deployed", "9 minutes before")] == [(b.change.title, b.when) for b in found]


def test_pushes_without_a_deployment_stay_apart():
    assert 2 == len(beside([change(1), change(1)], BEGAN, frozenset()))


def test_what_the_incident_needs_is_told_from_the_rest():
    found = beside([change(1), change(2, service="billing"), change(3, service=None)], BEGAN, frozenset({"api"}))
    assert [True, False, True] == [b.related for b in found]


def test_a_service_needs_what_it_depends_on_through_others_too():
    example = Path(__file__).parents[2] / "examples/proofi/runbook.yaml"
    reading = runbook_file.read(example.read_text(encoding="utf-8"), {})
    assert reading.runbook
    needed = needs_of(reading.runbook, "proofi.ai")
    assert {"proofi.ai", "api", "ddc"} == needed
    assert frozenset() == needs_of(reading.runbook, None)
    assert frozenset({"unknown"}) == needs_of(reading.runbook, "unknown")
