"""Connect, write in groups, read; and the few lines in which SQLite and PostgreSQL differ."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from tocsin.store.reserve import FULL, Reserve

P = ParamSpec("P")
R = TypeVar("R")
I = TypeVar("I")  # noqa: E741 - an item of a batch

BUSY_SECONDS = 5.0  # reliability.md section 1: then 503
CONNECT_SECONDS = 2  # to each host of a PostgreSQL address
QUEUE_LIMIT = 2_000  # waiting writes; reliability.md section 1
GROUP_LIMIT = 512  # writes that share one commit
APPLICATION = "tocsin"  # how PostgreSQL lists our connections


class Busy(Exception):  # noqa: N818 - what the store says of itself
    """The store cannot write now: locked by another process, full, or too many writes wait. Nothing was stored."""


@dataclass(slots=True)
class Tx:
    """
    One transaction. `now` is its instant: aware UTC, from the clock that all due times are judged by.

    `touched` collects what changed (`outbox`, `incident:42`, `wake`): whoever listens is told after the commit.
    """

    connection: Connection
    now: datetime
    sqlite: bool
    touched: set[str] = field(default_factory=set)

    def all(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        return self.connection.execute(statement, parameters).all()

    def first(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters).first()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """
        Undo what happens inside, and nothing else, when it raises.

        Raises:
            Busy: for a fault of the store that passes by itself. Else whatever was raised inside.
        """
        touched = set(self.touched)
        run = self.connection.exec_driver_sql
        run("SAVEPOINT apart")
        try:
            yield
        except Exception as error:
            run("ROLLBACK TO SAVEPOINT apart")
            run("RELEASE SAVEPOINT apart")
            self.touched = touched
            if (known := _busy(error)) is not error:
                raise known from error
            raise
        run("RELEASE SAVEPOINT apart")

    def run(self, statement: Any, parameters: Any = None) -> int:
        """Execute a statement that changes rows; returns how many it changed."""
        return self.connection.execute(statement, parameters).rowcount


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

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.url = url
        self.clock = clock
        self.sqlite = url.startswith("sqlite")
        self.memory = url in {"sqlite://", "sqlite:///:memory:"}
        self.engine = _engine(url, self.memory)
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._jobs: deque[_Job] = deque()  # what senders wait for: shed first
        self._first: deque[_Job] = deque()  # what the worker and people wait for: never behind a storm
        self._wake = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._writer: Connection | None = None
        self._lock = threading.RLock()  # one writer at a time, also when several threads write directly
        self._readers = ThreadPoolExecutor(2, "reader") if not self.memory else None
        self.asks_clock = False  # several nodes judge due times by the database's clock, not by their own
        self.trouble: tuple[str, datetime] | None = None  # why nothing could be stored just now, and since when
        self.reserve: Reserve | None = None  # while it is spent, what senders wait for is refused
        self.commits = 0  # for the measure of how well grouping works
        self.writes = 0

    # ----------------------------------------------------------------------------------------- writing

    def listen(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Call *listener* after each commit with what it touched, in the thread of the event loop if there is one."""
        self._listeners.append(listener)

    async def write(self, usecase: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """
        Run *usecase* in a transaction and return its result when that is durable.

        Raises:
            Busy: nothing was stored; try again later. Whatever else the use case raised; nothing of it was stored.
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
                jobs = _taken(self._first, GROUP_LIMIT)
                jobs += _taken(self._jobs, GROUP_LIMIT - len(jobs))
            with self._lock:
                touched = self._commit(jobs)
            if jobs[0].loop:  # one call into the loop for all that wait: each costs a wake-up
                jobs[0].loop.call_soon_threadsafe(self._settle, jobs, touched)

    def _commit(self, jobs: list[_Job]) -> frozenset[str]:
        """
        Run *jobs* in one transaction; returns what it touched.

        What fails alone is undone alone; if the commit fails, all of it is undone.
        """
        connection: Connection | None = None
        try:
            connection = self._begin()
            tx = Tx(connection, self._now(connection), self.sqlite)
            groups = list(_groups(jobs))
            for group in groups:
                self._run(tx, group, alone=len(groups) == 1)
            self._end(connection, "COMMIT")
        except BaseException as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._abandon(connection)  # nothing may get past here: the writer's thread must live
            if self.reserve and self.reserve.give(error):
                return self._from_reserve(jobs)
            if len(jobs) > 1 and not isinstance(error, DBAPIError):
                return frozenset().union(*(self._commit([job]) for job in jobs))
            for job in jobs:
                job.error = job.error or self._trouble(error)
            return frozenset()
        if self.reserve is None or self.reserve.whole():
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
        """Name a fault of the store, and remember since when nothing can be stored."""
        named = _busy(error)
        if isinstance(named, Busy):
            self.trouble = str(named), (self.trouble[1] if self.trouble else self.clock())
        return named

    def _run(self, tx: Tx, group: list[_Job], *, alone: bool = False) -> None:
        """
        Run one use case, or one batch; when a batch fails, its items are tried one by one.

        *alone* in its transaction a group needs no savepoint: a failure undoes the transaction.
        """
        if alone:
            _call(tx, group)
            return
        touched = set(tx.touched)
        savepoint = tx.connection.exec_driver_sql
        savepoint("SAVEPOINT job")
        try:
            _call(tx, group)
            savepoint("RELEASE SAVEPOINT job")
        except Exception as error:  # noqa: BLE001 - handed to who asked
            savepoint("ROLLBACK TO SAVEPOINT job")
            savepoint("RELEASE SAVEPOINT job")
            tx.touched = touched
            if len(group) == 1:
                group[0].error = _busy(error) if isinstance(error, OperationalError) else error
                return
            for job in group:
                self._run(tx, [job])

    def _begin(self) -> Connection:
        if self._writer is None or self._writer.closed or self._writer.invalidated:
            self._writer = self.engine.connect()
        if self.sqlite:
            self._writer.exec_driver_sql("BEGIN IMMEDIATE")
        elif not self._writer.in_transaction():
            self._writer.begin()
        return self._writer

    def _end(self, connection: Connection, how: str) -> None:
        if self.sqlite:
            connection.exec_driver_sql(how)
            if connection.in_transaction():  # SQLAlchemy's own bookkeeping: the driver is in autocommit
                connection.commit()
        elif how == "COMMIT":
            connection.commit()
        else:
            connection.rollback()

    def _abandon(self, connection: Connection | None) -> None:
        if connection is None:
            return
        try:
            self._end(connection, "ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the next commit gets a new one
            self._writer = None
            with suppress(Exception):
                connection.invalidate()

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
        if self._readers is None:
            return self.read_now(query, *args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(query, *args, **kwargs))

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
                    connection.exec_driver_sql("BEGIN")
                try:
                    return query(Tx(connection, self._now(connection), self.sqlite), *args, **kwargs)
                finally:
                    self._end(connection, "ROLLBACK")
        except OperationalError as error:
            raise _busy(error) from error

    def close(self) -> None:
        """Finish what waits and close every connection."""
        self._closed = True
        with self._wake:
            self._wake.notify()
        if self._thread:
            self._thread.join()
        if self._readers:
            self._readers.shutdown()
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


def _busy(error: BaseException) -> BaseException:
    """Name the faults that pass by themselves; a wrong statement stays what it is, and loud."""
    if not isinstance(error, DBAPIError):
        return error
    words = str(error.orig).lower()
    passing = ("locked", "busy", "disk is full", "disk i/o", "timeout", "connection", "server closed")
    return Busy(str(error.orig)) if any(word in words for word in passing) else error


# --------------------------------------------------------------------------------------------- dialects


def _engine(url: str, memory: bool) -> Engine:
    if url.startswith("sqlite"):
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
        if memory:
            options["poolclass"] = StaticPool
        else:
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _sqlite_connected)
        return engine
    # The client library reads the address itself: it knows several hosts, and which of them takes writes.
    return create_engine("postgresql+psycopg://", creator=lambda: _postgres(url), pool_pre_ping=True)


def _postgres(url: str) -> Any:
    """Connect; a server that is gone without a word is noticed within seconds, not when the kernel gives up."""
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is

    return psycopg.connect(
        url, connect_timeout=CONNECT_SECONDS, keepalives_idle=5, keepalives_interval=2, keepalives_count=2,
        tcp_user_timeout=10_000, application_name=APPLICATION,
    )  # fmt: skip


def _sqlite_connected(connection: sqlite3.Connection, _record: Any) -> None:
    """WAL, and a commit that returns is on disk. The driver begins no transaction by itself."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "temp_store=MEMORY",
        "wal_autocheckpoint=8000",
        "journal_size_limit=67108864",  # a log that grew under a long reader is cut when it starts over
    ):
        connection.execute(f"PRAGMA {pragma}")


