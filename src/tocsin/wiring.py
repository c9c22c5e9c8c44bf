"""The only place that joins concrete things; it owns the clock, the randomness and the settings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from tocsin import plugins, runbook_file, settings, zones
from tocsin.core.types import Refused
from tocsin.net import Network, redact
from tocsin.s3 import S3
from tocsin.settings import Settings
from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.store.reserve import FULL, Reserve
from tocsin.store.schema import metadata
from tocsin.store.sound import path_of
from tocsin.usecases import access, configure, connections, people, rehearse, restored, watch
from tocsin.usecases.configure import Setup
from tocsin.usecases.connections import Result
from tocsin.usecases.publish import write_whole

EXAMPLE = Path("examples/proofi/runbook.yaml")
NO_TIME = timedelta(0)
LOCAL_TOKEN, INGEST_FILE, SECRET_FILE, SERVER_FILE = "admin.token", "ingest.key", "secret.key", "server.json"
MADE_FILE = "databases.made"  # the databases that were made from this data directory, one a line
GONE_HELP = "restore a backup with `tocsin restore FILE`, or start anew with `tocsin migrate`"

log = structlog.get_logger("tocsin")
zones.use_wheel()


class NoStart(Exception):  # noqa: N818 - what the matter is
    """Tocsin cannot start. The text is one clear line that says what to do."""


class Clock:
    """
    The process clock: aware UTC. It never goes back and never stands, whatever the machine's does.

    While the machine's clock is behind the last instant given, time goes on by the steady clock. *machine* and
    *steady* (seconds) are read only here. *speed* lets an hour pass in a minute, for rehearsals: no setting gives it.
    """

    def __init__(
        self, machine: Callable[[], datetime] = lambda: datetime.now(UTC), steady: Callable[[], float] = monotonic,
        speed: float = 1.0,
    ) -> None:  # fmt: skip
        self.speed = speed
        begun, begun_steady = machine(), steady()
        self._machine = machine if speed == 1 else lambda: begun + (machine() - begun) * speed
        self._steady = steady if speed == 1 else lambda: begun_steady + (steady() - begun_steady) * speed
        self._last, self._last_steady = begun, begun_steady
        self._behind = self._jumped = NO_TIME
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            machine, steady = self._machine(), self._steady()
            expected = self._last + timedelta(seconds=steady - self._last_steady)
            self._behind = max(self._behind, expected - machine)
            self._jumped = max(self._jumped, machine - expected)
            self._last, self._last_steady = (machine if machine >= self._last else expected), steady
            return self._last

    def resume(self, mark: datetime) -> None:
        """Go on from *mark*, the latest instant that an earlier process kept, if the machine's clock is before it."""
        with self._lock:
            self._behind = max(self._behind, mark - self._last)
            self._last = max(self._last, mark)

    def moved(self) -> tuple[timedelta, timedelta]:
        """How far the machine's clock was behind, and how far it jumped forward, since this was asked last."""
        self()
        with self._lock:
            said = self._behind, self._jumped
            self._behind = self._jumped = NO_TIME
            return said


@dataclass(frozen=True, slots=True)
class House:
    """Everything joined, ready to serve."""

    settings: Settings
    clock: Clock
    db: Database
    setup: Setup


def read_settings(**overrides: object) -> Settings:
    """Read the environment, then put what the command line gave (None: nothing) over it."""
    read = settings.read()
    given = {name: value for name, value in overrides.items() if value is not None}
    changed = replace(read, **given)  # type: ignore[arg-type]
    if "database" in given and "TOCSIN_DATA" not in read.environment:
        changed = replace(changed, data=settings.data_of(changed.database))
    return changed


def open_database(database: str | None = None) -> Database:
    """
    Open the database of this machine, its tables brought up to date.

    Raises:
        NoStart: it is damaged, foreign, newer than this program, gone, or cannot be reached.
    """
    return _open(read_settings(database=database), Clock())


def _open(given: Settings, clock: Clock, *, anew: bool = False) -> Database:
    """Open a database; one that was there before and is gone is only made *anew* when that was asked for."""
    db = Database(given.database, clock)
    try:
        migrate.up_to_date(db, missing="" if anew else _gone(given))
    except migrate.WrongDatabase as error:
        db.close()
        raise NoStart(str(error)) from None
    note_made(given)
    return db


def make_tables(database: str | None) -> None:
    """
    Bring the tables up to date; also make a database anew, in the place of one that is gone.

    Raises:
        NoStart: as `open_database`.
    """
    _open(read_or_refuse(database), Clock(), anew=True).close()


