"""Two nodes over a PostgreSQL and its synchronous standby, in a storm: a node dies and comes back, the primary dies.

Every request is sent until a node answers 2xx, as monitoring systems do; what was answered is compared with the rows.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from examples.cluster.postgres import Postgres, both

from . import load

SIZE, SENDERS, GROUPS = 20, 16, 500
CALM, LEASE = 10.0, 30.0  # seconds: between two blows; as in the outbox
CRITICAL_EVERY = 0.25  # seconds
ANSWER_SECONDS, AGAIN_SECONDS = 10.0, 0.05
SECRET = "a secret key that both nodes of the benchmark share"


@dataclass
class Ledger:
    """What was answered 2xx, and when, on the steady clock."""

    alerts: list[tuple[float, list[str]]] = field(default_factory=list)
    critical: dict[str, float] = field(default_factory=dict)  # by the mark in the title

    def keys(self) -> set[str]:
        return {key for _, keys in self.alerts for key in keys} | set(self.critical)

    def rate(self, since: float, until: float) -> float:
        """Alerts a second."""
        return sum(len(keys) for at, keys in self.alerts if since <= at < until) / (until - since)

    def silent(self, since: float) -> float:
        """Seconds from then until the next answer to an alert of the storm."""
        return min((at for at, _ in self.alerts if at > since), default=float("inf")) - since


class Sender:
    """One connection, to whichever node answers."""

    def __init__(self, path: str, nodes: list[str], first: int) -> None:
        self.path, self.nodes, self.turn = path, nodes, first
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, body: str) -> None:
        """Send until it is answered 2xx."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    if await self._once(body) // 100 == 2:
                        return
            except (OSError, EOFError, TimeoutError):
                pass
            self.close()
            self.turn += 1
            await asyncio.sleep(AGAIN_SECONDS)

    async def _once(self, body: str) -> int:
        url = urlsplit(self.nodes[self.turn % len(self.nodes)])
        if not self.streams:
            self.streams = await asyncio.open_connection(url.hostname, url.port)
        reader, writer = self.streams
        head = f"POST {self.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        await reader.readexactly(size)
        return int(answer[9:12])

    def close(self) -> None:
        if self.streams:
            self.streams[1].close()
        self.streams = None


async def _storm(sender: Sender, numbers: Iterator[int], ledger: Ledger, stop: threading.Event) -> None:
    while not stop.is_set():
        first = next(numbers) * SIZE
        made = [load.alert("alertmanager", "st", n, GROUPS) for n in range(first, first + SIZE)]
        await sender.send(load.body("alertmanager", made))
        ledger.alerts.append((time.perf_counter(), [f"st{n:08x}" for n in range(first, first + SIZE)]))
    sender.close()


async def _critical(sender: Sender, ledger: Ledger, stop: threading.Event) -> None:
    for n in itertools.count():
        if stop.is_set():
            break
        labels = f'{{"alertname":"vital{n}","service":"vital","severity":"critical"}}'
        alert = (f'{{"status":"firing","labels":{labels},"annotations":{{"summary":"bench vital-{n}"}},'
                 f'"fingerprint":"vital-{n}"}}')  # fmt: skip
        await sender.send(load.body("alertmanager", [alert]))
        ledger.critical[f"vital-{n}"] = time.perf_counter()
        await asyncio.sleep(CRITICAL_EVERY)
    sender.close()


async def _all(path: str, nodes: list[str], ledger: Ledger, stop: threading.Event) -> None:
    numbers = itertools.count()
    senders = [_storm(Sender(path, nodes, n), numbers, ledger, stop) for n in range(SENDERS)]
    await asyncio.gather(_critical(Sender(path, nodes, 0), ledger, stop), *senders)


@dataclass
class Blows:
    """When what happened, on the steady clock."""

    begun: float
    killed: float = 0.0  # a node
    lost: float = 0.0  # the primary
    promoted: float = 0.0
    ended: float = 0.0


