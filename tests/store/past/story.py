"""What happens in a database of the past. Run by the program of its time: `python story.py FILE`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin import plugins
from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, Assign, PostUpdate, Resolve
from tocsin.sdk import Delivered, Retry
from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.usecases import access, configure, deliver, ingest, respond, tick
from tocsin.usecases.configure import Setup

START = datetime(2026, 11, 16, 9, 2, tzinfo=UTC)
RUNBOOK = """\
version: 1
organization: {name: Past, timezone: Europe/Amsterdam}
people:
  ana: {name: Ana, roles: [admin], notify: {high: [{via: hook}], low: [{via: hook}]}, webhook: "http://127.0.0.1:1/ana"}
  bo: {name: Bo, notify: {high: [{via: hook}], low: [{via: hook}]}, webhook: "http://127.0.0.1:1/bo"}
teams:
  web: {lead: bo, members: [ana, bo]}
schedules:
  primary: {rotation: {people: [ana, bo], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}}
escalation_policies:
  default:
    steps:
      - {page: [schedule:primary]}
      - {page: [bo], after: 5m}
      - {page: [everyone], after: 10m}
    repeat: 2
services:
  api: {team: web, component: Checkout}
  db: {team: web}
severities:
  P0: {title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical, postmortem: required}
  P2: {title: Medium, respond_within: 2h, resolve_within: 1d, page: [on_call], urgency: low, protocol: critical}
triage:
  - {match: {severity: critical}, severity: P0}
  - {match: {severity: warning}, severity: P2}
protocols:
  critical:
    duties:
      - {id: acknowledge, at: 0m, within: 15m, owner: on_call, title: Acknowledge, done_by: acknowledged}
      - {id: update, at: 15m, every: 30m, owner: commander, title: Update, done_by: update_posted}
channels:
  hook: {webhook: {secret: ""}}
  alerts: {webhook: {secret: "", url: "http://127.0.0.1:1/alerts"}}
templates:
  initial_alert: "[{severity}] {title}"
postmortems: {directory: docs/incidents}
status_page: {title: Status, components: [Checkout]}
"""


class House:
    """One database with its clock."""

    def __init__(self, file: Path) -> None:
        self.now = START
        self.db = Database(f"sqlite:///{file}", lambda: self.now)
        migrate.up_to_date(self.db)
        self.setup = Setup(plugins.load(), {}, "http://tocsin.example.org", b"key-of-the-past", file.parent)
        reading = self.db.write_now(configure.adopt, self.setup, RUNBOOK)
        assert not reading.errors, [str(error) for error in reading.errors]

    def wait(self, **span: float) -> None:
        """Let time pass, 20 s at a time; what is due is done, and each third message fails once."""
        until = self.now + timedelta(**span)
        while self.now < until:
            self.work()
            self.now = min(self.now + timedelta(seconds=20), until)

    def work(self) -> None:
        self.db.write_now(tick.tick, self.setup)
        for n, job in enumerate(self.db.write_now(deliver.claim, self.setup, "past")):
            verdict = Retry("status 500") if n % 3 == 2 and job.epoch == 1 else Delivered(f"r-{job.id[-6:]}")
            self.db.write_now(deliver.settle, self.setup, job, verdict, 12)

    def signal(self, key: str, action: str = "trigger", severity: str = "critical", service: str = "api") -> None:
        labels = {"host": 'wörker "7"', "zone": "eu"}
        links = (("Graph", "http://grafana.example/x"),)
        alert = Alert("generic", key, f"{key} is down", self.now, "5xx 12 %", service, key, severity, labels, links)
        self.db.write_now(ingest.ingest, self.setup, [[Signal(action, alert)]])


def live(house: House) -> None:
    """One incident is over, one is led, one is quiet, one waits for an answer; a payload that could not be read."""
    db, setup = house.db, house.setup
    db.write_now(access.install_fixed, "ingest", "ingest-key-of-the-past", name="first", source="*")
    db.write_now(access.make_token, "token-of-the-past-12", "robot", "admin")
    db.write_now(access.add_user, "carl", "viewer", "a long enough password")
    db.write_now(access.make_sign_in, "sign-in-of-the-past-1", "admin", house.now + timedelta(days=90))
    db.write_now(ingest.quarantine, "generic", b"\xff\x00 no JSON", "not JSON")
    house.signal("over")
    house.wait(minutes=6)
    db.write_now(respond.act, setup, 1, Acknowledge("ana"))
    db.write_now(respond.act, setup, 1, PostUpdate("ana", "identified", "A deployment", "Roll back", "10 minutes"))
    house.signal("over", "resolve")
    house.wait(minutes=9)
    db.write_now(respond.act, setup, 1, Resolve("ana", "A deployment without its environment", "Rolled back"))
    house.wait(minutes=40)
    house.signal("led", service="db")
    house.wait(minutes=2)
    db.write_now(respond.act, setup, 2, Acknowledge("bo"))
    db.write_now(respond.act, setup, 2, Assign("bo", "communications", "ana"))
    house.signal("quiet", severity="warning", service="db")
    house.wait(minutes=30)
    for n in range(3):
        house.signal("waits" if n else "waits-too", service="api")
    house.wait(minutes=7)  # the second step is taken, the third is not


if __name__ == "__main__":
    made = House(Path(sys.argv[1]))
    live(made)
    made.db.close()
