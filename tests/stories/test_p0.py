"""A P0 from the first alert to the postmortem, minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.events import Acknowledge, Check, Escalate, Extend, PostUpdate, Reopen, Resolve, SetSeverity
from tocsin.core.protocol import state_of
from tocsin.core.types import Refused
from tocsin.store import postmortems

from .conftest import GROUP, START


def duties(world, number=1):
    return {duty.id: state_of(duty, world.now) for duty in world.state(number).duties}


def test_every_duty_of_the_critical_protocol_starts_with_the_incident(world):
    """All nine duties are on the clock at T+0, each with its deadline."""
    world.alert()

    assert {
        "acknowledge": 15, "assess": 5, "war_room": 10, "commander": 10, "first_update": 15, "updates": 15,
        "root_cause": 30, "fix": 60, "all_clear": 120,
    } == {d.id: (d.deadline - START) / timedelta(minutes=1) for d in world.state().duties}  # fmt: skip
    world.wait(seconds=5)  # one text a second goes to a group
    assert "done" == duties(world)["war_room"]  # the room opened by itself
    assert {"due"} == {state for id_, state in duties(world).items() if id_ != "war_room"}


def test_acknowledging_makes_commander_and_does_two_duties(world):
    """The first press stops paging, leads the incident, and says so in the alerts channel."""
    world.alert()
    world.wait(minutes=2)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=1)

    state = world.state()
    assert ("acknowledged", "martijn", START + timedelta(minutes=2)) == (
        state.status, state.commander, state.acknowledged_at,
    )  # fmt: skip
    assert ("done", "done") == (duties(world)["acknowledge"], duties(world)["commander"])
    assert "@channel 🚨 P0 INCIDENT ACKNOWLEDGED" in world.texts("alerts")[1]


def test_acknowledging_twice_changes_nothing(world):
    """A second press of the same person, or a late one, adds no entry."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    before = world.kinds()
    world.act(1, Acknowledge("martijn"))
    world.act(1, Acknowledge("backup1"))

    assert before == world.kinds()
    assert "martijn" == world.state().commander


def test_a_missed_duty_is_recorded_told_and_handed_on(world):
    """At the deadline itself the duty is missed: its owner hears of it, and the next role has it now."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=4, seconds=59)
    assert "due" == duties(world)["assess"]
    world.wait(seconds=1)

    assert "missed" == duties(world)["assess"]
    missed, handed = world.facts("duty_missed")[0], world.facts("handed_on")[0]
    assert ("assess", ["martijn"]) == (missed.data["duty"], missed.data["people"])
    assert ("secondary", ["backup1"]) == (handed.data["to"], handed.data["people"])
    world.wait(seconds=10)
    assert any("This duty was missed: Initial assessment" in text for text in world.texts("martijn"))
    assert any("This duty is now yours (secondary)" in text for text in world.texts("backup1"))


def test_a_missed_duty_climbs_until_everyone_has_it(world):
    """Left alone, a missed duty goes on to the next role after its own time again, and ends with everyone."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=30)

    assert ["secondary", "everyone"] == [f.data["to"] for f in world.facts("handed_on") if f.data["duty"] == "assess"]
    assert 1 == len([f for f in world.facts("duty_missed") if f.data["duty"] == "assess"])


def test_a_missed_duty_done_later_is_done_late(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=7)
    world.act(1, SetSeverity("martijn", "P0"))

    assert ("done", True) == (duties(world)["assess"], world.duty("assess").late)


def test_nobody_is_told_of_a_duty_that_was_done_meanwhile(world):
    """A reminder that waits for its turn is dropped once the duty is done."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=3)
    world.act(1, SetSeverity("martijn", "P0"))
    world.wait(minutes=5)

    assert not [text for text in world.texts("martijn") if "Initial assessment" in text]


def test_the_update_duty_recurs_from_each_update_and_each_miss(world):
    """Every 15 minutes: from the last update, or from the deadline that passed without one."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=10)
    world.act(1, PostUpdate("martijn", summary="We look at the last deployment"))
    assert START + timedelta(minutes=25) == world.duty("updates").deadline
    assert "done" == duties(world)["first_update"]

    world.wait(minutes=15)
    assert START + timedelta(minutes=40) == world.duty("updates").deadline
    world.wait(minutes=1)
    world.act(1, PostUpdate("martijn", summary="It was the deployment"))
    assert START + timedelta(minutes=41) == world.duty("updates").deadline
    assert (2, 1) == (world.duty("updates").rounds_done, world.duty("updates").rounds_missed)


