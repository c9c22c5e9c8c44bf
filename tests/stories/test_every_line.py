"""The runbook, line by line: every severity of its table and every duty of its protocols, kept and missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tocsin.core.events import Acknowledge, Check, CloseTicket, Extend, PostUpdate, Resolve, SetSeverity, WriteUp
from tocsin.core.protocol import state_of

from .conftest import EXAMPLE, START

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BOOK = yaml.load(EXAMPLE, yaml.BaseLoader)
SEVERITY_OF = {"critical": "P0", "major": "P1", "backlog": "P2"}
TOLD: set[str] = set()  # the lines that a story below tells


def line(*names):
    TOLD.update(names)
    return lambda story: story


def state(world, duty):
    return state_of(world.duty(duty), world.now)


def told(world, who, words):
    """Whether somebody got a text with these words, by whatever way."""
    people = {"martijn": ("martijn", "martijn@proofi.ai"), "backup1": ("backup1", "backup1@proofi.ai")}
    return any(words in text for name in people.get(who, (who,)) for text in world.texts(name))


def test_every_line_of_the_runbook_has_its_story():
    lines = {f"severities.{name}" for name in BOOK["severities"]}
    lines |= {f"{name}.{duty['id']}" for name, book in BOOK["protocols"].items() for duty in book["duties"]}

    assert lines == TOLD


# --------------------------------------------------------------------------------------------- the table of severities


@line("severities.P0", "severities.P1", "severities.P2", "severities.P3")
@pytest.mark.parametrize(
    ("severity", "respond", "resolve", "paged", "urgency", "protocol"),
    [
        ("P0", START + 15 * MINUTE, START + HOUR, ["backup1", "martijn"], "high", "critical"),
        ("P1", START + 30 * MINUTE, START + 4 * HOUR, ["backup1", "martijn"], "high", "major"),  # on call, team lead
        ("P2", START + 2 * HOUR, START + 24 * HOUR, ["martijn"], "low", "backlog"),  # on call
        # the next business day ends at 17:00 in Amsterdam; a week on it is Monday again, at the same time
        ("P3", datetime(2026, 11, 24, 16, tzinfo=UTC), datetime(2026, 11, 30, 9, 2, tzinfo=UTC), [], "none", "backlog"),
    ],
)  # fmt: skip
def test_a_severity_has_its_clocks_its_people_and_its_protocol(
    world, severity, respond, resolve, paged, urgency, protocol
):
    world.declare(severity, service="proofi.ai", by="admin")

    clocks = {clock.which: clock.due for clock in world.state().clocks}
    assert {"response": respond, "resolution": resolve} == clocks
    assert paged == world.paged()
    assert (urgency, protocol) == (world.state().urgency, world.state().protocol)


@pytest.mark.parametrize(("severity", "paged"), [("P0", 11.25), ("P1", 22.5), ("P2", 90)])
def test_a_response_is_at_risk_at_three_quarters_and_breached_at_its_end(world, severity, paged):
    """Nobody acknowledges: on the timeline at both instants, told to who is on call, and in the end to the next."""
    world.declare(severity, service="proofi.ai", by="admin")
    world.wait(minutes=paged, seconds=-1)
    assert [] == world.facts("elapsed")
    world.wait(seconds=1)
    assert [("response", "at_risk")] == [(f.data["clock"], f.data["state"]) for f in world.facts("elapsed")]
    world.wait(minutes=1)
    assert told(world, "martijn", "The response time is over in")

    world.wait(minutes=paged / 3 - 1, seconds=-1)
    assert 1 == len(world.facts("elapsed"))
    world.wait(seconds=1)
    assert "breached" == world.facts("elapsed")[-1].data["state"]
    world.wait(minutes=2)
    said = "The response time is over: nobody has acknowledged" if severity == "P2" else "duty was missed: Acknowledge"
    assert told(world, "martijn", said)
    assert told(world, "backup1", "The response time is over" if severity == "P2" else "This duty is now yours")


def test_who_answers_in_time_keeps_the_response(world):
    world.declare("P0", by="admin")
    world.wait(minutes=11)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=10)

    assert ("response", START + 11 * MINUTE) == (world.state().clocks[0].which, world.state().clocks[0].met_at)
    assert not [f for f in world.facts("elapsed") if f.data.get("clock") == "response"]


@pytest.mark.parametrize(("severity", "hours"), [("P0", 1), ("P1", 4), ("P2", 24)])
def test_a_resolution_is_told_to_the_commander_and_then_to_the_next_in_line(world, severity, hours):
    world.declare(severity, service="proofi.ai", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(hours=hours * 0.75)
    world.wait(minutes=1)
    assert ("resolution", "at_risk", ["martijn"]) == tuple(
        world.facts("elapsed")[-1].data[word] for word in ("clock", "state", "people")
    )
    assert told(world, "martijn", "The resolution time is over in")
    assert not told(world, "backup1", "The resolution time")

    world.wait(hours=hours * 0.25)
    breach = world.facts("elapsed")[-1].data
    assert ("breached", "secondary") == (breach["state"], breach["to"])
    assert told(world, "backup1", "The resolution time is over: it is not resolved")
    world.wait(hours=1)
    assert 2 == len([f for f in world.facts("elapsed") if f.data["clock"] == "resolution"])  # once each


def test_a_minor_issue_is_told_in_business_hours_and_not_at_night(world):
    """Filed on Friday at 16:00 in Amsterdam, it is at risk on Monday afternoon, not in the night to Monday."""
    world.sleep(days=4, hours=5, minutes=58)  # Friday 15:00 UTC
    world.declare("P3", "A typo", by="admin")
    world.wait(days=4)

    at = [(f.data["state"], f.at) for f in world.facts("elapsed") if f.data["clock"] == "response"]
    assert [
        ("at_risk", datetime(2026, 11, 30, 13, 45, tzinfo=UTC)), ("breached", datetime(2026, 11, 30, 16, tzinfo=UTC)),
    ] == at  # fmt: skip
    assert told(world, "martijn", "The response time is over")
    assert [] == world.paged()


def test_a_week_over_christmas_has_its_business_days_all_the_same(world):
    """Christmas Day and the day after are public holidays in the Netherlands; a week is five days of work."""
    world.sleep(days=28)  # Monday 21 December, 10:02 in Amsterdam
    world.declare("P3", "A typo", by="admin")

    assert datetime(2026, 12, 29, 9, 2, tzinfo=UTC) == world.state().clocks[1].due


# --------------------------------------------------------------------------------------------- every duty, missed


MISSED = [
    ("critical", "acknowledge", 15, "secondary"), ("critical", "assess", 5, "secondary"),  ("critical", "first_update", 15, "secondary"),
    ("critical", "root_cause", 30, "secondary"), ("critical", "fix", 60, "secondary"),
    ("critical", "all_clear", 120, "secondary"), ("major", "acknowledge", 30, "secondary"),
    ("major", "investigate", 60, "secondary"), ("major", "rollback_needed", 60, "secondary"),
    ("major", "fix", 240, "secondary"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "duty", "minutes", "next_"), MISSED)
def test_a_duty_left_undone_is_missed_at_its_deadline_told_and_handed_on(world, protocol, duty, minutes, next_):
    """Due until the deadline, then missed: its owner hears of it, and the next in line has it."""
    world.declare(SEVERITY_OF[protocol], service="api", by="admin")
    if duty != "acknowledge":
        world.act(1, Acknowledge("martijn"))
    world.wait(minutes=minutes, seconds=-1)
    assert "due" == state(world, duty)
    world.wait(seconds=1)

    assert "missed" == state(world, duty)
    missed = [f for f in world.facts("duty_missed") if f.data["duty"] == duty]
    handed = [f for f in world.facts("handed_on") if f.data["duty"] == duty]
    assert (1, next_, ["backup1"]) == (len(missed), handed[0].data["to"], handed[0].data["people"])
    world.wait(minutes=1)
    title = world.duty(duty).title
    assert told(world, "martijn", f"This duty was missed: {title}")
    assert told(world, "backup1", f"This duty is now yours (secondary): {title}")


# --------------------------------------------------------------------------------------------- critical


@line("critical.acknowledge", "critical.commander")
def test_critical_acknowledge_immediately_and_assign_a_commander(world):
    """One press does both, by whoever presses first; a commander who was named before stays."""
    world.declare("P0", by="admin")
    world.wait(minutes=2)
    world.act(1, Acknowledge("backup1"))

    assert ("done", "done") == (state(world, "acknowledge"), state(world, "commander"))
    assert "backup1" == world.state().commander
    assert {"kind": "acknowledged", "actor": "backup1", "at": "2026-11-23T09:04:00Z"} == world.duty(
        "acknowledge"
    ).evidence


def test_critical_an_incident_without_a_commander_after_ten_minutes_is_handed_on(world):
    """A machine may acknowledge; it cannot lead."""
    world.declare("P0", by="admin")
    world.act(1, Acknowledge("source:pagerduty"))
    world.wait(minutes=10)

    assert ("done", "missed") == (state(world, "acknowledge"), state(world, "commander"))


@line("critical.assess")
def test_critical_initial_assessment_confirms_the_severity_and_diagnosis_starts_at_once(world):
    world.alert()
    begun, *found, assessed = world.facts("finding_added")
    assert START == begun.at == assessed.at
    assert ("Looking at", {"alerts", "blast_radius"}) == (
        begun.data["text"][:10],
        {"alerts", "blast_radius"} & {fact.data["source"] for fact in found},
    )
    world.wait(minutes=4)
    world.act(1, SetSeverity("martijn", "P0"))

    assert "done" == state(world, "assess")
    assert ["P0"] == [f.data["severity"] for f in world.facts("severity_confirmed")]


@line("critical.war_room")
def test_critical_war_room_opens_by_itself_and_all_hands_hear(world):
    world.declare("P0", by="admin")
    world.wait(seconds=5)

    assert ("done", "#incident-2026-11-23") == (state(world, "war_room"), world.state().room.name)
    assert ["backup1", "martijn"] == world.paged()


@line("critical.first_update", "critical.updates")
def test_critical_first_update_and_one_every_15_minutes(world):
    world.declare("P0", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=14)
    world.act(1, PostUpdate("martijn", summary="We look"))
    assert ("done", START + 29 * MINUTE) == (state(world, "first_update"), world.duty("updates").deadline)

    world.wait(minutes=15)
    assert 1 == world.duty("updates").rounds_missed
    assert START + 44 * MINUTE == world.duty("updates").deadline


@line("critical.root_cause")
def test_critical_root_cause_or_escalation(world):
    world.declare("P0", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.act(1, PostUpdate("martijn", "identified", "A bad deployment"))

    assert "done" == state(world, "root_cause")


@line("critical.fix")
def test_critical_fix_deployed_and_the_rollback_is_proposed(world):
    world.declare("P0", by="admin")
    assert ("rollback",) == world.duty("fix").propose
    world.act(1, PostUpdate("martijn", "monitoring", "Rolled back"))

    assert "done" == state(world, "fix")


@line("critical.all_clear")
def test_critical_all_clear_or_extended(world):
    """Extended for two hours, whoever leads is asked when they are over, once."""
    world.declare("P0", by="admin")
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=100)
    world.act(1, Extend("martijn", 2 * HOUR, "Storage rebalances"))
    assert ("done", START + 220 * MINUTE) == (state(world, "all_clear"), world.state().extended_until)

    world.wait(hours=2)
    world.wait(minutes=1)
    assert world.state().extended_until is None
    assert told(world, "martijn", "The extended time of INC-1 is over")
    world.act(1, Resolve("martijn", "A disk", "Space"))
    assert "resolved" == world.state().status


# --------------------------------------------------------------------------------------------- major


@line("major.acknowledge")
def test_major_acknowledge_in_the_alerts_channel(world):
    world.alert(service="payments", check="declined")
    assert "P1" == world.state().severity
    world.act(1, Acknowledge("martijn"))
    world.wait(seconds=5)

    assert "done" == state(world, "acknowledge")
    assert any("P1 INCIDENT ACKNOWLEDGED" in text for text in world.texts("alerts"))


@line("major.investigate", "major.rollback_needed")
def test_major_investigate_and_determine_if_a_rollback_is_needed(world):
    """Both are ticked by a person; the diagnosis ran at once, and the rollback is proposed."""
    world.declare("P1", by="admin", service="payments")
    assert world.facts("finding_added")
    assert ("rollback",) == world.duty("rollback_needed").propose
    world.wait(minutes=50)
    world.act(1, Check("martijn", "investigate"))
    world.act(1, Check("martijn", "rollback_needed"))

    assert ("done", "done") == (state(world, "investigate"), state(world, "rollback_needed"))


@line("major.fix")
def test_major_fix_or_workaround_within_four_hours(world):
    world.declare("P1", by="admin", service="payments")
    assert START + 4 * HOUR == world.duty("fix").deadline
    world.act(1, Resolve("martijn", "A key expired", "A new key"))

    assert "done" == state(world, "fix")
    assert "resolved" == world.duty("fix").evidence["kind"]


@line("major.monitor")
def test_major_monitor_for_an_hour_after_resolution(world):
    """The hour counts from the end, is nobody's to miss, and is over by itself."""
    world.declare("P1", by="admin", service="payments")
    assert "waiting" == state(world, "monitor")
    world.wait(minutes=30)
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    assert ("due", START + 90 * MINUTE) == (state(world, "monitor"), world.duty("monitor").deadline)
    world.wait(hours=1)

    assert "done" == state(world, "monitor")
    assert [] == [f for f in world.facts("duty_missed") if f.data["duty"] == "monitor"]


