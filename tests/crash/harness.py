"""A server that dies, a client with a ledger on disk, a provider with a ledger of its own, and the comparison after."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tocsin.store import incidents
from tocsin.store.db import Database

from ..fakes.target import FakeTarget
from ..fakes.web import FakeWebhook
from ..served import INGEST, Served, until

RUNBOOK = """\
version: 1
people:
  ana: {{name: Ana, notify: {{high: [{{via: hook}}], low: [{{via: hook}}]}}, webhook: "{hook}/ana"}}
  bo: {{name: Bo, notify: {{high: [{{via: hook}}], low: [{{via: hook}}]}}, webhook: "{hook}/bo"}}
escalation_policies:
  default:
    steps:
      - {{page: [ana]}}
      - {{page: [bo], after: 1s}}
      - {{page: [everyone], after: 2s}}
    repeat: 2
severities:
  P0: {{title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical}}
triage:
  - {{match: {{severity: critical}}, severity: P0}}
grouping: {{by: [service, check], window: 10m}}
protocols:
  critical:
    duties:
      - {{id: acknowledge, at: 0m, within: 15m, owner: on_call, title: Acknowledge, done_by: acknowledged}}
channels:
  hook: {{webhook: {{secret: ""}}}}
"""
ACTION = """\
actions:
  {name}: {{http: {{url: "{target}/{name}", json: {{value: {name}}}}}, approve: commander}}
"""
ACTIONS = 12  # that the runbook of such a case has, each for a call of its own: a second one is seen
ALERTS, SECONDS = 40, 20.0  # what the client does at most before a point must have been passed


class Dying(Served):
    """A server that kills itself at a crash point; pass 0: it does not."""

    def __init__(self, data: Path, runbook: Path, point: str = "-", nth: int = 0) -> None:
        super().__init__(data, runbook)
        self.program = ("tests.crash.child", point, str(nth))

    def alive(self) -> bool:
        return self.process.poll() is None


class Ledger:
    """What the client was told, each line on disk before the next request."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a", encoding="utf-8")
        self.alerts: dict[str, bool] = {}
        self.acknowledged: set[str] = set()

    def write(self, line: str) -> None:
        self.file.write(line + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


class Case:
    """One life and death of a server."""

    def __init__(self, folder: Path, hook: FakeWebhook) -> None:
        self.folder, self.hook = folder, hook
        self.runbook = folder / "runbook.yaml"
        self.runbook.write_text(RUNBOOK.format(hook=hook.url), encoding="utf-8")
        self.ledger = Ledger(folder / "ledger")
        self.sent = 0

    def start(self, point: str = "-", nth: int = 0) -> Dying:
        return Dying(self.folder, self.runbook, point, nth)

    # ------------------------------------------------------------------------------------- the client

    def work(self, server: Dying, client: httpx.Client) -> None:
        """Send alerts and press Acknowledge until the server is dead, or everything was sent."""
        begun = time.monotonic()
        while server.alive() and self.sent < ALERTS and time.monotonic() - begun < SECONDS:
            self.sent += 1
            self.alert(server, client, f"alert-{self.sent}")
            if self.sent % 2 == 0:
                self.press(server, client)
            time.sleep(0.02)

    def alert(self, server: Dying, client: httpx.Client, key: str) -> None:
        body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": key}
        self.ledger.alerts.setdefault(key, False)
        try:
            answer = client.post(f"{server.url}/in/generic/{INGEST}", json=body)
        except httpx.HTTPError:
            return
        if answer.is_success:
            self.ledger.write(f"2xx {key}")
            self.ledger.alerts[key] = True

    def press(self, server: Dying, client: httpx.Client) -> None:
        """Press the button of the newest page that nobody answered; its link names the server's old port."""
        pages = [m for m in self.hook.received if m["kind"] == "page" and m["incident"] not in self.ledger.acknowledged]
        if not pages:
            return
        path = re.sub(r"^http://[^/]+", "", pages[-1]["acknowledge_link"])
        try:
            answer = client.post(f"{server.url}{path}", headers={"Origin": server.url})
        except httpx.HTTPError:
            return
        if answer.status_code in (200, 303):
            self.ledger.write(f"acknowledged {pages[-1]['incident']}")
            self.ledger.acknowledged.add(pages[-1]["incident"])

    # ------------------------------------------------------------------------------------- what is left

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.folder}/tocsin.db?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(query).fetchall()

    def recover(self) -> None:
        """Start again; what was not answered is sent again; then everything that was due goes out."""
        waiting = self.open_rows()
        self.in_flight = len(self.rows("SELECT id FROM outbox WHERE state = 'leased'"))
        with self.start() as server, httpx.Client(trust_env=False, timeout=10) as client:
            for key, answered in list(self.ledger.alerts.items()):
                if not answered:
                    self.alert(server, client, key)
            until(lambda: not waiting & self.open_rows(), 15)
            for row in self.rows("SELECT number FROM incidents WHERE acknowledged_at IS NULL"):
                server.api("POST", f"/incidents/INC-{row['number']}/acknowledge", {"by": "ana"})
            until(lambda: not self.open_rows(), 15)
        store = Database(f"sqlite:///{self.folder}/tocsin.db", lambda: datetime.now(UTC))
        self.verified = store.read_now(incidents.verify)["ok"]
        store.close()

    def open_rows(self) -> set[str]:
        """What is to be sent; test pages of next week are not."""
        rows = self.rows("SELECT id FROM outbox WHERE state IN ('pending', 'leased') AND kind <> 'test'")
        return {row["id"] for row in rows}

    def compare(self) -> list[str]:
        """What is wrong: nothing that was answered is lost, nothing is doubled but what was in flight."""
        wrong = []
        stored = Counter(row["key"] for row in self.rows("SELECT key FROM alerts"))
        for key, answered in self.ledger.alerts.items():
            if not answered or stored[key] != 1:
                wrong.append(f"{key} is stored {stored[key]} times")
        for name in self.ledger.acknowledged:
            state = self.rows(f"SELECT acknowledged_at FROM incidents WHERE number = {name.removeprefix('INC-')}")
            if not state or state[0]["acknowledged_at"] is None:
                wrong.append(f"the acknowledgement of {name} is lost")
        got = Counter(message["id"] for message in self.hook.received)
        sent = "SELECT folds.page, outbox.key FROM folds JOIN outbox ON outbox.page = folds.lead"
        spoken = {row["page"] for row in self.rows(sent) if got[row["key"]]}  # by a message for several pages
        for row in self.rows("SELECT key, page, state FROM outbox WHERE kind = 'page'"):
            if row["state"] == "done" and not got[row["key"]] and row["page"] not in spoken:
                wrong.append(f"{row['key']} is done, and nobody got it")
            if row["state"] == "failed":
                wrong.append(f"{row['key']} failed")
        doubled = sum(count - 1 for count in got.values())
        if doubled > self.in_flight:
            wrong.append(f"{doubled} copies, {self.in_flight} rows were in flight")
        if not self.verified:
            wrong.append("the chains do not hold")
        return wrong


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    folder.mkdir(parents=True, exist_ok=True)
    with FakeWebhook() as hook:
        one = Case(folder, hook)
        yield one
        one.ledger.file.close()
        assert not hook.faults, hook.faults


