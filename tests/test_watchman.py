"""The dead man's switch on real sockets: pinged while a test page comes through, and silent as soon as it does not."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tocsin import plugins
from tocsin.core.events import Declared
from tocsin.net import Network
from tocsin.store import incidents, migrate
from tocsin.store.db import Database
from tocsin.store.schema import incidents as table
from tocsin.usecases import configure, respond, watch
from tocsin.usecases.configure import Setup
from tocsin.watchman import DeadMan, Watchman
from tocsin.worker import Worker

from .fakes.telegram import TOKEN, FakeTelegram
from .fakes.web import FakeServer
from .served import INGEST, ROOT, Served, until
from .test_end_to_end import FIRING, runbook

PING = "/ping/0aa1-uuid"


class FakeSwitch(FakeServer):
    """Counts what it hears, by path, with the last body."""

    def __init__(self) -> None:
        super().__init__()
        self.pings = self.fails = 0
        self.said = b""

    def answer(self, path, headers, body):
        if path == PING:
            self.pings += 1
        elif path == f"{PING}/fail":
            self.fails, self.said = self.fails + 1, body
        return 200, {}, b"OK"


@pytest.fixture
def switch():
    with FakeSwitch() as fake:
        yield fake


@pytest.fixture
def db(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/t.db", lambda: datetime.now(UTC))
    migrate.up_to_date(made)
    yield made
    made.close()


@pytest.fixture
def setup(db, tmp_path):
    made = Setup(plugins.load(), {}, "http://tocsin.example.org", b"key", tmp_path)
    text = (ROOT / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
    assert not db.write_now(configure.adopt, made, text).errors
    return made


def still():
    return timedelta(0), timedelta(0)


async def reached(condition, seconds=10.0):
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"not within {seconds} s"
        await asyncio.sleep(0.02)


def dead_man(switch, deadline=5.0):
    return DeadMan(f"{switch.url}{PING}", f"{switch.url}{PING}/fail", 0.05, deadline)


async def watched(db, setup, switch, story, deadline=5.0):
    """Run worker and watchman over *story*."""
    network = Network(console=lambda line: None, now=db.clock)
    worker = Worker(db, setup, network, "node")
    watchman = Watchman(db, setup, network, "node", dead_man(switch, deadline), still)
    working, watching = asyncio.create_task(worker.run()), asyncio.create_task(watchman.run())
    try:
        await story(worker, working)
    finally:
        watching.cancel()
        worker.stop()
        await asyncio.wait([working, watching], timeout=10)
        await network.close()


def test_pings_arrive_while_test_pages_come_through_and_leave_no_trace(db, setup, switch):
    async def story(worker, working):
        await reached(lambda: switch.pings >= 5)

    asyncio.run(watched(db, setup, switch, story))
    assert 0 == switch.fails
    assert [] == db.read_now(incidents.listing)
    assert db.read_now(watch.report)["probe"]["passed"]


def test_pings_stop_while_the_worker_is_stuck_and_come_back_with_it(db, setup, switch):
    """Nothing claims the test page: no ping, and the other address hears why."""

    async def story(worker, working):
        await reached(lambda: switch.pings >= 2)
        free = asyncio.Event()
        turn = worker.turn

        async def stuck():
            await free.wait()
            return await turn()

        worker.turn = stuck
        await reached(lambda: switch.fails >= 1)
        count = switch.pings
        await reached(lambda: switch.fails >= 3)
        assert count == switch.pings
        assert b"a test page did not come out within 0.4 s" == switch.said
        free.set()
        await reached(lambda: switch.pings > count)

    asyncio.run(watched(db, setup, switch, story, deadline=0.4))


def test_pings_stop_while_the_store_is_locked(db, setup, switch, tmp_path):
    async def story(worker, working):
        await reached(lambda: switch.pings >= 2)
        lock = sqlite3.connect(tmp_path / "t.db", isolation_level=None, timeout=10)
        lock.execute("BEGIN IMMEDIATE")
        count = switch.pings
        await reached(lambda: switch.fails >= 1, 20)
        assert switch.pings - count <= 1  # one that had passed already
        lock.execute("ROLLBACK")
        lock.close()
        await reached(lambda: switch.pings > count + 1, 20)

    asyncio.run(watched(db, setup, switch, story, deadline=1.0))


def test_pings_stop_while_nobody_can_be_paged(db, setup, switch):
    """The test page comes through, but every way to people fails: that is no health."""
    from tocsin.core.watch import Blocked
    from tocsin.store import watch as store

    blocked = Blocked(datetime.now(UTC), ("alerts",), "alerts: status 500")

    async def story(worker, working):
        await reached(lambda: switch.pings >= 1)
        kept = {"since": blocked.since.isoformat(), "ways": ["alerts"], "why": blocked.why}
        await db.write(store.put_mark, store.BLOCKED, kept)
        await reached(lambda: switch.fails >= 2)
        assert switch.said.startswith(b"Tocsin cannot page: alerts: status 500, since ")
        count = switch.pings
        await reached(lambda: switch.fails >= 5)
        assert count == switch.pings
        await db.write(store.put_mark, store.BLOCKED, None)
        await reached(lambda: switch.pings > count)

    asyncio.run(watched(db, setup, switch, story))


def test_without_an_address_nothing_is_sent_and_the_auditor_runs(db, setup, switch):
    """A lost timer is found by the watchman's own round, beside a worker that does not run at all."""
    number = db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="proofi.ai"))
    from tocsin.store import watch as store

    db.write_now(store.wake, number, None)
    assert db.read_now(store.silent, 10)

    async def run():
        network = Network(console=lambda line: None, now=db.clock)
        watchman = Watchman(db, setup, network, "node", DeadMan(), lambda: (timedelta(hours=1), timedelta(0)))
        watchman.audits = True
        task = asyncio.create_task(watchman.run())
        await reached(lambda: db.read_now(watch.report)["auditor"])
        task.cancel()
        await asyncio.wait([task])
        await network.close()

    asyncio.run(run())
    assert f"INC-{number}: it had no timer" == db.read_now(watch.report)["auditor"]["verdict"]
    assert ["Clock moved back: this machine's clock is 1 hour behind; Tocsin goes on from the time it had."] == (
        db.read_now(watch.banners)
    )
    assert (0, 0) == (switch.pings, switch.fails)


