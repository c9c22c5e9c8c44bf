"""
kill -9 at random instants under load: `python -m tests.crash.random_kills 2000 [SEED]`.

Senders keep a ledger of what was answered 2xx, each line on disk before the next request; it is compared with the
database at the end, as are the pages with what the receiver got.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx

from ..served import ADMIN, INGEST, ROOT
from .harness import Case, case

SENDERS, GROUPS = 3, 20
PAUSE_SECONDS = 0.01  # of a sender after each alert: a long run must not fill the disk
LIVES = (0.25, 2.0)  # how long a life is, in times of what a start takes here: some die before they are ready


class Lives:
    """A series of servers on one port and one database."""

    def __init__(self, one: Case) -> None:
        self.one, self.url, self.port = one, "", _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            **os.environ, "TOCSIN_DATABASE": f"sqlite:///{one.folder}/tocsin.db", "TOCSIN_INGEST_KEY": INGEST,
            "TOCSIN_ADMIN_TOKEN": ADMIN, "TOCSIN_PROBES": "off",
        }  # fmt: skip
        self.zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"], env=environment, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, **words: Any) -> str:
        assert self.zygote.stdin
        assert self.zygote.stdout
        self.zygote.stdin.write(json.dumps(words) + "\n")
        self.zygote.stdin.flush()
        return self.zygote.stdout.readline().strip()

    def start(self) -> int:
        arguments = ["serve", "--runbook", str(self.one.runbook), "--port", str(self.port)]
        return int(self.ask(arguments=arguments, log=str(self.one.folder / "log")))

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.ask(wait=pid)

    def close(self) -> None:
        self.zygote.communicate(timeout=10)  # the end of its input ends it; closes both pipes


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Sender(threading.Thread):
    """Sends alerts one after the other for ever, each until it is answered; presses buttons in between."""

    def __init__(self, lives: Lives, name: str, lock: threading.Lock) -> None:
        super().__init__(daemon=True)
        self.lives, self.label, self.lock, self.stopped = lives, name, lock, threading.Event()
        self.sent = 0

    def run(self) -> None:
        random = Random(self.label)
        with httpx.Client(trust_env=False, timeout=5) as client:
            while not self.stopped.is_set():
                key = f"{self.label}-{self.sent}"
                with self.lock:
                    self.lives.one.ledger.alerts.setdefault(key, False)
                if self.post(client, key, f"check-{random.randrange(GROUPS)}"):
                    self.sent += 1
                    time.sleep(PAUSE_SECONDS)
                    if self.sent % 10 == 0:
                        self.press(client)
                else:
                    time.sleep(0.02)

    def post(self, client: httpx.Client, key: str, check: str) -> bool:
        body = {"key": key, "title": key, "severity": "critical", "service": "api", "check": check}
        try:
            answer = client.post(f"{self.lives.url}/in/generic/{INGEST}", json=body)
        except httpx.HTTPError:
            return False
        if not answer.is_success:
            return False
        with self.lock:
            self.lives.one.ledger.write(f"2xx {key}")
            self.lives.one.ledger.alerts[key] = True
        return True

    def press(self, client: httpx.Client) -> None:
        server: Any = self.lives
        with self.lock:
            try:
                self.lives.one.press(server, client)
            except httpx.HTTPError:
                return


def run(folder: Path, kills: int, seed: int = 0, said: Any = None) -> list[str]:
    """Kill so many servers at random instants, then compare; returns what was wrong."""
    random = Random(seed)
    with case(folder) as one:
        lives, lock = Lives(one), threading.Lock()
        senders = [Sender(lives, f"s{place}", lock) for place in range(SENDERS)]
        for sender in senders:
            sender.start()
        in_flight = answering = 0
        start = _seconds_to_ready(lives)
        for count in range(kills):
            before = sum(one.ledger.alerts.values())
            pid = lives.start()
            time.sleep(start * random.uniform(*LIVES))
            lives.kill(pid)
            in_flight += _leased(one)
            answering += sum(one.ledger.alerts.values()) > before
            if said and (count + 1) % 100 == 0:
                said(f"{count + 1} kills, {sum(one.ledger.alerts.values())} alerts answered 2xx")
        for sender in senders:
            sender.stopped.set()
        for sender in senders:
            sender.join(10)
        lives.close()
        one.recover()
        one.in_flight = in_flight
        wrong = one.compare()
        if said:
            got = Counter(message["id"] for message in one.hook.received)
            said(f"{kills} kills, {answering} of a server that had answered alerts; {len(one.ledger.alerts)} alerts, {len(one.ledger.acknowledged)} acknowledgements, "
                 f"{len(got)} messages, {sum(got.values()) - len(got)} copies; wrong: {len(wrong)}")  # fmt: skip
        return wrong


def _seconds_to_ready(lives: Lives) -> float:
    """How long a life takes here until it answers: the first one, which then ends, too."""
    pid = lives.start()
    begun = time.monotonic()  # from here on: the first start waits for all that is loaded
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < begun + 60:
            with suppress(httpx.HTTPError):
                if client.get(f"{lives.url}/-/ready").is_success:
                    break
            time.sleep(0.02)
        else:
            raise TimeoutError("the server was not ready in 60 s; its words are in the case's log")
    seconds = time.monotonic() - begun
    lives.kill(pid)
    return seconds


def _leased(one: Case) -> int:
    try:
        return len(one.rows("SELECT id FROM outbox WHERE state = 'leased'"))
    except Exception:  # noqa: BLE001 - the first life may have ended before there was a table
        return 0


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        wrong = run(Path(folder) / "life", kills, seed, said=lambda text: print(text, flush=True))
        print(f"{time.monotonic() - begun:.0f} s")
    for line in wrong[:20]:
        print("WRONG", line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
