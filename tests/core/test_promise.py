"""The promise of the next update is a duty: kept, reminded of, missed and told like any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.promise import PROMISED, carried, checked, given, next_update, renewed
from tocsin.core.protocol import Duty, done, missed
from tocsin.core.types import Refused

NOW = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
UPDATES = Duty("updates", "Update", "commander", ("update_posted",), at=NOW, deadline=NOW + QUARTER, every=QUARTER)


@pytest.mark.parametrize(
    ("promised", "words"),
    [
        (NOW - timedelta(minutes=1), r"cannot be promised for the past \(2026-11-23 09:16 UTC; it is 09:17 UTC\)"),
        (NOW, "for the past"),
        (timedelta(0), "for the past"),
        (timedelta(minutes=16), "wants an update every 15 minutes"),
    ],
)
def test_what_cannot_be_promised_is_refused(promised, words):
    with pytest.raises(Refused, match=words):
        checked([UPDATES], promised, NOW)


def test_without_an_interval_of_the_runbook_a_promise_is_for_at_most_a_day():
    assert NOW + timedelta(hours=4) == checked([], timedelta(hours=4), NOW)
    for far in (timedelta(days=2), timedelta.max, NOW + timedelta(days=2)):
        with pytest.raises(Refused, match="at most a day"):
            checked([], far, NOW)


def test_a_promise_is_a_duty_of_whoever_has_the_communications():
    [duty] = given((), NOW, NOW + QUARTER)
    assert (PROMISED, "communications", NOW + QUARTER, QUARTER) == (duty.id, duty.owner, duty.deadline, duty.span)
    assert (duty,) == given((duty,), NOW, NOW + 2 * QUARTER)  # the update that does it renews it


def test_the_update_that_keeps_a_promise_makes_the_next_one():
    [duty] = given((), NOW, NOW + QUARTER)
    later = NOW + timedelta(minutes=10)
    again = renewed(done(duty, later, {"kind": "update_posted"}), later, later + QUARTER)
    assert (None, later + QUARTER, 1) == (again.done_at, again.deadline, again.rounds_done)
    assert later == renewed(done(duty, later, {}), later, None).done_at


def test_a_shorter_promise_comes_before_the_runbooks_interval():
    kept = done(UPDATES, NOW, {})
    assert NOW + timedelta(minutes=5) == renewed(kept, NOW, NOW + timedelta(minutes=5)).deadline
    assert NOW + QUARTER == renewed(kept, NOW, NOW + timedelta(hours=1)).deadline


def test_a_promise_outlives_a_change_of_severity():
    promised = NOW + timedelta(minutes=5)
    assert () == carried((), (), NOW, None)
    assert promised == carried((), (), NOW, promised)[0].deadline
    assert promised == carried((), (UPDATES,), NOW, promised)[0].deadline


def test_what_is_overdue_is_said_until_the_next_text():
    late = missed(UPDATES, NOW + QUARTER)
    assert (NOW + 2 * QUARTER, NOW + QUARTER) == (
        next_update([late], None).due,
        next_update([late], NOW).overdue_since,
    )
    assert next_update([late], NOW + timedelta(minutes=20)).overdue_since is None
    assert (None, None) == (next_update([], None).due, next_update([], None).overdue_since)
