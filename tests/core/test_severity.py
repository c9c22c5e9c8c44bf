"""Changing the severity, with whatever was done and however late: what was done stays done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core import decide, protocol
from tocsin.core import events as e
from tocsin.core.incident import replay
from tocsin.core.types import Page, StopPaging, Tell

from .test_decide import AROUND, BOOK, NOW, apply, kinds, started

SEVERITIES = ("P0", "P1", "P2", "P3")
DUTIES = tuple(sorted({rule.id for book in BOOK.protocols.values() for rule in book.duties}))
PEOPLE = st.sampled_from(["martijn", "backup1", "admin"])
STEPS = st.lists(
    st.tuples(
        st.one_of(
            st.builds(e.SetSeverity, st.sampled_from(["martijn", "admin", "tocsin"]), st.sampled_from(SEVERITIES)),
            st.builds(e.Check, PEOPLE, st.sampled_from(DUTIES)),
            st.builds(e.Acknowledge, PEOPLE),
            st.builds(e.PostUpdate, PEOPLE, st.sampled_from([None, "identified", "monitoring"]), st.just("we look")),
            st.just(e.Tick()),
        ),
        st.integers(0, 300),
    ),
    max_size=20,
)


@settings(max_examples=150, deadline=None)
@given(severity=st.sampled_from(SEVERITIES), steps=STEPS)
def test_what_was_done_stays_done_and_no_new_deadline_is_past(severity, steps):
    """
    Over any mix of changes, duties done and time: a duty that was done is done whenever its protocol is back; right
    after a change no open duty and no running clock is due in the past; who is paged is whom the severity or its policy
    names; and the timeline folds into the state.
    """
    first = started(severity)
    state, facts, now = first.state, list(first.facts), NOW
    done: set[str] = set()
    for event, minutes in steps:
        now += timedelta(minutes=minutes)
        state, facts = _ticked(state, facts, now)
        decision = apply(state, event, now)
        if decision is None:
            continue
        changed = decision.state.severity != state.severity
        state, facts = decision.state, facts + list(decision.facts)
        assert done & {d.id for d in state.duties if not d.every} <= {d.id for d in state.duties if d.done_at}
        done |= {d.id for d in state.duties if d.done_at and not d.every}
        if changed:  # what was due before was judged by the tick
            assert "duty_missed" not in kinds(decision)
            assert not [f for f in decision.facts if f.data.get("state") == "breached"]
            open_ = [d for d in state.duties if protocol.is_open(d) and d.deadline and not d.missed_at]
            assert all(d.deadline > now for d in open_)
            assert all(c.met_at or c.due > now for c in state.clocks)
            if state.urgency == "none":
                assert () == state.paging
    assert state == replay(1, "v", facts)


def _ticked(state, facts, now):
    decision = decide.decide(state, e.Tick(), BOOK, now, AROUND)
    return decision.state, facts + list(decision.facts)


def test_a_change_to_a_lower_severity_ends_the_page_before_the_new_one_is_asked_for():
    decision = apply(started("P0").state, e.SetSeverity("admin", "P2"), NOW)
    asked = [(type(x).__name__, getattr(x, "only", None) or x.person) for x in decision.effects
             if isinstance(x, (StopPaging, Page))]  # fmt: skip

    assert [("StopPaging", "backup1"), ("StopPaging", "martijn"), ("Page", "martijn")] == asked


def test_a_louder_page_of_somebody_whom_the_policy_named_keeps_its_targets():
    """As P2 the second step paged the secondary; as P1 on another team they are still asked, by the same name."""
    state = started("P2", service="api").state
    state = decide.decide(state, e.Tick(), BOOK, NOW + timedelta(minutes=5), AROUND).state
    around = replace(AROUND, who=lambda target: frozenset({"martijn"} if target == "team_lead" else AROUND.who(target)))
    decision = decide.decide(state, e.SetSeverity("admin", "P1"), BOOK, NOW + timedelta(minutes=6), around)
    [page] = [x for x in decision.effects if isinstance(x, Page) and x.person == "backup1"]

    assert ("schedule:primary", "schedule:secondary") == page.targets


def test_saying_the_same_confirms_once_whatever_was_seen():
    decision = apply(started("P0").state, e.SetSeverity("admin", "P0", was="P1"), NOW)
    again = apply(decision.state, e.SetSeverity("admin", "P0"), NOW)

    assert (["severity_confirmed", "duty_done"], []) == (kinds(decision), kinds(again))


def test_without_an_alerts_channel_only_people_are_told():
    book = BOOK.model_copy(update={"channels": {}})
    state = apply(started("P0", book).state, e.Acknowledge("martijn"), NOW, book).state
    decision = apply(state, e.SetSeverity("admin", "P1"), NOW, book)

    assert ["martijn"] == [t.person for t in decision.effects if isinstance(t, Tell) and t.key.startswith("severity:")]
