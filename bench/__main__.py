"""Speed and size, printed with their conditions. `make bench`, or `python -m bench NAME …` for some of it.

The server and the generator are processes of their own on the same machine; SQLite in a file, every commit on disk
before the answer. Where Debian's prometheus-alertmanager is installed it is measured the same way; it keeps alerts in
memory alone.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from . import diagnosis, drill, duties, failover, numbers, oncall, probes, webhooks, writer

KEY = "ingest-key-of-the-benchmark"
MEMORY_MB = 300  # resident, whatever the load
MISSED: list[str] = []
MARK = re.compile(r"\b[a-z]+-\d+\b")  # of an alert or a message, in what the provider is told
# One key stands for all senders where the whole is to be found out; its own limit would be what is measured.
NO_LIMITS = {"TOCSIN_KEY_RATE": "0", "TOCSIN_INGEST_RATE": "0"}
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
RUNBOOK = """\
version: 1
people:
  ana: {{name: Ana, notify: {{high: [{{via: hook}}], low: [{{via: hook}}]}}, webhook: "{hook}"}}
severities:
  P0: {{title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical}}
  P2: {{title: Medium, respond_within: 2h, resolve_within: 1d, page: [], urgency: none, protocol: critical}}
triage:
  - {{match: {{severity: critical}}, severity: P0}}
  - {{match: {{severity: warning}}, severity: P2}}
protocols:
  critical:
    duties:
      - {{id: acknowledge, at: 0m, within: 15m, owner: on_call, title: Acknowledge, done_by: acknowledged}}
channels:
  hook: {{webhook: {{secret: ""}}}}
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> float:
    begun = time.perf_counter()
    while time.perf_counter() - begun < 120:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return time.perf_counter() - begun
        except OSError:
            time.sleep(0.01)
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
    raise SystemExit("the server never became ready")


