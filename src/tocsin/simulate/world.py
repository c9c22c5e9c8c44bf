"""The simulated world: its time, its nodes with the production worker and ingest in them, its store, its network."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Engine
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from tocsin import plugins, points
from tocsin.core.runbook import Runbook
from tocsin.net import Network
from tocsin.plugins import Plugins
from tocsin.sdk import Outgoing, Request, Response
from tocsin.simulate.actors import KEY, Monitoring, People
from tocsin.simulate.coverage import Met
from tocsin.simulate.crew import Crew
from tocsin.simulate.faults import APPLY, Fault
from tocsin.simulate.loop import VirtualLoop
from tocsin.simulate.oracle import Oracle
from tocsin.simulate.providers import Providers
from tocsin.simulate.runbooks import runbook
from tocsin.simulate.target import ACTIONS, Target, is_target, with_target
from tocsin.store import sqlite
from tocsin.store.db import BUSY_SECONDS, Busy, Database, Unsure, _Job
from tocsin.store.schema import WORDS_INDEX_SQLITE, metadata
from tocsin.usecases import access, configure
from tocsin.usecases.acting import Call
from tocsin.usecases.configure import Setup
from tocsin.usecases.deliver import Job
from tocsin.web.ingest import IngestApp
from tocsin.wiring import Clock
from tocsin.worker import Worker

R = TypeVar("R")
MEMORY: Final = "sqlite://"
BOT_TOKEN: Final = "7000:canary-of-the-simulation"  # noqa: S105 - it must be found nowhere
RESTARTS: Final = (1.0, 5.0, 20.0)  # seconds that a dead node stays dead
CLIENT_SECONDS: Final = 15.0  # after which a client gives up
AFTERMATH_SECONDS: Final = 60.0  # after a fault that is over in an instant
CALM_SECONDS: Final = 90.0  # after the last fault: then everything must be as if there had been none

_current: ContextVar[Node | None] = ContextVar("node", default=None)
_job: ContextVar[Job | None] = ContextVar("job", default=None)


class Crash(BaseException):
    """The node dies here and now."""


class NodeStore(Database):
    """A node's own view of the one store: each write is a transaction of its own, done in this thread."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world.url, world.clock, _in_memory() if world.url == MEMORY else None)
        self.world, self.name = world, name
        self.down_until = 0.0  # the store cannot be reached by this node before
        self.lose_answers = 0  # commits whose answer will be lost
        self._readers = self._kept = None

    async def _submit(self, usecase: Callable[..., Any], args: tuple[Any, ...], *, batch: bool) -> Any:
        await self.world.open_gate()
        if self.world.loop.at < self.down_until:
            await asyncio.sleep(self.world.random.uniform(0.1, 5))
            raise Busy("database is locked")
        job = _Job(usecase, args, batch, None)
        settled = self.world.oracle.settling(usecase, args)
        touched = self._commit([job])
        if job.error:
            raise job.error
        settled()
        self.world.committed(self, touched)
        if self.lose_answers:
            self.lose_answers -= 1
            self.world.note(f"{self.name}: the answer to a COMMIT is lost")
            raise Unsure("server closed the connection")
        await self.world.open_gate()
        return job.outcome

    async def read(self, query: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        await self.world.open_gate()
        if self.world.loop.at < self.down_until:
            raise Busy("database is locked")
        return self.read_now(query, *args, **kwargs)

    async def read_first(self, query: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        return await self.read(query, *args, **kwargs)


class SimNetwork(Network):
    """Carries conversations to the simulated providers instead of to sockets."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def send(self, outgoing: Outgoing) -> Response:
        node, job = _current.get(), _job.get()
        assert node
        if is_target(outgoing):
            await asyncio.sleep(0)  # a node that is stopped right after X3 calls when it goes on
            await self.world.open_gate()
            assert isinstance(outgoing, Request)
            answer = await self.world.target.take(outgoing, job.acts.run.id if job and job.acts else "")
            await self.world.open_gate()
            return answer
        assert job
        self.world.oracle.call(node.name, job)
        response = await self.world.providers.take(outgoing, job, node.name)
        await self.world.open_gate()
        return response


class SimWorker(Worker):
    """The production worker; only the way it waits is the world's."""

    world: World

    async def _sleep(self, seconds: float) -> None:
        await self.world.open_gate()
        await super()._sleep(seconds) if seconds > 0 else await asyncio.sleep(0)

    async def _send(self, job: Job, claimed_at: float) -> Any:
        _job.set(job)
        return await super()._send(job, claimed_at)

    async def _run_action(self, job: Job, call: Call) -> None:
        _job.set(job)
        await super()._run_action(job, call)


class Node:
    """One process: its tasks die with it, the store does not."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.alive = False
        self.paused_until = 0.0
        self.deaths: list[float] = []
        self.db = NodeStore(world, name)
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Start anew: nothing is known but what the store knows."""
        world = self.world
        self.alive, self.paused_until = True, 0.0
        self.db._listeners.clear()
        self.setup = world.setup()
        self.worker = SimWorker(self.db, self.setup, SimNetwork(world), self.name)
        self.worker.world, self.worker.poll_seconds = world, 3600.0
        self.worker.write_file = lambda path, text: None
        self.ingest = IngestApp(self.db, self.setup)
        self.spawn(self.worker.run)

    def spawn(self, work: Callable[[], Awaitable[R]]) -> asyncio.Task[R]:
        """Start a task that dies with this node, as do the tasks that it starts."""
        token = _current.set(self)
        try:
            task = self.world.loop.create_task(self._guarded(work))
        finally:
            _current.reset(token)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Callable[[], Awaitable[R]]) -> R:
        try:
            return await work()
        except Crash:
            raise asyncio.CancelledError from None

    def die(self, why: str) -> None:
        """kill -9. It comes back after a while."""
        if not self.alive:
            return
        self.alive = False
        self.world.note(f"{self.name} dies: {why}")
        self.deaths.append(self.world.loop.at)
        self.stop()
        back = self.world.random.choice(RESTARTS)
        self.world.fault_now(max(back, 2.0))
        self.world.loop.call_later(back, self._back)

    def stop(self) -> None:
        """End everything that it does, in the midst of it."""
        for task in {*self._tasks, *self.worker._sending}:
            task.cancel()

    def _back(self) -> None:
        self.world.note(f"{self.name} is back")
        self.start()


class World:
    """Everything. `log` is what happened, `violations` what must not have."""

    def __init__(
        self, seed: int, url: str, faults: tuple[Fault, ...], *, nodes: int = 2, acting: bool = False
    ) -> None:  # fmt: skip
        self.seed, self.url, self.faults, self.acting = seed, url, faults, acting
        self.random = Random(f"world {seed}")
        self.loop = VirtualLoop()
        self.start, self.shift = (
            start_of(seed),
            timedelta(0),
        )  # the machine's clock may be set; Tocsin's must not jump back
        self.clock = Clock(lambda: self.start + timedelta(seconds=self.loop.at) + self.shift, self.loop.time)
        self.secrets = {"BOT_TOKEN": BOT_TOKEN}
        self.plugins = with_target(_plugins()) if acting else _plugins()
        self.books: dict[str, Runbook] = {}
        self.base: Database | None = None
        self.base = NodeStore(self, "base")
        self.driver: Any = _empty(self.base)
        self.log: list[tuple[float, str]] = []
        self.trace = hashlib.sha256()
        self.events = 0
        self.last_fault = -CALM_SECONDS
        self.notify_lost_until = 0.0
        # What may have made a copy (deaths, stops, lost answers, a store that is away, a clock that was set): each with
        # when it was over.
        self.blows: list[float] = []
        self.reached: Counter[str] = Counter()
        self.met: Met = Counter()
        self.waiting: list[Fault] = []  # each for a node to pass its point
        self._at_work: dict[str, float] = {}  # a kind of fault to when its aftermath ends
        self.crash_at: tuple[str, str, int] | None = None  # node, point, passes left
        self.backup: bytes | None = None
        self.oracle = Oracle(self)
        self.providers = Providers(self)
        self.target = Target(self)
        self.nodes = [Node(self, name) for name in ("A", "B", "C")[:nodes]]
        self.editions = 0
        self.edit_runbook()
        self.base.write_now(access.install_fixed, "ingest", KEY, name="first", source="*")
        self.people = People(self)
        self.crew = Crew(self) if acting else None
        self.monitoring = [Monitoring(self, name) for name in ("alertmanager", "pagerduty", "generic")]

    # ------------------------------------------------------------------------------------- what happens

    def note(self, text: str) -> None:
        """Write a line of the story."""
        self.log.append((self.loop.at, text))
        self.count(text)

    def count(self, *what: object) -> None:
        """Count one event into the trace."""
        self.events += 1
        self.trace.update(orjson.dumps([round(self.loop.at, 6), *map(str, what)]))

    def strike(self, fault: Fault) -> None:
        """A fault of the plan begins; what is passed until its aftermath ends is counted as met with it."""
        self.note(f"fault: {fault}")
        if fault.kind != "crash":  # counted where the node dies
            ends = self.loop.at + max(fault.seconds, AFTERMATH_SECONDS)
            self._at_work[fault.kind] = max(ends, self._at_work.get(fault.kind, 0.0))
        APPLY[fault.kind](self, fault)

    def fault_now(self, seconds: float = 0.0) -> None:
        """A fault is at work from now for that long."""
        self.blows.append(self.loop.at + seconds)
        self.last_fault = max(self.last_fault, self.loop.at + seconds)

    def calm(self, seconds: float = CALM_SECONDS) -> bool:
        """Say whether no fault has been at work for that long, and every node runs."""
        return self.loop.at - self.last_fault >= seconds and all(node.alive for node in self.nodes)

    def committed(self, store: NodeStore, touched: frozenset[str]) -> None:
        """A node's commit is on disk: it hears of it at once, the others if the notification comes through."""
        self.count(store.name, sorted(touched))
        self.oracle.commit(store.name, touched)
        store._tell(touched)
        late = (
            self.random.uniform(0.2, 1.0) if self.loop.at < self.notify_lost_until else 0.005
        )  # then polling finds it
        for node in self.nodes:
            if node.db is not store and node.alive:
                self.loop.call_later(late, node.db._tell, touched)

    async def open_gate(self) -> None:
        """Every step of a node that is stopped waits here until it goes on."""
        node = _current.get()
        while node and self.loop.at < node.paused_until:
            await asyncio.sleep(node.paused_until - self.loop.at)

    def passing(self, point: str) -> None:
        """A crash point is passed: die here if this is the one."""
        node = _current.get()
        if node is None:
            return
        self.reached[point] += 1
        for fault in [fault for fault in self.waiting if fault.point == point]:
            self.waiting.remove(fault)
            self.met[fault.kind, point] += 1
            self.loop.call_soon(self.strike, fault)  # not in the midst of a transaction
        for kind, ends in self._at_work.items():
            if self.loop.at < ends:
                self.met[kind, point] += 1
        if self.crash_at and self.crash_at[0] == node.name and self.crash_at[1] == point:
            name, _, left = self.crash_at
            self.crash_at = (name, point, left - 1) if left > 1 else None
            if left <= 1:
                self.met["crash", point] += 1
                node.die(f"at {point}, {points.POINTS[point]}")
                raise Crash(point)

    # ------------------------------------------------------------------------------------- calls from outside

    def node(self) -> Node | None:
        """Some node that answers, as a load balancer would choose it."""
        up = [n for n in self.nodes if n.alive and n.paused_until <= self.loop.at]
        return self.random.choice(up) if up else None

    async def ask(self, work: Callable[[Node], Awaitable[R]]) -> R | None:
        """Let some node do *work* for a client; None when it did not answer in time, or at all."""
        node = self.node()
        if node is None:
            return None
        task = node.spawn(lambda: work(node))
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                return await task
        except (TimeoutError, Busy):
            return None
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current and current.cancelling():
                raise
            return None

    async def post(self, path: str, body: bytes, kind: str = "application/json") -> int:
        """Send an inbound request; returns the status of the answer, 0 without one."""
        status = 0

        async def work(node: Node) -> int:
            nonlocal status

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: Any) -> None:
                nonlocal status
                status = message.get("status", status)

            headers = [(b"content-type", kind.encode())]
            scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
            await node.ingest(scope, receive, send)
            return status

        answered = await self.ask(work)
        return status if answered is None and status else (answered or 0)

    def setup(self) -> Setup:
        """What a node is set up with. What was read of a runbook is shared: a version never changes."""
        books = self.books
        return Setup(self.plugins, self.secrets, "http://tocsin.example.org", b"secret", Path("/nowhere"), books)

    def edit_runbook(self, text: str | None = None) -> None:
        """Put another edition of the organization's runbook in force, on some node."""
        self.editions += 1
        drawn, more = Random(f"runbook {self.seed} {self.editions}"), ACTIONS if self.acting else ""
        text = text or runbook(drawn, edition=self.editions, more=more)
        assert self.base
        reading = self.base.write_now(configure.adopt, self.setup(), text)
        if reading.runbook:
            self.oracle.runbooks[reading.version] = (text, reading.runbook)
            self.note(f"runbook edition {self.editions} is in force")

    def storm(self) -> None:
        """Everything that is watched breaks at once."""
        system = self.monitoring[0]
        self._storms = [self.loop.create_task(system.condition(*check)) for check in system.storm()]

    def jump(self, seconds: float) -> None:
        """The machine's clock is set."""
        self.shift += timedelta(seconds=seconds)
        self.fault_now()
        self.oracle.jumped()
        for node in self.nodes:  # a worker looks at the clock at least once a second
            self.loop.call_later(1.0, node.db._tell, frozenset({"wake"}))

    def close(self) -> None:
        """Give back what the run held."""
        points.arm(None)
        with contextlib.suppress(RuntimeError):
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        for node in self.nodes:
            if not node.db.memory:
                node.db.close()
        if self.base:
            self.base.close()


