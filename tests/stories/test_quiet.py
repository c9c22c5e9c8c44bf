"""Silences, windows, inhibition and pauses: nobody is woken, nothing is dropped, and what still fires at the end is paged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alert import Alert, Signal
from tocsin.core.types import Refused
from tocsin.store import alerts
from tocsin.store import quiet as store
from tocsin.usecases import quiet

from .conftest import World, changed


def silence(world, *texts, hours=1, **more):
    until = world.now + timedelta(hours=hours)
    made = world.db.write_now(
        lambda tx: quiet.silence(
            tx, world.setup, **{"texts": texts, "until": until, "reason": "we move the rack", "by": "martijn", **more}
        )
    )
    world.work()
    return made


def rows(world):
    return {row.key: row for row in reversed(world.db.read_now(alerts.listing))}  # the newest episode of each


def test_a_silence_holds_back_what_it_means_and_says_why(world):
    """The alert is stored with the rule and the reason; nobody is paged, and others still are."""
    silence(world, "service=ddc")
    world.alert("held", service="ddc", check="unreachable")
    world.alert("free")

    row = rows(world)["held"]
    assert ("silenced", None) == (row.disposition, row.incident)
    assert "silence of martijn until 2026-11-23 10:02 UTC: we move the rack" == row.rule
    assert ["backup1", "martijn"] == world.paged(1)
    assert "proofi.ai" == world.state(1).service


def test_what_still_fires_when_the_silence_ends_is_paged_then(world):
    silence(world, "service=ddc")
    world.alert("held", service="ddc", check="unreachable")
    world.wait(minutes=59)
    assert world.incident_of("held") is None
    world.wait(minutes=1)

    assert 1 == world.incident_of("held")
    assert ["backup1", "martijn"] == world.paged(1)
    assert "held back until now by silence of martijn" in world.timeline(1)[0].data["rule"]
    assert "incident" == rows(world)["held"].disposition


def test_what_ended_meanwhile_pages_nobody(world):
    silence(world, "service=ddc")
    world.alert("held", service="ddc", check="unreachable")
    world.resolve_alert("held", service="ddc", check="unreachable")
    world.wait(hours=2)

    assert world.incident_of("held") is None
    assert [("resolved", "silenced")] == [(r.held_outcome, r.disposition) for r in world.db.read_now(store.listing)]


def test_a_silence_ended_early_pages_at_once_and_an_extended_one_later(world):
    first, second = silence(world, "service=ddc"), silence(world, "service=payments")
    world.alert("a", service="ddc", check="unreachable")
    world.alert("b", service="payments", check="other")
    world.db.write_now(quiet.extend, second.id, world.now + timedelta(hours=3), "backup1")
    world.db.write_now(quiet.end, first.id, "backup1")
    world.work()

    assert (1, None) == (world.incident_of("a"), world.incident_of("b"))
    world.wait(hours=2, minutes=59)
    assert world.incident_of("b") is None
    world.wait(minutes=1)
    assert world.incident_of("b") is not None


@pytest.mark.parametrize("damage", [{"repeat": "FREQ=DAILY", "zone": "Gone/Away"}, {"matchers": ["service~~ddc"]}])
def test_a_silence_that_cannot_be_read_any_more_holds_up_no_alert(world, damage):
    """Its time zone left the zone rules, or its words the language: it holds nothing back, and the others hold."""
    damaged = silence(world, "service=payments")
    silence(world, "service=ddc")
    world.db.write_now(store.change, damaged.id, **damage)

    assert 1 == world.alert("free", service="payments", check="x")
    assert world.alert("held", service="ddc", check="unreachable") is None


def test_another_silence_takes_over_what_the_first_one_held(world):
    silence(world, "service=ddc", hours=2, reason="the second")
    silence(world, "check=unreachable", hours=3, reason="the third")
    world.alert("held", service="ddc", check="unreachable")
    world.db.write_now(lambda tx: [quiet.end(tx, one.id, "x") for one in store.living(tx) if one.reason == "the third"])
    world.work()

    assert "the second" in rows(world)["held"].rule
    world.wait(hours=2)
    assert world.incident_of("held") == 1


def test_a_key_that_comes_back_after_a_silence_rejoins_its_own_incident(world):
    world.alert("a", service="ddc", check="unreachable")
    world.alert("b", service="ddc", check="unreachable")
    world.resolve_alert("a", service="ddc", check="unreachable")
    silence(world, "key=a")
    world.alert("a", service="ddc", check="unreachable")

    assert ["alert_held"] == [k for k in world.kinds(1) if k == "alert_held"]
    world.wait(hours=1)
    assert world.incident_of("a") == 1
    assert "held back until now" in world.facts("alert_attached", 1)[-1].data["because"]


def test_many_held_alerts_of_one_group_become_one_incident(world):
    silence(world, "service=ddc")
    for key in range(40):
        world.alert(f"k{key}", service="ddc", check="unreachable")
    world.wait(hours=1)

    assert {1} == {row.incident for row in rows(world).values()}
    assert 40 == world.db.read_now(
        lambda tx: tx.all(store.select(store.func.count()).where(store.held.c.outcome == "paged"))[0][0]
    )


def test_a_window_comes_again_every_week_by_the_wall_clock(tmp_path):
    """From 02:00 to 04:00 in Madrid every Sunday: also on the night when clocks change, which is an hour shorter."""
    world = World(tmp_path, now=datetime(2026, 3, 20, 12, tzinfo=UTC))
    silence(
        world, "service=ddc", start=datetime(2026, 3, 22, 1, tzinfo=UTC), until=datetime(2026, 3, 22, 3, tzinfo=UTC),
        repeat="FREQ=WEEKLY;BYDAY=SU", zone="Europe/Madrid",
    )  # fmt: skip
    world.now = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 there: 02:00 did not come
    world.alert("in", service="ddc", check="unreachable")
    assert world.incident_of("in") is None
    assert "maintenance of martijn until 2026-03-29 02:00 UTC" in rows(world)["in"].rule
    world.wait(minutes=60)
    assert world.incident_of("in") == 1


@pytest.mark.parametrize(
    ("texts", "more", "status"),
    [
        ((), {}, 422),
        (("service",), {}, 422),
        (("host=a",), {}, 422),
        (("text=~(a+)+\\1",), {}, 422),
        (("service=ddc",), {"until": None}, 422),
        (("service=ddc",), {"hours": -1}, 422),
        (("service=ddc",), {"hours": 24 * 800}, 422),
        (("service=ddc",), {"reason": " "}, 422),
        (("service=ddc",), {"hours": 24 * 8}, 409),
        (("text=~.*",), {}, 409),
        (("severity=~.+",), {}, 409),
        (("service!=x",), {}, 409),
        (("service=ddc",), {"repeat": "FREQ=HOURLY"}, 422),
        (("service=ddc",), {"repeat": "FREQ=WEEKLY;BYDAY=SU"}, 422),
    ],
)
def test_what_cannot_be_or_may_be_a_mistake_is_refused(world, texts, more, status):
    with pytest.raises(Refused) as refused:
        silence(world, *texts, **more)
    assert status == refused.value.status
    assert () == world.db.read_now(store.living)


def test_whoever_is_sure_may_silence_everything(world):
    silence(world, "text=~.*", sure=True)
    assert world.alert() is None


INHIBIT = [{"when": {"service": "ddc", "check": "unreachable"}, "hold": {"service": ["api", "proofi.ai"]},
            "equal": ["labels.zone"]}]  # fmt: skip


def test_what_a_cause_explains_is_held_back_until_the_cause_ends(tmp_path):
    def change(data):
        data["inhibit"] = INHIBIT
        data["grouping"]["dependencies"] = "false"

    world = World(tmp_path, changed(change))
    world.alert("cause", service="ddc", check="unreachable", labels={"zone": "a"})
    assert world.alert("effect", service="api", labels={"zone": "a"}) is None
    assert world.alert("elsewhere", service="api", labels={"zone": "b"}) == 2
    assert "inhibit 1 (while service: ddc, check: unreachable fires)" in rows(world)["effect"].rule

    world.resolve_alert("cause", service="ddc", check="unreachable", labels={"zone": "a"})
    assert world.incident_of("effect") is not None


MUTUAL = [
    [{"when": {"severity": "critical"}, "hold": {"service": ["api", "ddc"]}}],
    [
        {"when": {"service": "ddc"}, "hold": {"service": "api"}},
        {"when": {"service": "api"}, "hold": {"service": "ddc"}},
    ],
]


@pytest.mark.parametrize("rules", MUTUAL)
def test_two_that_explain_each_other_in_one_body_are_not_both_held_back(tmp_path, rules):
    """What is held back itself explains nothing; of two the worse one is paged."""

    def change(data):
        data["inhibit"] = rules
        data["grouping"]["dependencies"] = "false"

    world = World(tmp_path, changed(change))
    loud = Alert("alertmanager", "loud", "down", world.now, "", "ddc", "unreachable", "critical")
    also = Alert("alertmanager", "also", "slow", world.now, "", "api", "slow", "critical")
    world.signals([Signal("trigger", loud), Signal("trigger", also)])

    assert [1, None] == [world.incident_of("loud"), world.incident_of("also")]
    assert ["backup1", "martijn"] == world.paged(1)
    world.resolve_alert("loud", service="ddc", check="unreachable")
    assert world.incident_of("also") is not None


def test_of_a_chain_in_one_body_the_first_cause_is_paged(tmp_path):
    rules = [{"when": {"service": a}, "hold": {"service": b}} for a, b in (("ddc", "api"), ("api", "payments"))]

    def change(data):
        data["inhibit"] = rules
        data["grouping"]["dependencies"] = "false"

    world = World(tmp_path, changed(change))
    world.signals(
        [
            Signal("trigger", Alert("alertmanager", name, name, world.now, "", name, "x", "critical"))
            for name in ("payments", "api", "ddc")
        ]
    )

    assert world.incident_of("ddc") is not None and world.incident_of("api") is None


FLAPPING = {"times": 3, "within": "1h", "pause": "30m"}


def test_what_flaps_is_paused_with_an_end(tmp_path):
    """The third time it fires again it is paused; after half an hour what still fires is paged."""
    world = World(tmp_path, changed(lambda data: data.update(flapping=FLAPPING)))
    for _ in range(3):
        world.alert("flap", service="extension", check="slow", severity="warning")
        world.resolve_alert("flap", service="extension", check="slow", severity="warning")
        world.wait(minutes=1)
    world.alert("flap", service="extension", check="slow", severity="warning")

    assert world.incident_of("flap") is None
    assert (
        "flapping: it fired again 3 times within 1 hour; paused until 2026-11-23 09:35 UTC" == rows(world)["flap"].rule
    )
    world.wait(minutes=30)
    assert world.incident_of("flap") is not None


def test_a_dependent_alert_joins_the_incident_of_what_is_broken(world):
    """The storage is down, so the API's alert joins it, and the timeline says why; what is worse stands alone."""
    world.alert("root", service="ddc", check="unreachable")
    world.alert("dependent", service="api", check="http_5xx")

    assert 1 == world.incident_of("dependent")
    assert "api depends on ddc" == world.facts("alert_attached", 1)[0].data["because"]


def test_a_worse_alert_never_hides_in_what_it_depends_on(world):
    world.alert("root", service="ddc", check="slow", severity="warning")
    assert 2 == world.alert("worse", service="api", check="http_5xx")


def test_cause_and_effect_in_one_body_are_one_incident_on_the_cause(world):
    from tocsin.core.alert import Alert, Signal

    effect = Alert("alertmanager", "e", "5xx", world.now, "", "proofi.ai", "http_5xx", "critical")
    cause = Alert("alertmanager", "c", "down", world.now, "", "ddc", "unreachable", "critical")
    world.signals([Signal("trigger", effect), Signal("trigger", cause)])

    assert (1, 1, "ddc") == (world.incident_of("e"), world.incident_of("c"), world.state(1).service)


def test_what_nothing_fires_of_draws_no_others_in(world):
    """An incident that a person declared has no alert that fires: it is no broken service."""
    world.declare(service="ddc")
    assert 2 == world.alert("x", service="api")