def _gone(given: Settings) -> str:
    """Why an empty database is not one that was never there; empty when it may be made."""
    name, noted = redact(given.database), given.data / MADE_FILE
    with contextlib.suppress(OSError):
        if name not in noted.read_text(encoding="utf-8").splitlines():
            return ""  # others are made from here, this one never was
        return f"the database {name} is gone, it was made from {given.data} before: {GONE_HELP}"
    left = [file for file in (SECRET_FILE, LOCAL_TOKEN, INGEST_FILE, SERVER_FILE) if (given.data / file).exists()]
    if left and given.database.startswith("sqlite"):
        return f"the database {name} is gone, though {given.data} has its {left[0]}: {GONE_HELP}"
    return ""


def note_made(given: Settings) -> None:
    """Keep in the data directory that this database was made, so that its loss is noticed."""
    name, noted = redact(given.database), given.data / MADE_FILE
    known = noted.read_text(encoding="utf-8") if noted.exists() else ""
    if name not in known.splitlines() and given.data.is_dir():
        write_whole(noted, f"{known}{name}\n")


def bucket_access(given: Settings) -> S3:
    """How buckets are reached. Raises NoStart: no key for them is set."""
    if not (given.s3_access_key and given.s3_secret_key):
        raise NoStart("a bucket needs TOCSIN_S3_ACCESS_KEY and TOCSIN_S3_SECRET_KEY")
    return S3(given.s3_endpoint, given.s3_region, given.s3_access_key, given.s3_secret_key)


def read_or_refuse(database: str | None) -> Settings:
    """Read the settings for a command. Raises NoStart."""
    try:
        return read_settings(database=database)
    except settings.WrongSetting as error:
        raise NoStart(str(error)) from None


