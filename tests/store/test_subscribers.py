from __future__ import annotations

from datetime import timedelta

from tocsin.sdk import Delivered, Retry
from tocsin.store import publish, queue
from tocsin.store import subscribers as store
from tocsin.usecases import deliver, site, subscribers
from tocsin.usecases.configure import subscriber_link

from .test_publish import said, tell


def add(house, id_, mark="m", **more):
    house.write_now(store.add, id_, kind="email", mark=mark, sealed="", components=["Website"], **more)


def test_the_confirmed_one_takes_the_place_of_all_others_of_its_address(house, time):
    add(house, "a", confirmed_at=time.now)
    add(house, "b")
    add(house, "c", mark="other")
    house.write_now(lambda tx: store.confirm(tx, store.get(tx, "b")))
    assert (None, ["Website"]) == (house.read_now(store.get, "a"), house.read_now(store.get, "b").components)
    assert {"email": 1} == house.read_now(store.counts)
    assert house.read_now(store.any_live)
    house.write_now(store.forget, "m")
    assert not house.read_now(store.any_live)


def test_what_is_old_goes_and_what_lives_stays(house, time):
    add(house, "waits")
    add(house, "lives", mark="2", confirmed_at=time.now)
    add(house, "ended", mark="3", confirmed_at=time.now, ended_at=time.now, why="gone")
    assert ["ended"] == [row.id for row in house.read_now(store.ended)]
    time.now += timedelta(hours=1)
    house.write_now(store.clean, time.now, time.now)
    assert ["lives"] == [row.id for row in house.read_now(lambda tx: tx.all(store.table.select()))]


def test_pages_of_subscribers_neither_skip_nor_repeat(house, time):
    for number in range(5):
        add(house, f"s{number}", mark=str(number), confirmed_at=time.now)
    add(house, "s9", mark="late", confirmed_at=time.now + timedelta(minutes=1))
    first = [row.id for row in house.read_now(store.live, "", time.now, 3)]
    assert ["s0", "s1", "s2"] == first
    assert ["s3", "s4"] == [row.id for row in house.read_now(store.live, first[-1], time.now, 3)]


def test_an_update_is_announced_once_and_only_when_somebody_listens(house, time):
    tell(house, time, 1, said("investigating", "partial_outage"))
    add(house, "s", confirmed_at=time.now)
    told = said("identified", "partial_outage", "again")
    tell(house, time, 1, told)
    house.write_now(site.tell, 1, told)
    rows = house.read_now(lambda tx: tx.all(subscribers.queue.outbox.select()))
    assert ["announce"] == [row.kind for row in rows if row.kind == "announce"]
    incident, update = house.read_now(publish.told, rows[-1].payload["update"])
    assert ("again", 2) == (update.body, len(incident.updates))
    assert None is house.read_now(publish.told, "nothing")


def test_a_subscriber_is_asked_confirms_and_is_told_on_either_store(house, time, setup):
    """Claimed and settled as the worker does it; who has left meanwhile gets nothing."""
    house.write_now(subscribers.ask, setup, "email", "reader@example.org", ["Website"])
    (job,) = house.write_now(deliver.claim, setup, "node")
    assert ("opt_in", "reader@example.org") == (job.kind, job.message.to)
    id_, mac = job.message.link.split("/")[-2:]
    house.write_now(deliver.settle, setup, job, Delivered("queued"))
    assert house.write_now(subscribers.confirm, setup, id_, mac).state == "asked"
    for body in ("first", "second"):
        tell(house, time, 1, said("investigating", "partial_outage", body))
    assert [] == house.write_now(deliver.claim, setup, "node")  # the announcements put what is to be sent
    jobs = house.write_now(deliver.claim, setup, "node")
    assert ["first", "second"] == [job.message.text.partition("\n")[0] for job in jobs]
    house.write_now(deliver.settle, setup, jobs[0], Delivered("queued"))
    house.write_now(deliver.settle, setup, jobs[1], Retry("451 later"))
    house.write_now(subscribers.leave, setup, id_, subscriber_link(setup, "unsubscribe", id_).rpartition("/")[2])
    time.now += timedelta(hours=1)
    assert [] == house.write_now(deliver.claim, setup, "node")
    states = [row.state for row in house.read_now(lambda tx: tx.all(queue.outbox.select())) if row.kind == "update"]
    assert ["done", "moot"] == sorted(states)
