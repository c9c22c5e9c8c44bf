"""Deciding: repeating any event changes nothing, whatever came before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import decide, people
from tocsin.core import events as e
from tocsin.core.incident import replay
from tocsin.core.types import OpenRoom, Page, Refused, Tell, WriteDraft

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook


def demanding():
    """The example's runbook, asking more: turns, everybody must acknowledge, acknowledgements that expire."""
    data = yaml.load(TEXT, yaml.BaseLoader)
    data["version"] = 1
    steps = data["escalation_policies"]["default"]["steps"]
    steps[0]["all_must_acknowledge"], steps[1]["round_robin"] = True, True
    steps[0]["page"], steps[1]["page"] = ["everyone"], ["everyone"]
    for severity in data["severities"].values():
        severity["acknowledgement"] = {"expires_after": "20m"}
    return runbook_file.read(yaml.dump(data, sort_keys=False), {}).runbook


BOOKS = {"as it is": BOOK, "asking more": demanding()}
WHO = {"on_call": {"martijn"}, "secondary": {"backup1"}, "team_lead": {"backup1"}, "schedule:primary": {"martijn"},
       "schedule:secondary": {"backup1"}, "everyone": {"martijn", "backup1"}}  # fmt: skip
AROUND = e.Around(who=lambda target: frozenset(WHO.get(target, {target} & set(BOOK.people))), link="http://x")

PEOPLE = st.sampled_from(["martijn", "backup1", "admin"])
EVENTS = st.one_of(
    st.builds(e.Acknowledge, PEOPLE),
    st.builds(e.PassOn, PEOPLE, st.sampled_from(["", "on a train"])),
    st.builds(e.SetSeverity, PEOPLE, st.sampled_from(["P0", "P1", "P2", "P3"])),
    st.builds(e.Assign, PEOPLE, st.sampled_from(["commander", "scribe"]), st.sampled_from(["martijn", "backup1"])),
    st.builds(e.PostUpdate, PEOPLE, st.sampled_from([None, "identified", "monitoring"]), st.just("we look")),
    st.builds(e.Escalate, PEOPLE),
    st.builds(e.Check, PEOPLE, st.sampled_from(["fix", "assess", "ticket"])),
    st.builds(e.Resolve, PEOPLE, st.just("a disk"), st.just("space")),
    st.builds(e.Reopen, PEOPLE),
    st.builds(e.AlertsAttached, st.just(("k",)), st.just(1), st.just("s")),
    st.builds(e.AlertsResolved, st.just(("k",)), st.just(1), st.just("s"), st.integers(0, 1)),
    st.just(e.Tick()),
)
ONCE = (e.Acknowledge, e.PassOn, e.SetSeverity, e.Assign, e.Check, e.Resolve, e.Reopen, e.Tick)


def apply(state, event, now, book=BOOK):
    try:
        return decide.decide(state, event, book, now, AROUND)
    except Refused:
        return None


@pytest.mark.parametrize("which", list(BOOKS))
@settings(max_examples=100, deadline=None)
@given(
    severity=st.sampled_from(["P0", "P1", "P2", "P3"]),
    steps=st.lists(st.tuples(EVENTS, st.integers(0, 40)), max_size=25),
)
def test_whatever_happens_the_rules_hold(which, severity, steps):
    """
    After any sequence of events: the timeline folds into the state; what may be repeated gives no fact the second
    time; nobody is paged twice in one decision; an open unanswered incident that pages always has a next instant.
    """
    book = BOOKS[which]
    first = decide.declare(1, "v", e.Declared("Down", severity, "ana", service="proofi.ai"), book, NOW, AROUND)
    state, facts, now = first.state, list(first.facts), NOW
    for event, minutes in steps:
        now += timedelta(minutes=minutes)
        decision = apply(state, event, now, book)
        if decision is None:
            continue
        paged = [effect.person for effect in decision.effects if isinstance(effect, Page)]
        assert len(set(paged)) == len(paged)
        state, facts = decision.state, facts + list(decision.facts)
        assert state == replay(1, "v", facts)
        if isinstance(event, ONCE) and not paged:  # who was paged meanwhile has a new page to answer
            again = apply(state, event, now, book)
            assert again is None or () == again.facts
        if state.is_open and not state.answered and state.walk:
            assert decision.wake_at is not None
        assert decision.wake_at is None or decision.wake_at > now


def started(severity="P0", book=BOOK, **changes):
    event = e.Declared(**{"title": "Down", "severity": severity, "by": "ana", "service": "proofi.ai", **changes})
    return decide.declare(1, "v", event, book, NOW, AROUND)


