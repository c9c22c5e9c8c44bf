"""10,000 open incidents: what deciding costs, of what falls due by the clock, in shares of a core."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import insert, select

from tocsin import plugins, zones
from tocsin.core.events import Acknowledge, Declared, PostUpdate, RoomOpened
from tocsin.store import incidents, migrate
from tocsin.store.db import Database, Tx
from tocsin.store.schema import incidents as table
from tocsin.usecases import configure, respond, tick
from tocsin.usecases.configure import Setup

OPEN = 10_000
START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
AGES, APART = 12, timedelta(seconds=626)  # of each severity, over two hours, so that what recurs falls due all along
EXAMPLE = Path(__file__).parents[1] / "examples/proofi/runbook.yaml"
# What is open, and how long it is watched: long enough for a few hundred decisions each.
CASES = (
    ("100 P0, 900 P1, 4,500 P2, 4,500 P3", {"P0": 100, "P1": 900, "P2": 4_500, "P3": 4_500}, timedelta(minutes=15)),
    ("10,000 P0 whose updates nobody posts", {"P0": OPEN}, timedelta(seconds=75)),
)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def _house(clock: Clock) -> Iterator[tuple[Database, Setup]]:
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/t.db", clock)
        migrate.up_to_date(db)
        setup = Setup(plugins.load(), {"TELEGRAM_BOT_TOKEN": "1:x"}, "http://127.0.0.1", b"key", Path(folder))
        db.write_now(configure.adopt, setup, EXAMPLE.read_text(encoding="utf-8"))
        yield db, setup
        db.close()


def _until(db: Database, setup: Setup, clock: Clock, end: datetime) -> int:
    """Take every step on the way to *end*; returns how many decisions that were."""
    decided = 0
    while True:
        first = db.read_now(lambda tx: tx.first(_WAKE))
        due = first.wake_at if first else end
        if due >= end:
            clock.now = end
            return decided
        clock.now = max(clock.now, due)
        while found := db.write_now(tick.tick, setup):
            decided += found


_WAKE = select(table.c.wake_at).where(table.c.wake_at.isnot(None)).order_by(table.c.wake_at).limit(1)


def _led(db: Database, setup: Setup, clock: Clock, mix: dict[str, int]) -> None:
    """Open some of each severity over two hours: acknowledged, in its war room, and one update posted."""
    for place in range(AGES):
        for severity in mix:
            event = Declared("Something is broken", severity, "admin", service="api")
            number = db.write_now(respond.declare, setup, event)
            db.write_now(respond.act, setup, number, Acknowledge("martijn"))
            if severity in ("P0", "P1"):
                db.write_now(respond.act, setup, number, RoomOpened("#incident-2026-11-23", "alerts", "77"))
                db.write_now(respond.act, setup, number, PostUpdate("martijn", summary="We look"))
        _until(db, setup, clock, START + (place + 1) * APART)


def _copied(tx: Tx, mix: dict[str, int]) -> None:
    """Make so many of each severity as *mix* says, by copying those that were led."""
    number = 1_000
    for severity, wanted in mix.items():
        led = tx.all(select(table).where(table.c.severity == severity))
        rows = []
        for place in range(wanted - len(led)):
            number += 1
            row = led[place % len(led)]._mapping
            own = f'"number":{row["number"]},'
            rows.append({**row, "number": number, "state": row["state"].replace(own, f'"number":{number},', 1)})
        tx.connection.execute(insert(table), rows)


def main(verdict: Callable[[str, float, float], None]) -> None:
    """Print each figure with what it is of, and hold it against the bound."""
    zones.use_wheel()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for what, mix, span in CASES:
        clock = Clock()
        with _house(clock) as (db, setup):
            _led(db, setup, clock, mix)
            db.write_now(_copied, mix)
            held = len(db.read_now(incidents.listing, open_only=True, limit=20_000))
            wall, begun = time.perf_counter(), time.process_time()
            decided = _until(db, setup, clock, clock.now + span)
            took = time.process_time() - begun
            share = took / span.total_seconds() * 100
            print(f"  {what}, {held:,} open: {decided:,} decisions in {span.total_seconds():.0f} s of their time, "
                  f"{took / max(decided, 1) * 1e3:.2f} ms each; {share:.1f} % of a core "
                  f"({time.perf_counter() - wall:.1f} s on the clock)")  # fmt: skip
            verdict(f"{what}, % of a core", round(share, 1), 5)
