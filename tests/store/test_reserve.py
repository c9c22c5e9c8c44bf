"""A full disk: alerts are refused, what cannot wait is still recorded, and with new room all is as before."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
from contextlib import suppress

import pytest
from sqlalchemy import event, insert, select

from tocsin.core.types import Refused
from tocsin.store import migrate, reserve
from tocsin.store.db import Busy, Database
from tocsin.store.reserve import FULL, Reserve
from tocsin.store.schema import meta

from ..crash.harness import RUNBOOK
from ..fakes.web import FakeWebhook
from ..served import INGEST, Served, until

MB = 1024 * 1024


def put(tx, key, size=10):
    tx.run(insert(meta).values(key=key, value="x" * size))
    return key


def put_all(tx, keys):
    return [put(tx, key, 100_000) for key in keys]


def keys(tx):
    return {row.key for row in tx.all(select(meta.c.key))}


@pytest.fixture
def store(tmp_path, time):
    made = Database(f"sqlite:///{tmp_path}/t.db", time)
    migrate.up_to_date(made)
    yield made
    made.close()


def test_a_refusal_beside_a_reserve_comes_back_as_it_was_raised(store, tmp_path):
    """Whoever looks for a full disk in what was raised comes to an end."""

    def refuse(tx):
        raise Refused("no")

    store.reserve = Reserve(tmp_path / "t.db", 1)
    with pytest.raises(Refused) as refused:
        store.write_now(refuse)
    assert refused.value.__cause__ is not refused.value

    circle = ValueError("its own cause")
    circle.__cause__ = circle
    assert not store.reserve.give(circle)


def test_the_room_is_really_taken_and_given_back(tmp_path):
    kept = Reserve(tmp_path / "t.db", 3)
    kept.make()
    assert not kept.spent
    assert 3 * MB == (tmp_path / "t.db-reserve").stat().st_size
    assert 3 * MB <= (tmp_path / "t.db-reserve").stat().st_blocks * 512

    assert not kept.give(ValueError("database is locked"))
    assert kept.give(OSError("database or disk is full"))
    assert not (tmp_path / "t.db-reserve").exists()
    assert not kept.give(OSError("database or disk is full"))  # once


def test_it_is_made_anew_when_there_is_twice_the_room(tmp_path, monkeypatch):
    monkeypatch.setattr(reserve, "LOOK_SECONDS", 0.0)
    kept, free = Reserve(tmp_path / "t.db", 3), 5 * MB
    monkeypatch.setattr(kept, "_free", lambda: free)
    assert kept.give(OSError("database or disk is full"))
    assert not kept.whole()
    free = 6 * MB
    assert kept.whole() and kept.path.exists()


def test_without_the_room_the_storage_is_full_from_the_start(tmp_path, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    kept = Reserve(tmp_path / "t.db", 3)
    kept.make()
    assert kept.spent and not kept.path.exists()


class PagesLeft(Reserve):
    """Room counted in pages of one database: what a small disk is where none may be mounted."""

    def __init__(self, path, db, pages):
        super().__init__(path, 1)
        self.db, self.pages, self.room = db, pages, False
        self.most = 0
        event.listen(db.engine, "checkout", lambda connection, *_: self.limit(connection))

    def limit(self, connection):
        connection.execute(f"PRAGMA max_page_count={self.most}")

    def allow(self, more):
        self.most = self.used() + more
        if self.db._writer is not None:
            self.limit(self.db._writer.connection.driver_connection)

    def used(self):
        with sqlite3.connect(self.path.with_name("t.db")) as db:
            return db.execute("PRAGMA page_count").fetchone()[0]

    def make(self):
        self.allow(20)

    def _release(self):
        self.allow(self.pages)

    def _take(self):
        self.allow(10_000)
        return True

    def _free(self):
        return 2 * self.size if self.room else 0


def test_alerts_are_refused_and_the_rest_is_recorded_until_there_is_room(store, tmp_path, monkeypatch):
    monkeypatch.setattr(reserve, "LOOK_SECONDS", 0.0)
    store.write_now(put, "before")
    store.reserve = PagesLeft(tmp_path / "t.db", store, 200)
    store.reserve.make()

    async def run():
        alerts = [asyncio.ensure_future(store.write_batched(put_all, f"alert-{n}")) for n in range(5)]
        acknowledged = asyncio.ensure_future(store.write(put, "acknowledged"))
        refused = [str(error) for error in await asyncio.gather(*alerts, return_exceptions=True)]
        await acknowledged
        assert [FULL] * 5 == refused
        assert (FULL, store.clock()) == store.trouble
        with pytest.raises(Busy, match=FULL):
            await store.write_batched(put_all, "at-once")
        for n in range(20):
            await store.write(put, f"page-{n}")
        assert store.trouble and store.reserve.spent

        store.reserve.room = True
        await store.write(put, "there is room")
        assert store.trouble is None and not store.reserve.spent
        assert "after" == await store.write_batched(put_all, "after")

    asyncio.run(run())
    there = store.read_now(keys)
    assert {"before", "acknowledged", "page-19", "there is room", "after"} <= there
    assert not any(key.startswith("alert") for key in there)


def test_a_reserve_that_is_used_up_says_so_and_takes_nothing_by_halves(store, tmp_path):
    store.write_now(put, "before")
    store.reserve = PagesLeft(tmp_path / "t.db", store, 30)
    store.reserve.make()

    async def run():
        for n in range(100):
            await store.write(put, f"large-{n}", 50_000)

    with pytest.raises(Busy, match="full"):
        asyncio.run(run())
    assert store.trouble is not None
    assert "ok" == store.read_now(lambda tx: tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one())


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 32 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path):
    """Take every byte that is left."""
    with path.open("wb", buffering=0) as file:
        for size in (MB, 4096, 1):
            while _fits(file, b"x" * size):
                pass


def _fits(file, data):
    with suppress(OSError):
        return file.write(data) > 0
    return False


def test_a_server_on_a_full_disk(small_disk, tmp_path):
    """Its people hear of it, an acknowledgement is kept, senders are asked to come back, and room ends it."""
    with FakeWebhook() as hook:
        book = tmp_path / "runbook.yaml"
        book.write_text(RUNBOOK.format(hook=hook.url).replace("{name: Ana,", "{name: Ana, roles: [admin],"))
        with Served(small_disk, book, TOCSIN_RESERVE_MB="8") as server:
            body = {"key": "first", "title": "first", "severity": "critical", "service": "api"}
            assert 202 == server.send(f"/in/generic/{INGEST}", body).status_code
            fill(small_disk / "filler")
            refused = until(lambda: _refused(server), 40)
            assert "5" == refused.headers["retry-after"]
            assert not (small_disk / "tocsin.db-reserve").exists()

            assert server.api("POST", "/incidents/INC-1/acknowledge", {"by": "ana"})["acknowledged_at"]
            assert any("from a reserve" in text for text in server.api("GET", "/../../-/ready")["warnings"])
            until(lambda: [m for m in hook.received if m["title"].startswith("Storage full")], 40)

            (small_disk / "filler").unlink()
            until(lambda: not server.api("GET", "/../../-/ready")["warnings"], 40)
            assert 202 == server.send(f"/in/generic/{INGEST}", {**body, "key": "later"}).status_code
            assert (small_disk / "tocsin.db-reserve").exists()
        with sqlite3.connect(small_disk / "tocsin.db") as db:
            assert db.execute("SELECT acknowledged_at FROM incidents WHERE number = 1").fetchone()[0]
        db.close()


def _refused(server):
    _refused.sent = getattr(_refused, "sent", 0) + 1
    body = {"key": f"more-{_refused.sent}", "title": "x", "text": "y" * 9_000, "severity": "critical"}
    answer = server.send(f"/in/generic/{INGEST}", body)
    assert answer.status_code in (202, 503)
    return answer if answer.status_code == 503 else None
