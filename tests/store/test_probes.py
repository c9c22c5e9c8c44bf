"""Probes on each database: nodes agree, changes are alerts, jobs call in, hours are summed up, what is old goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tocsin.core.events import Acknowledge, Resolve
from tocsin.core.probes import Look, Seen
from tocsin.core.types import Refused
from tocsin.store import incidents, probes, publish
from tocsin.store.db import Database
from tocsin.store.schema import alerts, measurements, probe_changes, probe_hours, probe_looks, probe_marks
from tocsin.usecases import configure, respond
from tocsin.usecases import probes as usecase

from .conftest import START

MINUTE = timedelta(minutes=1)
BOOK = """
version: 1
people: {ana: {name: Ana}}
services: {shop: {component: Shop}, till: {component: Shop}}
probes:
  shop: {service: shop, http: "https://shop.example.org", every: 30s, fail_after: 2, recover_after: 1}
  till: {service: till, tcp: "till.example.org:1", every: 30s}
  nightly: {service: shop, heartbeat: true, every: 24h, grace: 1h}
severities:
  P0: {title: x, respond_within: 1h, resolve_within: 1d, page: [everyone], protocol: p}
  P2: {title: y, respond_within: 1h, resolve_within: 1d, protocol: p}
triage: [{match: {check: http_5xx}, severity: P0}, {match: {check: slow}, severity: P2}]
protocols: {p: {duties: []}}
"""


@pytest.fixture
def shop(db, setup):
    assert () == db.write_now(configure.adopt, setup, BOOK).errors
    db.write_now(usecase.follow, setup)
    return db


@pytest.fixture
def look(shop, setup, time):
    """Have nodes look at a probe, one letter for each: . good, s slow, x 5xx, and pass when it does not."""
    words = {".": Look(START), "s": Look(START, "slow", 6000, "6.0 s"), "x": Look(START, "http_5xx", 20, "status 503")}

    def look(letters, name="shop"):
        for place, letter in enumerate(letters):
            if letter in words:
                of = words[letter]
                one = Look(time.now, of.check, of.milliseconds or 20, of.why)
                shop.write_now(usecase.keep, setup, f"node{place}", [(name, one)])
        time.now += timedelta(seconds=30)
        return shop.read_now(probes.seen, name)

    return look


def told(db):
    rows = db.read_now(lambda tx: tx.all(select(alerts).order_by(alerts.c.first_at, alerts.c.episode)))
    return [(row.key, row.check, row.severity, row.state) for row in rows]


def count(db, table):
    return db.read_now(lambda tx: tx.first(select(func.count()).select_from(table)))[0]


def test_what_is_seen_of_a_probe_is_nothing_before_the_first_look(shop):
    assert shop.read_now(probes.seen, "shop") is None
    assert shop.read_now(probes.seen, "unknown") is None


def test_one_node_decides_alone(shop, look):
    assert look(".").ok
    seen = look("x")
    assert (True, "status 503") == (seen.ok, seen.why)  # one bad look is none yet
    assert Seen(False, "http_5xx", START + MINUTE, START + MINUTE / 2, 20, "status 503") == look("x")
    assert [("shop", "http_5xx", "critical", "firing")] == told(shop)

    assert look(".").ok
    assert [("shop", "http_5xx", "critical", "resolved")] == told(shop)


def test_of_three_nodes_two_must_agree(shop, look):
    look("...")
    assert look("x..").ok
    assert look("x..").ok
    assert [] == told(shop)

    look("xx.")
    assert not look("xx.").ok
    assert [("shop", "http_5xx", "critical", "firing")] == told(shop)

    assert look("x..").ok
    assert [("shop", "http_5xx", "critical", "resolved")] == told(shop)


def test_a_node_that_ended_has_no_say(shop, look, setup):
    look("...")
    for _ in range(2):
        assert look("xx.") is not None
    shop.write_now(usecase.leave, setup and "node1")
    assert look("x-.").ok  # one of two

    shop.write_now(usecase.leave, "node2")
    assert not look("x").ok  # alone


def test_a_node_that_hangs_has_no_say_after_three_periods(shop, look):
    look("x..")
    assert look("x").ok
    assert look("x").ok
    look("x")
    assert not look("x").ok


def test_what_gets_worse_is_sorted_anew(shop, look):
    look("s")
    look("s")
    one = shop.read_now(incidents.load, 1).state
    assert ("P2", "shop: 6.0 s") == (one.severity, one.title)

    look("x")
    look("x")
    assert [("shop", "slow", "warning", "resolved"), ("shop", "http_5xx", "critical", "firing")] == told(shop)
    assert "P0" == shop.read_now(incidents.load, 1).state.severity


def test_what_fails_on_after_people_ended_its_incident_pages_anew(shop, look, setup):
    """Not at once: what was mended has three periods to be seen well."""
    look("x")
    look("x")
    shop.write_now(respond.act, setup, 1, Acknowledge("ana"))
    shop.write_now(respond.act, setup, 1, Resolve("ana", "the cache", "emptied"))
    for _ in range(3):
        look("x")
    assert [("shop", "http_5xx", "critical", "firing")] == told(shop)

    look("x")
    assert [("shop", "http_5xx", "critical", "resolved"), ("shop", "http_5xx", "critical", "firing")] == told(shop)
    anew = shop.read_now(incidents.open_ones, 9)
    assert ["triggered"] == [each.state.status for each in anew]
    look("x")
    assert 2 == len(told(shop))


def test_what_is_well_after_people_ended_its_incident_pages_nobody(shop, look, setup):
    look("x")
    look("x")
    shop.write_now(respond.act, setup, 1, Acknowledge("ana"))
    shop.write_now(respond.act, setup, 1, Resolve("ana", "the cache", "emptied"))
    for letter in "x..x..":
        look(letter)
    assert [("shop", "http_5xx", "critical", "resolved")] == told(shop)


def test_a_restart_neither_ends_an_alert_nor_tells_it_twice(shop, look, setup):
    look("x")
    look("x")
    shop.write_now(usecase.leave, "node0")
    shop.write_now(usecase.follow, setup)
    assert not look("x").ok
    assert not look("-s").ok  # another node, that sees something else for the first time
    assert [("shop", "http_5xx", "critical", "firing")] == told(shop)


def test_the_alert_of_a_probe_that_the_runbook_has_no_more_ends(shop, look, setup):
    look("x")
    look("x")
    text = BOOK.replace(
        '  shop: {service: shop, http: "https://shop.example.org"', '  web: {service: shop, http: "https://x.org"'
    )
    assert () == shop.write_now(configure.adopt, setup, text).errors
    shop.write_now(usecase.follow, setup)

    assert [("shop", "http_5xx", "critical", "resolved")] == told(shop)
    assert shop.read_now(probes.seen, "shop") is None
    assert 0 == count(shop, probe_marks)
    assert look("x") is None  # what is still under way is void

    assert () == shop.write_now(configure.adopt, setup, BOOK).errors
    shop.write_now(usecase.follow, setup)
    assert look(".").ok


def test_another_service_has_the_alert_told_anew(shop, look, setup):
    look("x")
    look("x")
    shop.write_now(configure.adopt, setup, BOOK.replace("shop: {service: shop, http", "shop: {service: till, http"))
    look("x")
    rows = shop.read_now(lambda tx: tx.all(select(alerts.c.service, alerts.c.state).order_by(alerts.c.episode)))
    assert [("shop", "resolved"), ("till", "firing")] == [tuple(row) for row in rows]


def test_the_component_is_down_by_the_share_of_its_probes(shop, look):
    look(".")
    look(".", "till")
    look("s")
    look("s")  # slow is up
    assert 0 == count(shop, measurements)
    look("x")
    look("x")
    look("x", "till")
    look(".")
    found = shop.read_now(publish.measured, START - MINUTE)["Shop"]
    assert [0.5, 1.0, 0.5] == [down for _, down in found]


def test_what_cannot_be_told_is_told_with_the_next_look_and_holds_back_nothing_else(shop, look, setup, monkeypatch):
    """An incident on which the core raises: the other probes of the batch are told, and nothing is half kept."""
    real = usecase.ingest

    def raises(tx, setup, requests):
        real(tx, setup, requests)
        if any(signal.alert.key == "shop" for request in requests for signal in request):
            raise ZeroDivisionError

    monkeypatch.setattr(usecase, "ingest", raises)
    bad = Look(START, "http_5xx", 20, "status 503"), Look(START + MINUTE, "http_5xx", 20, "status 503")
    time_of = [("shop", bad[0]), ("till", bad[0]), ("shop", bad[1])]
    shop.write_now(usecase.keep, setup, "node0", time_of)
    assert [("till", "http_5xx", "critical", "firing")] == told(shop)
    assert shop.read_now(probes.seen, "shop") is None
    assert 3 == count(shop, probe_looks)

    monkeypatch.setattr(usecase, "ingest", real)
    shop.write_now(usecase.keep, setup, "node0", [("shop", Look(START + 2 * MINUTE, "http_5xx", 20, "status 503"))])
    assert {"shop", "till"} == {key for key, *_ in told(shop)}
    assert START == shop.read_now(probes.seen, "shop").since


def test_a_call_that_cannot_be_told_is_not_taken(shop, setup, monkeypatch):
    monkeypatch.setattr(usecase, "ingest", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shop.write_now(usecase.call_in, setup, "nightly", True, "")
    assert (0, 0) == (count(shop, probe_looks), count(shop, probe_changes))


# --------------------------------------------------------------------------------------------- jobs


def test_a_job_that_does_not_call_in_is_late_and_well_again_when_it_does(shop, setup, time):
    assert [] == shop.read_now(usecase.overdue, setup)
    shop.write_now(usecase.call_in, setup, "nightly", False, "")
    assert shop.read_now(probes.seen, "nightly").ok

    time.now += timedelta(hours=24, minutes=59)
    assert [] == shop.read_now(usecase.overdue, setup)
    time.now += MINUTE
    assert ["nightly"] == shop.read_now(usecase.overdue, setup)
    shop.write_now(usecase.tell_late, setup)
    shop.write_now(usecase.tell_late, setup)  # another node saw it, too
    assert [("nightly", "heartbeat", "warning", "firing")] == told(shop)
    seen = shop.read_now(probes.seen, "nightly")
    assert (START, START + timedelta(hours=25)) == (seen.at, seen.since)
    assert "no call since 2026-11-23 09:02 UTC, expected every 1 day" == seen.why
    assert [] == shop.read_now(usecase.overdue, setup)

    shop.write_now(usecase.call_in, setup, "nightly", False, "")
    assert [("nightly", "heartbeat", "warning", "resolved")] == told(shop)


def test_a_job_that_is_late_on_after_people_ended_its_incident_is_told_anew(shop, setup, time):
    """When it should have called once more; not again while that incident is open."""
    shop.write_now(usecase.call_in, setup, "nightly", False, "")
    time.now += timedelta(hours=26)
    shop.write_now(usecase.tell_late, setup)
    shop.write_now(respond.act, setup, 1, Acknowledge("ana"))
    shop.write_now(respond.act, setup, 1, Resolve("ana", "the disk", "cleared"))
    time.now += timedelta(hours=24)
    assert [] == shop.read_now(usecase.overdue, setup)

    time.now += timedelta(hours=2)
    assert ["nightly"] == shop.read_now(usecase.overdue, setup)
    shop.write_now(usecase.tell_late, setup)
    assert [("nightly", "resolved"), ("nightly", "firing")] == [(key, state) for key, _, _, state in told(shop)]
    assert [] == shop.read_now(usecase.overdue, setup)


def test_a_job_that_fails_again_after_people_ended_its_incident_is_told_anew(shop, setup, time):
    """With its own words: it is not late."""
    shop.write_now(usecase.call_in, setup, "nightly", True, "disk full")
    shop.write_now(usecase.call_in, setup, "nightly", True, "disk full")
    assert 1 == len(told(shop))

    shop.write_now(respond.act, setup, 1, Acknowledge("ana"))
    shop.write_now(respond.act, setup, 1, Resolve("ana", "the disk", "cleared"))
    time.now += timedelta(hours=24)
    shop.write_now(usecase.call_in, setup, "nightly", True, "disk full")
    assert [("nightly", "resolved"), ("nightly", "firing")] == [(key, state) for key, _, _, state in told(shop)]
    time.now += timedelta(hours=2)
    assert [] == shop.read_now(usecase.overdue, setup)


def test_a_job_that_never_called_is_late_after_its_first_period(shop, setup, time):
    time.now += timedelta(hours=25)
    shop.write_now(usecase.tell_late, setup)
    assert [("nightly", "heartbeat", "warning", "firing")] == told(shop)


def test_a_job_says_itself_that_it_failed(shop, setup):
    shop.write_now(usecase.call_in, setup, "nightly", True, "disk full")
    assert "the job says that it failed: disk full" == shop.read_now(probes.seen, "nightly").why
    shop.write_now(usecase.call_in, setup, "nightly", True, "disk full")
    assert [("nightly", "heartbeat", "warning", "firing")] == told(shop)


@pytest.mark.parametrize("name", ["shop", "unknown", ""])
def test_what_is_no_job_cannot_call_in(shop, setup, name):
    with pytest.raises(Refused, match="no heartbeat"):
        shop.write_now(usecase.call_in, setup, name, False, "")


# --------------------------------------------------------------------------------------------- what was


def test_hours_are_summed_up_once_and_looks_go_after_a_week(shop, setup, time):
    start = START.replace(minute=0)
    for minutes in range(0, 120, 10):
        time.now = start + timedelta(minutes=minutes)
        one = Look(time.now, "slow" if minutes == 30 else "", minutes + 1, "")
        shop.write_now(usecase.keep, setup, "a", [("shop", one)])
    time.now = start + timedelta(minutes=64)
    assert not shop.write_now(usecase.roll)
    time.now = start + timedelta(minutes=130)
    while shop.write_now(usecase.roll):
        pass
    id_ = shop.read_now(probes.known)["shop"].id
    hours = shop.read_now(probes.hours, id_, start, time.now)
    assert [(start, 6, 1, 31, 51, 51), (start + probes.HOUR, 6, 0, 91, 111, 111)] == [
        (h.start, h.looks, h.failed, h.p50, h.p95, h.most) for h in hours
    ]
    points = shop.read_now(probes.curve, "shop", start, time.now)
    assert (12, [False]) == (len(points), [point.ok for point in points if point.at == start + timedelta(minutes=30)])

    time.now = start + timedelta(days=7, hours=1)
    assert 6 == shop.write_now(probes.forget)
    time.now += timedelta(hours=1)
    assert 6 == shop.write_now(probes.forget)
    assert 0 == shop.write_now(probes.forget)
    points = shop.read_now(probes.curve, "shop", start, time.now)
    assert [(False, 31), (True, 91)] == [(point.ok, point.milliseconds) for point in points]


def test_history_goes_after_400_days_but_for_how_it_stands(shop, look, time):
    look(".")
    look("x")
    look("x")
    look(".")
    assert 3 == count(shop, probe_changes)
    time.now += timedelta(days=401)
    while shop.write_now(probes.forget):
        pass
    id_ = shop.read_now(probes.known)["shop"].id
    (last,) = shop.read_now(probes.changes, [id_], time.now)[id_]
    assert (True, 1, 0, 0) == (last.ok, *(count(shop, t) for t in (probe_changes, probe_looks, probe_hours)))


def test_a_curve_is_thinned_and_keeps_what_failed(shop, setup, time, monkeypatch):
    monkeypatch.setattr(probes, "POINTS", 10)
    looks = [Look(START + timedelta(seconds=n), "slow" if n == 7 else "", n, "") for n in range(40)]
    shop.write_now(usecase.keep, setup, "a", [("shop", look) for look in looks])
    points = shop.read_now(probes.curve, "shop", START, START + MINUTE)
    assert [0, 4, 7, 8, 12, 16, 20, 24, 28, 32, 36] == [point.milliseconds for point in points]
    assert [] == shop.read_now(probes.curve, "unknown", START, START + MINUTE)


def test_the_example_is_followed(house, setup):
    house.write_now(usecase.follow, setup)
    assert {"website", "api", "ddc-cdn", "cere-rpc"} == set(house.read_now(usecase.plan, setup)[1])


def test_looks_that_are_handed_on_twice_count_once(shop, setup):
    batch = [("shop", Look(START, "slow", 6000, "6.0 s"))]
    shop.write_now(usecase.keep, setup, "a", batch)
    shop.write_now(usecase.keep, setup, "a", batch)
    assert (1, []) == (count(shop, probe_looks), told(shop))


def test_nodes_that_write_at_once_tell_one_thing(shop, setup, url, time):
    """Three nodes see a target fail at the same time: one alert, of one episode, and every look is kept."""
    nodes = [shop] * 3 if shop.sqlite else [Database(url, time) for _ in range(3)]

    def work(place):
        for n in range(5):
            look = Look(START + timedelta(seconds=n), "http_5xx", 20, "status 503")
            nodes[place].write_now(usecase.keep, setup, f"node{place}", [("shop", look), ("till", look)])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    for node in nodes if not shop.sqlite else ():
        node.close()
    assert {("shop", "http_5xx", "critical", "firing"), ("till", "http_5xx", "critical", "firing")} == set(told(shop))
    assert (2, 30) == (len(told(shop)), count(shop, probe_looks))


def test_when_the_storage_is_full_alerts_are_told_and_looks_are_not_kept(shop, setup):
    batch = [("shop", Look(START + timedelta(seconds=n), "http_5xx", 20, "status 503")) for n in range(2)]
    shop.write_now(usecase.keep, setup, "a", batch, whole=False)
    assert (0, [("shop", "http_5xx", "critical", "firing")]) == (count(shop, probe_looks), told(shop))
