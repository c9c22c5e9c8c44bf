"""
The store does not answer for many times the patience of a write: another process has the lock, or the server hangs.

TEST_LOCK_SECONDS is how long, 22 s unless it is given: four times what a write waits.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, text

from ..crash.harness import RUNBOOK
from ..served import INGEST, Served, until

SECONDS = float(os.environ.get("TEST_LOCK_SECONDS", "22"))
PATIENCE = 5.0  # of a write; reliability.md section 1
SENDERS = 8
HOLD_SQLITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
input()
"""


@contextmanager
def held_by_another_process(file):
    """SQLite's write lock."""
    words = [sys.executable, "-c", HOLD_SQLITE, str(file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert b"held\n" == process.stdout.readline()
        yield
        process.communicate(b"\n", 30)


@contextmanager
def held_by_another_session(url):
    """Every table that an alert or a page is written to, as a careless migration by hand would."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE alerts, incidents, outbox, pages, timeline IN SHARE ROW EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def hung(server):
    """Every process of the server stops; its connections stay."""
    found = [server.process.pid, *children_of(server.process.pid)]
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Senders:
    """Monitoring systems that send one alert after the other, and note what they were told and when."""

    def __init__(self, url):
        self.url, self.stop = url, threading.Event()
        self.told = []  # key, instant, status, seconds, Retry-After
        self.threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _send(self, sender):
        with httpx.Client(trust_env=False, timeout=60) as client:
            number = 0
            while not self.stop.wait(0.3):
                number += 1
                key, begun = f"s{sender}-{number}", time.monotonic()
                answer = client.post(f"{self.url}/in/generic/{INGEST}", json=alert(key))
                took = time.monotonic() - begun
                self.told.append((key, begun, answer.status_code, took, answer.headers.get("retry-after")))


def alert(key):
    return {"key": key, "title": key, "severity": "critical", "service": "api", "check": f"c{hash(key) % 5}"}


class Looks:
    """Somebody who operates it, and somebody who looks at the incidents, once a second."""

    def __init__(self, server):
        self.server, self.stop = server, threading.Event()
        self.ready, self.pages = [], []
        self.thread = threading.Thread(target=self._look)

    def __enter__(self):
        link = httpx.URL(self.server.sign_in_link())
        self.browser = httpx.Client(
            trust_env=False, timeout=60, headers={"Origin": self.server.url}, follow_redirects=True
        )
        self.browser.post(f"{self.server.url}/sign-in", data={"token": link.params["token"]})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.browser.close()

    def _look(self):
        while not self.stop.wait(1):
            for path, kept in (("/-/ready", self.ready), ("/incidents", self.pages)):
                begun = time.monotonic()
                answer = self.browser.get(f"{self.server.url}{path}")
                kept.append((begun, answer.status_code, time.monotonic() - begun, answer.text))


@pytest.fixture(params=["sqlite", "postgresql", "hung"])
def case(request, tmp_path, hook):
    """A server over a store, the way to make that store not answer, and how to look into it."""
    book = tmp_path / "runbook.yaml"
    book.write_text(RUNBOOK.format(hook=hook.url), encoding="utf-8")
    if request.param == "sqlite":
        file = tmp_path / "tocsin.db"
        yield Served(tmp_path, book), lambda: held_by_another_process(file), f"sqlite:///{file}"
        return
    database = request.getfixturevalue("database")
    server = Served(tmp_path, book, TOCSIN_DATABASE=database, TOCSIN_DATA=str(tmp_path))
    hold = held_by_another_session if request.param == "postgresql" else hung
    what = database if request.param == "postgresql" else request.getfixturevalue("alone")
    yield server, lambda: hold(what), database.replace("postgresql://", "postgresql+psycopg://")


def rows(url, statement):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


def pages(hook):
    return [m for m in hook.received if m["kind"] == "page"]


def test_a_store_that_does_not_answer_loses_nothing_and_needs_no_restart(case, hook, request):
    """Senders hear 503 within 5 s, whoever looks hears why; then alerts and pages flow again, and each is there once."""
    server, hold, url = case
    with server:
        assert 202 == server.send(f"/in/generic/{INGEST}", alert("before")).status_code
        until(lambda: pages(hook))
        with Looks(server) as looks, Senders(server.url) as senders:
            with hold():
                began = time.monotonic()
                time.sleep(SECONDS)
                ended = time.monotonic()
            asked = len(pages(hook))
            until(lambda: any(at > ended and status == 202 for _, at, status, *_ in senders.told))
            again = time.monotonic() - ended
            until(lambda: len(pages(hook)) > asked)  # nobody has acknowledged: it climbs on
            flows = time.monotonic() - ended
            until(lambda: looks.ready[-1][0] > ended + 6 and looks.pages[-1][0] > ended + 6)

        during = [one for one in senders.told if began + 0.5 < one[1] and one[1] + one[3] < ended]
        longest = max(took for _, _, _, took, _ in during)
        print(
            f"{request.node.callspec.id}: no answer for {SECONDS:.0f} s: {len(during)} senders told 503 within {longest:.1f} s; "
            f"then alerts after {again:.1f} s, pages after {flows:.1f} s"
        )
        assert {503} == {status for _, _, status, *_ in during}
        assert all(after and 1 <= int(after) <= 60 for *_, after in during)
        assert longest < 5
        assert again < 5 and flows < 5
        said_why(looks, began, ended)

        told_again = [key for key, _, status, *_ in senders.told if status != 202]
        assert {202} == {server.send(f"/in/generic/{INGEST}", alert(key)).status_code for key in told_again}
        assert server.process.poll() is None
        keys = Counter(key for (key,) in rows(url, "SELECT key FROM alerts"))
        assert {"before": 1} | {key: 1 for key, *_ in senders.told} == keys
        nothing_is_half_stored(url)
        verified = server.cli("verify")
        assert 0 == verified.returncode, verified.stdout + verified.stderr
    assert max(Counter(m["id"] for m in hook.received).values()) <= 2, (
        "what was sent and could not be settled, once more"
    )


def said_why(looks, began, ended):
    """While it lasts it is told, on the page for operators and to whoever looks at the incidents; and then no more."""
    late = [(status, body) for at, status, _, body in looks.ready if began + 2 * PATIENCE < at < ended - PATIENCE]
    cause = (
        "cannot store anything: (database is locked|canceling statement due to lock timeout)|"
        "the database (has not answered for|does not answer: )"
    )
    assert mostly([re.search(cause, body) for _, body in late]), late
    assert all(took < 5 for _, _, took, _ in looks.ready)
    shown = [body for at, _, took, body in looks.pages if began + PATIENCE < at + took < ended - PATIENCE]
    assert mostly([re.search("cannot store anything|cannot store this just now", body) for body in shown])
    for kept in (looks.ready, looks.pages):
        assert 200 == kept[-1][1]
        assert "cannot store" not in kept[-1][3]


def mostly(told):
    """Where some tables alone are locked, a write to another one makes the sentence go until the next alert comes."""
    return told and sum(map(bool, told)) >= 0.8 * len(told)


def nothing_is_half_stored(url):
    """Each alert has its incident, which counts it; each page its row to send; each incident its first entry."""
    assert [] == rows(url, "SELECT key FROM alerts WHERE incident NOT IN (SELECT number FROM incidents)")
    counted = "SELECT number FROM incidents WHERE number NOT IN (SELECT incident FROM timeline WHERE kind = 'declared')"
    assert [] == rows(url, counted)
    assert [] == rows(url, "SELECT id FROM pages WHERE id NOT IN (SELECT page FROM outbox WHERE page IS NOT NULL)")
    assert [] == rows(url, "SELECT id FROM outbox WHERE kind = 'page' AND page NOT IN (SELECT id FROM pages)")
