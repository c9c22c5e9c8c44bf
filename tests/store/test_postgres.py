"""Which server is written to: the one with the highest timeline, and never again one that was overtaken."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from examples.cluster.postgres import Postgres, both
from sqlalchemy import func, select, text

from tocsin.core.events import Declared
from tocsin.store import migrate, queue
from tocsin.store.db import Busy, Database
from tocsin.store.postgres import Servers, _each
from tocsin.store.schema import incidents, outbox
from tocsin.usecases import configure, deliver, respond

from .conftest import EXAMPLE, START, empty


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a/t", [("a", None, None)]),
        ("postgresql://a:1/t", [("a", "1", None)]),
        ("postgresql://a:1,b:2/t", [("a", "1", "read-write"), ("b", "2", "read-write")]),
        ("host=a,b port=5 dbname=t", [("a", "5", "read-write"), ("b", "5", "read-write")]),
        ("postgresql://a,b/t?target_session_attrs=primary", [("a", None, "primary"), ("b", None, "primary")]),
        ("postgresql:///t?host=/run/postgresql", [("/run/postgresql", None, None)]),
    ],
)
def test_each_host_of_an_address_is_asked_by_itself(url, expected):
    found = [psycopg.conninfo.conninfo_to_dict(one) for one in _each(url)]
    assert expected == [(one.get("host"), one.get("port") or None, one.get("target_session_attrs")) for one in found]
    assert {"2"} == {one["connect_timeout"] for one in found}


def test_a_server_that_does_not_answer_is_given_up(postgres):
    """Somebody waits for a statement that takes too long: its connection is closed, the next one works."""
    db = Database(postgres, lambda: START)
    db._servers.patience = 0.3
    begun = time.monotonic()
    with pytest.raises(Busy, match="no answer"):
        db.read_now(lambda tx: tx.all(text("SELECT pg_sleep(30)")))
    assert time.monotonic() - begun < 10
    assert 1 == db.read_now(lambda tx: tx.all(text("SELECT 1"))[0][0])
    db.close()


@pytest.fixture
def pair(tmp_path_factory):
    """A primary and its synchronous standby, in a folder that another system user may enter."""
    folder = tmp_path_factory.mktemp("pair")
    for parent in (folder, *folder.parents[:-1]):
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    primary = Postgres(folder / "primary").start()
    standby = Postgres(folder / "standby", primary).start()
    yield primary, standby
    primary.stop()
    standby.stop()


def put(tx, word):
    tx.run(text("INSERT INTO words VALUES (:word)"), {"word": word})


def words(server):
    return [row[0] for row in server.execute("SELECT word FROM words ORDER BY word")]


def test_an_old_primary_that_comes_back_is_not_written_to(pair):
    """The standby is frozen, so what comes then is stored on the primary alone and not answered; then the primary
    dies, the standby is promoted, and the old primary comes back as one."""
    primary, standby = pair
    db = Database(both(primary, standby), lambda: START)
    db.write_now(lambda tx: tx.run(text("CREATE TABLE words (word text)")))
    db.write_now(put, "answered")

    [(receiver,)] = standby.execute("SELECT pid FROM pg_stat_wal_receiver")
    os.kill(receiver, signal.SIGSTOP)
    db._servers.patience = 1.0
    with pytest.raises(Busy):  # Unsure: it waits for the standby
        db.write_now(put, "not answered")
    primary.kill()
    os.kill(receiver, signal.SIGCONT)
    standby.execute("ALTER SYSTEM RESET synchronous_standby_names")
    standby.promote()
    db._servers.patience = 10.0
    db.write_now(put, "after")
    assert ["after", "answered"] == [word for word in words(standby) if word != "not answered"]

    primary.start()  # as it was: it takes writes
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
    primary.execute("SELECT pg_reload_conf()")
    old = words(primary)
    db.write_now(put, "with both there")
    fresh = Database(both(primary, standby), lambda: START)  # another process, that has seen nothing
    fresh.write_now(put, "from a new node")
    fresh.close()
    standby.stop()
    with pytest.raises(Busy, match="old primary"):
        db.write_now(put, "with the old one alone")
    with suppress(Busy):
        db.read_now(lambda tx: tx.all(text("SELECT 1")))
    db.close()
    assert old == words(primary)
    standby.primary = None
    standby.start()
    assert {"after", "answered", "with both there", "from a new node"} <= set(words(standby))


def test_the_highest_timeline_is_remembered_by_a_process(postgres):
    servers = Servers(postgres, "test")
    session = servers.connect()
    servers._newest = session.timeline + 1
    assert servers.overtaken(session)
    session.close()
    with pytest.raises(psycopg.OperationalError, match="old primary"):
        servers.connect()


@pytest.fixture
def eight(postgres, setup):
    """Eight nodes over one database, in which a runbook is in force."""
    empty(postgres)
    nodes = [Database(postgres, lambda: START) for _ in range(8)]
    for node in nodes:
        node.asks_clock = True
    migrate.up_to_date(nodes[0])
    assert not nodes[0].write_now(configure.adopt, setup, EXAMPLE).errors
    yield nodes
    for node in nodes:
        node.close()


def all_at_once(nodes, work):
    with ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(work, nodes))


def test_eight_workers_claim_each_row_once(eight, setup):
    """1,000 rows are due; who claims, and under which epoch, is decided once for each."""

    def fill(tx):
        for n in range(1_000):
            queue.put(tx, f"k{n}", tx.now, kind="probe", via="", destination="", payload={}, urgent=False)

    eight[0].write_now(fill)

    def work(node):
        claimed = []
        while jobs := node.write_now(deliver.claim, setup, f"node {id(node)}", 7):
            claimed += [(job.id, job.epoch) for job in jobs]
        return claimed

    claimed = Counter(row for rows in all_at_once(eight, work) for row in rows)
    assert 1_000 == len(claimed)
    assert {1} == set(claimed.values())
    assert {1} == {epoch for _, epoch in claimed}
    left = select(func.count()).where(outbox.c.state != "leased")
    assert 0 == eight[0].read_now(lambda tx: tx.all(left)[0][0])


def test_one_key_opens_one_incident_however_many_ask_at_once(eight, setup):
    """Eight nodes are given the same 25 requests at once: 25 incidents, and each node is told the same numbers."""
    declared = [Declared(f"down {n}", "P1", "martijn", service="api") for n in range(25)]

    def work(node):
        ask = lambda tx, n: respond.once(tx, f"key{n}", "same", lambda: respond.declare(tx, setup, declared[n]))
        return [node.write_now(ask, n) for n in range(25)]

    told = all_at_once(eight, work)
    assert all(told[0] == other for other in told)
    assert 25 == len(set(told[0]))
    assert 25 == eight[0].read_now(lambda tx: tx.all(select(func.count()).select_from(incidents))[0][0])