def test_major_what_a_person_declared_is_reopened_by_an_alert_on_its_service(world):
    """Nothing groups it with an alert but the service: within the hour that is enough, and no longer."""
    world.declare("P1", by="admin", service="payments")
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    world.wait(minutes=30)
    assert 2 == world.alert("other", service="api", check="slow")
    assert 1 == world.alert("k1", service="payments", check="declined")
    assert "triggered" == world.state().status
    world.act(1, Resolve("martijn", "A key expired", "A newer key"))
    world.wait(minutes=61)
    assert 3 == world.alert("k2", service="payments", check="refused")


def test_major_a_new_alert_in_the_hour_of_monitoring_reopens_and_pages(world):
    """Fifty minutes after the end it fires again: the same incident, paged anew, its clocks started anew."""
    world.alert("k1", service="payments", check="declined")
    world.act(1, Acknowledge("martijn"))
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    world.paged()
    world.wait(minutes=50)
    assert 1 == world.alert("k2", service="payments", check="declined")

    assert ("triggered", None) == (world.state().status, world.state().resolved_at)
    assert ["martijn"] == world.paged()
    assert "waiting" == state(world, "monitor")
    again = world.now
    assert [again + 30 * MINUTE, again + 4 * HOUR] == [clock.due for clock in world.state().clocks]
    world.act(1, Resolve("martijn", "The new key is wrong", "The right key"))
    assert world.now + HOUR == world.duty("monitor").deadline


