"""From signals to incidents: dedup, episodes, grouping, triage, and what ends by itself."""

from __future__ import annotations

import itertools
import json

import pytest

from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Resolve
from tocsin.store import alerts, incidents
from tocsin.usecases import configure, joining

from .conftest import World, changed


def rows(world):
    return sorted(world.db.read_now(alerts.listing), key=lambda row: (row.key, row.episode))


def test_the_same_alert_a_hundred_times_is_one_incident_and_one_page_each(world):
    for _ in range(100):
        world.alert()

    assert [("5xx", 1, 100, "firing")] == [(r.key, r.episode, r.count, r.state) for r in rows(world)]
    assert ["backup1", "martijn"] == world.paged()


def test_a_resolve_ends_its_own_episode_only(world):
    """After resolve the same key fires a second episode; a late resolve of nothing changes nothing."""
    world.alert()
    world.resolve_alert()
    world.resolve_alert()
    world.alert()
    world.resolve_alert("another")

    assert [(1, "resolved"), (2, "firing")] == [(r.episode, r.state) for r in rows(world)]


def test_a_resolve_before_its_trigger_is_dropped(world):
    world.resolve_alert()
    assert [] == rows(world)
    world.alert()
    assert ["firing"] == [r.state for r in rows(world)]


def test_trigger_and_resolve_in_one_body_leave_one_ended_episode(world):
    alert = Alert("alertmanager", "5xx", "down", world.now, "", "proofi.ai", "http_5xx", "critical")
    world.signals([Signal("trigger", alert), Signal("trigger", alert), Signal("resolve", alert)])

    assert [(1, 2, "resolved")] == [(r.episode, r.count, r.state) for r in rows(world)]
    assert "monitoring" == world.state().status


def test_alerts_of_one_service_and_check_join_one_incident(world):
    world.alert("a")
    world.wait(minutes=9)
    world.alert("b")
    world.alert("c", check="slow", severity="warning", title="slow")

    assert (1, 1, 2) == (world.incident_of("a"), world.incident_of("b"), world.incident_of("c"))
    assert {"keys": ["b"], "count": 1} == world.facts("alert_attached")[0].data


def test_the_window_rolls_with_the_last_alert_and_then_closes(world):
    """Ten minutes after the group's last alert another one is an incident of its own."""
    world.alert("a")
    world.wait(minutes=10)
    assert 1 == world.alert("b")
    world.wait(minutes=10, seconds=1)
    assert 2 == world.alert("c")


def test_a_key_that_fires_again_rejoins_its_own_open_incident(world):
    world.alert("a")
    world.alert("b")
    world.resolve_alert("a")
    world.wait(hours=3)

    assert 1 == world.alert("a")


def test_what_fires_on_after_its_incident_was_resolved_by_hand_pages_anew(world):
    """Its sender repeats it, and has no other word for "it is not over": somebody is paged."""
    world.alert("slow", check="slow", severity="warning")
    world.act(1, Resolve("martijn"))
    world.paged(1)
    world.wait(hours=4)

    assert 2 == world.alert("slow", check="slow", severity="warning")
    assert ["martijn"] == world.paged(2)
    assert [(1, 1, "resolved", 1), (2, 1, "firing", 2)] == [
        (r.episode, r.count, r.state, r.incident) for r in rows(world)
    ]


def test_what_fires_on_while_a_p1_is_watched_after_its_end_reopens_it(world):
    world.alert("pay", service="payments", check="x")
    world.act(1, Resolve("martijn", root_cause="a bad deployment", resolution="rolled back"))
    world.paged()
    world.wait(minutes=30)
    world.alert("pay", service="payments", check="x")

    assert ("triggered", 1) == (world.state().status, world.incident_of("pay"))
    assert ["martijn"] == world.paged()


def test_a_repeat_of_what_was_merged_is_counted(world):
    """The incident goes on in another, which has its alerts."""
    world.alert("a", check="slow", severity="warning")
    world.alert("b", service="ddc", check="slow", severity="warning")
    world.db.write_now(joining.merge, world.setup, 2, 1, "martijn", "the same")
    world.alert("b", service="ddc", check="slow", severity="warning")

    assert [("a", 1, 1), ("b", 1, 2)] == [(r.key, r.episode, r.count) for r in rows(world)]


