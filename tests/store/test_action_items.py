"""Action items on both databases: kept, read back, told once by however many nodes, and gone with their incident."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from tocsin.core.events import CloseTicket, Declared
from tocsin.core.types import Refused
from tocsin.store import action_items as store
from tocsin.store import looks, queue, retention
from tocsin.store.db import Database
from tocsin.store.schema import audit, outbox
from tocsin.usecases import action_items, respond, tick

KEEP = timedelta(days=30)
DAY = timedelta(days=1)


@pytest.fixture
def incident(house, setup):
    return house.write_now(respond.declare, setup, Declared("Slow", "P3", "martijn", service="api"))


def add(house, setup, number=1, title="Rotate the key", owner="backup1", due="2026-12-01", **more):
    return house.write_now(action_items.add, setup, number, "martijn", title=title, owner=owner, due=due, **more)


def told(db):
    keys = select(outbox.c.key).where(outbox.c.key.startswith("alarm:action:")).order_by(outbox.c.key)
    return [row.key.split(":", 3)[3] for row in db.read_now(lambda tx: tx.all(keys))]


def test_an_item_is_read_as_it_was_added(house, setup, incident):
    made = add(house, setup, link="https://example.org/7", verify="A test\nruns")
    assert made == house.read_now(store.get, made.id)
    assert ("api", "A test\nruns", "open", "") == (made.service, made.verify, made.state, made.told)
    assert house.read_now(store.get, "none") is None
    with pytest.raises(Refused):
        house.write_now(action_items.done, setup, "none", "martijn")


def test_a_list_has_its_filters_and_pages(house, setup, incident):
    first, second, third = (add(house, setup, title=title, owner=owner) for title, owner in
                            (("A", "martijn"), ("B", "backup1"), ("C", "martijn")))  # fmt: skip
    house.write_now(action_items.drop, setup, second.id, "martijn", "No")

    def ids(**which):
        return [one.id for one in house.read_now(store.listing, **which)]

    assert {third.id, second.id, first.id} == set(ids()) and ids() == sorted(ids(), reverse=True)
    assert {first.id, third.id} == set(ids(owners=["martijn"])) == set(ids(state="open"))
    assert ([second.id], []) == (ids(state="dropped"), ids(owners=[]))
    assert ids()[1:] == ids(before=ids()[0]) and ids()[:1] == ids(limit=1)
    assert [] == ids(incident=2)
    assert 2 == len(house.read_now(store.open_ones)) and 3 == len(house.read_now(store.of_incident, 1))


def test_the_same_again_adds_none_until_it_is_over(house, setup, incident):
    first = add(house, setup)
    assert first == add(house, setup, title=" Rotate  the key ")
    house.write_now(action_items.done, setup, first.id, "martijn")
    assert first.id != add(house, setup).id
    assert 2 == len(house.read_now(store.of_incident, 1))


def test_the_look_sleeps_until_the_next_word_and_ends_with_the_last_item(house, setup, time, incident):
    item = add(house, setup)
    assert house.read_now(tick.look).looks
    house.write_now(action_items.run, setup)
    assert time.now + timedelta(days=6, hours=22, minutes=58) == house.read_now(looks.get, store.LOOK).due
    house.write_now(action_items.done, setup, item.id, "martijn")
    house.write_now(action_items.run, setup)
    assert house.read_now(looks.get, store.LOOK) is None


def test_nodes_that_look_at_once_tell_each_word_once(url, house, setup, time, incident):
    for title in ("A", "B", "C"):
        add(house, setup, title=title)
    others = [Database(url, time) for _ in range(3)]
    try:
        for days in (7, 8, 9, 9):
            time.now = time.now.replace(day=23, month=11) + days * DAY
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda db: db.write_now(action_items.run, setup), [house, *others]))
        expected = [f"2026-12-01:{when}" for when in ("-1:backup1", "0:backup1", "1:backup1", "1:martijn")]
        assert sorted(expected * 3) == sorted(told(house))
    finally:
        for db in others:
            db.close()


def test_what_waits_is_dropped_when_it_is_done(house, setup, time, incident):
    item = add(house, setup)
    time.now += 8 * DAY
    house.write_now(action_items.run, setup)
    house.write_now(action_items.done, setup, item.id, "martijn")
    states = select(outbox.c.state).where(outbox.c.key.startswith("alarm:action:"))
    assert ["moot"] == [row.state for row in house.read_now(lambda tx: tx.all(states))]
    assert house.read_now(queue.next_due)  # nothing else is touched


def test_what_is_over_goes_with_its_incident_and_what_is_open_stays(house, setup, time, incident):
    open_, done = add(house, setup), add(house, setup, title="B")
    house.write_now(action_items.done, setup, done.id, "martijn")
    time.now += 2 * KEEP

    def sweep():
        while house.write_now(retention.remove, KEEP, house.read_now(retention.ended, KEEP)):
            pass
        return {one.id for one in house.read_now(store.of_incident, 1)}

    assert {open_.id, done.id} == sweep()  # the incident is open
    house.write_now(respond.act, setup, 1, CloseTicket("martijn"))
    while house.write_now(tick.tick, setup):
        pass
    time.now += 2 * KEEP
    while house.write_now(tick.tick, setup):
        pass
    assert {open_.id} == sweep()


def test_every_change_is_on_the_audit_log(house, setup, incident):
    item = add(house, setup)
    house.write_now(action_items.move, setup, item.id, "backup1", due="2026-12-02")
    house.write_now(action_items.done, setup, item.id, "backup1")
    rows = house.read_now(lambda tx: tx.all(select(audit.c.actor, audit.c.what).order_by(audit.c.seq)))
    assert [("martijn", "action_added"), ("backup1", "action_moved"), ("backup1", "action_done")] == rows[-3:]
