"""The power is cut at every sync and every answer: whatever the disk then holds, nothing that was answered is missing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from random import Random

import httpx
import pytest
from sqlalchemy import event

from tocsin import plugins
from tocsin.store import migrate
from tocsin.store.db import Busy, Database
from tocsin.usecases import access, configure
from tocsin.usecases.configure import Setup
from tocsin.web.app import create_app

from ..served import ADMIN, INGEST
from .harness import RUNBOOK
from .power import Disk, tapped

ALERTS, AT_ONCE = 48, 4
CHECKPOINT_PAGES = 60  # instead of 8,000, so that the log comes round several times


class Noted:
    """An application around another that notes when a request comes and when its 2xx begins."""

    def __init__(self, app, tap):
        self.app, self.tap = app, tap

    async def __call__(self, scope, receive, send):
        key = dict(scope["headers"]).get(b"x-ledger", b"").decode()
        self.tap.note("asked", key)

        async def noted(message):
            if message["type"] == "http.response.start" and message["status"] // 100 == 2:
                self.tap.note("answer", key)
            await send(message)

        await self.app(scope, receive, noted)


def house(folder, synchronous="FULL"):
    db = Database(f"sqlite:///{folder}/t.db", lambda: datetime.now(UTC))
    pragmas = f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}", f"PRAGMA synchronous={synchronous}"
    event.listen(db.engine, "connect", lambda connection, _: [connection.execute(pragma) for pragma in pragmas])
    migrate.up_to_date(db)
    setup = Setup(plugins.load(), {}, "http://tocsin.test", b"key", folder)
    assert not db.write_now(configure.adopt, setup, RUNBOOK.format(hook="http://127.0.0.1:1")).errors
    db.write_now(access.install_fixed, "ingest", INGEST, name="first", source="*")
    db.write_now(access.install_fixed, "token", ADMIN, name="admin", role="admin")
    return db, create_app(db, setup, new_secret=lambda: "secret-of-the-tests")


async def work(app):
    """Some senders at once, and somebody who acknowledges what they opened."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:

        async def sender(first):
            for n in range(first, ALERTS, AT_ONCE):
                key = f"alert-{n}"
                body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": key}
                sent = await client.post(f"/in/generic/{INGEST}", json=body, headers={"X-Ledger": key})
                assert 202 == sent.status_code
                if n % 3 == 0:
                    name = f"INC-{n // 3 + 1}"
                    headers = {"X-Ledger": name, "Authorization": f"Bearer {ADMIN}"}
                    path = f"/api/v1/incidents/{name}/acknowledge"
                    assert 200 == (await client.post(path, json={"by": "ana"}, headers=headers)).status_code

        await asyncio.gather(*(sender(first) for first in range(AT_ONCE)))


def recorded(folder, synchronous="FULL"):
    folder.mkdir()
    with tapped(folder) as tap:
        db, app = house(folder, synchronous)
        asyncio.run(work(Noted(app, tap)))
        db.close()
    return tap.events


def missing(folder, files, answered):
    """What a disk with *files* lacks of what was answered, or what is wrong with it."""
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with closing(sqlite3.connect(folder / "t.db")) as db, suppress(sqlite3.DatabaseError):
        if (said := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            return said
        there = {key for (key,) in db.execute("SELECT key FROM alerts")}
        there |= {f"INC-{n}" for (n,) in db.execute("SELECT number FROM incidents WHERE acknowledged_at IS NOT NULL")}
        return ", ".join(sorted(answered - there))
    return "it cannot be read"


def cuts(events, folder):
    """Cut at every sync and answer since the first request; yields what was wrong, and None for a cut that was right."""
    folder.mkdir()
    disk, answered, begun, random = Disk(), set(), False, Random(7)
    for what, name, place, data in events:
        begun = begun or what == "asked"
        if begun and what in ("sync", "answer"):  # before it, and with the answer after it
            answered |= {name} if what == "answer" else set()
            for kind, files in disk.images(random):
                lost = missing(folder, files, answered)
                yield f"{kind}: {lost}" if lost else None
        disk.take((what, name, place, data))


def test_no_cut_loses_what_was_answered(tmp_path):
    events = recorded(tmp_path / "t")
    assert ALERTS + ALERTS // 3 == sum(what == "answer" for what, *_ in events)
    assert 3 < sum((what, name) == ("sync", "t.db") for what, name, *_ in events)  # the log came round

    found = list(cuts(events, tmp_path / "cut"))
    print(f"{len(found)} disks after a cut, {sum(map(bool, found))} of them wrong")
    assert 300 < len(found)
    assert [] == [wrong for wrong in found if wrong]


def test_a_sync_stands_between_every_request_and_its_answer(tmp_path):
    asked, syncs = {}, 0
    for what, name, *_ in recorded(tmp_path / "t"):
        syncs += (what, name) == ("sync", "t.db-wal")
        if what == "asked":
            asked[name] = syncs
        assert what != "answer" or syncs > asked[name], f"{name} was answered before it was on disk"


def test_a_store_that_does_not_sync_is_found_out(tmp_path):
    """The comparison can fail: without syncs what was answered is missing."""
    assert any(cuts(recorded(tmp_path / "t", synchronous="OFF"), tmp_path / "cut"))


def test_a_disk_that_fails_refuses_and_goes_on_when_it_is_well(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    with tapped(folder) as tap:
        db, app = house(folder)

        async def post(key):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
                body = {"key": key, "title": key, "severity": "info"}
                return (await client.post(f"/in/generic/{INGEST}", json=body)).status_code

        async def story():
            assert 202 == await post("before")
            tap.failing = True
            assert [503] * 3 == [await post(f"during-{n}") for n in range(3)]
            with pytest.raises(Busy, match="disk I/O"):
                await db.write(lambda tx: tx.connection.exec_driver_sql("INSERT INTO meta VALUES ('a', '1')"))
            assert db.trouble
            tap.failing = False
            assert 202 == await post("after")
            assert db.trouble is None

        asyncio.run(story())
        there = db.read_now(lambda tx: {row.key for row in tx.connection.exec_driver_sql("SELECT key FROM alerts")})
        db.close()
    assert {"before", "after"} == there
