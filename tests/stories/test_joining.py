"""Merging and splitting: alerts and timelines stay true, pages of what is merged end, and all of it can be undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core import sla
from tocsin.core.events import Acknowledge, Resolve
from tocsin.core.incident import replay
from tocsin.core.types import Fact, Refused
from tocsin.store import alerts, incidents
from tocsin.usecases import joining


def merge(world, number, into, by="martijn", reason=""):
    world.db.write_now(joining.merge, world.setup, number, into, by, reason)
    world.work()


def split(world, number, by="martijn"):
    world.db.write_now(joining.split, world.setup, number, by)
    world.work()


def refused(usecase, *args):
    with pytest.raises(Refused) as error:
        usecase(*args)
    return error.value.status


def true_to_its_timeline(world, number):
    facts = [Fact(e.kind, e.at, e.actor, e.data) for e in world.timeline(number)]
    stored = world.db.read_now(incidents.load, number)
    return replay(number, stored.state.runbook_version, facts) == stored.state


@pytest.fixture
def two(world):
    """INC-1 on the storage, P0; INC-2 on payments, P1, with two alerts."""
    world.alert("ddc", service="ddc", check="unreachable", title="storage away")
    world.alert("pay", service="payments", check="declined", title="payments fail")
    world.alert("pay2", service="payments", check="declined", title="payments fail")
    return world


def test_what_is_merged_goes_on_in_the_other_and_its_pages_end(two):
    """Its alerts are the other's, its pages are moot with the reason, and each names the other."""
    merge(two, 2, 1, reason="one cause")

    assert (1, 1) == (two.incident_of("pay"), two.incident_of("pay2"))
    assert {"moot"} == {page.state for page in two.pages(2)}
    assert {"merged into INC-1, which goes on for it"} == {page.why for page in two.pages(2)}
    assert ("INC-1", "storage away", "one cause") == tuple(
        two.facts("merged", 2)[0].data[k] for k in ("into", "title", "reason")
    )
    assert ("INC-2", 2) == tuple(two.facts("merged", 1)[0].data[k] for k in ("from", "alerts"))
    assert ("resolved", 1) == (two.state(2).status, two.state(2).merged_into)
    assert [] == two.facts("resolved", 2)
    assert 3 == two.db.read_now(incidents.load, 1).alerts
    assert true_to_its_timeline(two, 1) and true_to_its_timeline(two, 2) and two.verified()
    two.wait(hours=2)
    assert {"moot"} == {page.state for page in two.pages(2)}


def test_merging_again_changes_nothing(two):
    merge(two, 2, 1)
    before = [len(two.timeline(n)) for n in (1, 2)]
    merge(two, 2, 1)
    assert before == [len(two.timeline(n)) for n in (1, 2)]


def test_a_new_alert_of_the_group_goes_where_the_incident_goes_on(two):
    merge(two, 2, 1)
    assert 1 == two.alert("pay3", service="payments", check="declined", title="payments fail")
    split(two, 2)
    assert 2 == two.incident_of("pay3")


def test_a_worse_one_makes_the_other_as_bad(two):
    merge(two, 1, 2)
    assert "P0" == two.state(2).severity
    assert "INC-1, merged into it, is P0" == two.facts("severity_changed", 2)[0].data["reason"]


def test_a_split_undoes_it(two):
    """The alerts go back, and as nobody had it before, somebody is asked anew."""
    two.paged(2)
    merge(two, 2, 1)
    split(two, 2)

    assert (1, 2, 2) == tuple(map(two.incident_of, ("ddc", "pay", "pay2")))
    assert ("triggered", None, None) == (two.state(2).status, two.state(2).merged_into, two.state(2).resolved_at)
    assert two.paged(2)
    assert (1, 2) == tuple(two.db.read_now(incidents.load, n).alerts for n in (1, 2))
    assert true_to_its_timeline(two, 1) and true_to_its_timeline(two, 2) and two.verified()
    assert {None} == {row.home for row in two.db.read_now(alerts.listing)}


def test_what_somebody_had_is_theirs_again_after_a_split(two):
    two.act(2, Acknowledge("backup1"))
    two.paged(2)
    merge(two, 2, 1)
    split(two, 2)

    assert ("investigating", "backup1") == (two.state(2).status, two.state(2).commander)
    assert [] == two.paged(2)


