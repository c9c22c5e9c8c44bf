"""What only PostgreSQL has: finding the server to write to, asking what became of a COMMIT, hearing other nodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any, Final

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from tocsin.store.faults import Again, Unsure, named

BEAT_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 1.0  # between two tries to listen; meanwhile everybody polls
LOOK_UP_SECONDS: Final = 3.0  # how long the outcome of a COMMIT is looked for whose answer was lost
# Seconds, the last one milliseconds: a server that went away without a word is noticed.
PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 2, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}  # fmt: skip
# A commit that returns is durable; a node that stops in a transaction holds up others for 5 s. A standby refuses this.
BEGIN_SESSION: Final = """
SELECT set_config('idle_in_transaction_session_timeout', '5s', false), set_config('lock_timeout', '5s', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
"""

log = structlog.get_logger("tocsin.store")


class Session(psycopg.Connection[Any]):
    """A connection that knows to which history of the database it writes: each promotion begins a new timeline."""

    servers: Servers
    timeline = 0

    def begin(self, servers: Servers) -> None:
        """Settle what holds for the whole connection. Raises psycopg.Error where nothing can be written."""
        self.servers = servers
        row = self.execute(BEGIN_SESSION).fetchone()
        if not self.autocommit:
            self.commit()
        self.timeline = row[-1] if row else 0

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Wait for the server, as every statement does, and not for ever where that would hold up a node."""
        return super().wait(self._patiently(gen) if self.servers.patience else gen, *args, **options)

    def _patiently(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        until = monotonic() + (self.servers.patience or 0)
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > until:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"timeout: no answer for {self.servers.patience:.0f} s")
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value


class Servers:
    """
    The servers behind one address, which libpq reads: several hosts, and `target_session_attrs`.

    All of them are asked, and of those that take writes the one with the highest timeline is good. The highest that
    was seen is remembered: an old primary that comes back as one is not written to.
    """

    def __init__(self, url: str, application: str) -> None:
        """*application* is how the server lists our connections."""
        self.application = application
        self.patience: float | None = None  # seconds for one answer; then the connection is given up
        self._each = _each(url)
        self._newest = 0  # the highest timeline seen
        self._lock = threading.Lock()
        self.engine = create_engine("postgresql+psycopg://", creator=self.connect, pool_pre_ping=True)
        event.listen(self.engine, "checkout", self._checked_out)

    def connect(self, **options: Any) -> Session:
        """
        Connect to the one that is to be written to.

        Raises:
            psycopg.OperationalError: no server takes writes, or only one that was overtaken.
        """
        with ThreadPoolExecutor(len(self._each)) as pool:
            tried = list(
                pool.map(lambda one: self._try(one, {"application_name": self.application, **options}), self._each)
            )
        sessions = sorted((one for one in tried if isinstance(one, Session)), key=lambda one: -one.timeline)
        for other in sessions[1:]:
            other.close()
        if not sessions:
            raise psycopg.OperationalError("; ".join(dict.fromkeys(str(error).strip() for error in tried)))
        if self.overtaken(sessions[0]):
            sessions[0].close()
            raise psycopg.OperationalError(
                f"this connection is to an old primary (timeline {sessions[0].timeline}; a newer one was seen)"
            )
        return sessions[0]

    def _try(self, conninfo: str, options: dict[str, Any]) -> Session | psycopg.Error:
        try:
            session = Session.connect(conninfo, **options)
        except psycopg.Error as error:
            return error
        try:
            session.begin(self)
        except psycopg.Error as error:
            session.close()
            return error
        return session

    def _checked_out(self, session: Any, _record: Any, _proxy: Any) -> None:
        """Connections to an old primary leave the pool."""
        if self.overtaken(session):
            raise DisconnectionError

    def overtaken(self, session: Session) -> bool:
        """Say whether a newer timeline than this session's was seen; if not, this one is remembered."""
        with self._lock:
            self._newest = max(self._newest, session.timeline)
        return session.timeline < self._newest

    def look_up(self, number: str, timeline: int, lost: BaseException) -> None:
        """
        Return when the transaction *number*, whose answer was lost, is stored: as durable as any other commit.

        Raises:
            Again: it is not. Unsure: nobody can say, because the database is away, or is another server since: that
                one may have given the number to another transaction.
        """
        until = monotonic() + LOOK_UP_SECONDS
        while monotonic() < until:
            try:
                status = self._status(number, timeline)
            except DBAPIError as error:
                if named(error) is error:
                    break
                status = "away"
            if status == "committed":
                return
            if status == "aborted":
                raise Again(str(lost)) from lost
            if status == "elsewhere":
                break
            sleep(0.05)
        raise Unsure("the answer of the database was lost; whether this is stored is not known") from lost

    def _status(self, number: str, timeline: int) -> str:
        with self.engine.connect() as connection:
            if connection.connection.dbapi_connection.timeline != timeline:  # type: ignore[union-attr]
                return "elsewhere"
            status = connection.exec_driver_sql("SELECT pg_xact_status(%s::xid8)", (number,)).scalar_one()
            if status == "committed":  # here; when a commit of our own is answered the standby has come as far, too
                connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'tocsin', 'look up')")
                connection.commit()
            return str(status)

    def hear(self, channel: str, topics: frozenset[str], heard: Callable[[frozenset[str], int], None]) -> Ear:
        """Begin to listen."""
        return Ear(self, channel, topics, heard)


def _each(url: str) -> list[str]:
    """The address of each host by itself; where there are several, only for writing."""
    known = conninfo_to_dict(url)
    lists = {name: str(known[name]).split(",") for name in ("host", "hostaddr", "port") if known.get(name)}
    count = max((len(values) for values in lists.values()), default=1)
    fixed: dict[str, Any] = {**PATIENCE, **({"target_session_attrs": "read-write"} if count > 1 else {}), **known}
    return [
        make_conninfo(**{**fixed, **{name: values[i % len(values)] for name, values in lists.items()}})
        for i in range(count)
    ]


class Ear:
    """
    Listens, in a thread of its own and on a connection of its own, to what the commits of other nodes touched.

    *heard* is called with what was told and the process id of who told. A dead connection is made anew, one to an old
    primary too; meanwhile all of *topics* may have been missed.
    """

    def __init__(
        self, servers: Servers, channel: str, topics: frozenset[str], heard: Callable[[frozenset[str], int], None]
    ) -> None:
        self.servers, self.channel, self.topics, self.heard = servers, channel, topics, heard
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; returns when the thread has ended."""
        self._closed.set()
        self._thread.join(5)

    def _run(self) -> None:
        again = False
        while not self._closed.is_set():
            try:
                self._listen(again)
            except psycopg.Error as error:
                log.warning("not_listening", why=str(error).partition("\n")[0] or type(error).__name__)
            again = True
            self._closed.wait(AGAIN_SECONDS)

    def _listen(self, again: bool) -> None:
        with self.servers.connect(autocommit=True, application_name="tocsin listener") as connection:
            connection.execute(f"LISTEN {self.channel}".encode())
            if again:
                self.heard(self.topics, 0)
            while not (self._closed.is_set() or self.servers.overtaken(connection)):
                for told in connection.notifies(timeout=BEAT_SECONDS):
                    self.heard(frozenset(told.payload.split()), told.pid)
