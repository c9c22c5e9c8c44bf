"""Six hours without a worker, in which monitoring systems went on: what the start after it makes of that."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx

from .crash.harness import RUNBOOK
from .fakes.web import FakeWebhook
from .served import INGEST, Served, until

CHECKS = 400  # each its own incident
HOURS = 6
DRAIN_SECONDS = 60  # reliability.md F37
MOST = 4  # messages to one person: what waited, and the steps that fell due meanwhile, taken within 20 s or two
LATER = {"after: 1s": "after: 5m", "after: 2s": "after: 10m"}
OPEN = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased') AND kind <> 'test' AND due <= {now}"


class Earlier(Served):
    """A node that only takes alerts, so many hours ago."""

    program = ("tests.crash.child", "-", "0")

    def __init__(self, folder, book, hours):
        super().__init__(folder, book, "--role", "web", TEST_CLOCK_MINUTES=str(-60 * hours))


def send_all(server, checks):
    """Each check that fires is sent again, as monitoring systems do; the first is critical and the oldest."""
    with httpx.Client(trust_env=False, timeout=60) as client:

        def send(n):
            body = {"key": f"k{n}", "title": f"check-{n:04d} fails", "severity": "critical", "service": f"s{n % 20}",
                    "check": f"c{n}"}  # fmt: skip
            return client.post(f"{server.url}/in/generic/{INGEST}", json=body).status_code

        assert 202 == send(0)
        with ThreadPoolExecutor(8) as pool:
            assert {202} == set(pool.map(send, range(1, checks)))


class Hook(FakeWebhook):
    """Notes to whom each message went, and when."""

    def __init__(self):
        super().__init__()
        self.taken = []  # instant, person, message

    def answer(self, path, headers, body):
        told = super().answer(path, headers, body)
        self.taken.append((time.monotonic(), path.strip("/"), json.loads(body)))
        return told


def asked(file, statement):
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return db.execute(statement).fetchall()


def named(message):
    return set(re.findall(r"check-\d{4}", f"{message['title']}\n{message['text']}"))


def test_six_hours_of_backlog_are_out_within_a_minute_as_one_page_for_each_person(tmp_path):
    """Every incident is named to everybody who is to be paged for it, the oldest first, and nobody's phone rings 400 times."""
    book, file = tmp_path / "runbook.yaml", tmp_path / "tocsin.db"
    with Hook() as hook:
        text = RUNBOOK.format(hook=hook.url)
        for step, later in LATER.items():
            text = text.replace(step, later)
        book.write_text(text, encoding="utf-8")
        for hours in range(HOURS, 0, -1):
            with Earlier(tmp_path, book, hours) as server:
                send_all(server, CHECKS * (HOURS - hours + 1) // HOURS)
        assert [(CHECKS,)] == asked(file, "SELECT count(*) FROM incidents")
        assert [] == hook.received
        waiting = asked(file, "SELECT count(*) FROM outbox WHERE kind = 'page' AND state = 'pending'")[0][0]

        begun = time.monotonic()
        with Served(tmp_path, book) as server:
            ready = time.monotonic() - begun
            until(lambda: drained(file), DRAIN_SECONDS)
            took = time.monotonic() - begun
            pages = [(at - begun, who, m) for at, who, m in hook.taken if m["kind"] == "page"]
            verified = server.cli("verify")
        print(
            f"{waiting} pages of {CHECKS} incidents waited for up to {HOURS} h: ready after {ready:.1f} s, all out after "
            f"{took:.1f} s, as {len(pages)} messages to {len({who for _, who, _ in pages})} people"
        )
        everything = {f"check-{n:04d}" for n in range(CHECKS)}
        for person in ("ana", "bo"):
            theirs = [m for _, who, m in pages if who == person]
            assert everything == named(theirs[0]), "the first one lists each incident"
            assert theirs[0]["text"].index("check-0000") < theirs[0]["text"].index("check-0399"), "the oldest first"
            assert len(theirs) <= MOST, [m["title"] for m in theirs]
        assert max(Counter(m["id"] for m in hook.received).values()) == 1
        assert 0 == verified.returncode, verified.stdout + verified.stderr


def drained(file):
    """Every step is taken, and nothing waits that was due, or is gathered for 20 s. The next steps come in minutes."""
    now = int(time.time() * 1e6)
    overdue = asked(file, f"SELECT count(*) FROM incidents WHERE wake_at <= {now - 1_000_000}")[0][0]
    return not overdue and not asked(file, OPEN.format(now=now + 21_000_000))[0][0]