def kinds(decision):
    return [fact.kind for fact in decision.facts]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (e.Assign("ana", "king", "martijn"), "no role 'king'"),
        (e.Assign("ana", "scribe", "nobody"), "no person 'nobody'"),
        (e.Extend("ana", timedelta(seconds=5)), "at least one minute"),
        (e.Note("ana", "  "), "needs a text"),
        (e.Check("ana", "monitor"), "no duty 'monitor'"),
        (e.PostUpdate("ana", "resolved", "x"), "use resolve"),
        (e.SetSeverity("ana", "P9"), "no severity 'P9'"),
    ],
)
def test_what_is_refused_says_why(event, words):
    with pytest.raises(Refused, match=words):
        decide.decide(started().state, event, BOOK, NOW, AROUND)


def test_an_unknown_severity_cannot_be_declared():
    with pytest.raises(Refused, match="P0, P1, P2, P3"):
        started("P9")


def test_a_duty_that_waits_cannot_be_ticked():
    with pytest.raises(Refused, match="not due yet"):
        decide.decide(started("P1").state, e.Check("ana", "write_up"), BOOK, NOW, AROUND)


def test_who_is_given_a_role_by_another_hears_of_it():
    decision = decide.decide(started().state, e.Assign("ana", "scribe", "backup1"), BOOK, NOW, AROUND)
    again = decide.decide(decision.state, e.Assign("ana", "scribe", "backup1"), BOOK, NOW, AROUND)

    assert ["role_assigned"] == kinds(decision)
    assert ["You are scribe of INC-1"] == [
        t.title for t in decision.effects if isinstance(t, Tell) and t.person == "backup1"
    ]
    assert () == again.facts


def test_escalating_what_has_no_policy_pages_everyone():
    decision = decide.decide(started("P3").state, e.Escalate("ana", "It is worse"), BOOK, NOW, AROUND)

    assert {"martijn", "backup1"} == {effect.person for effect in decision.effects if isinstance(effect, Page)}


def test_all_hands_tells_those_who_are_not_paged():
    """A P0 that pages on call alone still tells everybody else, without asking them to acknowledge."""
    severity = BOOK.severities["P0"].model_copy(update={"page": ("on_call",)})
    book = BOOK.model_copy(update={"severities": {**BOOK.severities, "P0": severity}})
    decision = started(book=book)

    assert ["martijn"] == [effect.person for effect in decision.effects if isinstance(effect, Page)]
    assert ["backup1"] == [t.person for t in decision.effects if isinstance(t, Tell) and t.key.startswith("all_hands")]


def test_a_chat_with_rooms_is_asked_for_one_and_its_answer_counts_once():
    decision = started()
    [room] = [effect for effect in decision.effects if isinstance(effect, OpenRoom)]
    assert ("alerts", "#incident-2026-11-23") == (room.channel, room.name)
    opened = decide.decide(decision.state, e.RoomOpened(room.name, "alerts", "7"), BOOK, NOW, AROUND)
    again = decide.decide(opened.state, e.RoomOpened(room.name, "alerts", "8"), BOOK, NOW, AROUND)

    assert ("7", ()) == (again.state.room.thread, again.facts)


def test_a_p1_that_recurs_gets_a_postmortem():
    for recurring, written in (("", []), ("INC-7", [WriteDraft()])):
        around = replace(AROUND, recurring=recurring)
        decision = decide.decide(started("P1").state, e.Resolve("ana", "x", "y"), BOOK, NOW, around)
        assert written == [effect for effect in decision.effects if isinstance(effect, WriteDraft)]
        assert bool(recurring) == ("review_scheduled" in kinds(decision))


def test_a_resolved_incident_takes_no_acknowledgement_and_an_open_one_no_reopening():
    resolved = decide.decide(started().state, e.Resolve("ana"), BOOK, NOW, AROUND).state

    assert () == decide.decide(resolved, e.Acknowledge("martijn"), BOOK, NOW, AROUND).facts
    assert () == decide.decide(started().state, e.Reopen("martijn"), BOOK, NOW, AROUND).facts


def test_what_is_said_in_the_war_room_is_kept_within_bounds():
    state = replace(started().state, messages=people.MESSAGES_KEPT - 2)
    facts = []
    for text in ("hm", " ", "y" * 5000, "too many"):
        decision = decide.decide(state, e.MessageSeen("ana", text, "telegram"), BOOK, NOW, AROUND)
        state, facts = decision.state, [*facts, *decision.facts]

    assert [("hm", None, None), ("y" * 2000, True, True)] == [
        (fact.data["text"], fact.data.get("cut"), fact.data.get("last")) for fact in facts
    ]
    assert people.MESSAGES_KEPT == state.messages