def test_major_an_alert_after_the_hour_is_another_incident(world):
    world.alert("k1", service="payments", check="declined")
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    world.wait(minutes=61)

    assert 2 == world.alert("k2", service="payments", check="declined")


@line("major.write_up")
def test_major_quick_write_up_within_a_day(world):
    """It is written after the end, stands with the incident, and the alerts channel gets it."""
    world.declare("P1", by="admin", service="payments")
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    assert START + 24 * HOUR == world.duty("write_up").deadline
    world.wait(hours=3)
    world.act(1, WriteUp("martijn", "A key expired. We now watch them."))
    world.wait(minutes=1)

    assert ("done", "A key expired. We now watch them.") == (state(world, "write_up"), world.state().write_up)
    assert any("We now watch them." in text for text in world.texts("alerts"))
    before = world.kinds()
    world.act(1, WriteUp("martijn", "A key expired. We now watch them."))
    assert before == world.kinds()


def test_major_a_write_up_that_nobody_writes_is_missed_and_handed_on(world):
    world.declare("P1", by="admin", service="payments")
    world.act(1, Resolve("martijn", "A key expired", "A new key"))
    world.wait(hours=24)

    assert "missed" == state(world, "write_up")
    assert ["secondary"] == [f.data["to"] for f in world.facts("handed_on")]


