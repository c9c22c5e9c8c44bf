"""Bring the tables up to date, and refuse a database that is damaged, foreign or newer than this program."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tocsin.points import passing
from tocsin.store.db import BUSY_SECONDS, Database
from tocsin.store.sound import WrongDatabase, check_file, is_there, path_of

__all__ = [
    "HEAD", "HERE", "LEAST", "LOCK", "WrongDatabase", "alone", "held_by", "is_known", "step", "up_to_date",
    "version_of",
]  # fmt: skip

HEAD: Final = "0020"  # the newest migration of this program; a test holds it against the files
HERE: Final = Path(__file__).parent / "migrations"
LEAST: Final = "least_version"  # in meta: the oldest program, by its HEAD, that may run on these tables
LOCK: Final = 0x70C51  # PostgreSQL's advisory lock of whoever changes the tables
LOCK_WAIT_SECONDS: Final = 60  # for another process that migrates
START_LOCK: Final = 7_486_269_431  # any number that no other program takes for an advisory lock of its own


def up_to_date(db: Database, *, missing: str = "") -> bool:
    """
    Make or migrate the tables; says whether the database was made by this call.

    Args:
        missing: Why a database without tables is not made anew, as the text of the refusal; empty: make it.

    Raises:
        WrongDatabase: damaged, foreign, made by a newer Tocsin, or out of reach.
    """
    version = held_by(db)
    if version is None and missing:
        raise WrongDatabase(missing)
    if version == HEAD:
        return False
    if version is not None and not is_known(version):
        return False  # newer, but it lets this program work
    try:
        with db.engine.connect() as connection:
            _upgrade(connection, sqlite=db.sqlite)
    except DBAPIError as error:
        raise _unusable(error) from None
    return version is None


@contextmanager
def alone(db: Database) -> Iterator[None]:
    """Keep other processes that start on the same database waiting: one after the other makes and fills its tables."""
    if db.memory:
        yield
    elif db.sqlite:
        with _locked(path_of(db.url).parent):
            yield
    else:
        with _reached(db) as connection:
            _patient(connection)
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": START_LOCK})
            yield  # the lock ends with its connection, however this process ends
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": START_LOCK})


def _patient(connection: Connection) -> None:
    """Let this transaction of PostgreSQL wait for another process, and hold what it has, for as long as that takes."""
    for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {name} = 0"))


@contextmanager
def _reached(db: Database) -> Iterator[Connection]:
    try:
        connection = db.engine.connect()
    except DBAPIError as error:
        raise WrongDatabase(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from None
    with connection:
        yield connection


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder: a lock file of its own would be left behind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise WrongDatabase(f"{folder} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def held_by(db: Database) -> str | None:
    """
    The version that the database's tables are at; None where there are none. Nothing is made.

    Raises:
        WrongDatabase: as `up_to_date`.
    """
    if db.sqlite and not db.memory:
        path = path_of(db.url)
        check_file(path)
        if not is_there(path):
            return None
    try:
        with db.engine.connect() as connection:
            return version_of(connection)
    except DBAPIError as error:
        raise _unusable(error) from None


def _unusable(error: DBAPIError) -> WrongDatabase:
    return WrongDatabase(f"the database cannot be used: {str(error.orig).splitlines()[0]}")


def is_known(version: str) -> bool:
    """Say whether this program has the migration of that name."""
    return version.isalnum() and any(HERE.glob(f"versions/{version}_*.py"))


def version_of(connection: Connection) -> str | None:
    """The migration that the tables are at; None for a database without any table. Raises WrongDatabase."""
    tables = set(inspect(connection).get_table_names())
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first() if (
        "alembic_version" in tables
    ) else None  # fmt: skip
    theirs = sorted(tables - {"alembic_version"})
    if row is None and not theirs:
        return None
    if row is None or not {"meta", "incidents"} <= tables:
        raise WrongDatabase(f"the database holds other tables ({', '.join(theirs[:3])}): name an empty one")
    version = str(row[0])
    if not is_known(version) and not _lets_us(connection):
        raise WrongDatabase(
            f"the database is at version {version}, which this Tocsin does not know: start the newer one that made it"
        )
    return version


def _lets_us(connection: Connection) -> bool:
    """Say whether newer tables may be used by this program: each migration notes the oldest one that still may."""
    row = connection.execute(text("SELECT value FROM meta WHERE key = :key"), {"key": LEAST}).first()
    return row is not None and str(row[0]) <= HEAD


def _begin(connection: Connection, *, sqlite: bool) -> None:
    """Begin the transaction of somebody who changes the tables, and wait until nobody else does."""
    if sqlite:  # the driver begins none by itself, and SQLite changes tables in a transaction as well as rows
        connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_WAIT_SECONDS * 1000}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        _patient(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _end(connection: Connection, how: str, *, sqlite: bool) -> None:
    """End that transaction: COMMIT or ROLLBACK."""
    if sqlite:
        connection.exec_driver_sql(how)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    if how == "COMMIT":
        connection.commit()
    else:
        connection.rollback()


def _upgrade(connection: Connection, *, sqlite: bool) -> None:
    """
    Take one migration after the other, each in a transaction of its own with its version.

    A process that dies leaves whole steps; the next start takes the rest. Two that start at once take each step once.
    """
    while True:
        _begin(connection, sqlite=sqlite)
        try:
            version = version_of(connection)
            if version is not None and (version >= HEAD or not is_known(version)):
                _end(connection, "ROLLBACK", sqlite=sqlite)
                return
            passing("M1")
            step(connection, "+1")
            passing("M2")
            _end(connection, "COMMIT", sqlite=sqlite)
        except BaseException:
            _end(connection, "ROLLBACK", sqlite=sqlite)
            raise
        passing("M3")


def step(connection: Connection, to: str) -> None:
    """Run migrations up to *to* (`+1`, or a version) inside the transaction that is open."""
    from alembic import command  # noqa: PLC0415 - slow to load, and needed only when something changes
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    attributes: dict[Any, Any] = config.attributes
    attributes["connection"] = connection
    command.upgrade(config, to)
