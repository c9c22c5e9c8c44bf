from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin import plugins
from tocsin.core.types import Publish, Refused
from tocsin.store import publish
from tocsin.usecases import site
from tocsin.usecases.configure import Setup

from .conftest import START


def said(status, state, body="b", component="Website"):
    return Publish(body, "Issues with Website", status, body, component, state, "major", START)


def tell(db, time, number, told, minutes=1):
    time.now += timedelta(minutes=minutes)
    db.write_now(site.tell, number, told)


def test_a_component_is_as_bad_as_its_worst_open_incident(house, time):
    tell(house, time, 1, said("investigating", "partial_outage"))
    tell(house, time, 2, said("investigating", "major_outage"))
    tell(house, time, 1, said("resolved", "operational"))
    tell(house, time, 2, said("resolved", "operational"))
    history = house.read_now(publish.histories)["Website"]
    assert ["operational", "partial_outage", "major_outage", "operational"] == [state for _, state in history]
    changes = [update.changes for one in house.read_now(publish.incidents) for update in one.updates]
    assert [
        (("Website", "major_outage", "operational"),),
        (("Website", "partial_outage", "major_outage"),),
        (("Website", "major_outage", "major_outage"),),
        (("Website", "operational", "partial_outage"),),
    ] == changes


def test_told_twice_it_stands_once(house, time):
    told = said("investigating", "partial_outage")
    tell(house, time, 1, told)
    house.write_now(site.tell, 1, told)
    (one,) = house.read_now(publish.incidents)
    assert 1 == len(one.updates)


def test_two_updates_at_one_instant_are_both_kept(house, time):
    tell(house, time, 1, said("investigating", "partial_outage", "first"))
    tell(house, time, 1, said("identified", "partial_outage", "second"), minutes=0)
    (one,) = house.read_now(publish.incidents)
    assert {"first", "second"} == {update.body for update in one.updates}
    assert "identified" == one.status


def test_monitoring_and_the_end_keep_their_instants(house, time):
    for status in ("investigating", "monitoring", "resolved"):
        tell(house, time, 1, said(status, "operational" if status == "resolved" else "partial_outage", status))
    (one,) = house.read_now(publish.incidents)
    assert (START + timedelta(minutes=2), START + timedelta(minutes=3)) == (one.monitoring_at, one.resolved_at)
    tell(house, time, 1, said("investigating", "partial_outage", "again"))
    (one,) = house.read_now(publish.incidents)
    assert one.is_open


def test_what_touches_the_page_says_so(house, time):
    heard = []
    house.listen(heard.append)
    tell(house, time, 1, said("investigating", "partial_outage"))
    assert any("status" in touched for touched in heard)


def test_a_new_component_of_the_runbook_begins_to_be_known(house, setup, time):
    before = house.read_now(publish.histories)
    assert {"Website", "Wallet API", "Data storage", "Payments", "Browser extension"} == set(before)
    assert {"operational"} == {state for history in before.values() for _, state in history}


def test_what_is_measured_is_kept_where_it_changes_and_lowers_the_uptime(house, time):
    setup = Setup(plugins.load(), {}, "http://t", b"key-of-the-house", Path())
    time.now += timedelta(hours=8)
    house.write_now(site.measured, setup, "Website", 1.0)
    house.write_now(site.measured, setup, "Website", 0.5)
    time.now += timedelta(hours=2)
    house.write_now(site.measured, setup, "Website", 0.5)
    shown = {one.name: one for one in house.read_now(site.snapshot, setup).components}
    assert ("operational", 0.9) == (shown["Website"].state, round(shown["Website"].uptime, 9))
    assert 1.0 == shown["Payments"].uptime
    assert {"Website": [(time.now - timedelta(hours=2), 0.5)]} == house.read_now(publish.measured, START)
    time.now += timedelta(days=200)
    assert 0.5 == house.read_now(site.snapshot, setup).components[0].days[0].up
    for component, down in (("Nothing", 0.0), ("Website", 1.5), ("Website", -1.0)):
        with pytest.raises(Refused):
            house.write_now(site.measured, setup, component, down)
