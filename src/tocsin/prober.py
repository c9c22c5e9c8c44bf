"""The prober: looks at each target when it is its turn, and hands what it saw on in batches."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from tocsin.core import probes as core
from tocsin.core.probes import Look, Saw
from tocsin.core.runbook_probes import Probe
from tocsin.net import Network, redact
from tocsin.sdk import Connect, Lookup, Outgoing, Request, Response
from tocsin.store.db import Busy, Database
from tocsin.usecases import probes
from tocsin.usecases.configure import NoRunbook, Setup

AT_ONCE: Final = 256  # looks that are under way
SLOW_AT_ONCE: Final = 256  # of targets whose last look took long: they wait for each other and not the others for them
SLOW_SECONDS: Final = 1.0
KEEP_SECONDS: Final = 1.0  # what was seen meanwhile is written in one transaction
CARE_SECONDS: Final = 5.0  # how often it is asked whether a job is late, or another runbook is in force
ROLL_SECONDS: Final = 60.0  # and whether an hour is over
ROLL_PAUSE_SECONDS: Final = 0.2  # between two parts of it: others write in between
PAUSE_SECONDS: Final = 5.0  # after a failure of the store
SLEEP_SECONDS: Final = 30.0  # the longest
FIRST_SECONDS: Final = 60.0  # a new probe has its first look within this, however long its period is
WAITING: Final = 20_000  # looks that wait for a store that takes none; older ones are dropped
ANSWER_BYTES: Final = 262_144  # that are read where the answer matters
SECRET_LENGTH: Final = 8  # characters of a header that is kept out of sentences
GLANCE_BYTES: Final = 16_384  # and where only its status does

log = structlog.get_logger("tocsin.probes")


def request_of(probe: Probe, data: Path) -> Outgoing:
    """What is sent to look at a target; a relative `ca_file` is in the data directory."""
    seconds = probe.gives_up.total_seconds()
    match probe.kind:
        case "tcp":
            host, port = probe.address
            return Connect(host, port, probe.expect.text or "", seconds)
        case "dns":
            return Lookup(probe.dns or "", probe.record or "A", seconds)
        case "jsonrpc":
            call = {"jsonrpc": "2.0", "id": 1, "method": probe.method, "params": list(probe.params)}
            return _web("POST", probe.jsonrpc or "", probe, data, seconds, json=call)
        case _:
            return _web("GET", probe.http or "", probe, data, seconds)


def _web(method: str, url: str, probe: Probe, data: Path, seconds: float, json: object = None) -> Request:
    return Request(
        method, url, headers=probe.headers, json=json, timeout_seconds=seconds, answer_limit=_limit(probe), fresh=True,
        ca_file=str(data / probe.ca_file) if probe.ca_file else "",
    )  # fmt: skip


def _limit(probe: Probe) -> int:
    matters = probe.kind == "jsonrpc" or probe.expect.text is not None or probe.expect.json_ is not None
    return ANSWER_BYTES if matters else GLANCE_BYTES


async def look_at(network: Network, probe: Probe, data: Path, now: Callable[[], datetime]) -> Look:
    """Look at a target once."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    response = await network.send(request_of(probe, data))
    look = core.judge(probe, _saw(probe, response, round((loop.time() - begun) * 1000)), now())
    if not look.why:
        return look
    secrets = (value for value in probe.headers.values() if len(value) >= SECRET_LENGTH)
    return replace(look, why=redact(look.why, *secrets))  # a target may send back what it was sent


def _saw(probe: Probe, response: Response, milliseconds: int) -> Saw:
    whole = len(response.body) < _limit(probe)
    return Saw(response.status, milliseconds, response.body, response.error, whole, response.certificate_until)


@dataclass(slots=True)
class _Watched:
    """A target that is looked at: when next, whether it is just now, and whether it was slow."""

    probe: Probe
    due: float
    looking: bool = field(default=False)
    slow: bool = field(default=False)
    nameless: bool | None = field(default=None)  # its last look found no address for its name