def test_what_nobody_answered_gets_its_time_to_respond_anew_after_a_split(two):
    """Its alerts had resolved, which ends paging as well: the time that passed in the other is not held against it."""
    two.resolve_alert("pay")
    two.resolve_alert("pay2")
    merge(two, 2, 1)
    two.wait(hours=3)
    split(two, 2)

    response = next(clock for clock in two.state(2).clocks if clock.which == "response")
    assert two.now + timedelta(minutes=30) == response.due
    assert [] == [fact for fact in two.facts("elapsed", 2) if fact.data["state"] == "breached"]


def test_a_chain_of_merges_comes_apart_link_by_link(two):
    """A into B into C: splitting B takes A's alerts along; splitting A then takes its own."""
    two.alert("ext", service="extension", check="broken", title="extension broken")
    merge(two, 3, 2)
    merge(two, 2, 1)
    assert {1} == {two.incident_of(key) for key in ("ddc", "pay", "pay2", "ext")}

    split(two, 2)
    assert (1, 2, 2) == tuple(map(two.incident_of, ("ddc", "pay", "ext")))
    split(two, 3)
    assert (1, 2, 3) == tuple(map(two.incident_of, ("ddc", "pay", "ext")))


def test_what_cannot_be_merged_is_refused(two):
    two.declare("P2", "a drill", drill=True)
    two.alert("old", service="extension", check="broken")
    two.act(4, Resolve("martijn"))

    def tried(number, into):
        return refused(two.db.write_now, joining.merge, two.setup, number, into, "martijn")

    assert [422, 422, 409, 409, 404] == [tried(1, 1), tried(3, 1), tried(1, 4), tried(4, 1), tried(1, 99)]
    merge(two, 2, 1)
    assert 409 == tried(1, 2)
    assert 422 == refused(two.db.write_now, joining.split, two.setup, 1, "martijn")


def test_a_merged_incident_is_not_reopened_or_led_but_where_it_goes_on(two):
    from tocsin.core.events import Reopen, SendText, SetSeverity
    from tocsin.usecases import respond

    merge(two, 2, 1)
    for event in (Reopen("martijn"), SetSeverity("martijn", "P0"), SendText("martijn", "all_clear")):
        with pytest.raises(Refused, match="merged into INC-1"):
            two.db.write_now(respond.act, two.setup, 2, event)


def test_alerts_are_split_off_into_an_incident_of_their_own(two):
    ids = [row.id for row in two.db.read_now(alerts.listing) if row.key == "pay2"]
    two.db.write_now(joining.split_alerts, two.setup, 2, ids, "martijn", "another cause")
    two.work()

    assert (2, 3) == (two.incident_of("pay"), two.incident_of("pay2"))
    assert "split off from INC-2; rule 5 (severity: critical, service: payments) -> P1" == two.state(3).rule
    assert two.paged(3)
    assert ("INC-3", 1, "another cause") == tuple(two.facts("split", 2)[0].data[k] for k in ("off", "alerts", "reason"))


def test_a_split_of_nothing_or_of_all_is_refused(two):
    ids = {row.key: row.id for row in two.db.read_now(alerts.listing)}
    for wanted in ([], [ids["ddc"]], ["nothing"], [ids["pay"], ids["pay2"]]):
        assert 422 == refused(two.db.write_now, joining.split_alerts, two.setup, 2, wanted, "martijn")


def test_the_public_hears_that_it_is_handled_together(two):
    from tocsin.store import publish

    merge(two, 2, 1)
    shown = {one.title: one for one in two.db.read_now(publish.incidents)}
    assert ("resolved", "We are handling this together with another issue that we are working on.") == (
        shown["Issues with Payments"].status, shown["Issues with Payments"].updates[0].body,
    )  # fmt: skip
    assert "investigating" == shown["Issues with Data storage"].status


def test_the_clocks_and_duties_of_what_was_merged_stand_still(two):
    """Nobody is told that it is late, and no page shows a promise that nobody keeps there; a split starts them anew."""
    merge(two, 2, 1)
    before = len(two.timeline(2))
    two.wait(hours=5)
    assert before == len(two.timeline(2))
    assert () == sla.to_show(two.state(2).clocks, two.state(2).is_open)
    split(two, 2)
    two.wait(minutes=1)
    assert [] == [fact for fact in two.facts("elapsed", 2) if "clock" in fact.data]
    assert {two.now - timedelta(minutes=1)} == {clock.start for clock in two.state(2).clocks}