def test_a_key_that_gets_worse_raises_its_incident(world):
    """A monitor that warns first and then says critical, with one key, is no repeat of its warning."""
    world.alert("disk", check="slow", severity="info", service="extension")
    assert ("P2", ["martijn"]) == (world.state().severity, world.paged())
    world.alert("disk", check="slow", severity="critical", service="extension")

    assert ("P1", 1) == (world.state().severity, world.incident_of("disk"))
    assert ["backup1", "martijn"] == world.paged()
    world.alert("disk", check="slow", severity="warning", service="extension")  # better, and not over
    assert [(1, 1, "resolved"), (2, 2, "firing")] == [(r.episode, r.count, r.state) for r in rows(world)]


def test_a_key_that_gets_worse_within_one_body_raises_its_incident(world):
    said = [
        Alert("alertmanager", "disk", "disk", world.now, "", "extension", "x", word) for word in ("info", "critical")
    ]
    world.signals([Signal("trigger", alert) for alert in said])

    assert [("P1", "resolved"), ("P1", "firing")] == [(world.state(r.incident).severity, r.state) for r in rows(world)]
    world.resolve_alert("disk", service="extension", check="x")
    assert "monitoring" == world.state().status


def renamed(data):
    """Every severity by another name."""
    text = json.dumps(data)
    for place in range(4):
        text = text.replace(f'"P{place}"', f'"SEV{place}"')
    data.clear()
    data.update(json.loads(text))


def worse(data):
    """One more severity, above all others."""
    data["severities"] = {"PX": data["severities"]["P0"], **data["severities"]}
    data["triage"] = [{"match": {"check": "x", "severity": "critical"}, "severity": "PX"}, *data["triage"]]


@pytest.mark.parametrize(("change", "severity"), [(renamed, "SEV1"), (worse, "PX")])
def test_an_incident_of_an_older_runbook_takes_no_alert_that_it_cannot_rise_to(world, change, severity):
    """It would stay the quiet thing that it was, and nobody would be woken: the alert has an incident of its own."""
    world.alert("quiet", service="extension", check="x", severity="info")
    assert "P3" == world.state(1).severity
    assert not world.db.write_now(configure.adopt, world.setup, changed(change)).errors

    assert 2 == world.alert("loud", service="extension", check="x", severity="critical")
    assert severity == world.state(2).severity
    assert "martijn" in world.paged(2)


def test_what_no_rule_matches_still_opens_a_p2_on_its_service(world):
    """Never silence: the signal pages whoever is on call."""
    quiet = World(world.data, changed(lambda data: data.__setitem__("triage", [])))
    quiet.alert("x", service="nobody-knows", check="odd", severity="info")

    assert ("P2", "nobody-knows") == (quiet.state().severity, quiet.state().service)
    assert ["martijn"] == quiet.paged()
    assert "no rule matches" == quiet.facts("declared")[0].data["rule"]


@pytest.mark.parametrize(
    ("alert", "severity"),
    [
        ({"service": "api", "check": "http_5xx", "severity": "warning"}, "P0"),
        ({"service": "ddc", "check": "unreachable", "severity": "warning"}, "P0"),
        ({"service": "extension", "severity": "info", "check": "x", "labels": {"breach": "true"}}, "P0"),
        ({"service": "x", "severity": "info", "check": "x", "text": "The private key of a user was leaked"}, "P0"),
        ({"service": "x", "severity": "info", "check": "x", "title": "Smart contract compromised"}, "P0"),
        ({"service": "payments", "severity": "critical", "check": "x"}, "P1"),
        ({"service": "extension", "severity": "error", "check": "x"}, "P1"),
        ({"service": "extension", "severity": "info", "check": "slow"}, "P2"),
        ({"service": "extension", "severity": "warning", "check": "x"}, "P2"),
        ({"service": "extension", "severity": "info", "check": "x"}, "P3"),
    ],
)
def test_the_first_rule_that_matches_sets_the_severity(world, alert, severity):
    world.alert("a", **alert)

    assert severity == world.state().severity


