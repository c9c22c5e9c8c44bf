"""What an alert costs the writer, by its own clock: processor time of one thread, whatever else the machine does."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tocsin import plugins, wiring
from tocsin.core import triage
from tocsin.core.alert import Alert, Signal
from tocsin.store import alerts, incidents, migrate
from tocsin.store.db import Database
from tocsin.usecases import configure
from tocsin.usecases import ingest as usecase
from tocsin.usecases.configure import Setup

EXAMPLE = Path(__file__).parents[1] / "examples/proofi/runbook.yaml"
GROUPS, ROUNDS = 500, 20
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("to note it on its incident's timeline", incidents, "attach"), ("to commit", Database, "_end"),
    ("to insert it", alerts, "insert_rows"), ("to sort it by the rules", triage, "sort"),
    ("to find its group", incidents, "joinable"),
)  # fmt: skip


def _timed(what: str, function: Callable[..., Any], spent: Counter[str]) -> Callable[..., Any]:
    def run(*args: Any, **more: Any) -> Any:
        begun = time.thread_time()
        try:
            return function(*args, **more)
        finally:
            spent[what] += time.thread_time() - begun  # type: ignore[assignment]

    return run


def _batch(first: int, requests: int, size: int, clock: Callable[[], Any]) -> list[list[Signal]]:
    def signal(n: int) -> Signal:
        group = f"svc{n % GROUPS}"
        alert = Alert(
            "alertmanager", f"k{n}", f"bench alert {n}", clock(), "some text", group, "disk", "warning",
            {"alertname": f"a{n % GROUPS}", "instance": f"i{n}", "service": group}, (("Source", "http://x.example/z"),),
        )  # fmt: skip
        return Signal("trigger", alert)

    return [[signal(first + r * size + i) for i in range(size)] for r in range(requests)]


def main() -> None:
    print(f"writer, {GROUPS} groups, microseconds of processor time for an alert:")
    with tempfile.TemporaryDirectory() as folder:
        clock, spent = wiring.Clock(), Counter[str]()
        db = Database(f"sqlite:///{folder}/t.db", clock)
        migrate.up_to_date(db)
        setup = Setup(plugins.load(), {}, "http://127.0.0.1:1", b"x" * 32, Path(folder))
        db.write_now(configure.adopt, setup, EXAMPLE.read_text(encoding="utf-8"))
        as_they_are = [(where, name, getattr(where, name)) for _, where, name in PARTS]
        for what, where, name in PARTS:
            setattr(where, name, _timed(what, getattr(where, name), spent))
        first = 0
        for requests, size in ((16, 20), (16, 20), (32, 1), (16, 64)):  # the first declares the incidents
            batches = [_batch(first + n * requests * size, requests, size, clock) for n in range(ROUNDS)]
            first += ROUNDS * requests * size
            spent.clear()
            begun = time.thread_time()
            for batch in batches:
                db.write_now(usecase.ingest, setup, batch)
            each = 1e6 / (ROUNDS * requests * size)
            whole = (time.thread_time() - begun) * each
            parts = ", ".join(f"{seconds * each:.0f} {what}" for what, seconds in spent.most_common())
            print(f"  {requests} requests of {size}: {whole:.0f}; of it {parts}")
        for where, name, function in as_they_are:
            setattr(where, name, function)
        db.close()
