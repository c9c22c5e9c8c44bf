"""Tickets: in the connected tracker, else in Tocsin's own list, and never neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.core import decide, tickets
from tocsin.core import events as e
from tocsin.core.runbook import Connections, GitHub
from tocsin.core.types import OpenTicket, Refused

from .test_decide import AROUND, BOOK, NOW, apply, kinds, started

TRACKED = replace(AROUND, tracker="github")


def asked(decision):
    return [effect for effect in decision.effects if isinstance(effect, OpenTicket)]


def begun():
    event = e.Declared("Slow", "P2", "ana", service="api")
    return decide.declare(1, "v", event, BOOK, NOW, TRACKED)


def test_without_a_tracker_it_stands_in_our_own_list_at_once():
    state = started("P2").state

    assert ("INC-1", "local") == (state.ticket, state.tracker)


def test_a_tracker_is_asked_and_its_answer_does_the_duty():
    decision = begun()
    assert [("github", "Slow", "severity: P2")] == [(o.tracker, o.title, o.label) for o in asked(decision)]
    assert decision.state.ticket is None
    opened = decide.decide(decision.state, e.TicketOpened("#17", "github", "https://x/17"), BOOK, NOW, TRACKED)
    again = decide.decide(opened.state, e.TicketOpened("#17", "github"), BOOK, NOW, TRACKED)

    assert (["ticket_created", "duty_done"], "#17", []) == (kinds(opened), opened.state.ticket, kinds(again))


def test_a_tracker_that_does_not_answer_in_time_leaves_it_to_our_own_list_until_it_does():
    late = decide.decide(begun().state, e.Tick(), BOOK, NOW + timedelta(minutes=6), TRACKED)
    late = decide.decide(late.state, e.Tick(), BOOK, NOW + timedelta(minutes=7), TRACKED)
    assert "local" == late.state.tracker
    opened = decide.decide(late.state, e.TicketOpened("#17", "github"), BOOK, NOW + timedelta(hours=1), TRACKED)

    assert ("#17", "github") == (opened.state.ticket, opened.state.tracker)


def test_the_label_is_the_connections_own_where_it_has_one():
    github = GitHub(labels={"P2": "sev/2"})
    book = BOOK.model_copy(update={"connections": Connections(github=github)})

    assert ("sev/2", "severity: P3") == (tickets.label(book, "P2"), tickets.label(book, "P3"))


def test_what_has_no_ticket_cannot_close_one():
    with pytest.raises(Refused, match="INC-1 has no ticket"):
        apply_raw(started("P0").state, e.CloseTicket("ana"))


def test_closing_the_ticket_of_what_is_a_p1_by_now_does_not_end_it():
    state = apply(started("P2").state, e.SetSeverity("ana", "P1"), NOW).state
    closed = apply(state, e.CloseTicket("ana"), NOW)

    assert ["ticket_closed"] == kinds(closed)
    assert closed.state.is_open


def apply_raw(state, event):
    return decide.decide(state, event, BOOK, NOW, AROUND)