def test_no_root_cause_in_half_an_hour_escalates(world):
    """At T+30 without a cause the next step is paged; Tocsin's own escalation does not tick the duty."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.paged()
    world.wait(minutes=30)

    assert "missed" == duties(world)["root_cause"]
    assert ["tocsin"] == [entry.actor for entry in world.facts("escalated")]
    assert ["backup1"] == world.paged()


def test_an_escalation_by_a_person_does_the_duty_and_pages_at_once(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.paged()
    world.act(1, Escalate("martijn", "I cannot reach the storage team"))

    assert "done" == duties(world)["root_cause"]
    assert ["backup1"] == world.paged()


def test_identified_and_monitoring_updates_do_their_duties(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", status="identified", summary="A bad deployment"))
    world.act(1, PostUpdate("martijn", status="monitoring", summary="Rolled back"))

    assert ("done", "done") == (duties(world)["root_cause"], duties(world)["fix"])
    assert "monitoring" == world.state().status
    assert {"cause_identified", "fix_deployed"} <= set(world.kinds())


def test_an_extension_does_the_all_clear_duty(world):
    world.alert()
    world.act(1, Extend("martijn", timedelta(hours=2), "The storage network rebalances"))

    assert "done" == duties(world)["all_clear"]


def test_ticking_does_any_duty_and_refuses_what_is_none(world):
    world.alert()
    world.act(1, Check("martijn", "fix"))
    world.act(1, Check("martijn", "fix"))

    assert "done" == duties(world)["fix"]
    assert 1 == len(world.facts("checked"))
    with pytest.raises(Refused, match="no duty 'fxi'"):
        world.act(1, Check("martijn", "fxi"))


def test_resolving_ends_every_clock(world):
    """After the all-clear nothing is missed, nobody is reminded, and no instant is left to wake for."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=3)
    world.act(1, Resolve("martijn", "A full disk", "Space freed"))
    sent = len(world.sent)
    world.wait(hours=10)

    assert "resolved" == world.state().status
    assert [] == world.facts("duty_missed")
    assert {"done"} == set(duties(world).values())
    assert sent + 3 >= len(world.sent)  # the all-clear texts that waited for their turn


def test_resolving_twice_is_harmless(world):
    world.alert()
    world.act(1, Resolve("martijn", "A full disk", "Space freed"))
    before = world.kinds()
    world.act(1, Resolve("martijn", "Something else", "Again"))

    assert before == world.kinds()


def test_reopening_starts_the_open_duties_anew(world):
    """A reopened incident has new deadlines, none of them in the past."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=20)
    world.act(1, Resolve("martijn", "A full disk", "Space freed"))
    world.wait(hours=1)
    world.act(1, Reopen("backup1", "It is back"))

    state = world.state()
    assert ("investigating", None) == (state.status, state.resolved_at)
    assert all(d.deadline > world.now for d in state.duties if state_of(d, world.now) == "due")
    assert "due" == duties(world)["updates"]


def test_downtime_catches_up_once(world):
    """After an hour of being down each deadline is missed once, and everybody is paged once, not once a step."""
    world.alert()
    world.paged()
    world.sleep(minutes=61)
    world.work()

    assert ["backup1", "martijn"] == world.paged()
    assert sorted(world.facts("duty_missed"), key=lambda f: f.data["duty"]) and len(
        {f.data["duty"] for f in world.facts("duty_missed")}
    ) == len(world.facts("duty_missed"))  # fmt: skip
    assert 4 == world.duty("updates").rounds_missed


def test_the_end_writes_the_all_clear_the_review_and_the_postmortem(world):
    """True duration, review within 48 hours, and a file whose blanks are honest."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=65)
    world.act(1, Resolve("martijn", "A deployment without its environment", "Rolled back"))
    world.wait(seconds=10)

    all_clear = next(text for text in world.texts("alerts") if "RESOLVED" in text)
    assert "**Duration:** 1 hour 5 minutes" in all_clear
    assert "**Post-Mortem:** Scheduled for 2026-11-25" in all_clear
    review = world.state().review_at
    assert world.now < review <= world.state().resolved_at + timedelta(hours=48)
    file = world.data / "docs/incidents/2026-11-23-proofi-ai-answers-503-for-everyone.md"
    text = file.read_text(encoding="utf-8")
    assert "## Timeline (all times UTC)" in text
    assert "- 09:02 - Martijn acknowledged" in text
    assert "## Root Cause\n\nA deployment without its environment" in text
    assert "## Lessons Learned\n\n_Not known to Tocsin: please fill in._" in text


