"""Swaps of turns: who may answer, and what makes one impossible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core import oncall, swap
from tocsin.core.runbook import Runbook
from tocsin.core.stand_ins import Absence, gather
from tocsin.core.swap import Swap
from tocsin.core.types import Refused

DAY = timedelta(days=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOK = Runbook.model_validate({
    "version": 1, "people": {p: {"name": p.title()} for p in ("ana", "bo", "cy")},
    "schedules": {"primary": {"timezone": "UTC", "rotation": {
        "people": ["ana", "bo", "cy"], "every": "1d", "hand_off": "00:00", "starts": "2026-01-01"}}},
    "severities": {"P0": {"title": "x", "respond_within": "1h", "resolve_within": "1d", "protocol": "p"}},
    "protocols": {"p": {"duties": []}},
})  # fmt: skip
ASKED = Swap(
    "1", "primary", "bo", "cy", NOW + DAY, NOW + 2 * DAY, NOW + 2 * DAY, NOW + 3 * DAY, "a wedding", "asked", NOW
)


def test_accepted_each_takes_the_others_turn_and_nobody_elses():
    swap.check(ASKED, BOOK, gather(), NOW)
    pair = swap.pair(swap.answer(ASKED, "accept", "cy"))
    shifts = oncall.shifts(BOOK, "primary", NOW, NOW + 4 * DAY, pair)

    assert ["ana", "cy", "bo", "ana"] == [s.people[0] for s in shifts]
    assert [None, "swapped: a wedding", "swapped: a wedding", None] == [s.override for s in shifts]


@pytest.mark.parametrize(
    ("action", "by", "state"),
    [("accept", "cy", "accepted"), ("decline", "cy", "declined"), ("withdraw", "bo", "withdrawn"), ("expire", "tocsin", "expired")],
)  # fmt: skip
def test_every_way_a_swap_ends(action, by, state):
    ended = swap.answer(ASKED, action, by)

    assert state == ended.state
    with pytest.raises(Refused, match=f"was {state} already"):
        swap.answer(ended, action, by)


@pytest.mark.parametrize(
    ("action", "by", "status"),
    [("accept", "bo", 403), ("decline", "ana", 403), ("withdraw", "cy", 403), ("eat", "cy", 422)],
)  # fmt: skip
def test_only_the_right_one_may_answer(action, by, status):
    with pytest.raises(Refused) as refused:
        swap.answer(ASKED, action, by)
    assert status == refused.value.status


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schedule": "none"}, "no schedule"), ({"other": "zed"}, "no person"), ({"other": "bo"}, "between two people"),
        ({"until": ASKED.start}, "end after they begin"), ({"start": NOW - DAY}, "begin in the future"),
        ({"until": NOW + 3 * DAY}, "do not overlap"), ({"asker": "ana"}, "Ana is not on call"),
        ({"back_start": NOW + 3 * DAY, "back_until": NOW + 4 * DAY}, "Cy is not on call"),
    ],
)  # fmt: skip
def test_a_swap_that_cannot_be_is_refused(change, why):
    with pytest.raises(Refused, match=why):
        swap.check(replace(ASKED, **change), BOOK, gather(), NOW)


def test_somebody_who_is_away_then_has_no_turn_to_swap():
    away = gather(absences=[Absence("1", "bo", NOW + DAY, NOW + 2 * DAY, "ill")])
    with pytest.raises(Refused, match="Bo is not on call"):
        swap.check(ASKED, BOOK, away, NOW)


def test_it_expires_when_the_first_of_the_two_turns_begins():
    assert NOW + DAY == ASKED.expires_at
    assert NOW == replace(ASKED, back_start=NOW).expires_at