def insert_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Insert *rows*, all with the same keys, values as stored (microseconds, JSON as text).

    On SQLite many rows go in as one statement: the driver then gives up the interpreter lock once, not once a row.
    The statements come in a few sizes, so that each is compiled once.
    """
    if not rows:
        return
    if not tx.sqlite:
        tx.connection.execute(insert(table), list(rows))
        return
    names, done = tuple(rows[0]), 0
    for size in INSERT_SIZES:
        while len(rows) - done >= size:
            values = tuple([row[name] for row in rows[done : done + size] for name in names])
            tx.connection.exec_driver_sql(_insert(table.name, names, size), values)
            done += size


INSERT_SIZES = (256, 64, 16, 4, 1)  # rows; 256 of 22 columns stay below SQLite's 32,766 parameters


@cache
def _insert(table: str, names: tuple[str, ...], size: int) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    row = f"({', '.join('?' * len(names))})"
    return f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([row] * size)}'  # noqa: S608 - our own names


def update_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], key: str = "id") -> None:
    """Set columns of many rows: each mapping has the primary key *key* and the same columns, values as stored."""
    if not rows:
        return
    names = tuple(name for name in rows[0] if name != key)
    if not tx.sqlite:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = update(table).where(table.c[key] == bindparam("old_key")).values(values)
        tx.connection.execute(
            statement, [{"old_key": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows]
        )
        return
    sets = ", ".join(f'"{name}" = j.c{i}' for i, name in enumerate(names))
    picks = ", ".join(f"json_extract(value, '$[{i + 1}]') AS c{i}" for i in range(len(names)))
    each = f"SELECT json_extract(value, '$[0]') AS k, {picks} FROM json_each(?)"  # noqa: S608 - our own names
    body = orjson.dumps([[row[key], *(row[name] for name in names)] for row in rows]).decode()
    text_ = f'UPDATE "{table.name}" SET {sets} FROM ({each}) AS j WHERE "{table.name}"."{key}" = j.k'  # noqa: S608
    tx.connection.exec_driver_sql(text_, (body,))


def insert_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row unless its key is there already; says whether it went in."""
    if tx.sqlite:
        statement: Any = insert(table).prefix_with("OR IGNORE")
        return tx.connection.execute(statement, row).rowcount > 0
    from sqlalchemy.dialects.postgresql import insert as pg_insert  # noqa: PLC0415 - only where PostgreSQL is

    new = pg_insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return tx.connection.execute(new, row).first() is not None


def among(sqlite: bool, column: Column[Any], name: str = "values") -> ColumnElement[bool]:
    """Say that *column*, a text, is one of a list bound to *name* with `listed`: one statement for any length."""
    if sqlite:
        each = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(each.c.value))
    bound: BindParameter[Any] = bindparam(name, type_=ARRAY(Text))
    return column == func.any(sql_cast(bound, ARRAY(Text)))


def listed(tx: Tx, values: Iterable[Any]) -> Any:
    """Write the values for `among`."""
    return orjson.dumps(list(values)).decode() if tx.sqlite else list(values)


def lock_rows(tx: Tx, statement: Any) -> Any:
    """On PostgreSQL: lock what is selected and pass over what another node has locked. SQLite has one writer."""
    return statement if tx.sqlite else statement.with_for_update(skip_locked=True)


def size_of(tx: Tx) -> int:
    """Bytes of the database as its own engine counts them."""
    if tx.sqlite:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    return int(tx.connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
