from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import statuspage
from tocsin.core.decide import decide, declare
from tocsin.core.events import AlertsResolved, Around, Declared, PostUpdate, Reopen, Resolve, SetSeverity
from tocsin.core.statuspage import Maintenance, PublicIncident, Site
from tocsin.core.types import Publish

T0 = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
EXAMPLE = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(EXAMPLE, {}).runbook
AROUND = Around(who=lambda target: frozenset({"martijn"}), link="http://t/incidents/INC-1")


def public(decision):
    return [effect for effect in decision.effects if isinstance(effect, Publish)]


def opened(severity="P0", service="proofi.ai", **more):
    event = Declared("internal: key 4711 leaked on host db3", severity, "martijn", service=service, **more)
    return declare(1, "v", event, BOOK, T0, AROUND)


def then(decision, event, minutes=5):
    return decide(decision.state, event, BOOK, T0 + timedelta(minutes=minutes), AROUND)


@pytest.mark.parametrize(
    ("severity", "state", "impact"),
    [("P0", "major_outage", "critical"), ("P1", "partial_outage", "major"), ("P2", None, None), ("P3", None, None)],
)
def test_the_worst_two_severities_open_in_public_by_themselves(severity, state, impact):
    told = public(opened(severity))
    assert [(state, impact)] * (state is not None) == [(one.state, one.impact) for one in told]


def test_what_opens_is_the_template_word_for_word_under_a_public_title():
    (told,) = public(opened())
    expected = """**Issues with Website**

We're currently experiencing issues with Website.
Our team is actively investigating.

Started: 2026-11-23 09:02 UTC
Last Update: 2026-11-23 09:02 UTC

We apologize for any inconvenience and will update
this page as we learn more."""
    assert ("Issues with Website", "investigating", expected) == (told.title, told.status, told.body)
    assert "Website" == told.component


def test_neither_the_internal_title_nor_a_service_without_component_is_ever_shown():
    (told,) = public(opened(service="db3-internal"))
    assert "Issues with Proofi" == told.title
    assert None is told.component
    assert not any(word in told.body for word in ("4711", "db3"))


def test_a_drill_is_never_public():
    decision = opened(drill=True)
    assert [] == public(decision)
    assert [] == public(then(decision, PostUpdate("martijn", summary="rehearsed", public=True)))
    assert [] == public(then(decision, SetSeverity("martijn", "P1")))
    assert [] == public(then(decision, Resolve("martijn")))


def test_a_lower_severity_is_public_from_the_update_that_says_so():
    decision = opened("P2")
    silent = then(decision, PostUpdate("martijn", summary="looking"))
    assert [] == public(silent)
    (told,) = public(then(silent, PostUpdate("martijn", status="identified", summary="A slow query.", public=True)))
    assert ("identified", "A slow query.", "degraded_performance", "minor") == (
        told.status, told.body, told.state, told.impact,
    )  # fmt: skip


def test_an_update_that_is_not_public_tells_the_public_nothing():
    assert [] == public(then(opened(), PostUpdate("martijn", status="identified", summary="the password was 1234")))


def test_severity_monitoring_resolution_and_return_each_say_one_thing():
    decision = opened()
    milder = then(decision, SetSeverity("martijn", "P1"))
    assert [("Website is now: partial outage.", "partial_outage")] == [(t.body, t.state) for t in public(milder)]
    watched = then(milder, AlertsResolved(("k",), 1, "s", 0), 6)
    assert ["monitoring"] == [t.status for t in public(watched)]
    ended = then(watched, Resolve("martijn", "internal cause", "internal fix"), 65)
    (told,) = public(ended)
    assert ("resolved", "operational") == (told.status, told.state)
    assert told.body.startswith("**Resolved: Issues with Website**\n\nThe issue affecting Website has been resolved.")
    assert told.body.endswith("Duration: 1 hour 5 minutes\nResolved: 2026-11-23 10:07 UTC")
    assert "internal" not in told.body
    (back,) = public(then(ended, Reopen("martijn", "again"), 70))
    assert ("investigating", "major_outage") != (back.status, back.state)
    assert ("investigating", "partial_outage") == (back.status, back.state)


def test_what_is_decided_again_is_said_once():
    decision = opened()
    again = then(decision, SetSeverity("martijn", "P0"))
    assert [] == public(again)


# ------------------------------------------------------------------------------------------ components


