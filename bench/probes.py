"""Probes: a thousand targets every 30 s, one in fifty of which hangs. What it costs, and whether each has its turn."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

PROBES = int(os.environ.get("BENCH_PROBES", "1000"))
SECONDS = float(os.environ.get("BENCH_PROBE_SECONDS", "150"))
EVERY = 30.0
HANGS = 50  # one in so many
CPU_WANTED, JITTER_WANTED = 30.0, 1.0  # percent of one core; seconds

_BOOK = """\
version: 1
people: {{ana: {{name: Ana}}}}
services: {{shop: {{component: Shop}}}}
severities:
  P2: {{title: Medium, respond_within: 2h, resolve_within: 1d, page: [], urgency: none, protocol: p}}
protocols: {{p: {{duties: []}}}}
probes:
{probes}
"""


ASKED: defaultdict[str, list[float]] = defaultdict(list)  # by path


class Targets(asyncio.Protocol):
    """Answers at once, but for one path in so many; keeps when each was asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        body = b'{"status": "ok"}'
        if path == "/report":
            body = json.dumps(ASKED).encode()
        else:
            ASKED[path].append(time.monotonic())
            if int(path[1:]) % HANGS == 0:
                return
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def targets() -> None:
    """Serve the targets, and print where."""
    server = await asyncio.get_running_loop().create_server(Targets, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "bench.probes"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(15)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(tocsin: Callable[..., Any], verdict: Callable[[str, float, float], None]) -> None:
    with served() as url, tempfile.TemporaryDirectory() as folder:
        lines = "\n".join(
            f"  p{n}: {{service: shop, http: '{url}/{n}', every: {EVERY:g}s, fail_after: 2, "
            "expect: {status: 200, json: {status: ok}, within: 5s}}"
            for n in range(PROBES)
        )
        with tocsin(Path(folder), text=_BOOK.format(probes=lines), TOCSIN_PROBES="on") as (_, process, _):
            time.sleep(EVERY + 5)  # each has had its first look
            begun, used = time.monotonic(), cpu_seconds(process)
            time.sleep(SECONDS)
            share = 100 * (cpu_seconds(process) - used) / (time.monotonic() - begun)
            asked = json.load(urllib.request.urlopen(f"{url}/report"))
            size = sum(path.stat().st_size for path in Path(folder).glob("tocsin.db*")) / 1e6
            memory = next(
                int(line.split()[1]) / 1024
                for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
                if line.startswith("VmRSS:")
            )
    report(asked, begun, share, size, memory, verdict)


def report(
    asked: dict[str, list[float]], begun: float, share: float, size: float, memory: float,
    verdict: Callable[[str, float, float], None],
) -> None:  # fmt: skip
    off = sorted(
        abs(later - earlier - EVERY) for times in asked.values() for earlier, later in pairwise(times) if later > begun
    )
    looks = sum(1 for times in asked.values() for at in times if at > begun)
    per_second = defaultdict(int)
    for times in asked.values():
        for at in times:
            if at > begun:
                per_second[int(at - begun)] += 1
    wanted = PROBES / EVERY
    print(f"  {PROBES} targets every {EVERY:g} s, {PROBES // HANGS} of them hang: {looks} looks in {SECONDS:g} s "
          f"({looks / SECONDS:.1f}/s, due {wanted:.1f}/s), {len(asked)} targets reached")  # fmt: skip
    middle, high, most = 1000 * statistics.median(off), 1000 * off[int(0.99 * len(off))], 1000 * off[-1]
    print(f"  most in one second {max(per_second.values())}")
    print(f"  off its instant: median {middle:.0f} ms, p99 {high:.0f} ms, most {most:.0f} ms")
    print(f"  resident {memory:.1f} MB, database {size:.1f} MB")
    verdict("percent of one core", round(share, 1), CPU_WANTED)
    verdict("seconds off its instant, the worst", round(off[-1], 2), JITTER_WANTED)
    verdict("targets not reached", PROBES - len(asked), 0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(targets())
