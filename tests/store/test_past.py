"""Databases of every past version: each opens, is migrated, keeps its rows, verifies, and goes on paging."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, select, text

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Resolve
from tocsin.sdk import Delivered
from tocsin.store import access, incidents, migrate, queue
from tocsin.store.db import Database
from tocsin.usecases import configure, deliver, ingest, respond, tick, watch
from tocsin.usecases.configure import Setup

PAST = Path(__file__).parent / "past"
VERSIONS = sorted(path.stem for path in PAST.glob("*.sql"))
THEN = datetime(2026, 11, 16, 10, 38, 40, tzinfo=UTC)  # when what is in them had just happened


def lines_of(version):
    return (PAST / f"{version}.sql").read_text(encoding="utf-8")


def rows_of(connection, table):
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(f'SELECT * FROM "{table}"')]


def read_dump(version):
    """`{table: [row]}` as that version had them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(lines_of(version))
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: rows_of(connection, table) for table in tables if table != "alembic_version"}


def put_back(version, url):
    """Make the database of that version: on SQLite from its own statements, on PostgreSQL by its migrations and rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(lines_of(version))
        return
    db = Database(url, lambda: THEN)
    with db.engine.connect() as connection:
        migrate._begin(connection, sqlite=False)
        migrate.step(connection, version)
        migrate._end(connection, "COMMIT", sqlite=False)
    known = MetaData()
    known.reflect(db.engine)
    with db.engine.begin() as connection:
        for name, rows in read_dump(version).items():
            table = known.tables[name]
            connection.execute(table.delete())
            if rows:
                connection.execute(table.insert(), rows)
    db.close()


def held(url):
    """`{table: [row]}` as it is now, read past the program."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: [dict(row._mapping) for row in connection.execute(select(table))]
            for name, table in known.tables.items()
        }
    engine.dispose()
    return found


@pytest.fixture
def past(url, tmp_path, time):
    """Opens a database of the past with the program of today."""
    opened = []

    def open_(version):
        put_back(version, url)
        time.now = THEN
        db = Database(url, time)
        opened.append(db)
        assert version == migrate.held_by(db)
        assert False is migrate.up_to_date(db)
        assert migrate.HEAD == migrate.held_by(db)
        return db, Setup(plugins.load(), {}, "http://tocsin.example.org", b"key-of-the-past", tmp_path)

    yield open_
    for db in opened:
        db.close()


MUST = {"alerts", "incidents", "timeline", "outbox", "pages", "attempts", "runbooks", "credentials", "accounts",
        "postmortems", "meta", "audit"}  # fmt: skip


def test_there_is_one_of_each_version():
    migrations = {path.name.split("_")[0] for path in (migrate.HERE / "versions").glob("[0-9]*.py")}
    assert set(VERSIONS) >= {version for version in migrations if version <= "0008"}
    for version in VERSIONS:
        rows = read_dump(version)
        assert MUST <= {name for name, found in rows.items() if found} | ({"audit"} if version == "0001" else set())
    empty_ones = {name for name, rows in read_dump("0008").items() if not rows}
    assert {"answered", "changes", "destinations", "faults", "sessions"} == empty_ones


SET_ANEW = {"0001": {"incidents": {"wake_at"}}}  # what a migration changes on purpose


@pytest.mark.parametrize("version", VERSIONS)
def test_every_row_is_kept_and_the_chains_verify(past, url, tmp_path, version):
    """The chains by the command that an operator runs, in a process of its own."""
    past(version)
    now = held(url)
    for table, rows in read_dump(version).items():
        anew = SET_ANEW.get(version, {}).get(table, set())
        for row in rows:
            kept = {name: value for name, value in row.items() if name not in anew}
            assert any(kept.items() <= other.items() for other in now[table]), (table, row)

    environment = {**os.environ, "TOCSIN_DATABASE": url, "TOCSIN_DATA": str(tmp_path)}
    words = [sys.executable, "-m", "tocsin", "verify", "--json"]
    said = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert 0 == said.returncode, said.stdout + said.stderr
    entries = len(read_dump(version)["timeline"])
    assert re.search(rf'"entries": {entries}\b', said.stdout), said.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_it_goes_on_paging(past, time, version):
    """Who was being paged is paged on; keys and people are known; what was open is answered, and something new is taken."""
    db, setup = past(version)
    before = {row.id for row in db.read_now(queue.pages, limit=500)}
    sent = []

    def work(minutes):
        until = time.now + timedelta(minutes=minutes)
        while time.now < until:
            db.write_now(tick.tick, setup)
            for job in db.write_now(deliver.claim, setup, "today"):
                sent.append(job)
                db.write_now(deliver.settle, setup, job, Delivered("r"), 1)
            time.now += timedelta(seconds=20)

    work(6)
    listed = [stored.state for stored in db.read_now(incidents.listing, limit=100)]
    waiting = [state.number for state in listed if state.status == "triggered"]
    assert len(waiting) >= 3
    again = [row for row in db.read_now(queue.pages, limit=500) if row.id not in before]
    assert {4, 5} <= {row.incident for row in again}, "the third step: everyone"
    assert {"ana", "bo"} == {row.person for row in again if row.incident == 5}
    assert {"sent"} <= {row.state for row in again}
    titles = "\n".join(f"{job.message.title} {job.message.text}" for job in sent if job.kind == "page" and job.message)
    assert "INC-4: waits" in titles and "INC-5: waits" in titles
    assert () == db.write_now(watch.audit, setup).found
    assert frozenset() == frozenset(db.read_now(watch.report)["set_aside"])

    assert {"*"} == {row.source for row in db.read_now(access.ingest_keys)}
    assert db.read_now(lambda tx: configure.in_force(tx, setup)[1].people.keys()) == {"ana", "bo"}
    for number in waiting:
        db.write_now(respond.act, setup, number, Acknowledge("ana"))
        db.write_now(respond.act, setup, number, Resolve("ana", "The disk", "Room"))
    alert = Alert("generic", "new", "new is down", time.now, "", "api", "new", "critical", {}, ())
    db.write_now(ingest.ingest, setup, [[Signal("trigger", alert)]])
    sent.clear()
    work(1)
    assert {"page"} <= {job.kind for job in sent}
    assert "resolved" == db.read_now(incidents.load, 4).state.status
    assert db.read_now(incidents.verify)["ok"]


def test_one_that_is_newer_is_refused_with_one_line(url, tmp_path):
    """By `tocsin serve`, before it listens; the database stays as it was."""
    put_back(VERSIONS[-1], url)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    before = held(url)
    book = tmp_path / "runbook.yaml"
    book.write_text((PAST / "story.py").read_text().partition('RUNBOOK = """\\\n')[2].partition('"""')[0])
    environment = {**os.environ, "TOCSIN_DATABASE": url, "TOCSIN_DATA": str(tmp_path), "TOCSIN_SECRET_KEY": "x" * 32}
    words = [sys.executable, "-m", "tocsin", "serve", "--runbook", str(book), "--port", "0"]
    said = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert 1 == said.returncode
    assert said.stderr.endswith("\n") and 1 == said.stderr.count("\n"), said.stderr
    assert "the database is at version 9999" in said.stderr and "start the newer one" in said.stderr
    assert before == held(url)
