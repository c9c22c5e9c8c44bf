"""The grouping writer and the readers, on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from tocsin.store.db import Busy, Database, among, insert_new, insert_rows, listed, update_rows
from tocsin.store.schema import meta

from .conftest import START, empty


def put(tx, key, value="1"):
    tx.run(insert(meta).values(key=key, value=value))
    tx.touched.add(key)
    return key


def keys(tx):
    return sorted(row.key for row in tx.all(select(meta.c.key)))


def test_a_write_is_there_for_every_reader(db):
    assert "a" == db.write_now(put, "a")
    assert ["a"] == db.read_now(keys)


def test_what_pages_waits_for_no_view(db):
    """Every reader for views is taken, and more views wait: the worker's look is answered all the same."""
    go_on = threading.Event()

    async def run():
        views = [asyncio.create_task(db.read(lambda _tx: go_on.wait(20))) for _ in range(20)]
        try:
            async with asyncio.timeout(5):
                return await db.read_first(keys)
        finally:
            go_on.set()
            await asyncio.gather(*views)

    db.write_now(put, "a")
    assert ["a"] == asyncio.run(run())


def test_a_use_case_that_fails_leaves_nothing(db):
    def fails(tx):
        put(tx, "half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        db.write_now(fails)
    assert [] == db.read_now(keys)


def test_writes_that_wait_share_a_commit_and_fail_alone(db):
    """A hundred writes need far fewer commits; the one among them that fails takes nobody with it."""

    def fails(tx):
        put(tx, "half")
        raise ValueError("no")

    async def run():
        jobs = [db.write(put, f"k{i:03d}") for i in range(100)]
        return await asyncio.gather(*jobs[:50], db.write(fails), *jobs[50:], return_exceptions=True)

    results = asyncio.run(run())
    assert 1 == len([r for r in results if isinstance(r, ValueError)])
    assert 100 == len(db.read_now(keys))
    assert db.commits < 50


def test_a_batch_is_called_once_for_all_that_wait(db):
    calls = []

    def take(tx, items):
        calls.append(list(items))
        for item in items:
            put(tx, item)
        return [item.upper() for item in items]

    async def run():
        return await asyncio.gather(*(db.write_batched(take, f"k{i}") for i in range(20)))

    assert [f"K{i}" for i in range(20)] == asyncio.run(run())
    assert len(calls) < 20
    assert 20 == len(db.read_now(keys))


def test_a_batch_that_fails_is_taken_one_by_one(db):
    """The one item that cannot be stored is refused; the others of its commit are stored."""

    def take(tx, items):
        for item in items:
            if item == "bad":
                raise ValueError(item)
            put(tx, item)
        return items

    async def run():
        jobs = [db.write_batched(take, item) for item in ("a", "b", "bad", "c")]
        return await asyncio.gather(*jobs, return_exceptions=True)

    results = asyncio.run(run())
    assert ["a", "b", "c"] == [r for r in results if isinstance(r, str)]
    assert ["a", "b", "c"] == db.read_now(keys)


def test_several_nodes_judge_time_by_the_database(url, time):
    """The node's own clock is years off; on PostgreSQL the transaction's instant is the database's."""
    from datetime import UTC, datetime, timedelta

    from tocsin.store import migrate

    node = Database(url, lambda: datetime(1999, 1, 1, tzinfo=UTC))
    migrate.up_to_date(node)
    node.asks_clock = not node.sqlite
    written, read = node.write_now(lambda tx: tx.now), node.read_now(lambda tx: tx.now)
    if node.sqlite:
        assert {datetime(1999, 1, 1, tzinfo=UTC)} == {written, read}
    else:
        assert timedelta(0) <= read - written < timedelta(seconds=5)
        assert abs(written - datetime.now(UTC)) < timedelta(minutes=1)
    node.close()


def test_listeners_hear_what_a_commit_touched(db):
    heard = []
    db.listen(heard.append)
    db.write_now(put, "a")

    assert [frozenset({"a"})] == heard


@pytest.mark.parametrize("count", [1, 5, 100, 600])
def test_many_rows_go_in_and_change_at_once(db, count):
    rows = [{"key": f"k{i:04d}", "value": 'é"\\'} for i in range(count)]

    def store(tx):
        insert_rows(tx, meta, rows)
        update_rows(tx, meta, [{"key": row["key"], "value": f"v{i}"} for i, row in enumerate(rows)], key="key")

    db.write_now(store)
    found = db.read_now(lambda tx: {row.key: row.value for row in tx.all(select(meta))})
    assert {f"k{i:04d}": f"v{i}" for i in range(count)} == found


def test_among_finds_a_list_of_any_length(db):
    db.write_now(lambda tx: [put(tx, f"k{i}") for i in range(9)] and None)

    def find(tx):
        statement = select(meta.c.key).where(among(tx.sqlite, meta.c.key))
        return sorted(row.key for row in tx.all(statement, {"values": listed(tx, ["k1", "k7", "none"])}))

    assert ["k1", "k7"] == db.read_now(find)


def test_inserting_again_inserts_nothing(db):
    row = {"key": "a", "value": "1"}

    assert db.write_now(insert_new, meta, row)
    assert not db.write_now(insert_new, meta, {**row, "value": "2"})
    assert "1" == db.read_now(lambda tx: tx.first(select(meta.c.value)).value)


def test_more_than_the_queue_holds_is_refused_at_once(db, monkeypatch):
    """What waits is bounded: the writes over the limit are told to come back, the others are all stored."""
    monkeypatch.setattr("tocsin.store.db.QUEUE_LIMIT", 5)

    async def run():
        return await asyncio.gather(*(db.write(put, f"k{i}") for i in range(50)), return_exceptions=True)

    with db._lock:  # the writer cannot take anything yet

        async def held():
            task = asyncio.create_task(run())
            await asyncio.sleep(0.05)
            db._lock.release()
            try:
                return await task
            finally:
                db._lock.acquire()

        results = asyncio.run(held())
    stored = [r for r in results if isinstance(r, str)]
    assert sorted(stored) == db.read_now(keys)
    assert 5 <= len(stored) < 50
    assert {Busy} == {type(r) for r in results if not isinstance(r, str)}


def test_a_locked_database_is_busy_and_then_goes_on(tmp_path, time, monkeypatch):
    """Another process holds the write lock: the writer says so after its patience, and works again afterwards."""
    from tocsin.store import migrate

    monkeypatch.setattr("tocsin.store.db.BUSY_SECONDS", 0.1)
    database = Database(f"sqlite:///{tmp_path}/t.db", time)
    migrate.up_to_date(database)
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        database.write_now(put, "a")
    other.execute("ROLLBACK")
    other.close()
    database.write_now(put, "b")

    assert ["b"] == database.read_now(keys)
    database.close()


def test_what_is_answered_is_on_disk(tmp_path, time):
    """Another process reads what a write has answered, while the writer still runs."""
    from tocsin.store import migrate

    database = Database(f"sqlite:///{tmp_path}/t.db", time)
    migrate.up_to_date(database)
    database.write_now(put, "a")
    other = sqlite3.connect(tmp_path / "t.db")
    assert [("a",)] == other.execute("SELECT key FROM meta").fetchall()
    other.close()
    pragma = database.read_now(lambda tx: tx.connection.execute(text("PRAGMA synchronous")).scalar_one())
    assert 2 == pragma  # FULL
    database.close()


def test_the_hot_queries_use_their_indexes(tmp_path, time):
    """A partial index whose condition is written differently is silently not used."""
    from tocsin.store import alerts, incidents, migrate

    database = Database(f"sqlite:///{tmp_path}/t.db", time)
    migrate.up_to_date(database)

    def plan(tx, statement, parameters):
        compiled = str(statement.compile(tx.connection.engine))
        rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters).all()
        return " / ".join(row[3] for row in rows)

    latest = database.read_now(plan, alerts._latest(True), ('["a"]',))
    group = database.read_now(plan, incidents._joinable(True), ('["a"]', "resolved"))
    assert "alerts_latest" in latest and "incidents_group" in group
    database.close()