def main(
    tocsin: Callable[..., Any], verdict: Callable[[str, float, float], None], provided: Callable[[], Any],
    key: str, limits: dict[str, str],
) -> None:  # fmt: skip
    """Print each figure; *provided* gives the address of a provider, and when it was called for which mark."""
    ledger = Ledger()
    with provided() as (hook, called), tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL is another user where we are root
        primary = Postgres(folder / "primary").start()
        stack.callback(primary.kill)
        standby = Postgres(folder / "standby", primary).start()
        stack.callback(standby.stop)
        settings = {"TOCSIN_DATABASE": both(primary, standby), "TOCSIN_SECRET_KEY": SECRET, **limits}

        def start(node: str) -> tuple[str, Any]:
            (folder / node).mkdir()
            url, process, _ = stack.enter_context(tocsin(folder / node, hook, **settings))
            return url, process

        (one, victim), (other, _) = start("one"), start("other")
        nodes, stop = [one, other], threading.Event()
        stack.callback(stop.set)
        work = _all(f"/in/alertmanager/{key}", nodes, ledger, stop)
        sending = threading.Thread(target=asyncio.run, args=(work,))
        sending.start()
        time.sleep(3)
        blows = Blows(time.perf_counter())
        time.sleep(CALM)

        victim.send_signal(signal.SIGKILL)
        blows.killed = time.perf_counter()
        time.sleep(CALM)
        nodes[0], _ = start("again")
        time.sleep(CALM)

        primary.kill()
        blows.lost = time.perf_counter()
        standby.execute("ALTER SYSTEM RESET synchronous_standby_names")  # it has no standby of its own yet
        standby.promote()
        blows.promoted = time.perf_counter()
        time.sleep(2 * CALM)
        stop.set()
        sending.join(2 * ANSWER_SECONDS)
        blows.ended = time.perf_counter()
        while time.perf_counter() - blows.ended < LEASE + CALM and not ledger.critical.keys() <= called.keys():
            time.sleep(0.05)
        stored = {row[0] for row in standby.execute("SELECT key FROM alerts")}
    _report(ledger, blows, len(ledger.keys() - stored), dict(called), verdict)


def _report(
    ledger: Ledger, blows: Blows, missing: int, called: dict[str, float],
    verdict: Callable[[str, float, float], None],
) -> None:  # fmt: skip
    late = {mark: called[mark] - at for mark, at in ledger.critical.items() if mark in called}
    unpaged = len(ledger.critical) - len(late)

    def waits(since: float, until: float) -> list[float]:
        return sorted(late[mark] for mark, at in ledger.critical.items() if mark in late and since <= at < until)

    def flows(since: float) -> float:
        """Seconds from then until a page went out for an alert that was answered after it."""
        return min((called[m] for m, at in ledger.critical.items() if m in called and at > since), default=1e9) - since

    calm, died = waits(blows.begun, blows.killed - 1), waits(blows.begun, blows.lost)
    failed = waits(blows.lost - 1, blows.ended)
    print(f"  {len(ledger.keys()):,} alerts answered 2xx, {missing} of them not stored; {len(ledger.critical)} were "
          f"critical, {unpaged} of them not paged")  # fmt: skip
    rate = ledger.rate(blows.begun, blows.killed)
    print(f"  two nodes: {rate:,.0f} alerts/s; a page {statistics.median(calm):.3f} s after its alert was answered "
          f"(median), at most {calm[-1]:.3f} s")  # fmt: skip
    print(f"  a node dies: {ledger.silent(blows.killed):.2f} s to the next answer, {flows(blows.killed):.2f} s to the "
          f"next page; {ledger.rate(blows.killed, blows.killed + CALM):,.0f} alerts/s by the other")  # fmt: skip
    print(f"  the primary dies and its standby is promoted {blows.promoted - blows.lost:.2f} s later: from then "
          f"{ledger.silent(blows.promoted):.2f} s to the next answer, {flows(blows.promoted):.2f} s to the next page; "
          f"{ledger.rate(blows.promoted + 5, blows.ended - 1):,.0f} alerts/s without a standby")  # fmt: skip
    verdict("answered and not stored", missing, 0)
    verdict("critical alerts that were not paged", unpaged, 0)
    verdict("a page that the dead node had taken up, s after its answer", round(died[-1], 2), LEASE + 5)
    verdict("the next answer after the promotion, s", round(ledger.silent(blows.promoted), 2), 5)
    verdict("the next page after the promotion, s", round(flows(blows.promoted), 2), 5)
    verdict("a page that was on its way when the primary died, s after its answer", round(failed[-1], 2), LEASE + 5)
