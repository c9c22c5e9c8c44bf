"""The walk through a policy: rounds, gaps, empty steps, downtime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import escalation
from tocsin.core.runbook import EscalationPolicy, Step

START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def policy(*waits, repeat=3):
    steps = tuple(Step(page=(f"t{i}",), after=wait * MINUTE) for i, wait in enumerate(waits))
    return EscalationPolicy(steps=steps, repeat=repeat)


def everybody(target):
    return frozenset({target})


def walk(*waits, repeat=3):
    return escalation.begin("p", policy(*waits, repeat=repeat), START)


def test_steps_are_due_round_after_round_and_then_every_gap():
    one, due = walk(0, 5, 10, 15), []
    for _ in range(15):
        due.append((escalation.due_at(one) - START) // MINUTE)
        one, _ = escalation.climb(one, everybody)

    assert [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70] == due


@pytest.mark.parametrize(("waits", "gap"), [((0,), 5), ((0, 0), 5), ((3,), 3), ((0, 5), 5), ((0, 5, 7), 2)])
def test_the_gap_is_that_before_the_last_step(waits, gap):
    assert gap * MINUTE == walk(*waits).gap


def test_calling_again_at_the_same_instant_takes_no_step():
    one, taken = escalation.advance(walk(0, 5), START, everybody)
    again, none = escalation.advance(one, START, everybody)

    assert (1, one, ()) == (len(taken), again, none)


def test_a_step_that_stands_for_nobody_is_skipped_at_once():
    one, taken = escalation.advance(walk(0, 5, 10), START, lambda t: frozenset({"bo"} if t == "t1" else ()))

    assert [("t0",), ("t1",)] == [step.targets for step in taken]
    assert START + 10 * MINUTE == escalation.due_at(one)


def test_where_nobody_stands_anywhere_a_round_is_taken_and_the_walk_comes_to_rest():
    one, taken = escalation.advance(walk(0, 5, repeat=1), START, lambda t: frozenset())

    assert 2 == len(taken)
    assert escalation.due_at(one) > START


def test_the_steps_after_the_last_round_say_that_they_are_the_last_resort():
    one = walk(0, 5, repeat=1)
    _, taken = escalation.advance(one, START + 20 * MINUTE, everybody)

    assert [False, False, True, True, True] == [step.last_resort for step in taken]
    assert [1, 2, 2, 2, 2] == [step.step for step in taken]


@given(
    st.lists(st.integers(0, 120), min_size=1, max_size=5).map(sorted),
    st.integers(0, 4),
    st.lists(st.integers(0, 600), min_size=1, max_size=20).map(sorted),
)
def test_no_step_comes_early_none_is_lost_and_there_always_is_a_next(waits, repeat, looks):
    """However often and late one looks, every step that is due was taken once, in order, and one is due later."""
    one, counts = walk(*waits, repeat=repeat), []
    for minute in looks:
        now = START + minute * MINUTE
        one, taken = escalation.advance(one, now, everybody)
        counts += [step.count for step in taken]
        assert escalation.due_at(one) > now
    assert list(range(1, len(counts) + 1)) == counts


def test_a_step_in_turn_pages_who_had_the_turn_longest_ago():
    policy = EscalationPolicy.model_validate({"steps": [{"page": ["team:web"], "round_robin": True}], "repeat": 3})
    walk = escalation.begin("default", policy, START)
    team = {"team:web": frozenset({"ana", "bo", "cy"})}
    turns = {"default/1": {"ana": START - timedelta(hours=1), "bo": START - timedelta(hours=2)}}

    _, steps = escalation.advance(walk, START + timedelta(minutes=15), team.__getitem__, turns)

    assert [{"cy"}, {"bo"}, {"ana"}, {"cy"}] == [set(step.people) for step in steps]
    assert {"default/1"} == {step.turn for step in steps}
    assert "ana" == escalation.next_in_turn(team["team:web"], {})


def test_who_is_paged_by_hand_comes_before_the_policy():
    policy = EscalationPolicy.model_validate({"steps": [{"page": ["on_call"]}], "repeat": 1})
    walk = escalation.by_hand(escalation.begin("default", policy, START), "ana")

    assert [(("ana",), timedelta(0)), (("on_call",), timedelta(minutes=5))] == [
        (s.targets, s.after) for s in walk.steps
    ]
