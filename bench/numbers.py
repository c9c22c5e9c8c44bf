"""50,000 incidents of history: the page of the numbers, a search, what was seen before, and the export."""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import structlog
from sqlalchemy import insert

from tocsin import plugins, zones
from tocsin.core import likeness
from tocsin.core.events import Acknowledge, Declared, Note, Resolve
from tocsin.core.types import first_id, uuid7
from tocsin.store import migrate
from tocsin.store.alerts import dedup_of
from tocsin.store.db import Database, Tx, insert_rows
from tocsin.store.schema import alerts, figures, incidents, pages, searched, to_micros
from tocsin.usecases import access, configure, respond
from tocsin.usecases.configure import Setup

COUNT = 50_000
YEARS = 4
PAGES_EACH = 2
EXAMPLE = Path(__file__).parents[1] / "examples/proofi/runbook.yaml"
TOKEN, LINK = "token-of-the-benchmark-1", "link-of-the-benchmark-1"
SERVICES = ("api", "ddc", "payments", "proofi.ai", "extension")
CHECKS = ("http_5xx", "slow", "unreachable", "certificate")
NOUNS = ("gateway", "pool", "replica", "queue", "cache", "disk", "certificate", "deploy", "migration", "upstream")
VERBS = ("answers 503", "is slow", "is full", "lags", "expired", "restarts", "loses packets", "leaks memory")


def _words(chance: random.Random, n: int) -> str:
    rare = f"host{chance.randrange(20_000)}"
    return f"{chance.choice(NOUNS)} {rare} {chance.choice(VERBS)} in zone{n % 40}"


def _filled(tx: Tx, setup: Setup, now: datetime) -> None:
    """One incident is led for real; its row is copied, with figures, words, pages and an alert for each."""
    number = respond.declare(tx, setup, Declared("The first", "P2", "martijn", service="api"))
    respond.act(tx, setup, number, Acknowledge("martijn"))
    respond.act(tx, setup, number, Note("martijn", "The pool was exhausted"))
    respond.act(tx, setup, number, Resolve("martijn", "Exhausted pool", "Raised the limit"))
    row = dict(tx.first(incidents.select().where(incidents.c.number == number))._mapping)
    chance, start = random.Random(1), now - timedelta(days=365 * YEARS)
    apart = timedelta(days=365 * YEARS) / COUNT
    made: dict[str, list[dict[str, Any]]] = {"incidents": [], "figures": [], "searched": [], "pages": [], "alerts": []}
    for n in range(2, COUNT + 1):
        at, severity, service = start + apart * n, chance.choice(("P0", "P1", "P2", "P3")), chance.choice(SERVICES)
        check, title = chance.choice(CHECKS), _words(chance, n)
        ack, end = chance.expovariate(1 / 400), chance.expovariate(1 / 5_000)
        cause = f"The {chance.choice(NOUNS)} {chance.choice(VERBS)}"
        state = row["state"].replace('"number":1,', f'"number":{n},', 1)
        made["incidents"].append(
            {**row, "number": n, "title": title, "severity": severity, "service": service, "check": check,
             "declared_at": at, "acknowledged_at": at + timedelta(seconds=ack), "state": state, "wake_at": None,
             "resolved_at": at + timedelta(seconds=end)}
        )  # fmt: skip
        made["figures"].append(
            {"incident": n, "declared_at": to_micros(at), "severity": severity, "service": service, "check": check,
             "drill": False, "merged": False, "to_acknowledge": ack, "to_resolve": end, "to_update": ack * 2,
             "response": chance.choice(("kept", "breached")), "resolution": "kept", "worked": n % 3 > 0,
             "cause": cause, "review_at": None, "published_at": None}
        )  # fmt: skip
        said = f"{title} {service} {check} {cause} {' '.join(_words(chance, n) for _ in range(6))}"
        made["searched"].append({"incident": n, "words": " ".join(likeness.words(said))})
        for k in range(PAGES_EACH):
            made["pages"].append(
                {"id": uuid7(at, n, k), "incident": n, "person": chance.choice(("martijn", "backup1")),
                 "urgency": "high", "reason": "policy default, step 1", "state": "acknowledged",
                 "requested_at": to_micros(at), "runbook_version": row["runbook_version"],
                 "because": json.dumps({"text": "x" * 700}) if n < COUNT - 1_000 else None}
            )  # fmt: skip
        key = f"{check}/{service}/{n % 500}"
        made["alerts"].append(
            {"id": f"{first_id(at)[:24]}{n:012x}", "dedup": dedup_of("alertmanager", key), "episode": n,
             "latest": False, "source": "alertmanager", "key": key, "title": title, "text": "", "service": service,
             "check": check, "severity": "critical", "labels": "{}", "links": "[]", "state": "resolved", "count": 3,
             "started_at": to_micros(at), "first_at": to_micros(at), "last_at": to_micros(at), "resolved_at": None,
             "incident": n, "disposition": "incident", "rule": "triage rule 6"}
        )  # fmt: skip
        if len(made["incidents"]) == 2_000 or n == COUNT:
            tx.connection.execute(insert(incidents), made["incidents"])
            for name, table in (("figures", figures), ("searched", searched), ("pages", pages), ("alerts", alerts)):
                insert_rows(tx, table, made[name])
            for rows in made.values():
                rows.clear()


