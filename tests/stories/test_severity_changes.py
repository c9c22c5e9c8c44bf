"""Up and down while it is under way: pages, clocks and duties follow, and what was done stays done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core.events import Acknowledge, Assign, Check, PostUpdate, SetSeverity
from tocsin.core.protocol import state_of
from tocsin.core.types import Refused

from .conftest import START

MINUTE = timedelta(minutes=1)


def open_pages(world, number=1):
    return sorted((p.person, p.urgency) for p in world.pages(number) if p.state in ("requested", "sent", "delivered"))


def state(world, duty):
    return state_of(world.duty(duty), world.now)


def test_up_from_p2_pages_who_is_newly_needed_and_asks_aloud_whom_it_asked_quietly(world):
    world.declare("P2", service="api", by="admin")
    assert [("martijn", "low")] == open_pages(world)
    world.wait(minutes=3)
    world.act(1, SetSeverity("backup1", "P0", "Nobody can sign in"))

    assert [("backup1", "high"), ("martijn", "high")] == open_pages(world)
    [moot] = [p for p in world.pages() if p.state == "moot"]
    assert ("martijn", "the severity is P0 now, and pages with another urgency") == (moot.person, moot.why)
    world.wait(minutes=3)
    assert "martijn" in [to for _, to, _ in world.sent]


def test_up_while_somebody_has_it_pages_the_others_and_not_who_has_it(world):
    """P2 acknowledged by one; as P0 everybody is needed: the other is paged, who has it is told."""
    world.declare("P2", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.paged()
    world.act(1, SetSeverity("admin", "P0", "It spreads"))

    assert ["backup1"] == world.paged()
    world.wait(minutes=1)
    assert any("INC-1 is P0 now, it was P2" in text for text in world.texts("martijn"))
    assert "martijn" == world.state().commander
    world.act(1, Acknowledge("backup1"))
    assert [] == open_pages(world)


def test_down_ends_the_pages_that_are_not_needed_with_their_reason(world):
    """As P2 on call alone is asked, and quietly; who is not needed hears why it stopped."""
    world.declare("P0", service="api", by="admin")
    world.act(1, SetSeverity("admin", "P2", "One customer"))

    assert [("martijn", "low")] == open_pages(world)
    assert ["the severity is P2 now"] == [p.why for p in world.pages() if p.person == "backup1" and p.state == "moot"]
    world.wait(minutes=1)
    assert any("You are not needed for it any more" in text for text in world.texts("backup1@proofi.ai"))


def test_down_to_a_severity_that_pages_nobody_ends_all_of_it_and_up_again_begins_anew(world):
    """A P3 wakes nobody, and does not climb; raised again it is paged from the first step, not all steps at once."""
    world.declare("P0", service="api", by="admin")
    world.act(1, SetSeverity("admin", "P3"))
    assert [] == open_pages(world)
    world.paged()
    world.wait(hours=5)
    assert [] == world.paged()

    world.act(1, SetSeverity("admin", "P1"))
    assert ["martijn"] == world.paged()
    world.wait(minutes=5)
    assert ["backup1"] == world.paged()


def test_what_was_raised_before_it_paged_anybody_is_announced_then(world):
    world.declare("P3", "A typo", service="api", by="admin")
    world.wait(minutes=1)
    assert [] == world.texts("alerts")
    world.act(1, SetSeverity("admin", "P1", "It is not a typo"))
    world.wait(minutes=1)

    assert world.texts("alerts")[0].startswith("🚨 **[P1] INCIDENT: A typo**")


def test_the_alerts_channel_and_the_room_hear_of_a_change(world):
    world.declare("P0", service="api", by="admin")
    world.wait(seconds=10)
    world.act(1, SetSeverity("martijn", "P1", "The old wallet alone"))
    world.wait(seconds=10)

    for place in ("alerts", "alerts#77"):
        assert any(
            "INC-1 is P1 now, it was P0" in text and "The old wallet alone" in text for text in world.texts(place)
        )


def test_what_was_done_stays_done_there_and_back_again(world):
    """P0, down to P1, up to P0: the assessment, the commander and the first update are not asked for twice."""
    world.declare("P0", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.act(1, SetSeverity("martijn", "P0"))
    world.act(1, PostUpdate("martijn", "identified", "A disk"))
    world.act(1, Check("martijn", "fix"))
    world.wait(minutes=20)
    world.act(1, SetSeverity("martijn", "P1"))
    assert {"investigate", "rollback_needed"} == {d.id for d in world.state().duties if state_of(d, world.now) == "due"}
    assert {"assess", "war_room", "commander", "first_update", "updates", "root_cause"} == {
        d.id for d in world.state().set_aside
    }
    world.wait(minutes=20)
    world.act(1, SetSeverity("martijn", "P0"))

    done = {d.id for d in world.state().duties if d.done_at}
    assert {"acknowledge", "assess", "war_room", "commander", "first_update", "root_cause", "fix"} == done


def test_what_happened_before_counts_for_duties_that_come_with_the_severity(world):
    """A P1 has no duty to name a commander or to post updates; raised to P0, both were done already."""
    world.declare("P1", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=5)
    world.act(1, PostUpdate("martijn", summary="We look"))
    world.wait(minutes=5)
    world.act(1, SetSeverity("tocsin", "P0", "a new alert says so"))

    assert ("done", "done", "due") == tuple(state(world, d) for d in ("commander", "first_update", "assess"))
    assert START + 20 * MINUTE == world.duty("updates").deadline  # fifteen minutes after the last update


def test_a_deadline_that_would_lie_in_the_past_is_counted_from_now_and_says_so(world):
    """Ninety minutes in, a P1 becomes a P0 whose hour is over: it has an hour from now."""
    world.declare("P1", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=90)
    world.act(1, SetSeverity("martijn", "P0", "Worse"))

    assert world.now + 60 * MINUTE == world.duty("fix").deadline
    assert START + 120 * MINUTE == world.duty("all_clear").deadline  # still ahead
    assert world.now + 60 * MINUTE == world.state().clocks[1].due
    anew = {one["title"] for one in world.facts("severity_changed")[0].data["anew"]}
    assert "Fix deployed OR rollback completed" in anew and "resolution" in anew
    assert "All-clear OR extended incident declared" not in anew
    assert all(d.deadline > world.now for d in world.state().duties if d.deadline and not (d.done_at or d.missed_at))


def test_the_same_protocol_goes_on_as_it_was(world):
    """A P2 that becomes a P3 keeps its ticket, what was ticked, and the end of the next business day."""
    world.declare("P2", service="api", by="admin")
    world.act(1, Check("martijn", "staging"))
    before = world.state().duties
    world.act(1, SetSeverity("martijn", "P3"))

    assert before == world.state().duties
    assert 1 == len(world.facts("ticket_created"))


def test_nobody_is_told_of_duties_that_went_with_the_severity(world):
    """A P0 whose first update is nearly late becomes a P2: no reminder and no miss of it any more."""
    world.declare("P0", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=11)
    world.act(1, SetSeverity("martijn", "P2"))
    world.wait(hours=1)

    assert not [f for f in world.facts("duty_missed") if f.data["duty"] in ("first_update", "updates", "root_cause")]


def test_a_new_alert_raises_and_never_lowers(world):
    world.alert("a", check="slow", severity="warning")
    world.alert("b", check="slow", severity="critical")
    world.alert("c", check="slow", severity="info")

    assert ["P1"] == [f.data["severity"] for f in world.facts("severity_changed")]
    assert "tocsin" == world.facts("severity_changed")[0].actor


def test_two_people_at_once_the_second_hears_what_became_of_it(world):
    """Both saw P1. One raises it to P0; the other's lowering to P2 is refused, in words, and changes nothing."""
    world.declare("P1", service="api", by="admin")
    world.act(1, SetSeverity("martijn", "P0", "Everybody is hit", was="P1"))
    before = world.kinds()
    with pytest.raises(Refused, match=r"is P0 by now .*martijn.*, not P1 as you saw it") as refused:
        world.act(1, SetSeverity("backup1", "P2", "One customer", was="P1"))

    assert (409, before) == (refused.value.status, world.kinds())
    world.act(1, SetSeverity("backup1", "P0", was="P1"))  # who wanted the same has it
    world.act(1, SetSeverity("backup1", "P2", "One customer", was="P0"))
    assert "P2" == world.state().severity