def days(history, now, zone="UTC", work=()):
    return statuspage.component("Website", 1, history, work, zone, now)


def test_uptime_is_the_share_of_the_time_that_is_known():
    start = datetime(2026, 11, 1, tzinfo=UTC)
    history = [
        (start, "operational"),
        (start + timedelta(days=1, hours=6), "major_outage"),
        (start + timedelta(days=1, hours=12), "partial_outage"),
        (start + timedelta(days=1, hours=22), "degraded_performance"),
        (start + timedelta(days=1, hours=23), "operational"),
    ]
    made = days(history, start + timedelta(days=4))
    known = [(day.on.day, day.worst, day.up) for day in made.days if day.up is not None]
    assert 90 == len(made.days)
    assert [1, 2, 3, 4] == [day for day, _, _ in known]
    assert "major_outage" == known[1][1]
    assert (24 - 6 - 10 * 0.3) / 24 == pytest.approx(known[1][2])
    assert 1 - (6 + 3) / 96 == pytest.approx(made.uptime)


def test_a_day_of_23_hours_is_a_whole_day():
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)  # the local midnight of 29 March in Amsterdam
    history = [(start, "operational"), (start + timedelta(hours=11, minutes=30), "major_outage")]
    made = days(history, start + timedelta(hours=23), "Europe/Amsterdam")
    assert pytest.approx(0.5) == made.days[-1].up or pytest.approx(0.5) == made.days[-2].up


def test_nothing_known_is_not_a_hundred_percent():
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert None is days([(now, "operational")], now).uptime


@pytest.mark.parametrize(
    ("state", "hours", "shown"),
    [("operational", 1, "under_maintenance"), ("major_outage", 1, "major_outage"), ("operational", 3, "operational"),
     ("operational", 2, "operational")],
)  # fmt: skip
def test_running_maintenance_shows_where_nothing_is_worse(state, hours, shown):
    work = Maintenance("m", "Upgrade", "", ("Website",), T0, T0 + timedelta(hours=2), T0)
    assert shown == days([(T0, state)], T0 + timedelta(hours=hours), work=[work]).state


def incident(component, state, resolved=None):
    return PublicIncident("i", "t", "investigating", "major", component, state, T0, T0, None, resolved, ())


@pytest.mark.parametrize(
    ("states", "incidents", "indicator"),
    [
        ((), (), "none"),
        (("operational", "degraded_performance"), (), "minor"),
        (("under_maintenance",), (), "maintenance"),
        (("partial_outage", "major_outage"), (), "critical"),
        (("operational",), (incident(None, "partial_outage"),), "major"),
        (("operational",), (incident(None, "partial_outage", T0),), "none"),
    ],
)
def test_the_whole_is_as_bad_as_its_worst_part(states, incidents, indicator):
    parts = tuple(days([(T0, state)], T0 + timedelta(hours=1)) for state in states)
    site = Site("S", "u", "UTC", "#123456", "", T0, parts, incidents, ())
    assert indicator == site.overall[0]


def test_public_ids_are_stable_and_say_nothing():
    one = statuspage.public_id("incident", 1, T0)
    assert one == statuspage.public_id("incident", 1, T0)
    assert one != statuspage.public_id("incident", 2, T0)
    assert 12 == len(one)
    assert one.isalnum()


def test_what_is_measured_counts_beside_what_was_said_and_never_twice():
    """Ten hours known; two of major outage, of which one was measured too, and one more that nobody told of."""
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def at(hours):
        return start + timedelta(hours=hours)

    history = [(at(0), "operational"), (at(2), "major_outage"), (at(4), "operational")]
    measured = [(at(-9), 1.0), (at(-8), 0.0), (at(3), 1.0), (at(5), 0.0)]
    day = statuspage.component("A", 1, history, (), "UTC", at(10), measured).days[-1]
    assert 0.7 == round(day.up, 9)
    half = statuspage.component("A", 1, history, (), "UTC", at(10), [(at(6), 0.5)])
    assert (0.6, "operational") == (round(half.uptime, 9), half.state)


def test_a_partial_outage_is_as_down_as_what_is_measured_of_it():
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)
    end = start + timedelta(hours=10)
    for share, up in ((0.1, 0.7), (0.5, 0.5)):
        assert up == round(
            statuspage.component("A", 1, [(start, "partial_outage")], (), "UTC", end, [(start, share)]).uptime, 9
        )