def _fill(data: Path) -> None:
    zones.use_wheel()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    now = datetime.now(UTC)
    db = Database(f"sqlite:///{data}/tocsin.db", lambda: now)
    migrate.up_to_date(db)
    setup = Setup(plugins.load(), {}, "http://127.0.0.1", b"key", data)
    db.write_now(configure.adopt, setup, EXAMPLE.read_text(encoding="utf-8"))
    db.write_now(access.make_token, TOKEN, "bench", "viewer")
    db.write_now(access.make_sign_in, LINK, "viewer", now + timedelta(hours=1))
    db.write_now(_filled, setup, now)
    db.write_now(
        lambda tx: tx.connection.exec_driver_sql("UPDATE meta SET value = '50000' WHERE key = 'incident_number'")
    )
    db.write_now(lambda tx: tx.connection.exec_driver_sql("UPDATE outbox SET state = 'done'"))
    db.close()


def _signed_in(url: str) -> httpx.Client:
    client = httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {TOKEN}"})
    answer = client.post("/sign-in", data={"token": LINK, "as": "martijn"}, headers={"Origin": url})
    assert answer.status_code == 303, answer.text
    return client


def _ask(client: httpx.Client, path: str) -> tuple[float, bytes]:
    begun = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - begun) * 1000, answer.content


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _measured(client: httpx.Client, pid: int, path: str, times: int = 7) -> tuple[float, float]:
    """The median on the clock, and what the server spent for one in the mean, in ms: on a busy machine they differ."""
    before = _cpu_ms(pid)
    walls = sorted(_ask(client, path)[0] for _ in range(times))
    return walls[times // 2], (_cpu_ms(pid) - before) / times


def _peak_mb(pid: int, name: str = "VmHWM") -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


ASKED = (
    ("the page, 90 days", "/numbers?span=90d", 500),
    ("the page, all four years", "/numbers?span=all", 500),
    ("the page, all, of one severity and service", "/numbers?span=all&severity=P1&service=api", 500),
    ("search, a rare word", "/api/v1/incidents?limit=50&q=host1234", 100),
    ("search, two common words", "/api/v1/incidents?limit=50&q=gateway+slow", 100),
    ("search, a common beginning", "/api/v1/incidents?limit=50&q=zone", 100),
    ("seen before", "/api/v1/incidents/INC-49000/similar", 100),
)


def main(verdict: Callable[[str, float, float], None], tocsin: Any) -> None:
    """Fill a database, serve it, ask."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        begun = time.perf_counter()
        _fill(data)
        size = (data / "tocsin.db").stat().st_size / 1024 / 1024
        print(f"  {COUNT:,} incidents, {COUNT * PAGES_EACH:,} pages, {COUNT:,} alerts over {YEARS} years: "
              f"{size:.0f} MB, filled in {time.perf_counter() - begun:.0f} s")  # fmt: skip
        with tocsin(data, text=EXAMPLE.read_text(encoding="utf-8")) as (url, process, _):
            client = _signed_in(url)
            # First: what the page takes would hide a growth of the peak.
            part = f"from={datetime.now(UTC) - timedelta(days=365 * YEARS / 5):%Y-%m-%d}"
            for _ in range(2):  # a fifth of it fills the caches of both readers, which are bounded
                _ask(client, f"/api/v1/metrics/incidents.json?{part}")
            before = _peak_mb(process.pid)
            for kind in ("csv", "json"):
                took, body = _ask(client, f"/api/v1/metrics/incidents.{kind}")
                rows = body.count(b"INC-")
                print(f"  export as {kind}: {rows:,} rows, {len(body) / 1e6:.1f} MB in {took / 1000:.1f} s")
                verdict(f"rows that the {kind} lacks", COUNT - rows, 0)
            verdict("growth of the peak while exporting, MB", round(_peak_mb(process.pid) - before, 1), 10)
            for what, path, most in ASKED:
                wall, cpu = _measured(client, process.pid, path)
                print(f"  {what}: median {wall:.0f} ms, of which the server computed {cpu:.0f} ms")
                verdict(f"{what}, ms", round(wall), most)


if __name__ == "__main__":
    _fill(Path(sys.argv[1]))