@contextlib.contextmanager
def opened(database: str | None = None) -> Iterator[Database]:
    """Open the database of this machine for a command, and close it after; what is wrong ends the command."""
    try:
        db = open_database(database)
    except (NoStart, settings.WrongSetting) as error:
        print(f"tocsin: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    try:
        yield db
    finally:
        db.close()


def try_triage(body: bytes, source: str | None, runbook: Path | None) -> list[Any]:
    """
    Say what a payload would do without doing it: under a runbook's file, or in the database of this machine.

    Without either the example runbook is taken.

    Raises:
        NoStart: the source, the payload or the runbook cannot be used.
    """
    if runbook is None and not _has_database(settings.read()):
        runbook = EXAMPLE
    with _without_server(runbook) as (db, setup):
        try:
            return db.write_now(rehearse.rehearse, setup, body, source)
        except Refused as error:
            raise NoStart(str(error)) from None


def try_connections(text: str) -> list[Result]:
    """Test everything that a runbook's text connects, with this machine's environment; without server or database."""
    given = settings.read()
    setup = Setup(plugins.load(), given.environment, given.public_url or "", b"", given.data)
    runbook = runbook_file.read(text, given.environment).runbook
    found = connections.targets(setup, runbook) if runbook else []

    async def run() -> list[Result]:
        network = Network(print, Clock())
        try:
            tests = [connections.begin(target) for target in found if target.is_tested]
            return connections.results(found, await network.each(tests, connections.DEADLINE_SECONDS))
        finally:
            await network.close()

    return asyncio.run(run())


def _has_database(given: Settings) -> bool:
    return not given.database.startswith("sqlite:///") or path_of(given.database).exists()


def ask_oncall(question: Callable[..., Any], *args: Any, runbook: Path | None = None) -> Any:
    """
    Ask who is on call without a server: a runbook's file alone, or the database of this machine.

    Raises:
        NoStart: the file has errors, or there is no database with a runbook in force.
    """
    with _without_server(runbook) as (db, setup):
        return db.read_now(question, setup, *args)


@contextlib.contextmanager
def _without_server(runbook: Path | None) -> Iterator[tuple[Database, Setup]]:
    """A runbook's file alone in a database of its own, or the database of this machine. Raises NoStart."""
    given = settings.read()
    setup = Setup(plugins.load(), given.environment, "", b"", given.data)
    if runbook is None and not _has_database(given):
        path = path_of(given.database)
        raise NoStart(f"no Tocsin answers, and there is no database at {path}: name a runbook with --runbook")
    db = Database("sqlite://", Clock()) if runbook else _open(given, Clock())
    try:
        if runbook:
            metadata.create_all(db.engine)
            reading = db.write_now(configure.adopt, setup, runbook.read_text(encoding="utf-8"))
            if reading.runbook is None:
                raise NoStart(f"the runbook has errors; see tocsin check {runbook}")
        yield db, setup
    except (configure.NoRunbook, OSError, UnicodeDecodeError) as error:
        raise NoStart(str(error)) from None
    finally:
        db.close()


def build(given: Settings, clock: Clock | None = None) -> House:
    """
    Join settings, database, integrations and runbook.

    Raises:
        NoStart: with one line on what to do.
    """
    try:
        given.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoStart(f"the data directory {given.data} cannot be made: {error.strerror}") from None
    clock = clock or Clock()
    db = Database(given.database, clock)
    db.asks_clock = not db.sqlite
    try:
        with migrate.alone(db):
            return _joined(given, clock, db)
    except (migrate.WrongDatabase, OSError) as error:
        db.close()
        raise NoStart(str(error)) from None


def _joined(given: Settings, clock: Clock, db: Database) -> House:
    """Join what belongs together, while no other process starts on the same database."""
    migrate.up_to_date(db, missing=_gone(given))
    note_made(given)
    _keep_reserve(given, db)
    mark = db.read_now(watch.high_mark)
    if mark and not db.asks_clock:
        clock.resume(mark)
    secret = given.secret_key or _own_secret(given.data / SECRET_FILE, secrets.token_urlsafe(32))
    public = given.public_url or f"http://{host_name(given.host)}:{given.port}"
    setup = Setup(
        plugins.load(), given.environment, public, secret.encode(), given.data, is_public=bool(given.public_url)
    )  # fmt: skip
    if not db.write_now(configure.claim_key, setup):
        raise NoStart("TOCSIN_SECRET_KEY differs from the key that this database was started with; use the same one")
    _adopt(db, setup, given.runbook)
    db.write_now(restored.begin, setup)
    db.write_now(people.plan_tests, setup)
    return House(given, clock, db, setup)


def _keep_reserve(given: Settings, db: Database) -> None:
    """Keep room back on the disk of a SQLite file, where its file system can."""
    if not db.sqlite or db.memory or not given.reserve_mb:
        return
    reserve = Reserve(path_of(given.database), given.reserve_mb)
    try:
        reserve.make()
    except OSError as error:
        log.warning("no_reserve", why=error.strerror)
        return
    db.reserve = reserve
    if reserve.spent:
        db.trouble = FULL, db.clock()


def host_name(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound


def _own_secret(path: Path, new: str) -> str:
    """Read a secret of this machine, made at the first start; only its owner can read the file."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new)
    return path.read_text(encoding="utf-8").strip()


def _adopt(db: Database, setup: Setup, path: Path | None) -> None:
    """Put the runbook's file in force. A bad one is refused with its errors, unless a good one is in force already."""
    known = db.read_now(configure.get_meta, configure.IN_FORCE)
    path = path or (EXAMPLE if known is None and EXAMPLE.exists() else None)
    if path is None:
        if known is None:
            raise NoStart("there is no runbook: `tocsin init` writes a starter, `tocsin serve --runbook FILE` uses it")
        return
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoStart(f"cannot read the runbook {path}: {error}") from None
    reading = db.write_now(configure.adopt, setup, text)
    if reading.runbook is None:
        problems = "\n".join(f"  {problem}" for problem in reading.errors)
        if known is None:
            raise NoStart(f"the runbook {path} has errors:\n{problems}")
        print(f"The runbook {path} has errors; the version in force stays:\n{problems}", file=sys.stderr)


def install_credentials(house: House) -> tuple[str, str]:
    """Make sure of an ingest key and an admin token for this machine; returns both in the clear."""
    given, db = house.settings, house.db
    ingest = given.ingest_key or _own_secret(given.data / INGEST_FILE, f"ingest_{secrets.token_urlsafe(24)}")
    token = given.admin_token or _own_secret(given.data / LOCAL_TOKEN, f"tocsin_{secrets.token_urlsafe(24)}")
    db.write_now(access.install_fixed, "ingest", ingest, name="first", source="*")
    db.write_now(access.install_fixed, "token", token, name="admin", role="admin")
    return ingest, token


def client_settings() -> tuple[str, str]:
    """The address and token of the server that commands talk to: from the environment, else of this machine's own."""
    given = settings.read()
    known: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads((given.data / SERVER_FILE).read_text(encoding="utf-8"))
    url = given.url or known.get("url") or f"http://127.0.0.1:{given.port}"
    return url, given.token or given.admin_token or known.get("token", "")
