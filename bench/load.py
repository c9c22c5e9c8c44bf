"""A closed-loop load generator: so many connections, each with one request on its way. Prints one line of JSON,
in which a rate is of what was answered 2xx.

python -m bench.load URL --shape alertmanager|api-v2|get --size 1 --connections 32 --seconds 10 --keys 0
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

try:
    import uvloop
except ImportError:
    uvloop = None

GROUPS = 10  # alert names, and so incidents


def alert(shape: str, run: str, n: int, groups: int = GROUPS) -> str:
    labels = (
        f'{{"alertname":"Check{n % groups}","env":"production","instance":"api-{run}-{n}",'
        '"service":"bench","severity":"warning"}'
    )
    notes = '{"summary":"bench alert","description":"HTTP 5xx ratio is 12% (threshold 5%)."}'
    common = f'"labels":{labels},"annotations":{notes},"generatorURL":"http://prometheus.example:9090/graph"'
    if shape == "api-v2":
        return f"{{{common}}}"
    return (
        f'{{"status":"firing",{common},"startsAt":"2026-11-23T09:02:27.123456789Z",'
        f'"endsAt":"0001-01-01T00:00:00Z","fingerprint":"{run}{n:08x}"}}'
    )


def body(shape: str, alerts: list[str]) -> str:
    listed = ",".join(alerts)
    if shape == "api-v2":
        return f"[{listed}]"
    return (
        '{"receiver":"all","status":"firing","version":"4","groupKey":"{}:{}","truncatedAlerts":0,"groupLabels":{},'
        f'"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"http://am.example:9093","alerts":[{listed}]}}'
    )


class Connection(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last one is whole."""

    def __init__(
        self, requests: itertools.count[int], make: object, until: float, took: list[float], bad: list[int],
        begun: float = 0.0, rate: float = 0.0,
    ):  # fmt: skip
        self.make, self.requests, self.until, self.took, self.bad = make, requests, until, took, bad
        self.begun, self.rate = begun, rate
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.next()

    def next(self) -> None:
        if time.perf_counter() >= self.until:
            self.transport.close()
            return
        number = next(self.requests)
        wait = self.begun + number / self.rate - time.perf_counter() if self.rate else 0.0
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self.send, number)
        else:
            self.send(number)

    def send(self, number: int) -> None:
        request = self.make(number)
        self.sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(rest) < size:
            return
        self.took.append(time.perf_counter() - self.sent)
        if head[9:10] != b"2":
            self.bad.append(int(head[9:12]))
        self.buffer = b""
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run(options: argparse.Namespace) -> dict[str, Any]:
    url = urlsplit(options.url)
    mark = os.urandom(4).hex()
    head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
    counter: itertools.count[int] = itertools.count()

    def make(n: int) -> bytes:
        if options.shape == "get":
            return f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        first = n * options.size
        keys = range(first, first + options.size)
        made = [alert(options.shape, mark, k % options.keys if options.keys else k, options.groups) for k in keys]
        text = body(options.shape, made)
        return f"{head}{len(text)}\r\n\r\n{text}".encode()

    took: list[float] = []
    bad: list[int] = []
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    until = begun + options.seconds
    connect = lambda: Connection(counter, make, until, took, bad, begun, options.rate)  # noqa: E731
    connections = [
        (await loop.create_connection(connect, url.hostname, url.port))[1] for _ in range(options.connections)
    ]
    await asyncio.gather(*(connection.done for connection in connections))
    spent = time.perf_counter() - begun
    took.sort()
    at = lambda share: round(took[min(int(len(took) * share), len(took) - 1)] * 1000, 2)  # noqa: E731
    good = len(took) - len(bad)  # what was refused was not done
    return {
        "requests_per_second": round(good / spent), "alerts_per_second": round(good * options.size / spent),
        "p50_ms": at(0.5), "p99_ms": at(0.99), "not_2xx": len(bad), "statuses": dict(Counter(bad)),
        "requests": len(took),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--shape", default="alertmanager", choices=["alertmanager", "api-v2", "get"])
    parser.add_argument("--size", type=int, default=1)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--keys", type=int, default=0, help="only so many keys, again and again")
    parser.add_argument("--groups", type=int, default=GROUPS)
    parser.add_argument("--rate", type=float, default=0, help="requests a second; 0: as many as it takes")
    options = parser.parse_args()
    if uvloop:
        uvloop.install()
    print(json.dumps(asyncio.run(run(options))))


if __name__ == "__main__":
    main()