def test_a_store_that_takes_no_write_is_known_until_it_does(tmp_path, time):
    """Since when and why nothing can be stored is remembered, and forgotten with the first write that is taken."""
    from datetime import timedelta

    from tocsin.store import migrate

    db = Database(f"sqlite:///{tmp_path}/t.db", time)
    migrate.up_to_date(db)
    began = time.now
    lock = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        db.write_now(put, "a")
    time.now += timedelta(minutes=1)
    with pytest.raises(Busy):
        db.write_now(put, "a")
    assert ("database is locked", began) == db.trouble
    lock.execute("ROLLBACK")
    lock.close()
    db.write_now(put, "a")
    assert db.trouble is None
    db.close()


def test_the_writer_lives_on_when_its_connection_is_cut(postgres):
    """A server that went away costs those who wait a 503, never the writer: the next one gets a new connection."""
    empty(postgres)
    house = Database(postgres, lambda: START)
    house.asks_clock = True

    async def story():
        assert 1 == await house.write(lambda tx: tx.all(text("SELECT 1"))[0][0])
        with house.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"))
        outcomes = []
        for _ in range(3):
            try:
                async with asyncio.timeout(10):
                    outcomes.append(await house.write(lambda tx: tx.all(text("SELECT 2"))[0][0]))
            except Busy:
                outcomes.append("busy")
        return outcomes

    outcomes = asyncio.run(story())
    house.close()
    assert 2 == outcomes[-1]
    assert set(outcomes) <= {"busy", 2}


def test_a_storm_of_alerts_never_keeps_the_worker_or_people_waiting(tmp_path):
    """Ingest is shed first: what pages, and what people press, has a queue of its own that goes first."""
    from tocsin.store import db as module
    from tocsin.store import migrate

    house = Database(f"sqlite:///{tmp_path}/t.db", lambda: START)
    migrate.up_to_date(house)
    order = []

    def take(tx, items):
        order.extend("alert" for _ in items)
        return [None] * len(items)

    def press(tx):
        order.append("press")

    async def story():
        other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # nothing can be written for a moment
        storm = [asyncio.create_task(house.write_batched(take, n)) for n in range(module.QUEUE_LIMIT + 1_500)]
        await asyncio.sleep(0)
        pressed = asyncio.create_task(house.write(press))
        await asyncio.sleep(0.05)
        other.execute("COMMIT")
        other.close()
        await pressed
        return await asyncio.gather(*storm, return_exceptions=True)

    outcomes = asyncio.run(story())
    house.close()
    shed = [outcome for outcome in outcomes if isinstance(outcome, Busy)]
    assert shed, "over the limit senders are asked to come back"
    assert order.index("press") <= 2 * module.GROUP_LIMIT, "one group may have been on its way"
    assert len(outcomes) - len(shed) == order.count("alert")


def test_a_row_that_is_there_undoes_its_part_alone_and_stays_a_loud_fault(db):
    """Whether another node made it or a bug: the rest of the transaction stands, and the fault is the fault."""
    db.write_now(put, "a")

    def partly(tx):
        with pytest.raises(IntegrityError), tx.apart():
            put(tx, "a")
        put(tx, "b")

    db.write_now(partly)
    with pytest.raises(IntegrityError):
        db.write_now(put, "a")
    assert ["a", "b"] == db.read_now(keys)