def die_and_compare(folder: Path, point: str, nth: int) -> list[str]:
    """Kill the server at one pass of one point; returns what was wrong afterwards."""
    if point.startswith("X"):
        return die_acting(folder, point, nth)
    with case(folder) as one:
        with one.start(point, nth) as server, httpx.Client(trust_env=False, timeout=10) as client:
            one.work(server, client)
            deadline = time.monotonic() + SECONDS
            while server.alive() and time.monotonic() < deadline:
                time.sleep(0.05)
            if server.process.poll() != -signal.SIGKILL:
                return [f"{point} was not passed {nth} times"]
        one.recover()
        return one.compare()


def die_acting(folder: Path, point: str, nth: int) -> list[str]:
    """The same for a server that runs actions: each is made once, or at most once and somebody is paged to look."""
    with FakeTarget() as target, case(folder) as one:
        actions = "".join(ACTION.format(name=f"a{n}", target=target.url) for n in range(ACTIONS))
        actions = "actions:\n" + actions.replace("actions:\n", "")
        one.runbook.write_text(one.runbook.read_text(encoding="utf-8") + actions, encoding="utf-8")
        with one.start(point, nth) as server:
            pressed = _press_actions(server, one.ledger)
            if server.process.wait(SECONDS) != -signal.SIGKILL:
                return [f"{point} was not passed {nth} times"]
        with one.start() as server:
            until(lambda: not one.rows("SELECT id FROM actions WHERE state IN ('approved', 'running')"), 30)
            until(
                lambda: not one.rows("SELECT id FROM outbox WHERE kind = 'page' AND state IN ('pending', 'leased')"), 30
            )
            time.sleep(0.1)
        return _compare_actions(one, target, pressed, point)


def _press_actions(server: Dying, ledger: Ledger) -> set[str]:
    """Declare, plan and approve one action after the other until the server is dead; those that were answered."""
    answered: set[str] = set()
    with contextlib.suppress(httpx.HTTPError, AssertionError):
        name = server.api("POST", "/incidents", {"title": "Down", "severity": "P0"})["id"]
        server.api("POST", f"/incidents/{name}/acknowledge", {"by": "ana"})
        for n in range(ACTIONS):
            path = f"/incidents/{name}/actions/a{n}"
            plan = server.api("POST", f"{path}/plan", {"by": "ana"})
            server.api("POST", f"{path}/approve", {"plan": plan["plan"], "hash": plan["hash"], "by": "ana"})
            ledger.write(f"approved a{n}")
            answered.add(f"a{n}")
    return answered


def _compare_actions(one: Case, target: FakeTarget, pressed: set[str], point: str) -> list[str]:
    """What is wrong: a call that was made twice, an approval that was lost, an outcome that is not what was done."""
    calls, wrong = Counter(target.calls), []
    rows = {
        row["action"]: row for row in one.rows("SELECT action, state, id FROM actions WHERE approved_at IS NOT NULL")
    }
    wrong += [f"{name} was made {count} times" for name, count in calls.items() if count > 1]
    wrong += [f"the approval of {name} is lost" for name in pressed - set(rows)]
    for name, row in rows.items():
        if row["state"] not in ("succeeded", "unknown"):
            wrong.append(f"{name} is {row['state']}")
        if row["state"] == "succeeded" and not calls[name]:
            wrong.append(f"{name} succeeded without a call")
    unknown = [row for row in rows.values() if row["state"] == "unknown"]
    paged = one.rows("SELECT id FROM pages WHERE reason LIKE '%unknown, look%' AND person = 'ana'")
    if len(unknown) != len(paged):
        wrong.append(f"{len(unknown)} are unknown, {len(paged)} pages say so")
    if point in ("X3", "X4") and len(unknown) != 1:
        wrong.append(f"{len(unknown)} are unknown after a death in the midst of a call")
    if point in ("X1", "X2", "X5") and len(unknown) > 1:
        wrong.append(f"{len(unknown)} are unknown")
    return wrong