STARTS: Final = (  # days on which clocks change somewhere, and an ordinary one
    datetime.fromisoformat("2026-11-23T06:00:00+00:00"), datetime.fromisoformat("2026-03-28T12:00:00+00:00"),
    datetime.fromisoformat("2026-10-24T18:00:00+00:00"), datetime.fromisoformat("2026-04-04T09:00:00+00:00"),
    datetime.fromisoformat("2026-09-05T20:00:00+00:00"), datetime.fromisoformat("2026-09-19T18:00:00+00:00"),
    datetime.fromisoformat("2026-10-03T10:00:00+00:00"), datetime.fromisoformat("2028-02-28T12:00:00+00:00"),
)  # fmt: skip


@cache
def _in_memory() -> Engine:
    """One engine for all runs of a process, with a new database for each: it knows its statements from before."""
    return sqlite.engine(MEMORY, memory=True, patience=BUSY_SECONDS)


@cache
def _schema(engine: Engine) -> str:
    made: list[DDLElement] = [CreateTable(table) for table in metadata.sorted_tables]
    made += [CreateIndex(index) for table in metadata.sorted_tables for index in table.indexes]
    return ";".join([*(str(ddl.compile(engine)) for ddl in made), *WORDS_INDEX_SQLITE])


def _empty(base: Database) -> Any:
    """Empty the store and make its tables; returns the driver's connection to one in memory, None for another."""
    if not base.memory:
        metadata.drop_all(base.engine)
        metadata.create_all(base.engine)
        return None
    base.engine.dispose()
    driver: Any = base.engine.raw_connection().driver_connection
    driver.executescript(_schema(base.engine))
    return driver


@cache
def _plugins() -> Plugins:
    return plugins.load()


def start_of(seed: int) -> datetime:
    """When the world of a seed begins."""
    return STARTS[seed % len(STARTS)]
