"""Tickets: in the connected tracker, else in Tocsin's own list, and never neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.core import decide, tickets
from tocsin.core import events as e
from tocsin.core.ledger import Entry
from tocsin.core.runbook import Connections, GitHub
from tocsin.core.types import KeepTicket, OpenTicket, Refused

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


# --------------------------------------------------------------------------------------------- kept in step


def in_tracker(state=None):
    return decided(state or begun().state, e.TicketOpened("#17", "github", label="severity: P2"))


def decided(state, event, minutes=0):
    return decide.decide(state, event, BOOK, NOW + timedelta(minutes=minutes), TRACKED)


def keeps(decision):
    return any(isinstance(effect, KeepTicket) for effect in decision.effects)


def test_a_ticket_in_a_tracker_ends_and_begins_again_with_its_incident():
    over = decided(in_tracker().state, e.Resolve("ana"))
    again = decided(over.state, e.Reopen("ana"))

    assert ("ticket_closed", "ticket_reopened") == (kinds(over)[-1], kinds(again)[-1])
    assert (None, True, True) == (again.state.ticket_closed_at, keeps(over), keeps(again))


def test_the_ticket_in_our_own_list_stays_open_until_somebody_closes_it():
    over = apply(started("P2").state, e.Resolve("ana"), NOW)

    assert ("ticket_closed" in kinds(over), keeps(over)) == (False, False)


def test_whoever_opens_a_ticket_again_is_not_fought():
    over = decided(in_tracker().state, e.Resolve("ana")).state
    opened = decided(over, e.ReopenTicket("bo", via="github"), 1)
    later = decided(opened.state, e.Tick(), 9)

    assert (["ticket_reopened"], [], "resolved") == (kinds(opened), kinds(later), later.state.status)


@pytest.mark.parametrize("event", [e.CloseTicket("ana"), e.ReopenTicket("ana"), e.AskTicket("ana")])
def test_saying_it_twice_changes_nothing(event):
    once = decided(in_tracker().state, event)

    assert [] == kinds(decided(once.state, event))


def test_a_ticket_that_comes_after_the_end_is_closed_at_once():
    state = replace(begun().state, status="resolved", resolved_at=NOW)

    assert ["ticket_created", "ticket_closed"] == [k for k in kinds(in_tracker(state)) if k.startswith("ticket_")]


def test_a_drill_asks_no_tracker():
    event = e.Declared("Slow", "P2", "ana", service="api", drill=True)
    decision = decide.declare(1, "v", event, BOOK, NOW, TRACKED)

    assert ([], "local") == (asked(decision), decision.state.tracker)


def test_a_person_asks_for_a_ticket_that_no_protocol_opens():
    state = apply(started("P0").state, e.Note("ana", "x"), NOW).state
    once = decided(state, e.AskTicket("ana"))
    linked = decided(state, e.TicketOpened("#3", "github", by="ana"))

    assert 1 == len(asked(once))
    assert ("#3", "ana", True) == (linked.state.ticket, linked.facts[0].actor, linked.facts[0].data["linked"])


def entry(seq, kind, actor="ana", **data):
    return Entry(seq, NOW + timedelta(minutes=seq), kind, actor, data, "")


def comment(*entries):
    return tickets.comment(in_tracker().state, entries, {"ana": "Ana"}, "https://x/INC-1")


def test_a_comment_tells_what_changes_how_it_stands_and_nothing_small():
    text = comment(
        entry(1, "note", text="small"), entry(2, "update_posted", summary="It is the cache", status="identified"),
        entry(3, "paged", person="ana"), entry(4, "ticket_closed", ticket="#17", via="github"),
        entry(5, "ticket_closed", "tocsin", ticket="#17"), entry(6, "acknowledged"),
    )  # fmt: skip

    assert 2 == text.count("\n- ") + text.startswith("- ")
    assert ("It is the cache" in text, "Ana" in text, text.endswith("https://x/INC-1")) == (True, True, True)
    assert "" == comment(entry(1, "note", text="small"))


def test_a_long_comment_keeps_the_newest_and_counts_the_rest():
    text = comment(*(entry(n, "update_posted", summary=f"step {n}.", status="investigating") for n in range(1, 31)))

    assert ("10 earlier changes" in text, "step 10." in text, "step 11." in text) == (True, False, True)


def test_no_secret_and_no_second_line_stand_in_a_comment():
    text = comment(entry(1, "update_posted", summary="password: hunter22\n# a heading", status="identified"))

    assert ("hunter22" in text, "\n#" in text) == (False, False)
