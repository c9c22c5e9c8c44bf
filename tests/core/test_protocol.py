"""Duties: waiting, due, done, missed, at the very instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import protocol
from tocsin.core.runbook import DutyRule

START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOOK = runbook_file.read(
    (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8"), {}
).runbook  # fmt: skip


def duty(**rule):
    given_ = {"id": "d", "title": "D", "owner": "on_call", "done_by": "checked"}
    return protocol.begin(DutyRule.model_validate({**given_, **rule}), START, BOOK)


@pytest.mark.parametrize(
    ("rule", "at", "state"),
    [
        ({"at": "5m", "within": "10m"}, 4.99, "waiting"),
        ({"at": "5m", "within": "10m"}, 5, "due"),
        ({"at": "5m", "within": "10m"}, 14.99, "due"),
        ({}, 10_000, "due"),
        ({"after": "resolved", "within": "1d"}, 10_000, "waiting"),
        ({"every": "15m"}, 100, "due"),
    ],
)
def test_a_duty_is_waiting_before_its_time_and_due_from_it(rule, at, state):
    assert state == protocol.state_of(duty(**rule), START + at * MINUTE)


def test_within_counts_from_at():
    assert START + 15 * MINUTE == duty(at="5m", within="10m").deadline


def test_at_the_deadline_itself_it_is_overdue():
    one = duty(within="15m")

    assert not protocol.overdue(one, START + 15 * MINUTE - timedelta(microseconds=1))
    assert protocol.overdue(one, START + 15 * MINUTE)


def test_missed_then_done_is_done_late():
    late = protocol.done(protocol.missed(duty(within="5m"), START + 5 * MINUTE), START + 9 * MINUTE, {})

    assert ("done", True) == (protocol.state_of(late, START + 9 * MINUTE), late.late)


def test_a_next_business_day_skips_weekends_and_ends_with_business():
    """Friday's duty is over on Monday at the close of business in Amsterdam."""
    friday = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    rule = DutyRule.model_validate(
        {"id": "d", "title": "D", "owner": "on_call", "done_by": "checked", "within": "next business day"}
    )
    assert datetime(2026, 11, 30, 16, 0, tzinfo=UTC) == protocol.begin(rule, friday, BOOK).deadline


@pytest.mark.parametrize(
    ("rule", "kind", "data", "does"),
    [
        ({"done_by": ["resolved", "extended"]}, "extended", {}, True),
        ({"done_by": ["resolved", "extended"]}, "noted", {}, False),
        ({}, "checked", {"duty": "d"}, True),
        ({}, "checked", {"duty": "other"}, False),
        ({"done_by": "escalated"}, "escalated", {"if_missed": True}, False),
        ({"done_by": "resolved", "at": "5m"}, "resolved", {}, False),
    ],
)
def test_what_does_a_duty(rule, kind, data, does):
    assert does == protocol.does(duty(**rule), kind, data, START)


def test_closing_keeps_what_was_missed_and_marks_the_rest_not_needed():
    missed = protocol.close(protocol.missed(duty(within="5m"), START + 5 * MINUTE), START + 9 * MINUTE)
    open_ = protocol.close(duty(within="15m"), START + 9 * MINUTE)

    assert (None, False) == (missed.done_at, missed.moot)
    assert (START + 9 * MINUTE, True) == (open_.done_at, open_.moot)
    assert START + 75 * MINUTE == protocol.reopen(open_, START + 60 * MINUTE).deadline


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=30))
def test_a_recurring_duty_always_has_a_deadline_ahead_of_it(steps):
    """Whatever mix of updates and silence, each period is counted once and the next deadline is within one period."""
    one, now = duty(every="15m", done_by="update_posted"), START
    for minutes, posts in steps:
        now += minutes * MINUTE
        if protocol.overdue(one, now):
            one = protocol.missed(one, now)
        if posts:
            one = protocol.done(one, now, {})
        assert now < one.deadline <= now + 15 * MINUTE
    assert one.rounds_missed <= (now - START) // (15 * MINUTE)


def test_what_the_end_itself_does_is_done_and_not_needless():
    """The all-clear is a duty that the end does: it is closed with the rest, and done by it all the same."""
    ended = START + MINUTE
    closed = protocol.close(duty(done_by="resolved", within="15m"), ended)

    done = protocol.done(closed, ended, {"kind": "resolved"})
    assert not done.moot
    again = protocol.reopen(done, ended + MINUTE)
    assert (None, ended + 16 * MINUTE) == (again.done_at, again.deadline)


@pytest.mark.parametrize(
    ("kind", "data", "does"),
    [
        ("elapsed", {"duty": "d"}, True),
        ("elapsed", {"duty": "other"}, False),
        ("elapsed", {"clock": "response"}, False),
    ],
)
def test_time_does_the_duty_that_it_names(kind, data, does):
    assert does == protocol.does(duty(done_by="elapsed"), kind, data, START)


def test_a_recurring_duty_that_comes_with_the_severity_counts_from_when_it_was_done_last():
    rules = [
        DutyRule.model_validate(
            {"id": "u", "title": "U", "owner": "commander", "done_by": "update_posted", "every": "15m"}
        )
    ]
    seen = protocol.noticed({}, "update_posted", "ana", START + 5 * MINUTE)
    seen = protocol.noticed(seen, "update_posted", "ana", START + 20 * MINUTE)
    for now, ends, anew in ((30, 35, ()), (40, 55, ("u",))):
        [made], counted = protocol.carried(rules, (), seen, START, START + now * MINUTE, BOOK)
        assert (START + ends * MINUTE, anew) == (made.deadline, counted)


def test_a_recurring_duty_goes_on_as_it_was_when_its_severity_comes_back():
    rule = DutyRule.model_validate(
        {"id": "u", "title": "U", "owner": "commander", "done_by": "update_posted", "every": "15m"}
    )
    had = protocol.done(protocol.begin(rule, START, BOOK), START + 10 * MINUTE, {})
    [soon], _ = protocol.carried([rule], [had], {}, START, START + 20 * MINUTE, BOOK)
    [late], counted = protocol.carried([rule], [had], {}, START, START + 60 * MINUTE, BOOK)

    assert had == soon
    assert (START + 75 * MINUTE, 1, ("u",)) == (late.deadline, late.rounds_done, counted)