def test_a_postmortem_that_people_edited_is_not_overwritten(world):
    world.alert()
    world.act(1, Resolve("martijn", "A full disk", "Space freed"))
    file = next((world.data / "docs/incidents").glob("*.md"))
    file.write_text("Our own words", encoding="utf-8")
    world.wait(minutes=1)
    world.act(1, Reopen("martijn", "It is back"))
    world.act(1, Resolve("martijn", "A full disk", "More space"))

    assert "Our own words" == file.read_text(encoding="utf-8")
    row = world.db.read_now(postmortems.get, 1)
    assert ("Our own words", "file") == (row.found, row.found_in)
    assert "More space" in row.text


def test_the_war_room_is_a_topic_of_its_own_and_gets_the_texts(world):
    world.alert()
    world.wait(seconds=10)

    assert ("#incident-2026-11-23", "77") == (world.state().room.name, world.state().room.thread)
    assert world.texts("alerts#77")[0] == world.texts("alerts")[0]


def test_a_group_without_topics_is_the_room_and_texts_carry_its_name(world):
    """Updates go to the group, under the room's name; what the group got as alerts channel is not said twice."""
    world.forum = False
    world.alert()
    world.wait(seconds=5)
    world.act(1, PostUpdate("martijn", summary="We look"))
    world.wait(seconds=10)

    texts = world.texts("alerts")
    assert texts[-1].startswith("#incident-2026-11-23\n📋 **INCIDENT UPDATE**")
    assert 1 == len([text for text in texts if "[P0] INCIDENT:" in text])


def test_the_second_room_of_a_day_gets_a_number(world):
    world.alert()
    world.alert("other", service="api")
    world.wait(seconds=10)

    assert "#incident-2026-11-23-2" == world.state(2).room.name


def test_every_step_stands_in_one_unbroken_chain_that_gives_the_state_again(world):
    """The timeline is numbered without holes, its hashes hold, and folding it gives the stored state."""
    from tocsin.core.incident import replay
    from tocsin.core.types import Fact

    world.alert()
    world.wait(minutes=7)
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", status="identified", summary="A bad deployment", public=True))
    world.wait(minutes=50)
    world.act(1, Resolve("martijn", "A bad deployment", "Rolled back"))
    world.act(1, Reopen("martijn"))
    world.wait(minutes=20)

    entries = world.timeline()
    assert list(range(1, len(entries) + 1)) == [entry.seq for entry in entries]
    assert sorted(entry.at for entry in entries) == [entry.at for entry in entries]
    assert world.verified()
    state = world.state()
    assert state == replay(1, state.runbook_version, [Fact(e.kind, e.at, e.actor, e.data) for e in entries])


def test_severity_down_to_p1_keeps_what_was_done(world):
    """The other protocol takes over; an acknowledged incident stays acknowledged, and no deadline is in the past."""
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=40)
    world.act(1, SetSeverity("martijn", "P1", "Only the old wallet is hit"))

    assert "done" == duties(world)["acknowledge"]
    assert {"acknowledge", "investigate", "rollback_needed", "fix", "monitor", "write_up"} == set(duties(world))
    assert all(d.deadline > world.now for d in world.state().duties if state_of(d, world.now) == "due")


def test_what_people_ask_for_in_vain_says_what_to_do(world):
    world.alert()
    world.act(1, Resolve("martijn"))

    for event, words in [
        (PostUpdate("martijn", summary="x"), "reopen it first"),
        (SetSeverity("martijn", "P9"), "reopen it first"),
    ]:
        with pytest.raises(Refused, match=words):
            world.act(1, event)
    world.act(1, Reopen("martijn"))
    for event, words in [
        (PostUpdate("martijn", status="solved", summary="x"), "investigating, identified, monitoring"),
        (PostUpdate("martijn"), "needs a summary"),
        (SetSeverity("martijn", "P9"), "P0, P1, P2, P3"),
    ]:
        with pytest.raises(Refused, match=words):
            world.act(1, event)


def test_messages_go_to_the_numeric_group(world):
    world.alert()
    chats = {o.json["chat_id"] for _, o in world.requests if getattr(o, "json", None) and "text" in o.json}

    assert GROUP in chats
    assert datetime(2026, 11, 23, 9, 2, tzinfo=UTC) == START
