"""Who is on call: the resolver, the pager's question through the store, a year of shifts, and a calendar feed."""

from __future__ import annotations

import gc
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from tocsin import zones
from tocsin.core import oncall
from tocsin.core.runbook import Runbook
from tocsin.plugins import Plugins
from tocsin.serving import GC_THRESHOLDS
from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.store.schema import overrides
from tocsin.usecases import calendar_links, configure
from tocsin.usecases.configure import Setup

SCHEDULES, OVERRIDES = 200, 10_000
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSONS = ("person:p1", "person:p3")
ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
PEOPLE = [f"p{n}" for n in range(20)]


def _book() -> Runbook:
    hours = [{"days": "mon-fri", "from": "09:00", "to": "17:00"}]
    schedules = {}
    for n in range(SCHEDULES):
        rotation = {
            "people": PEOPLE[n % 7 : n % 7 + 6],
            "every": ("1w", "1d", "12h")[n % 3],
            "hand_off": "09:00",
            "starts": "2025-01-06",
        }
        layers = (
            [{"timezone": zone, "rotation": rotation, "restrictions": hours} for zone in ZONES[:3]]
            if n % 10 == 0
            else []
        )
        schedules[f"s{n}"] = {"timezone": ZONES[n % 4], "rotation": rotation, "layers": layers}
    severity = {"title": "x", "respond_within": "1h", "resolve_within": "1d", "page": [], "protocol": "p"}
    return Runbook.model_validate({
        "version": 1, "people": {p: {"name": p} for p in PEOPLE}, "schedules": schedules,
        "severities": {"P0": severity}, "protocols": {"p": {"duties": []}},
    })  # fmt: skip


def timed(what: Callable[[], Any], times: int) -> str:
    """Give the median and the worst of so many runs, in milliseconds of processor time: others' does not count."""
    took = []
    for _ in range(times):
        begun = time.process_time()
        what()
        took.append((time.process_time() - begun) * 1000)
    return f"median {statistics.median(took):.3f} ms, most {max(took):.3f} ms of {times}"


def main() -> None:
    """Print each figure with what it is of."""
    zones.use_wheel()
    gc.set_threshold(*GC_THRESHOLDS)  # as the server has it
    book = _book()
    made = [
        oncall.Override(str(n), f"s{n % SCHEDULES}", PEOPLE[n % 20], NOW + (n // SCHEDULES - 25) * 5 * HOUR,
                        NOW + (n // SCHEDULES - 24) * 5 * HOUR, "x")
        for n in range(OVERRIDES)
    ]  # fmt: skip
    absences = [oncall.Absence(str(n), p, NOW + n * DAY, NOW + (n + 7) * DAY, "x") for n, p in enumerate(PEOPLE)]
    stand_ins = oncall.gather(made, absences)
    names = iter(list(book.schedules) * 100)
    print(f"  {SCHEDULES} schedules, {OVERRIDES:,} overrides; milliseconds of processor time")
    now = lambda: oncall.on_call_at(book, next(names), NOW, stand_ins)  # noqa: E731
    print(f"  who is on call now, one schedule: {timed(now, 2_000)}")
    everybody = lambda: [oncall.on_call_at(book, name, NOW, stand_ins) for name in book.schedules]  # noqa: E731
    print(f"  the same, all {SCHEDULES} schedules: {timed(everybody, 20)}")
    for name, what in (
        ("s1", "daily"),
        ("s3", "weekly"),
        ("s2", "every 12 hours"),
        ("s10", "daily, 4 layers with hours"),
    ):
        year = lambda name=name: oncall.shifts(book, name, NOW, NOW + 365 * DAY, stand_ins)  # noqa: E731
        print(f"  a year of shifts, {what} ({len(year())} shifts): {timed(year, 20)}")
    _through_the_store(book, made)


def _through_the_store(book: Runbook, made: list[oncall.Override]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/t.db", lambda: NOW)
        migrate.up_to_date(db)
        setup = Setup(Plugins(), {}, "http://127.0.0.1", b"", Path(folder))
        setup.runbooks["v"] = book

        def fill(tx: Any) -> None:
            configure.put_meta(tx, configure.IN_FORCE, "v")
            rows = [
                {"id": o.id, "schedule": o.schedule, "person": o.person, "start": o.start, "until": o.until,
                 "reason": "x", "by": "x", "created_at": NOW}
                for o in made
            ]  # fmt: skip
            tx.connection.execute(insert(overrides), rows)
            for what in ("schedule:s1", *PERSONS):
                kind, _, of = what.partition(":")
                calendar_links.make(tx, setup, f"the-link-of-{what}", kind=kind, of=of, by="x")

        db.write_now(fill)
        ask = lambda tx: configure.who(tx, book, None, NOW)("schedule:s1")  # noqa: E731
        print(f"  who is paged now, through the store: {timed(lambda: db.read_now(ask), 500)}")
        for what in ("schedule:s1", *PERSONS):
            feed = lambda what=what: db.read_now(calendar_links.feed, setup, f"the-link-of-{what}")  # noqa: E731
            body = feed()
            many = len(set(re.findall(rb"on call \((s[0-9]+)\)", body.replace(b"\r\n ", b""))))
            size = f"{body.count(b'BEGIN:VEVENT'):,} shifts of {many} schedules, {len(body):,} bytes"
            print(f"  the feed of {what} ({size}): {timed(feed, 10)}")
        db.close()