class Prober:
    """
    Every node looks at every target, each at an instant of its own in the period. `node` is the same after a restart.

    One task keeps time and starts the looks, one hands on what they saw, one asks after jobs and hours.
    """

    def __init__(self, db: Database, setup: Setup, network: Network, node: str) -> None:
        self.db, self.setup, self.network, self.node = db, setup, network, node
        self._watched: dict[str, _Watched] = {}
        self._turns: list[tuple[float, str]] = []  # a heap; what is not a target's `due` any more is passed over
        self._seen: list[tuple[str, Look]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._changed, self._version, self._blind = True, "", False

    async def run(self) -> None:
        """Look until cancelled; what was seen is then handed on, and this node has no say any more."""
        self.db.listen(self._heard)
        self._quick, self._slow = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(SLOW_AT_ONCE)
        rounds = ((self.keep, KEEP_SECONDS), (self.care, CARE_SECONDS), (self.roll, ROLL_SECONDS))
        beside = [asyncio.create_task(self._round(what, seconds)) for what, seconds in rounds]
        try:
            while True:
                self._awake.clear()
                try:
                    pause = await self._turn()
                except Exception:
                    log.exception("probes_failed")
                    pause = PAUSE_SECONDS
                await self._sleep(pause)
        finally:
            for task in (*beside, *self._tasks):
                task.cancel()
            await asyncio.gather(*beside, *self._tasks, return_exceptions=True)
            with contextlib.suppress(Busy, NoRunbook):
                await self.keep()
                await self.db.write(probes.leave, self.node)

    def _heard(self, touched: frozenset[str]) -> None:
        if "runbook" in touched:
            self._changed = True
            self._awake.set()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def _round(self, what: Callable[[], object], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await what()  # type: ignore[misc]
            except (Busy, NoRunbook) as error:
                log.warning("probes_put_off", why=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("probes_failed")
                await asyncio.sleep(PAUSE_SECONDS)

    async def _turn(self) -> float:
        """Follow the runbook where it changed, begin the looks whose turn it is; returns the seconds to sleep."""
        if self._changed:
            self._changed = False
            try:
                await self.db.write(probes.follow, self.setup)
                self._version, wanted = await self.db.read(probes.plan, self.setup)
                self._follow(wanted)
            except (Busy, NoRunbook) as error:
                log.warning("probes_put_off", why=str(error))
                self._changed = True
        now = asyncio.get_running_loop().time()
        next_ = self._begin_due(now)
        return PAUSE_SECONDS if self._changed else min(max(next_ - now, 0.0), SLEEP_SECONDS)

    def _follow(self, wanted: dict[str, Probe]) -> None:
        """Take up what the runbook has new or changed, leave what it has no more."""
        for name in set(self._watched) - set(wanted):
            del self._watched[name]
        now = asyncio.get_running_loop().time()
        for name, probe in wanted.items():
            known = self._watched.get(name)
            if known and known.probe == probe:
                continue
            first = core.phase(self.node, name) * min(probe.every.total_seconds(), FIRST_SECONDS)
            self._watched[name] = _Watched(probe, now + first)
            heapq.heappush(self._turns, (now + first, name))

    def _begin_due(self, now: float) -> float:
        """Begin the looks whose turn has come; returns when the next one is."""
        while self._turns and self._turns[0][0] <= now:
            due, name = heapq.heappop(self._turns)
            watched = self._watched.get(name)
            if watched is None or watched.due != due:
                continue
            every = watched.probe.every.total_seconds()
            watched.due += every * (1 + (now - due) // every)  # turns that were slept through are not made up for
            heapq.heappush(self._turns, (watched.due, name))
            if not watched.looking:
                watched.looking = True
                task = asyncio.create_task(self._look(name, watched))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return self._turns[0][0] if self._turns else now + SLEEP_SECONDS

    async def _look(self, name: str, watched: _Watched) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with self._slow if watched.slow else self._quick:
                begun = loop.time()
                look = await look_at(self.network, watched.probe, self.setup.data, self.db.clock)
                watched.slow = loop.time() - begun > SLOW_SECONDS
        except Exception:
            log.exception("look_failed", probe=name)
        else:
            watched.nameless = core.is_nameless(look)
            self._seen.append((name, look))
        finally:
            watched.looking = False

    async def keep(self) -> None:
        """Hand on what was seen since this was done last."""
        if not self._seen:
            return
        seen, self._seen = self._trusted(self._seen), []
        if not seen:
            return
        full = self.db.reserve is not None and self.db.reserve.spent
        try:
            await self.db.write(probes.keep, self.setup, self.node, seen, whole=not full)
        except (Busy, NoRunbook):
            self._seen = [*seen, *self._seen][-WAITING:]
            raise

    def _trusted(self, seen: list[tuple[str, Look]]) -> list[tuple[str, Look]]:
        """Leave out what this node could not look at through its own trouble: it has no say then, no alarm to raise."""
        named: dict[str, bool | None] = {}
        for watched in self._watched.values():
            if host := watched.probe.named_host:
                before = named.get(host)
                named[host] = False if False in (before, watched.nameless) else before or watched.nameless
        blind = core.is_blind(named)
        if blind != self._blind:
            self._blind = blind
            log.warning("probes_blind" if blind else "probes_see_again", node=self.node, names=len(named))
        return [(name, look) for name, look in seen if not core.is_nameless(look)] if blind else seen

    async def care(self) -> None:
        """Tell of jobs that should have called in; notice a runbook that another process put in force."""
        version, late = await self.db.read(probes.care, self.setup)
        if late:
            await self.db.write(probes.tell_late, self.setup)
        if version != self._version:
            self._changed = True
            self._awake.set()

    async def roll(self) -> None:
        """Sum up the hours that are over."""
        while await self.db.write(probes.roll):
            await asyncio.sleep(ROLL_PAUSE_SECONDS)
