"""What is old goes in bounded parts, on each database; what is open, and what is the record, stays."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Reopen, Resolve
from tocsin.store import incidents, retention
from tocsin.store.schema import alerts, attempts, changes, outbox, pages, timeline
from tocsin.store.schema import incidents as table
from tocsin.usecases import ingest, respond, tick
from tocsin.watchman import DeadMan, Watchman

from .test_watch import sent

KEEP = timedelta(days=30)


def alert(db, setup, key, signal="trigger"):
    title = f"{key} is down"
    one = Alert("generic", key, title, db.clock(), service="api", severity="critical")
    db.write_now(ingest.ingest, setup, [[Signal(signal, one)]])


def count(db, table, *where):
    return db.read_now(lambda tx: tx.first(select(func.count()).select_from(table).where(*where)))[0]


def ended(db, setup, number=1):
    db.write_now(respond.act, setup, number, Acknowledge("martijn"))
    db.write_now(respond.act, setup, number, Resolve("martijn", "A bad key", "New key"))
    settle(db, setup)


def settle(db, setup):
    """Let everything that is due of it, and will be, happen."""
    waits = select(func.min(table.c.wake_at))
    while (at := db.read_now(lambda tx: tx.first(waits))[0]) or count(db, outbox, outbox.c.state == "pending"):
        db.clock.now = max(at or db.clock.now, db.clock.now + timedelta(seconds=5))
        while db.write_now(tick.tick, setup):
            pass
        sent(db, setup)


def sweep(db, keep=KEEP):
    gone = 0
    while part := db.write_now(retention.remove, keep, db.read_now(retention.ended, keep)):
        gone += part
    return gone


def test_the_rows_of_an_incident_that_ended_long_ago_go_and_its_record_stays(house, setup, time):
    alert(house, setup, "db")
    ended(house, setup)
    record = count(house, timeline), count(house, pages)
    [resolved] = house.read_now(lambda tx: tx.first(select(table.c.resolved_at)))
    time.now = max(resolved + KEEP, time.now)
    assert 0 == sweep(house)

    time.now += timedelta(days=1)
    assert 0 < sweep(house)
    assert [0, 0] == [count(house, table) for table in (alerts, attempts)]
    assert 0 == count(house, outbox, outbox.c.state.in_(("done", "moot", "failed")))
    assert record == (count(house, timeline), count(house, pages))
    assert house.read_now(incidents.verify)["ok"]
    assert 0 == sweep(house)


def test_an_open_incident_keeps_everything_however_old(house, setup, time):
    alert(house, setup, "db")
    sent(house, setup)
    before = count(house, alerts), count(house, outbox), count(house, attempts)
    time.now += 20 * KEEP

    assert 0 == sweep(house)
    assert before == (count(house, alerts), count(house, outbox), count(house, attempts))


def test_an_incident_that_was_opened_again_after_the_look_keeps_everything(house, setup, time):
    alert(house, setup, "db")
    ended(house, setup)
    time.now += 2 * KEEP
    numbers = house.read_now(retention.ended, KEEP)
    assert [1] == numbers
    house.write_now(respond.act, setup, 1, Reopen("martijn", "It is back"))

    assert 0 == house.write_now(retention.remove, KEEP, numbers)
    assert 1 == count(house, alerts)


def test_a_key_that_comes_again_after_its_rows_went_opens_a_new_incident(house, setup, time):
    alert(house, setup, "db")
    ended(house, setup)
    time.now += 2 * KEEP
    sweep(house)
    alert(house, setup, "db")

    assert [(1, 2)] == house.read_now(lambda tx: tx.all(select(alerts.c.episode, alerts.c.incident)))


def test_one_part_is_bounded(house, setup, time):
    at = time.now
    row = {"source": "s", "service": None, "title": "t", "text": "", "labels": {}, "links": [], "at": at}
    house.write_now(lambda tx: tx.run(changes.insert(), [{"id": f"{n:05}", **row} for n in range(1_201)]))
    time.now += 2 * KEEP

    parts = [house.write_now(retention.remove, KEEP, []) for _ in range(4)]
    assert [500, 500, 201, 0] == parts


def test_the_watchman_sweeps(house, setup, time):
    alert(house, setup, "db")
    ended(house, setup)
    time.now += 2 * KEEP
    watchman = Watchman(house, setup, None, "n", DeadMan(), lambda: (timedelta(0),) * 2, KEEP)
    asyncio.run(asyncio.wait_for(watchman.sweep(), 20))

    assert 0 == count(house, alerts)


@pytest.mark.parametrize("nth", [1, 2, 7])
@pytest.mark.parametrize("point", ["V1", "V2", "V3"])
def test_a_process_that_dies_while_it_removes_leaves_whole_parts(house, setup, url, time, point, nth):
    """On its first, second and seventh pass: what a part takes is gone or there, and the next sweep takes the rest."""
    alert(house, setup, "db")
    ended(house, setup)
    row = {"source": "s", "service": None, "title": "t", "text": "", "labels": {}, "links": [], "at": time.now}
    house.write_now(lambda tx: tx.run(changes.insert(), [{"id": f"{n:05}", **row} for n in range(4_001)]))
    code = (
        "import asyncio, os, signal, sys; from datetime import datetime, timedelta, UTC; from tocsin import points\n"
        "from tocsin.store.db import Database; from tocsin.watchman import DeadMan, Watchman\n"
        "import tocsin.watchman; tocsin.watchman.SWEEP_PAUSE_SECONDS = 0; passes = [0]\n"
        "def hook(name):\n"
        "    passes[0] += name == sys.argv[2]\n"
        "    if passes[0] == int(sys.argv[4]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "points.arm(hook)\n"
        "db = Database(sys.argv[1], lambda: datetime.fromisoformat(sys.argv[3]))\n"
        "asyncio.run(Watchman(db, None, None, 'n', DeadMan(), None, timedelta(days=30)).sweep())"
    )
    time.now += 2 * KEEP
    words = [sys.executable, "-c", code, url, point, time.now.isoformat(), str(nth)]
    died = subprocess.run(words, timeout=60, check=False)

    assert -signal.SIGKILL == died.returncode
    parts = nth - (point != "V3")
    assert (parts == 0) == count(house, alerts)
    assert (parts > 0) == (0 == count(house, attempts))
    assert 4_001 - 500 * parts == count(house, changes)
    sweep(house)
    assert (0, 0) == (count(house, alerts), count(house, changes))