def test_a_page_by_hand_stays_with_whom_it_asked(world):
    world.declare("P2", "Call me", by="martijn", person="backup1", urgency="high")
    world.act(1, SetSeverity("martijn", "P1"))

    assert [("backup1", "high")] == open_pages(world)


# --------------------------------------------------------------------------------------------- roles


def test_a_role_is_taken_handed_over_and_both_hear_of_it(world):
    """Who takes over gets what they need to know; who had it hears that they have not any more."""
    world.declare("P0", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", "identified", "A bad deployment"))
    world.act(1, Assign("martijn", "communications", "martijn"))
    world.act(1, Assign("admin", "commander", "backup1"))
    world.wait(minutes=1)

    [text] = [t for t in world.texts("backup1") if "admin made you commander of INC-1" in t]
    assert "Last update: A bad deployment" in text and "By 10:02 UTC: Fix deployed" in text
    assert "communications: Martijn" in text
    assert any("Backup One is commander of INC-1 now" in t for t in world.texts("martijn"))
    assert {"commander": "backup1", "communications": "martijn"} == world.state().roles


def test_roles_that_nobody_has_are_said_to_the_commander_once(world):
    """Ten minutes in, when there should be a commander, whoever leads hears who is missing."""
    world.declare("P0", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("martijn", "scribe", "backup1"))
    world.wait(minutes=9, seconds=59)
    assert [] == [f for f in world.facts("note") if f.data.get("roles")]
    world.wait(minutes=30)

    assert [["communications"]] == [f.data["roles"] for f in world.facts("note") if f.data.get("roles")]
    assert any("Nobody is communications of INC-1" in t for t in world.texts("martijn"))


def test_without_anybody_on_call_hears_that_there_is_no_commander(world):
    world.declare("P0", service="api", by="admin")
    world.wait(minutes=11)

    assert [["commander", "communications", "scribe"]] == [
        f.data["roles"] for f in world.facts("note") if f.data.get("roles")
    ]
    assert any("Nobody is commander, communications and scribe" in t for t in world.texts("martijn"))


def test_giving_a_role_up_is_said_at_once(world):
    world.declare("P0", service="api", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.act(1, Assign("backup1", "scribe", "backup1"))
    world.act(1, Assign("backup1", "scribe", None))
    world.wait(minutes=1)

    assert {"commander": "martijn"} == world.state().roles
    assert any("Nobody is scribe of INC-1" in t for t in world.texts("martijn"))


def test_a_ticket_needs_no_roles(world):
    world.declare("P2", service="api", by="admin")
    world.wait(days=1)

    assert [] == [f for f in world.facts("note") if f.data.get("roles")]


def test_two_who_take_one_role_at_once(world):
    """Both saw nobody; the second hears who has it, and takes it over by asking again with what they see now."""
    world.declare("P0", service="api", by="admin")
    world.act(1, Assign("martijn", "commander", "martijn", was=""))
    with pytest.raises(Refused, match="Martijn is commander of INC-1 by now"):
        world.act(1, Assign("backup1", "commander", "backup1", was=""))
    world.act(1, Assign("backup1", "commander", "backup1", was="martijn"))

    assert "backup1" == world.state().commander
