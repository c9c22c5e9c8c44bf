"""Roles: what is refused, what is told, and when a gap is noticed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core import decide, roles
from tocsin.core import events as e
from tocsin.core.types import Refused, Tell

from .test_decide import AROUND, BOOK, NOW, apply, kinds, started


def test_giving_up_a_role_that_nobody_has_changes_nothing():
    assert [] == kinds(apply(started().state, e.Assign("ana", "scribe", None), NOW))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (e.Assign("ana", "scribe", ""), "no person ''"),
        (e.Assign("ana", "scribe", "backup1", was="martijn"), "nobody is scribe of INC-1 by now"),
    ],
)
def test_what_is_refused_says_why(event, words):
    with pytest.raises(Refused, match=words):
        decide.decide(started().state, event, BOOK, NOW, AROUND)


@pytest.mark.parametrize(("severity", "minutes"), [("P0", 10), ("P1", 30)])
def test_a_gap_is_noticed_when_there_should_be_a_commander(severity, minutes):
    """Ten minutes for the protocol that asks for one; for the other the time to respond."""
    assert NOW + timedelta(minutes=minutes) == roles.gap_at(started(severity).state)


def test_a_ticket_and_a_page_by_hand_have_no_gaps():
    assert roles.gap_at(started("P2").state) is None
    assert roles.gap_at(started("P0", person="martijn").state) is None


def test_a_commander_who_cannot_take_it_is_missing():
    state = apply(started().state, e.Acknowledge("martijn"), NOW).state
    state = apply(state, e.PassOn("martijn"), NOW).state

    assert "commander" in roles.missing(state)


def test_a_machine_that_had_no_name_is_not_told_that_it_lost_a_role():
    state = apply(started().state, e.Assign("ana", "scribe", "backup1"), NOW).state
    decision = apply(state, e.Assign("backup1", "scribe", "martijn"), NOW)

    assert ["martijn"] == [t.person for t in decision.effects if isinstance(t, Tell)]