@contextmanager
def tocsin(
    data: Path, hook: str = "http://127.0.0.1:1/", text: str = "", **environment: str
) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """A server of its own on *data*: its address, its process, and the seconds until it was ready."""
    runbook = data / "runbook.yaml"
    runbook.write_text(text or RUNBOOK.format(hook=hook))
    url = f"http://127.0.0.1:{free_port()}"
    environment = {"TOCSIN_PROBES": "off", **environment}
    env = {**os.environ, "TOCSIN_INGEST_KEY": KEY, "TOCSIN_DATABASE": f"sqlite:///{data}/tocsin.db", **environment}
    command = [sys.executable, "-m", "tocsin", "serve", "--runbook", str(runbook), "--port", url.rpartition(":")[2]]
    with (data / "log").open("ab") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield url, process, wait_for(f"{url}/-/ready", process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def load(url: str, **options: Any) -> dict[str, Any]:
    words = [f"--{name}={value}" for name, value in {"seconds": SECONDS, **options}.items()]
    out = subprocess.run([sys.executable, "-m", "bench.load", url, *words], check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(out.stdout)
    return result


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def verdict(what: str, measured: float, most: float) -> None:
    """Say whether a bound is kept; one that is not ends the whole with 1."""
    kept = measured <= most
    print(f"  {'kept' if kept else 'MISSED'}: {what}: {measured:g}, at most {most:g}")
    if not kept:
        MISSED.append(what)


CASES = (
    ("one new alert per POST", {"size": 1, "connections": 32}, "requests_per_second"),
    ("64 new alerts per POST", {"size": 64, "connections": 16}, "alerts_per_second"),
    ("a repeated alert per POST", {"size": 1, "connections": 32, "keys": 1000}, "requests_per_second"),
)


def ingest() -> None:
    peer = _peer()
    for name, options, unit in CASES:
        with tempfile.TemporaryDirectory() as folder, tocsin(Path(folder), **NO_LIMITS) as (url, process, _):
            path = f"{url}/in/alertmanager/{KEY}"
            if "keys" in options:
                load(path, **{**options, "seconds": 1})
            got = load(path, **options)
            say(name, got, unit, f"{resident_mb(process)} MB at the end")
            verdict("memory, MB", resident_mb(process), MEMORY_MB)
            verdict("answers that are not 2xx", got["not_2xx"], 0)
            assert_nothing_lost(Path(folder), got, options)
        if peer and name in peer:
            print(f"    peer, in memory: {peer[name][unit]:,} {unit.replace('_', ' ')}; "
                  f"p99 {peer[name]['p99_ms']} ms; ratio {got[unit] / peer[name][unit]:.2f}")  # fmt: skip


def assert_nothing_lost(folder: Path, got: dict[str, Any], options: dict[str, Any]) -> None:
    """Every alert that was answered 2xx is in the file."""
    with sqlite3.connect(folder / "tocsin.db") as db:
        kept = db.execute("SELECT sum(count) FROM alerts").fetchone()[0]
    expected = (got["requests"] - got["not_2xx"]) * options["size"]
    if "keys" not in options and kept < expected:
        raise SystemExit(f"lost: {expected} answered, {kept} stored")


def _peer() -> dict[str, dict[str, Any]]:
    program = shutil.which("prometheus-alertmanager")
    if not program:
        print("  (prometheus-alertmanager is not installed: no peer)")
        return {}
    results = {}
    for name, options, _ in CASES:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "am.yml"
            config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
            url = f"http://127.0.0.1:{free_port()}"
            words = [f"--config.file={config}", f"--storage.path={folder}/data", "--cluster.listen-address=",
                     f"--web.listen-address={url.removeprefix('http://')}"]  # fmt: skip
            process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for(f"{url}/-/ready", process)
                results[name] = load(f"{url}/api/v2/alerts", shape="api-v2", **options)
            finally:
                process.terminate()
                process.wait(15)
    return results


def say(name: str, got: dict[str, Any], unit: str, more: str = "") -> None:
    rest = f"p50 {got['p50_ms']} ms, p99 {got['p99_ms']} ms, {got['not_2xx']} not 2xx of {got['requests']:,}"
    rest += f" ({', '.join(f'{n} x {status}' for status, n in got['statuses'].items())})" if got["statuses"] else ""
    print(f"  {name}: {got[unit]:,} {unit.replace('_', ' ')}; {rest}; {more}")


class Hook(BaseHTTPRequestHandler):
    """The provider: notes when it was called for which incident."""

    called: ClassVar[dict[str, float]] = {}
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        at = time.perf_counter()
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for mark in MARK.findall(f"{said['title']} {said.get('text', '')}"):  # one message may list several
            Hook.called.setdefault(mark, at)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: Any) -> None:
        pass


class Provider(ThreadingHTTPServer):
    """Takes as many connections at once as come."""

    request_queue_size = 256
    daemon_threads = True


@contextmanager
def provided() -> Iterator[tuple[str, dict[str, float]]]:
    """A provider: its address, and when it was first called for which mark."""
    server = Provider(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", Hook.called
    finally:
        server.shutdown()


def page(samples: int = 200) -> None:
    """From the answer to the sender until the provider's own handler runs, on an idle server."""
    server = Provider(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    accepted: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        with tocsin(Path(folder), f"http://127.0.0.1:{server.server_address[1]}/") as (url, _, _):
            for n in range(samples):
                labels = {"alertname": f"c{n}", "service": f"s{n}", "severity": "critical"}
                alert = {"status": "firing", "labels": labels, "annotations": {"summary": f"bench mark-{n}"}}
                body = json.dumps({"version": "4", "alerts": [alert]}).encode()
                request = urllib.request.Request(
                    f"{url}/in/alertmanager/{KEY}", body, {"Content-Type": "application/json"}
                )
                urllib.request.urlopen(request, timeout=10).read()
                accepted[f"mark-{n}"] = time.perf_counter()
                time.sleep(0.03)
            time.sleep(1)
    server.shutdown()
    missing = [mark for mark in accepted if mark not in Hook.called]
    took = sorted(max(Hook.called[mark] - at, 0) * 1000 for mark, at in accepted.items() if mark in Hook.called)
    print(f"  accepted -> provider called, {samples} pages one after the other: p50 {statistics.median(took):.1f} ms, "
          f"p99 {took[int(len(took) * 0.99) - 1]:.1f} ms, {len(missing)} not called")  # fmt: skip


def start() -> None:
    """Ready after a start with 10,000 open alerts, and what the process then holds."""
    with tempfile.TemporaryDirectory() as folder:
        with tocsin(Path(folder)) as (url, _, _):
            for n in range(100):
                labels = lambda i: {"alertname": f"c{i % 10}", "service": "bench", "severity": "warning", "n": str(i)}  # noqa: E731
                alerts = [{"status": "firing", "labels": labels(n * 100 + i)} for i in range(100)]
                request = urllib.request.Request(
                    f"{url}/in/alertmanager/{KEY}", json.dumps({"alerts": alerts}).encode(),
                    {"Content-Type": "application/json"},
                )  # fmt: skip
                urllib.request.urlopen(request, timeout=10).read()
        times = []
        for _ in range(5):
            with tocsin(Path(folder)) as (_, process, seconds):
                times.append(seconds)
                time.sleep(0.5)
                memory = resident_mb(process)
        print(f"  ready with 10,000 open alerts: median {statistics.median(times):.2f} s of 5 starts "
              f"({min(times):.2f} to {max(times):.2f}); resident {memory} MB")  # fmt: skip


def storm() -> None:
    """10,000 alerts a second at 20 a request over 500 groups, 3,000 single ones beside, and a critical page each."""
    server = Provider(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_address[1]}/"
    with tempfile.TemporaryDirectory() as folder, tocsin(Path(folder), hook, **NO_LIMITS) as (url, process, _):
        path, got, before = f"{url}/in/alertmanager/{KEY}", {}, resident_mb(process)
        loads = {
            "20 per request": {"size": 20, "connections": 16, "rate": 500, "groups": 500},
            "one per request": {"size": 1, "connections": 32, "rate": 3_000, "groups": 500},
        }
        running = [threading.Thread(target=lambda n=n, o=o: got.update({n: load(path, **o)})) for n, o in loads.items()]
        for thread in running:
            thread.start()
        looked: list[float] = []
        looking = threading.Thread(target=_look_at_the_list, args=(url, Path(folder), running, looked))
        looking.start()
        accepted = _critical_every_second(path)
        for thread in (*running, looking):
            thread.join()
        time.sleep(6)
        for name, unit in (("20 per request", "alerts_per_second"), ("one per request", "requests_per_second")):
            say(name, got[name], unit)
        answered = sum((g["requests"] - g["not_2xx"]) * loads[n]["size"] for n, g in got.items()) + len(accepted)
        with sqlite3.connect(Path(folder) / "tocsin.db") as db:
            kept = db.execute("SELECT sum(count) FROM alerts").fetchone()[0]
        late = sorted(Hook.called.get(mark, at + 999) - at for mark, at in accepted.items())
        print(f"  {answered:,} alerts answered 2xx, {max(answered - kept, 0)} lost; {before} MB before, "
              f"{resident_mb(process)} MB after; {len(late)} critical alerts of another service, accepted -> "
              f"called: median {statistics.median(late) * 1e3:.0f} ms, most {late[-1] * 1e3:.0f} ms")  # fmt: skip
        verdict("lost", max(answered - kept, 0), 0)
        verdict("a critical page beside the storm, s", round(late[-1], 3), 5)
        slowest, median = statistics.quantiles(looked, n=20)[-1], statistics.median(looked) * 1e3
        print(f"  {len(looked)} looks at the list of incidents beside it: median {median:.0f} ms")
        verdict("p95 of the page with the list, s", round(slowest, 3), 1)
        verdict("p99 of the answers, ms", max(g["p99_ms"] for g in got.values()), 500)
        verdict("short of 10,000 alerts/s", max(10_000 - got["20 per request"]["alerts_per_second"], 0), 100)
        verdict("short of 3,000 single POST/s", max(3_000 - got["one per request"]["requests_per_second"], 0), 30)
        verdict("memory, MB", resident_mb(process), MEMORY_MB)
    server.shutdown()


def _look_at_the_list(url: str, folder: Path, running: list[threading.Thread], looked: list[float]) -> None:
    """Somebody reads the list of incidents twice a second as long as the storm lasts; seconds until it is there."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    token = re.findall(r"/sign-in\?token=(\S+)", (folder / "log").read_text())[-1]
    form = urllib.parse.urlencode({"token": token, "as": "admin", "next": "/incidents"}).encode()
    browser.open(urllib.request.Request(f"{url}/sign-in", form, {"Origin": url}), timeout=30).read()
    while any(thread.is_alive() for thread in running):
        begun = time.perf_counter()
        body = browser.open(f"{url}/incidents", timeout=30).read()
        looked.append(time.perf_counter() - begun)
        assert b"INC-" in body, "the list is empty"
        time.sleep(0.5)


def _critical_every_second(path: str) -> dict[str, float]:
    accepted: dict[str, float] = {}
    for n in range(int(SECONDS)):
        labels = {"alertname": f"vital{n}", "service": "vital", "severity": "critical"}
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": f"bench storm-{n}"}}
        request = urllib.request.Request(
            path, json.dumps({"version": "4", "alerts": [alert]}).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).read()
        accepted[f"storm-{n}"] = time.perf_counter()
        time.sleep(1)
    return accepted


def restart() -> None:
    """kill -9 with 64 MB of write-ahead log: accepting again, and the pages that were due."""
    server = Provider(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_address[1]}/"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with tocsin(data, hook) as (url, process, _):
            reader = sqlite3.connect(data / "tocsin.db")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM alerts").fetchone()  # holds the log: it cannot start over
            while (data / "tocsin.db-wal").stat().st_size < 64 * 1024 * 1024:
                load(f"{url}/in/alertmanager/{KEY}", size=64, connections=16, seconds=1)
            process.send_signal(signal.SIGSTOP)
            size = (data / "tocsin.db-wal").stat().st_size / 1024 / 1024
            process.kill()
            process.wait()
        with sqlite3.connect(data / "tocsin.db") as db:  # pages that fell due while it was dead
            _due_rows(db, 100, hook, "due")
            reader.close()
        begun = time.perf_counter()
        with tocsin(data, hook) as (_, _, ready):
            while time.perf_counter() - begun < 15 and sum(mark.startswith("due-") for mark in Hook.called) < 100:
                time.sleep(0.01)
            sent = sum(mark.startswith("due-") for mark in Hook.called)
            print(f"  kill -9 with a log of {size:.0f} MB: ready after {ready:.2f} s; "
                  f"{sent} of 100 due messages out {time.perf_counter() - begun:.2f} s after the start")  # fmt: skip
            verdict("ready, s", round(ready, 2), 2)
            verdict("due messages not out within 5 s", 100 - _within("due-", begun + 5), 0)
    server.shutdown()


def _within(mark: str, end: float) -> int:
    """How many messages with this mark the provider had by *end*, an instant of the steady clock."""
    return sum(name.startswith(mark) and at <= end for name, at in Hook.called.items())


def _due_rows(db: sqlite3.Connection, count: int, hook: str, mark: str, due: int = 0) -> None:
    """Put messages into the outbox; *due* in microseconds since 1970."""
    db.execute("BEGIN IMMEDIATE")
    words = {"text": "", "kind": "webhook", "to": hook, "link": ""}
    titled = (json.dumps({**words, "title": f"bench {mark}-{n}"}) for n in range(count))
    db.executemany(
        "INSERT INTO outbox (id, key, kind, via, destination, payload, urgent, due, state, epoch, failures, "
        "created_at) VALUES (?, ?, 'alarm', 'hook', ?, ?, 0, ?, 'pending', 0, 0, ?)",
        ((f"{mark}-{n}", f"{mark}-{n}", f"webhook:{hook}", title, due, due) for n, title in enumerate(titled)),
    )
    db.commit()


def due() -> None:
    """1,000,000 due times ahead: what waiting costs; then 1,000 that fall due in one second."""
    server = Provider(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_address[1]}/"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with tocsin(data, hook):
            pass
        with sqlite3.connect(data / "tocsin.db") as db:
            _due_rows(db, 1_000_000, hook, "ahead", int((time.time() + 86_400) * 1e6))
        with tocsin(data, hook) as (_, process, _):
            time.sleep(3)
            before, begun = _cpu_seconds(process), time.perf_counter()
            time.sleep(SECONDS)
            share = (_cpu_seconds(process) - before) / (time.perf_counter() - begun)
            at = time.time() + 3
            with sqlite3.connect(data / "tocsin.db", timeout=30) as db:
                _due_rows(db, 1_000, hook, "now", int(at * 1e6))
            while time.time() - at < 30 and sum(mark.startswith("now-") for mark in Hook.called) < 1_000:
                time.sleep(0.02)
            took = time.time() - at
            sent = sum(mark.startswith("now-") for mark in Hook.called)
            print(f"  1,000,000 due times ahead: {share * 100:.1f} % of a core when idle, {resident_mb(process)} MB; "
                  f"{sent} of 1,000 that fell due together called the provider within {took:.2f} s")  # fmt: skip
            verdict("a core when idle, %", round(share * 100, 1), 5)
            verdict("1,000 due at once, s", round(took, 2), 2)
            verdict("memory, MB", resident_mb(process), MEMORY_MB)
    server.shutdown()


class Vendor(BaseHTTPRequestHandler):
    """A provider with the documented limit of Telegram for one chat; it notes when each call of a chat started."""

    calls: ClassVar[dict[int, list[float]]] = {}
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        at = time.time()
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chat, result = asked.get("chat_id"), []
        if chat is None:  # what the bot asks for itself: nobody wrote to it
            time.sleep(float(asked.get("timeout", 0)))
        else:
            self.calls.setdefault(chat, []).append(at)
            result = {"message_id": len(self.calls)}
        body = json.dumps({"ok": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


PAGES_RUNBOOK = """\
version: 1
people:
  ana: {{name: Ana, telegram: 1, notify: {{high: [{{via: bots0}}], low: [{{via: bots0}}]}}}}
severities:
  P0: {{title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical}}
protocols:
  critical:
    duties:
      - {{id: acknowledge, at: 0m, within: 15m, owner: on_call, title: Acknowledge, done_by: acknowledged}}
channels:
{channels}
"""


def pages() -> None:
    """10,000 pages queued at once, to 5,000 chats of 20 bots: when each provider call started, and the limits kept."""
    bots, chats, count = 20, 5_000, 10_000
    server = Provider(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api = f"http://127.0.0.1:{server.server_address[1]}"
    line = '  bots{n}: {{telegram: {{bot_token: "{n}:bench", api_base: "{api}"}}}}'
    book = PAGES_RUNBOOK.format(channels="\n".join(line.format(n=n, api=api) for n in range(bots)))
    with tempfile.TemporaryDirectory() as folder, tocsin(Path(folder), text=book) as (_, process, _):
        at = time.time() + 3
        with sqlite3.connect(Path(folder) / "tocsin.db", timeout=30) as db:
            _queue_pages(db, count, chats, bots, int(at * 1e6))
        queued = max(time.time(), at)
        while time.time() - queued < 120 and sum(map(len, Vendor.calls.values())) < count:
            time.sleep(0.05)
        starts = sorted(call for calls in Vendor.calls.values() for call in calls)
        gaps = [b - a for calls in Vendor.calls.values() for a, b in itertools.pairwise(calls)]
        took = starts[-1] - queued if starts else 0.0
        print(f"  {len(starts):,} of {count:,} provider calls started within {took:.1f} s of being due together "
              f"(half within {starts[len(starts) // 2] - queued:.1f} s); the closest two to one chat "
              f"{min(gaps, default=0):.2f} s apart, 1 s documented; {resident_mb(process)} MB")  # fmt: skip
    server.shutdown()


def _queue_pages(db: sqlite3.Connection, count: int, chats: int, bots: int, due: int) -> None:
    """Put pages in plain words into the outbox; *due* in microseconds since 1970."""
    db.execute("BEGIN IMMEDIATE")
    words = {"text": "bench", "kind": "telegram", "link": "", "title": "bench"}
    db.executemany(
        "INSERT INTO outbox (id, key, kind, via, destination, payload, urgent, due, state, epoch, failures, "
        "created_at) VALUES (?, ?, 'alarm', ?, ?, ?, 1, ?, 'pending', 0, 0, ?)",
        (
            (f"p-{n}", f"p-{n}", f"bots{n % chats % bots}", f"telegram:{1000 + n % chats}",
             json.dumps({**words, "to": str(1000 + n % chats)}), due, due)
            for n in range(count)
        ),
    )  # fmt: skip
    db.commit()


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SHOWN = [f"Part {n} of the product" for n in range(12)]  # components of the status page


def status() -> None:
    """The status page of twelve components: alone, beside ingest at full speed, and a rendering of 1,000 incidents."""
    page = f"status_page: {{title: Status, components: {json.dumps(SHOWN)}}}\n"
    book = RUNBOOK.format(hook="http://127.0.0.1:9/") + page
    for beside in (False, True):
        with tempfile.TemporaryDirectory() as folder, tocsin(Path(folder), text=book, **NO_LIMITS) as (url, process, _):
            wait_for(f"{url}/status", process)
            ingest_load = threading.Thread(target=load, args=(f"{url}/in/alertmanager/{KEY}",), daemon=True)
            if beside:
                ingest_load.start()
            for path in ("/status", "/api/v2/summary.json"):
                got = load(f"{url}{path}", shape="get", connections=16, seconds=SECONDS / 2)
                say(f"{path}{' beside full ingest' if beside else ''}", got, "requests_per_second", "wanted 2,000/s")
            with urllib.request.urlopen(
                urllib.request.Request(f"{url}/status", headers={"Accept-Encoding": "gzip"})
            ) as got:
                print(f"    first view: {len(got.read()):,} bytes packed (wanted 30,000)")
            if beside:
                ingest_load.join()
    _render_status()


def _render_status() -> None:
    from datetime import UTC, datetime, timedelta

    from tocsin.core.statuspage import PublicIncident, Site, Update, component
    from tocsin.web.site import files

    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    at = [now - timedelta(hours=8 * n) for n in range(1_000)]
    incidents = tuple(
        PublicIncident(f"i{n:011d}", "Issues with Website", "resolved", "major", "Website", "operational", since, since,
                       None, since, tuple(Update(f"u{n}-{k}", since, "monitoring", "word " * 60) for k in range(5)))
        for n, since in enumerate(at)
    )  # fmt: skip
    parts = tuple(component(f"Part {n}", n, [(at[-1], "operational")], (), "UTC", now) for n in range(5))
    site = Site("Status", "https://s.example.org", "UTC", "#1f4fd1", "", now, parts, incidents, ())
    for name in ("from nothing", "again"):
        begun = time.perf_counter()
        count = len(files(site))
        took = time.perf_counter() - begun
        print(f"  1,000 incidents of history rendered {name}: {count} files in {took:.2f} s (wanted 1 s)")


PARTS = {
    "ingest": ingest, "page": page, "start": start, "storm": storm, "restart": restart, "due": due,
    "writer": writer.main,
    "webhooks": lambda: webhooks.main(verdict, tocsin, KEY),
    "diagnosis": lambda: diagnosis.main(verdict),
    "oncall": oncall.main, "duties": lambda: duties.main(verdict), "pages": pages, "status": status,
    "numbers": lambda: numbers.main(verdict, tocsin),
    "probes": lambda: probes.main(tocsin, verdict),
    "drill": lambda: drill.main(verdict),
    "failover": lambda: failover.main(tocsin, verdict, provided, KEY, NO_LIMITS),
}  # fmt: skip


def main() -> None:
    names = sys.argv[1:] or list(PARTS)
    busy = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {busy:.1f} before, Python {platform.python_version()}, "
          f"SQLite {sqlite3.sqlite_version}, generator on the same machine, {SECONDS:g} s each")  # fmt: skip
    for name in names:
        print(f"{name}:")
        PARTS[name]()
    if MISSED:
        raise SystemExit(f"missed: {', '.join(MISSED)}")


if __name__ == "__main__":
    main()
