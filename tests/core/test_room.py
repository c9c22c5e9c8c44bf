"""What is to be done to a room, step by step, until it is as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.core.room import Kept, Wanted, done, next_step, refused

WANT = Wanted("how it stands", "INC-1 [P0] x", ("ana", "bo"), closed=False, farewell="over")
ALL = frozenset({"pin", "edit", "topic", "invite", "close", "reopen"})
TELEGRAM = ALL - {"topic"}


def walk(want, kept, can=ALL):
    """Do step after step; returns what was done, and how the room is then."""
    steps = []
    while do := next_step(want, kept, can):
        steps.append(do)
        kept = done(want, kept, do, "m1" if do == "post" else "")
        assert len(steps) < 20
    return steps, kept


def test_a_new_room_is_furnished_once():
    steps, kept = walk(WANT, Kept("77"))
    assert ["post", "pin", "topic", "invite"] == steps
    assert [] == walk(WANT, kept)[0]
    assert ["post", "pin", "invite"] == walk(WANT, Kept("77"), TELEGRAM)[0]


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ({"summary": "better"}, ["edit"]),
        ({"topic": "INC-1 [P1] x"}, ["topic"]),
        ({"people": ("ana", "bo", "cy")}, ["invite"]),
        ({"people": ("ana",)}, []),  # nobody is thrown out
        ({"closed": True, "summary": "resolved"}, ["edit", "note", "close"]),
    ],
)
def test_what_changed_is_done_and_nothing_else(changed, steps):
    _, kept = walk(WANT, Kept("77"))
    assert steps == walk(replace(WANT, **changed), kept)[0]


def test_a_closed_room_stays_as_it_is_until_it_is_opened_again():
    _, kept = walk(WANT, Kept("77"))
    _, kept = walk(replace(WANT, closed=True), kept)
    assert [] == walk(replace(WANT, closed=True, summary="more"), kept)[0]
    assert ["reopen", "edit"] == walk(replace(WANT, summary="back"), kept)[0]


def test_what_the_vendor_refuses_is_left_and_a_lost_summary_is_posted_anew_once():
    kept = refused(Kept("77", message="m1", summary="how it stands"), "pin")
    assert "topic" == next_step(WANT, kept, ALL)
    _, kept = walk(WANT, Kept("77"))
    lost = refused(kept, "edit")
    assert "post" == next_step(replace(WANT, summary="new"), lost, ALL)
    _, again = walk(replace(WANT, summary="new"), lost)
    assert next_step(WANT, refused(again, "edit"), ALL) is None
    closed = replace(kept, closed=True)
    assert next_step(WANT, refused(closed, "reopen"), ALL) is None


def test_a_room_that_ended_before_it_was_furnished_only_says_goodbye():
    assert ["topic", "note", "close"] == walk(replace(WANT, closed=True), Kept("77"))[0]
