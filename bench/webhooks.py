"""Signed webhooks of two vendors at 200 a second, each with a delivery of its own: how soon they are answered."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAYLOADS = Path(__file__).parents[1] / "tests/payloads"
RATE, SENDERS, WANTED_MS = 200, 8, 50
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
SECRET = "secret-that-signs-the-webhooks"
BOOK = f"""
version: 1
people: {{ana: {{name: Ana}}}}
services: {{api: {{}}}}
severities: {{P2: {{title: Medium, respond_within: 2h, resolve_within: 24h, protocol: backlog}}}}
protocols: {{backlog: {{duties: []}}}}
connections:
  sentry: {{token: t, organization: proofi, client_secret: {SECRET}, service: api}}
  github: {{token: t, repository: example-org/proofi-wallet, webhook_secret: {SECRET}}}
"""


def _sentry(number: int) -> tuple[str, bytes, dict[str, str]]:
    said = json.loads((PAYLOADS / "sentry/event_alert_triggered.json").read_text())
    said["data"]["event"]["issue_id"] = str(number)
    body = json.dumps(said).encode()
    signed = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    return "sentry", body, {"Sentry-Hook-Signature": signed, "Sentry-Hook-Resource": "event_alert",
                            "Request-ID": f"{number:032x}"}  # fmt: skip


def _github(number: int) -> tuple[str, bytes, dict[str, str]]:
    said = json.loads((PAYLOADS / "github/workflow_run_completed_failure.json").read_text())
    said["workflow_run"]["workflow_id"] = said["workflow"]["id"] = number
    body = json.dumps(said).encode()
    signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return "github", body, {"X-Hub-Signature-256": signed, "X-GitHub-Event": "workflow_run",
                            "X-GitHub-Delivery": f"{number:08x}-0000-7000-8000-000000000000"}  # fmt: skip


def main(verdict: Callable[[str, float, float], None], tocsin: Any, key: str) -> None:
    print(f"webhooks, signed, {RATE} a second over {SENDERS} connections:")
    with tempfile.TemporaryDirectory() as folder, tocsin(Path(folder), text=BOOK) as (url, _, _):
        took: list[float] = []
        refused: list[int] = []
        count, begun = itertools.count(), time.perf_counter()
        made = [(_sentry if n % 2 else _github)(n + 1) for n in range(int(RATE * SECONDS))]

        def send() -> None:
            place = urlsplit(url)
            connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
            while (number := next(count)) < len(made):
                source, body, headers = made[number]
                due = begun + number / RATE
                time.sleep(max(due - time.perf_counter(), 0))
                sent = time.perf_counter()
                connection.request("POST", f"/in/{source}/{key}", body, {"Content-Type": "application/json", **headers})
                answer = connection.getresponse()
                answer.read()
                took.append((time.perf_counter() - sent) * 1e3)
                if answer.status >= 300:
                    refused.append(answer.status)

        begun = time.perf_counter()
        senders = [threading.Thread(target=send) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        lasted = time.perf_counter() - begun
        cuts = statistics.quantiles(took, n=100)
        odd = ", ".join(f"{count} x {status}" for status, count in Counter(refused).items()) or "none"
        print(f"  {len(took) / lasted:,.0f} a second; p50 {cuts[49]:.1f}, p99 {cuts[98]:.1f}, most {max(took):.1f} ms; "
              f"not 2xx: {odd}")  # fmt: skip
        verdict("signed webhooks that are not 2xx", len(refused), 0)
        verdict("signed webhooks: p99, ms", round(cuts[98], 1), WANTED_MS)
        verdict("short of 200 a second", max(RATE - len(took) / lasted, 0), 5)
