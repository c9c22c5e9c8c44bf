"""Connect, write in groups, read."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from tocsin.store import sqlite
from tocsin.store.faults import Again, Busy, Unsure, cut, named, named_whole
from tocsin.store.fixed import say
from tocsin.store.reserve import FULL, Reserve
from tocsin.store.tx import (
    Tx,
    among,
    insert_missing,
    insert_new,
    insert_rows,
    listed,
    lock_rows,
    one_at_a_time,
    size_of,
    update_rows,
    waits_for_standby,
)

if TYPE_CHECKING:
    from tocsin.store.postgres import Ear, Servers

__all__ = [
    "Again", "Busy", "Database", "Tx", "Unsure", "among", "insert_missing", "insert_new", "insert_rows", "listed",
    "lock_rows", "one_at_a_time", "size_of", "update_rows", "waits_for_standby",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
I = TypeVar("I")  # noqa: E741 - an item of a batch

BUSY_SECONDS = 5.0  # reliability.md section 1: then 503
QUEUE_LIMIT = 2_000  # waiting writes; reliability.md section 1
GROUP_LIMIT = 512  # writes that share one commit
APPLICATION = "tocsin"  # how PostgreSQL lists our connections
TRIES = 4  # of one commit, when another node was faster or a connection was dead
CHANNEL = "tocsin"  # of LISTEN and NOTIFY
TOLD = frozenset({"outbox", "wake", "runbook", "keys", "incidents"})  # what other nodes are told of
PATIENCE_SECONDS = 10.0  # for one answer of PostgreSQL, while others wait


@dataclass(slots=True)
class _Job:
    usecase: Callable[..., Any]
    args: tuple[Any, ...]
    batch: bool
    loop: asyncio.AbstractEventLoop | None
    waiter: asyncio.Future[Any] | None = None
    outcome: Any = None
    error: BaseException | None = None


class Database:
    """
    The one database of a process: a single writer that groups what waits into one durable commit, and readers.

    A use case is called with the transaction and its own arguments. It may be called again when the commit it shared
    had to be undone because of another one, so it changes nothing but the database.
    """

    def __init__(self, url: str, clock: Callable[[], datetime], engine: Engine | None = None) -> None:
        self.url = url
        self.clock = clock
        self.sqlite = url.startswith("sqlite")
        self.memory = url in {"sqlite://", "sqlite:///:memory:"}
        self._servers = None if self.sqlite else _servers(url)
        self.engine = engine or (
            self._servers.engine if self._servers else sqlite.engine(url, memory=self.memory, patience=BUSY_SECONDS)
        )
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._jobs: deque[_Job] = deque()  # what senders wait for: shed first
        self._first: deque[_Job] = deque()  # what the worker and people wait for: never behind a storm
        self._wake = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._writer: Connection | None = None
        self._lock = threading.RLock()  # one writer at a time, also when several threads write directly
        self._readers = ThreadPoolExecutor(2, "reader") if not self.memory else None
        self._kept = ThreadPoolExecutor(2, "kept") if not self.memory else None  # readers behind which no view stands
        self.asks_clock = False  # several nodes judge due times by the database's clock, not by their own
        self.trouble: tuple[str, datetime] | None = None  # why nothing could be stored just now, and since when
        self._session: Any = None  # on PostgreSQL: the writer's connection as the driver has it
        self._ear: Ear | None = None
        self.reserve: Reserve | None = None  # while it is spent, what senders wait for is refused
        self.commits = 0  # for the measure of how well grouping works
        self.writes = 0

    # ----------------------------------------------------------------------------------------- writing

    def listen(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Call *listener* after each commit with what it touched, in the thread of the event loop if there is one."""
        self._listeners.append(listener)

    def hear_others(self) -> None:
        """
        Tell the listeners, in this event loop, also of what the commits of other nodes touch. SQLite has no others.

        A hint that shortens a sleep: while nobody can listen everybody polls. From now on a server that does not answer
        is given up: somebody waits.
        """
        if self._servers is None or self._ear:
            return
        loop = asyncio.get_running_loop()

        def heard(topics: frozenset[str], backend: int) -> None:
            session = self._session
            if not self._closed and (session is None or backend != session.info.backend_pid):
                loop.call_soon_threadsafe(self._tell, topics)

        self._servers.patience = PATIENCE_SECONDS
        self._ear = self._servers.hear(CHANNEL, TOLD, heard)

    async def write(self, usecase: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """
        Run *usecase* in a transaction and return its result when that is durable.

        Raises:
            Busy: nothing was stored; try again later. Unsure: it may be stored; doing it again is harmless. Whatever
                else the use case raised; nothing of it was stored.
        """
        call = (lambda tx: usecase(tx, *args, **kwargs)) if kwargs else usecase
        result: R = await self._submit(call, () if kwargs else args, batch=False)
        return result

    async def write_batched(self, usecase: Callable[[Tx, list[I]], list[R]], item: I) -> R:
        """Run *usecase* once for all items that wait for it, in one transaction; returns the result for *item*."""
        result: R = await self._submit(usecase, (item,), batch=True)
        return result

    def write_now(self, usecase: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run *usecase* in a transaction of its own, in this thread: for the command line, start-up and tests."""
        with self._lock:
            job = _Job(lambda tx: usecase(tx, *args, **kwargs), (), False, None)
            touched = self._commit([job])
        self._tell(touched)
        if job.error:
            raise job.error
        result: R = job.outcome
        return result

    async def _submit(self, usecase: Callable[..., Any], args: tuple[Any, ...], *, batch: bool) -> Any:
        queue = self._jobs if batch else self._first
        if len(queue) >= QUEUE_LIMIT:
            raise Busy("too many writes wait")
        if batch and self.reserve and self.reserve.spent:
            raise Busy(FULL)
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        job = _Job(usecase, args, batch, loop, waiter)
        if self._thread is None:
            self._start()
        with self._wake:
            queue.append(job)
            self._wake.notify()
        return await waiter

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not (self._first or self._jobs or self._closed):
                    self._wake.wait()
                if self._closed and not (self._first or self._jobs):
                    return
                first = _taken(self._first, GROUP_LIMIT)
                later = _taken(self._jobs, GROUP_LIMIT - len(first))
            # Where there are other nodes, what senders wait for may have to wait for one of them: nobody else is to.
            for jobs in [first + later] if self.sqlite else [first, later]:
                if jobs:
                    self._serve_group(jobs)

    def _serve_group(self, jobs: list[_Job]) -> None:
        with self._lock:
            touched = self._commit(jobs)
        if jobs[0].loop:  # one call into the loop for all that wait: each costs a wake-up
            jobs[0].loop.call_soon_threadsafe(self._settle, jobs, touched)

    def _commit(self, jobs: list[_Job]) -> frozenset[str]:
        """
        Run *jobs* in one transaction; returns what it touched.

        What fails alone is undone alone; if the commit fails, all of it is undone. Where another node was faster, or
        the connection turns out to be dead before COMMIT was sent, nothing happened yet: it is all done again.
        """
        fault: BaseException = Busy("another node was faster")
        for _ in range(TRIES):
            for job in jobs:
                job.error = None
            try:
                return self._attempt(jobs)
            except Again as again:
                fault = again
            except BaseException as error:  # noqa: BLE001 - nothing may get past here: the writer's thread must live
                if self.reserve and self.reserve.give(error):
                    return self._from_reserve(jobs)
                fault = named(error)
                break
        if isinstance(fault, Again) and isinstance(fault.__cause__, IntegrityError):
            fault = fault.__cause__  # no other node is that fast: it is wrong
        if len(jobs) > 1 and not isinstance(fault, Busy):
            return frozenset().union(*(self._commit([job]) for job in jobs))
        for job in jobs:
            job.error = job.error or self._trouble(fault)
        return frozenset()

    def _attempt(self, jobs: list[_Job]) -> frozenset[str]:
        """One try of `_commit`. Raises Again when nothing was stored and the next try may do better."""
        connection, number = self._begin(), None
        try:
            tx, xid = self._opened(connection)
            groups = list(_groups(jobs))
            for group in groups:
                self._run(tx, group, alone=len(groups) == 1)
            self._notify(tx)
            number = xid
            self._end(connection, "COMMIT")
        except BaseException as error:
            self._abandon(connection)
            if not (self._servers and number and cut(error)):
                if (name := named_whole(error)) is error:
                    raise  # nothing is its own cause
                raise name from error
            self._servers.look_up(number, self._session.timeline, error)
        put_off = next((job.error for job in jobs if isinstance(job.error, Busy)), None)
        if put_off:  # a commit in which somebody waited in vain is no sign that all is well
            self._trouble(put_off)
        elif self.reserve is None or self.reserve.whole():
            self.trouble = None
        self.commits += 1
        self.writes += len(jobs)
        return frozenset(tx.touched)

    def _from_reserve(self, jobs: list[_Job]) -> frozenset[str]:
        """Run again what must be recorded though the storage is full; what a sender has kept is refused."""
        self.trouble = FULL, self.clock()
        kept = [job for job in jobs if not job.batch]
        for job in jobs:
            job.error = Busy(FULL) if job.batch else None
        return self._commit(kept) if kept else frozenset()

    def _trouble(self, error: BaseException) -> BaseException:
        """Remember since when nothing can be stored, if that is what this fault says."""
        if isinstance(error, Busy):
            self.trouble = str(error), (self.trouble[1] if self.trouble else self.clock())
        return error

    def _opened(self, connection: Connection) -> tuple[Tx, str]:
        """Start a transaction; on PostgreSQL with its number, by which its outcome can be looked up later."""
        if self.sqlite:
            return Tx(connection, self._now(connection), True), ""
        now, number = connection.exec_driver_sql("SELECT clock_timestamp(), pg_current_xact_id()::text").one()
        now = now.astimezone(UTC) if self.asks_clock else self.clock()
        return Tx(connection, now, False, asks_clock=self.asks_clock), number

    def _notify(self, tx: Tx) -> None:
        """Tell other nodes, with the commit, what it touched: a hint that shortens their sleep, and no more."""
        if not self.sqlite and (topics := tx.touched & TOLD):
            tx.connection.exec_driver_sql("SELECT pg_notify(%s, %s)", (CHANNEL, " ".join(sorted(topics))))

    def _run(self, tx: Tx, group: list[_Job], *, alone: bool = False) -> None:
        """
        Run one use case, or one batch; when a batch fails, its items are tried one by one.

        *alone* in its transaction a group needs no savepoint: a failure undoes the transaction.
        """
        if alone:
            _call(tx, group)
            return
        touched = set(tx.touched)
        savepoint = tx.say
        savepoint("SAVEPOINT job")
        try:
            _call(tx, group)
            savepoint("RELEASE SAVEPOINT job")
        except Exception as error:
            fault = named_whole(error)
            if isinstance(fault, Again):
                raise fault from error  # it ends the whole transaction
            savepoint("ROLLBACK TO SAVEPOINT job")
            savepoint("RELEASE SAVEPOINT job")
            tx.touched = touched
            if len(group) == 1 or isinstance(fault, Busy):
                for job in group:
                    job.error = fault
                return
            for job in group:
                self._run(tx, [job])

    def _begin(self) -> Connection:
        if self._session and self._servers and self._servers.overtaken(self._session):
            self._let_go()
        if self._writer is None or self._writer.closed or self._writer.invalidated:
            self._writer = self.engine.connect()
            self._session = None if self.sqlite else self._writer.connection.dbapi_connection
        if self.sqlite:
            say(self._writer, "BEGIN IMMEDIATE")
        elif not self._writer.in_transaction():
            self._writer.begin()
        return self._writer

    def _end(self, connection: Connection, how: str) -> None:
        if self.sqlite:
            say(connection, how)
            if connection.in_transaction():  # SQLAlchemy's own bookkeeping: the driver is in autocommit
                connection.commit()
        elif how == "COMMIT":
            connection.commit()
        else:
            connection.rollback()

    def _abandon(self, connection: Connection) -> None:
        """Undo a transaction. On PostgreSQL a connection that failed is looked at again before its next use."""
        try:
            self._end(connection, "ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the next commit gets a new one
            self._writer = None
            with suppress(Exception):
                connection.invalidate()
        if not self.sqlite:
            self._let_go()

    def _let_go(self) -> None:
        """Give the writer's connection back to the pool, which looks whether it is still good."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer.close()

    def _now(self, connection: Connection) -> datetime:
        if not self.asks_clock:
            return self.clock()
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def _tell(self, touched: frozenset[str]) -> None:
        if touched:
            for listener in self._listeners:
                listener(touched)

    def _settle(self, jobs: list[_Job], touched: frozenset[str]) -> None:
        """Answer those who wait, then tell the listeners; in the thread of the event loop."""
        for job in jobs:
            if job.waiter is None or job.waiter.done():
                continue
            if job.error:
                job.waiter.set_exception(job.error)
            else:
                job.waiter.set_result(job.outcome)
        self._tell(touched)

    # ----------------------------------------------------------------------------------------- reading

    async def read(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run *query* on a reader's snapshot, beside the writer."""
        return await self._read_in(self._readers, lambda: self.read_now(query, *args, **kwargs))

    async def read_first(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same for what pages and what takes alerts in: it waits for no view, however many are asked for."""
        return await self._read_in(self._kept, lambda: self.read_now(query, *args, **kwargs))

    async def _read_in(self, readers: ThreadPoolExecutor | None, read: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(readers, read) if readers else read()

    def read_now(self, query: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run *query* in this thread. Raises Busy when the database does not answer."""
        if self.memory:
            with self._lock:
                connection = self._writer or self.engine.connect()
                self._writer = connection
                return query(Tx(connection, self.clock(), True), *args, **kwargs)
        try:
            with self.engine.connect() as connection:
                if self.sqlite:
                    say(connection, "BEGIN")
                try:
                    return query(Tx(connection, self._now(connection), self.sqlite), *args, **kwargs)
                finally:
                    self._end(connection, "ROLLBACK")
        except DBAPIError as error:
            if (name := named(error)) is error:
                raise
            raise name from error

    def close(self) -> None:
        """Finish what waits and close every connection."""
        self._closed = True
        if self._ear:
            self._ear.close()
        with self._wake:
            self._wake.notify()
        if self._thread:
            self._thread.join()
        for readers in (self._readers, self._kept):
            if readers:
                readers.shutdown()
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()


def _taken(queue: deque[_Job], most: int) -> list[_Job]:
    return [queue.popleft() for _ in range(min(len(queue), most))]


def _call(tx: Tx, group: list[_Job]) -> None:
    first = group[0]
    if not first.batch:
        first.outcome = first.usecase(tx, *first.args)
        return
    for job, result in zip(group, first.usecase(tx, [job.args[0] for job in group]), strict=True):
        job.outcome = result


def _groups(jobs: list[_Job]) -> Iterable[list[_Job]]:
    """Put neighbours of one batched use case together; the order of the others stays."""
    group: list[_Job] = []
    for job in jobs:
        if group and not (job.batch and group[0].batch and job.usecase == group[0].usecase):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _servers(url: str) -> Servers:
    from tocsin.store.postgres import Servers  # noqa: PLC0415 - slow to load, and needed only where PostgreSQL is

    return Servers(url, APPLICATION)
