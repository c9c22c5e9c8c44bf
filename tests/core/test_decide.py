"""Deciding: repeating any event changes nothing, whatever came before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import decide
from tocsin.core import events as e
from tocsin.core.incident import replay
from tocsin.core.types import Page, Refused

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
WHO = {"on_call": {"martijn"}, "secondary": {"backup1"}, "team_lead": {"backup1"}, "schedule:primary": {"martijn"},
       "schedule:secondary": {"backup1"}, "everyone": {"martijn", "backup1"}}  # fmt: skip
AROUND = e.Around(who=lambda target: frozenset(WHO.get(target, {target} & set(BOOK.people))), link="http://x")

PEOPLE = st.sampled_from(["martijn", "backup1", "admin"])
EVENTS = st.one_of(
    st.builds(e.Acknowledge, PEOPLE),
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
ONCE = (e.Acknowledge, e.SetSeverity, e.Assign, e.Check, e.Resolve, e.Reopen, e.Tick)


def apply(state, event, now):
    try:
        return decide.decide(state, event, BOOK, now, AROUND)
    except Refused:
        return None


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["P0", "P1", "P2", "P3"]), st.lists(st.tuples(EVENTS, st.integers(0, 40)), max_size=25))
def test_whatever_happens_the_rules_hold(severity, steps):
    """
    After any sequence of events: the timeline folds into the state; what may be repeated gives no fact the second
    time; nobody is paged twice in one decision; an open unanswered incident that pages always has a next instant.
    """
    first = decide.declare(1, "v", e.Declared("Down", severity, "ana", service="proofi.ai"), BOOK, NOW, AROUND)
    state, facts, now = first.state, list(first.facts), NOW
    for event, minutes in steps:
        now += timedelta(minutes=minutes)
        decision = apply(state, event, now)
        if decision is None:
            continue
        paged = [effect.person for effect in decision.effects if isinstance(effect, Page)]
        assert len(set(paged)) == len(paged)
        state, facts = decision.state, facts + list(decision.facts)
        assert state == replay(1, "v", facts)
        if isinstance(event, ONCE):
            again = apply(state, event, now)
            assert again is None or () == again.facts
        if state.is_open and not state.answered and state.walk:
            assert decision.wake_at is not None
        assert decision.wake_at is None or decision.wake_at > now