@pytest.mark.parametrize(
    ("first", "then", "formal"),
    [
        ({"check": "declined"}, {"check": "declined"}, True),
        ({"check": "declined"}, {"check": "slow"}, False),
        ({"service": "api"}, {"service": "payments"}, False),
        ({"cause": "A key expired"}, {"cause": "a key  expired."}, True),
        ({"cause": "A key expired"}, {"cause": "A full disk"}, False),
    ],
)
def test_a_p1_that_recurs_within_30_days_gets_a_formal_postmortem(world, first, then, formal):
    """The same service and cause: the second one gets its review and its document, and says why."""
    for number, what in ((1, first), (2, then)):
        world.declare("P1", by="admin", service=what.get("service", "payments"), check=what.get("check"))
        world.act(number, Resolve("martijn", what.get("cause"), "Fixed"))
        world.wait(days=20)

    assert [] == world.facts("review_scheduled", 1)
    assert (["it recurs: INC-1 had the same"] if formal else []) == [
        f.data["reason"] for f in world.facts("review_scheduled", 2)
    ]
    assert formal == any((world.data / "docs/incidents").glob("*.md"))


def test_a_p1_that_recurs_after_30_days_is_a_first_one(world):
    for number in (1, 2):
        world.declare("P1", by="admin", service="payments", check="declined")
        world.act(number, Resolve("martijn", "A key expired", "A new key"))
        world.wait(days=31)

    assert [] == world.facts("review_scheduled", 2)