def test_a_start_and_a_jump_give_the_worker_a_minute_to_catch_up(db, setup):
    """What became due while Tocsin was down, or the machine slept, is late and not silent."""
    number = db.write_now(respond.declare, setup, Declared("down", "P1", "martijn", service="proofi.ai"))
    db.write_now(lambda tx: tx.run(update(table).values(wake_at=tx.now - timedelta(hours=6))))
    said = [still(), (timedelta(0), timedelta(hours=6)), still()]

    async def run():
        watchman = Watchman(db, setup, Network(console=print, now=db.clock), "node", DeadMan(), lambda: said.pop(0))
        for expected in (None, None, f"INC-{number}: its timer was overdue by 6 hours"):
            watchman.next_minute = 0.0
            await watchman.look()
            auditor = db.read_now(watch.report)["auditor"]
            assert expected == (auditor and auditor["verdict"])
        await watchman.network.close()

    asyncio.run(run())


def test_the_whole_cannot_page_and_can_again(tmp_path, switch):
    """
    A real server whose every provider is down for over a minute: banner, warning, metric, no ping any more, and the
    console is told. When a way returns the page arrives, the banner goes and the pings come back.
    """
    with FakeTelegram() as telegram:
        book = runbook(tmp_path, telegram.url, 1)  # nothing listens for mail there
        switch_settings = {"TOCSIN_DEAD_MAN_URL": f"{switch.url}{PING}", "TOCSIN_DEAD_MAN_EVERY": "1"}
        with Served(tmp_path, book, TELEGRAM_BOT_TOKEN=TOKEN, **switch_settings) as server:
            until(lambda: switch.pings >= 2)
            telegram.mode = "down"
            server.send(f"/in/alertmanager/{INGEST}", FIRING)

            def ready():
                import httpx

                return httpx.get(f"{server.url}/-/ready", trust_env=False).json()

            until(lambda: any("Tocsin cannot page: " in said for said in ready()["warnings"]), 100)
            until(lambda: "--- message to martijn ---\nTocsin cannot page" in server.said(), 20)
            count = switch.pings
            until(lambda: server.said().count("probe_failed") >= 3, 20)
            assert switch.pings - count <= 1
            telegram.mode = "ok"
            until(lambda: ready()["warnings"] == [], 100)
            count = switch.pings
            until(lambda: switch.pings >= count + 2)
            assert [] == server.api("GET", "/incidents?status=none")["items"]
            assert 1 == len(server.api("GET", "/incidents")["items"])
