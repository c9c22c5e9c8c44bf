"""A real server in a process of its own, as `make run` starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
INGEST, ADMIN = "ingest-key-of-the-tests", "admin-token-of-the-tests"


class Served:
    """Tocsin on a free port over *data*, started with more *words*. What it says stands in `log`."""

    program: tuple[str, ...] = ("tocsin",)  # a module and what goes before `serve`

    def __init__(self, data: Path, runbook: Path, *words: str, **environment: str) -> None:
        self.data, self.runbook, self.words, self.log = data, runbook, words, data / "log"
        own = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        self.environment = {
            **own, "TOCSIN_DATABASE": f"sqlite:///{data}/tocsin.db", "TOCSIN_INGEST_KEY": INGEST,
            "TOCSIN_ADMIN_TOKEN": ADMIN, "TOCSIN_RESERVE_MB": "1", "TOCSIN_PROBES": "off", **environment,
        }  # fmt: skip
        self.url = ""

    def __enter__(self) -> Served:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.program, "serve", "--runbook", str(self.runbook), "--port", "0", *self.words],
                env=self.environment, stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip
        until = time.monotonic() + 90  # on a machine that does much else, too
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"Tocsin listens on (\S+)", self.said())
            if found:
                self.url = found[1]
                try:
                    with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2):
                        return self
                except OSError:
                    pass
            time.sleep(0.05)
        self.stop(signal.SIGKILL)
        raise AssertionError(f"the server did not start:\n{self.said()}")

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGTERM)

    def stop(self, how: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def sign_in_link(self) -> str:
        return re.findall(r"http://\S+/sign-in\?token=\S+", self.said())[-1]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {ADMIN}"},
            trust_env=False,
            timeout=30,
        )
        assert answer.status_code < 400, answer.text
        return answer.json()

    def send(self, path: str, body: Any) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, trust_env=False, timeout=30)

    def cli(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the command line on this server's machine."""
        own = {k: v for k, v in self.environment.items() if k not in ("TOCSIN_ADMIN_TOKEN", "TOCSIN_INGEST_KEY")}
        return subprocess.run(
            [sys.executable, "-m", "tocsin", *words], env={**own, "COLUMNS": "100"}, capture_output=True, text=True,
            input=given, cwd=self.data, timeout=60, check=False,
        )  # fmt: skip


def until(condition: Any, seconds: float = 45) -> Any:
    """Wait for something that another process does; the longest wait is a failure. A promise gives its own *seconds*."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            assert value, f"not within {seconds} s"
            return value
        time.sleep(0.02)
