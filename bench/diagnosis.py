"""From the declaration to the assessment: six tools over real sockets, all answering, then one that hangs."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog
import yaml

from tocsin import plugins, zones
from tocsin.core.events import Declared
from tocsin.net import Network
from tocsin.sdk import Config, Conversation, Diagnoser, Found, Look, Reject, Request
from tocsin.store import incidents, migrate
from tocsin.store.db import Database
from tocsin.usecases import configure, respond
from tocsin.usecases.configure import Setup
from tocsin.worker import Worker

EXAMPLE = Path(__file__).parents[1] / "examples/proofi/runbook.yaml"
TOOLS, ANSWER_SECONDS, WANTED_SECONDS = 6, 0.2, 30
AT_ONCE = 20  # incidents that are declared together


class Vendor(BaseHTTPRequestHandler):
    """Says one finding after a while; what is asked for `/hangs` waits until the end."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def do_GET(self) -> None:
        self.over.wait(60 if self.path == "/hangs" else ANSWER_SECONDS)
        body = json.dumps({"text": f"all well at {self.path}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # whoever does not wait for what hangs


def _tool(name: str, address: str) -> Diagnoser:
    def look(asked: Look, config: Config) -> Conversation[list[Found] | Reject]:
        response = yield Request("GET", address)
        return [Found(response.json["text"])] if response.status == 200 else Reject(response.error)

    return Diagnoser(name, name, look)


@contextmanager
def _house(hangs: int) -> Iterator[tuple[Database, Setup]]:
    server = _Server(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    names = [f"bench.tool{n}" for n in range(TOOLS)]
    data = yaml.load(EXAMPLE.read_text(encoding="utf-8"), yaml.BaseLoader) | {"version": 1, "diagnose": names}
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/t.db", lambda: datetime.now(UTC))
        migrate.up_to_date(db)
        setup = Setup(plugins.load(), {}, "http://127.0.0.1", b"key", Path(folder))
        for place, name in enumerate(names):
            setup.plugins.diagnosers[name] = _tool(name, f"{url}/{'hangs' if place < hangs else place}")
        assert not db.write_now(configure.adopt, setup, yaml.dump(data, allow_unicode=True)).errors
        yield db, setup
        db.close()
    server.shutdown()


async def _assessed(db: Database, setup: Setup, count: int) -> list[float]:
    """Declare *count* incidents together; the seconds until each was assessed, by the store's own clock."""
    network = Network(console=lambda line: None, now=db.clock)
    worker = Worker(db, setup, network, "bench")
    task = asyncio.create_task(worker.run())
    numbers = [
        await db.write(respond.declare, setup, Declared("down", "P0", "admin", service="api")) for _ in range(count)
    ]
    until = time.perf_counter() + 60
    while time.perf_counter() < until:
        found = [(await db.read(incidents.load, number)).state for number in numbers]
        if all(state.diagnosis.assessed_at for state in found):
            break
        await asyncio.sleep(0.1)
    worker.stop()
    await task
    await network.close()
    return [(state.diagnosis.assessed_at - state.declared_at).total_seconds() for state in found]


def main(verdict: Callable[[str, float, float], None]) -> None:
    """Print how long each took, and hold the slowest against the bound."""
    zones.use_wheel()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for what, hangs, count in (
        (f"{TOOLS} tools answer within {ANSWER_SECONDS:g} s", 0, 1),
        (f"{TOOLS - 1} answer and one hangs", 1, 1),
        (f"the same, {AT_ONCE} incidents at once", 1, AT_ONCE),
    ):
        with _house(hangs) as (db, setup):
            took = asyncio.run(_assessed(db, setup, count))
        print(f"  {what}: from the declaration to the assessment {max(took):.2f} s"
              + (f", the first {min(took):.2f} s" if count > 1 else ""))  # fmt: skip
        verdict(f"{what}, s", round(max(took), 2), WANTED_SECONDS)
    Vendor.over.set()