# --------------------------------------------------------------------------------------------- backlog


@line("backlog.ticket")
@pytest.mark.parametrize("severity", ["P2", "P3"])
def test_backlog_a_ticket_with_the_severitys_label_at_once(world, severity):
    from tocsin.store import incidents

    world.declare(severity, "Slow uploads", by="admin", service="api")

    [ticket] = world.facts("ticket_created")
    assert ("INC-1", "local", f"severity: {severity}") == tuple(ticket.data[k] for k in ("ticket", "tracker", "label"))
    assert "done" == state(world, "ticket")
    assert [1] == [s.state.number for s in world.db.read_now(incidents.tickets, state="open")]


@line("backlog.prioritize")
def test_backlog_prioritize_by_the_end_of_the_next_business_day(world):
    """Nobody does: missed on Tuesday at 17:00 in Amsterdam, told by the rules for low urgency, and handed on."""
    world.declare("P2", "Slow uploads", by="admin", service="api")
    world.act(1, Acknowledge("martijn"))
    assert datetime(2026, 11, 24, 16, tzinfo=UTC) == world.duty("prioritize").deadline
    world.wait(days=1, hours=7)

    assert "missed" == state(world, "prioritize")
    assert ["secondary"] == [f.data["to"] for f in world.facts("handed_on") if f.data["duty"] == "prioritize"]
    assert told(world, "backup1", "Prioritize in the next sprint")
    world.act(1, Check("martijn", "prioritize"))
    assert ("done", True) == (state(world, "prioritize"), world.duty("prioritize").late)


@line("backlog.staging", "backlog.release")
def test_backlog_fix_in_staging_and_release_in_the_normal_cycle_hurry_nobody(world):
    """Without a deadline they are never missed; closing the ticket is the release, and the end."""
    world.declare("P3", "A typo", by="admin", service="api")
    world.wait(days=3)
    assert ("due", None) == (state(world, "staging"), world.duty("staging").deadline)
    assert not [f for f in world.facts("duty_missed") if f.data["duty"] in ("staging", "release")]
    world.act(1, Check("martijn", "staging"))
    world.act(1, CloseTicket("martijn", "Released in 4.2"))

    assert ("done", "ticket_closed") == (state(world, "release"), world.duty("release").evidence["kind"])
    assert ("resolved", "Released in 4.2") == (world.state().status, world.state().resolution)


def test_backlog_a_ticket_closed_while_it_still_fires_does_not_end_the_incident(world):
    world.alert("slow", service="api", check="slow", severity="warning")
    world.act(1, CloseTicket("martijn", "Released"))
    assert "triggered" == world.state().status
    before = world.kinds()
    world.act(1, CloseTicket("martijn", "Released"))
    assert before == world.kinds()

    world.resolve_alert("slow", service="api", check="slow", severity="warning")
    assert "resolved" == world.state().status
