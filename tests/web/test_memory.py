"""A bound on the address space of the process, and a storm of bodies that are as large as they may be."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, suppress

import httpx
import pytest

from ..crash.harness import RUNBOOK
from ..fakes.web import FakeWebhook
from ..served import INGEST, Served, until
from .test_edge import resident_mb

SENDERS, SECONDS = 24, 6.0
BIG = "x" * 950_000  # characters; with the rest just below what a body may have
MOST_MB = 300  # resident, whatever the load


class Bounded(Served):
    program = ("tests.web.memory",)


class Storm:
    """Senders of large bodies, and beside them one critical alert each half second, with a ledger of what was told."""

    def __init__(self, server):
        self.server, self.told, self.most = server, {}, 0.0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._large, args=(n,)) for n in range(SENDERS)]

    def run(self):
        for thread in self.threads:
            thread.start()
        with httpx.Client(trust_env=False, timeout=60) as client:
            begun = time.monotonic()
            while time.monotonic() - begun < SECONDS and self.server.process.poll() is None:
                with suppress(IndexError, OSError):  # it has just ended
                    self.most = max(self.most, resident_mb(self.server.process.pid))
                key = f"vital-{len(self.told)}"
                body = {"key": key, "title": key, "severity": "critical", "service": "v", "check": key}
                self._send(client, key, json.dumps(body))
                time.sleep(0.5)
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _large(self, sender):
        with httpx.Client(trust_env=False, timeout=60) as client:
            n = 0
            while not self.stop.wait(0.01):
                n += 1
                key = f"large-{sender}-{n}"
                body = {"key": key, "title": key, "text": BIG, "severity": "info", "service": "s"}
                self._send(client, key, json.dumps(body))

    def _send(self, client, key, body):
        try:
            self.told[key] = client.post(f"{self.server.url}/in/generic/{INGEST}", content=body).status_code
        except httpx.HTTPError:
            self.told[key] = 0  # no answer: it is sent again, by whoever sent it


@pytest.mark.parametrize(("spare_mb", "holds"), [(896, True), (320, False)])
def test_a_storm_of_large_bodies_loses_nothing_where_memory_is_bounded(tmp_path, spare_mb, holds):
    """With a gigabyte of addresses every alert is taken; with too few the process may end, and comes back with all."""
    book = tmp_path / "runbook.yaml"
    with FakeWebhook() as hook:
        book.write_text(RUNBOOK.format(hook=hook.url), encoding="utf-8")
        with Bounded(tmp_path, book, TEST_SPARE_MB=str(spare_mb)) as server:
            storm = Storm(server)
            storm.run()
            ended = server.process.poll()
            bound = re.search("bounded to .*", server.said())[0]
        answers = Counter(storm.told.values())
        print(
            f"{bound} of addresses, {SENDERS} senders of 0.95 MB each: answers {dict(answers)}, at most {storm.most:.0f} MB "
            f"resident; " + ("it went on" if ended is None else f"it ended with {ended}")
        )
        assert set(answers) <= ({202} if holds else {202, 500, 503, 0}), (
            answers
        )  # nothing that says: do not send it again
        assert storm.most < MOST_MB
        assert ended is None or not holds

        with Served(tmp_path, book) as server:  # whoever supervises it starts it again
            again = [key for key, status in storm.told.items() if status != 202 and key.startswith("vital")]
            for key in again:
                body = {"key": key, "title": key, "severity": "critical", "service": "v", "check": key}
                assert 202 == server.send(f"/in/generic/{INGEST}", body).status_code
            vital = {key for key in storm.told if key.startswith("vital")}
            paged = lambda: set(re.findall(r"vital-\d+", " ".join(m["title"] + m["text"] for m in list(hook.received))))
            until(lambda: vital <= paged())
            verified = server.cli("verify")
            assert 0 == verified.returncode, verified.stdout + verified.stderr
        with closing(sqlite3.connect(tmp_path / "tocsin.db")) as db:
            stored = Counter(key for (key,) in db.execute("SELECT key FROM alerts"))
        assert {key for key, status in storm.told.items() if status == 202} <= set(stored)
        assert {1} == set(stored.values())