def test_a_worse_alert_raises_its_incident(world):
    """A P2 becomes a P1 when a critical alert joins its group: who is newly needed is paged, and the duties follow."""
    world.alert("a", check="slow", severity="warning")
    assert ["martijn"] == world.paged()
    world.alert("b", check="slow", severity="critical")

    assert ("P1", "major") == (world.state().severity, world.state().protocol)
    assert ["backup1", "martijn"] == world.paged()  # who was asked quietly is asked aloud now
    assert [] == world.facts("severity_confirmed")  # people still have to look


def test_the_last_alert_of_a_p0_asks_for_the_all_clear(world):
    """It does not resolve by itself; paging stops, and whoever is in charge is asked."""
    world.alert()
    world.resolve_alert()
    world.paged()
    world.wait(minutes=10)

    assert "monitoring" == world.state().status
    assert [] == world.paged()
    assert any(text.startswith("All-clear for INC-1?") for text in world.texts("martijn"))


def test_an_alert_while_monitoring_pages_anew(world):
    world.alert()
    world.resolve_alert()
    world.paged()
    world.wait(minutes=1)
    world.alert()

    assert ("triggered", 1) == (world.state().status, world.incident_of("5xx"))
    assert ["backup1", "martijn"] == world.paged()


def test_the_last_alert_of_a_p2_resolves_it(world):
    world.alert("slow", check="slow", severity="warning")
    world.resolve_alert("slow", check="slow", severity="warning")

    assert "resolved" == world.state().status
    assert ["tocsin"] == [entry.actor for entry in world.facts("resolved")]


def test_an_alert_in_the_hour_of_monitoring_reopens_a_p1(world):
    world.alert("pay", service="payments", check="card")
    world.act(1, Acknowledge("martijn"))
    world.act(1, Resolve("martijn", "A bad key", "New key"))
    world.paged()
    world.wait(minutes=59)
    world.alert("pay-2", service="payments", check="card")

    assert 1 == world.incident_of("pay-2")
    assert "triggered" == world.state().status
    assert ["martijn"] == world.paged()  # on call, and lead of the service's team


def test_a_worse_alert_in_that_hour_raises_what_it_reopens(world):
    world.alert("pay", service="payments", check="x")
    world.act(1, Resolve("martijn", root_cause="a bad deployment", resolution="rolled back"))
    world.paged()
    world.wait(minutes=5)
    assert 1 == world.alert("leak", service="payments", check="x", labels={"breach": "true"})

    assert ("P0", "triggered") == (world.state().severity, world.state().status)
    assert ["backup1", "martijn"] == world.paged()


def test_after_the_hour_of_monitoring_it_is_another_incident(world):
    world.alert("pay", service="payments", check="card")
    world.act(1, Resolve("martijn", "A bad key", "New key"))
    world.wait(minutes=61)
    world.alert("pay-2", service="payments", check="card")

    assert "done" == ("done" if world.duty("monitor").done_at else "open")
    assert 2 == world.incident_of("pay-2")


def test_a_source_may_acknowledge_its_own_alert(world):
    world.alert(source="pagerduty")
    world.alert(source="pagerduty", action="acknowledge")

    assert ("source:pagerduty", None) == (world.state().acknowledged_by, world.state().commander)


def test_a_change_is_kept_and_pages_nobody(world):
    world.alert("deploy", action="change")

    assert [] == world.db.read_now(incidents.listing)
    assert [] == rows(world)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::3])
def test_any_order_of_signals_leaves_one_row_for_each_episode(world, order):
    """Whatever order duplicates and resolves come in, the numbers add up and nothing is counted twice."""
    actions = ["trigger", "resolve", "trigger", "trigger"]
    for index in order:
        world.alert(action=actions[index])

    found = rows(world)
    assert list(range(1, len(found) + 1)) == [row.episode for row in found]
    assert 3 == sum(row.count for row in found)
    assert 1 >= sum(row.state == "firing" for row in found)


def test_a_p3_of_a_p1_service_stays_quiet(world):
    """A note of information opens a P3: nobody is paged, a local ticket is there within its five minutes."""
    world.alert("typo", service="extension", check="x", severity="info")

    assert [] == world.paged()
    assert "INC-1" == world.state().ticket
    assert world.duty("ticket").done_at
