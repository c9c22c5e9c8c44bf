"""Who may be merged with whom; what the two timelines and the people in charge hear of it. Whole stories are in tests/stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.core import joining
from tocsin.core.draft import Draft
from tocsin.core.events import Around, GaveBack, MergeInto, SplitOff, TookOver
from tocsin.core.incident import Incident, Room
from tocsin.core.types import Refused, Tell

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
ONE = Incident(1, "one", "P1", NOW, "ana", "v")
TWO = Incident(2, "two", "P1", NOW, "ana", "v")


@pytest.mark.parametrize(
    ("one", "two", "status"),
    [
        (ONE, ONE, 422), (replace(ONE, drill=True), TWO, 422), (replace(ONE, status="resolved"), TWO, 409),
        (ONE, replace(TWO, status="resolved"), 409), (replace(ONE, merged_into=3), TWO, 409),
        (ONE, replace(TWO, merged_into=3), 409),
    ],
)  # fmt: skip
def test_what_stays_apart(one, two, status):
    with pytest.raises(Refused) as refused:
        joining.refuse_merge(one, two)
    assert status == refused.value.status


class Book:
    """All that these decisions ask of a runbook."""

    people = frozenset({"ana", "bo"})


def draft(state):
    return Draft(state, Book(), NOW, Around(lambda target: frozenset()))


def test_rooms_and_the_one_who_leads_hear_of_it():
    room = Room("#incident", "alerts", "77")
    stays = draft(replace(TWO, room=room, roles={"commander": "bo"}))
    joining.took_over(stays, TookOver("ana", 1, "one", "P1", 3, public=True))
    assert stays.state.public
    assert [("bo", False), (None, True)] == [(e.person, e.room) for e in stays.effects if isinstance(e, Tell)]

    gone = draft(replace(ONE, room=room))
    joining.merge_into(gone, MergeInto("ana", 2, "two", "http://x"))
    joining.gave_back(stays, GaveBack("ana", 1, "one", 3, "http://x"))
    assert "one goes on" not in gone.effects[-1].text and "goes on in INC-2: two" in gone.effects[-1].text
    assert "INC-1 is split off from INC-2: one" in stays.effects[-1].text


def test_whoever_leads_and_merges_is_not_told_what_they_did():
    stays = draft(replace(TWO, roles={"commander": "ana"}))
    joining.took_over(stays, TookOver("ana", 1, "one", "P1", 0))
    assert [] == stays.effects


def test_what_is_not_merged_cannot_be_split_off():
    with pytest.raises(Refused):
        joining.split_off(draft(ONE), SplitOff("ana", 0))
