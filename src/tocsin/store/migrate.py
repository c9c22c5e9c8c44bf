"""Bring the tables up to date, and refuse a database that is damaged, foreign or newer than this program."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tocsin.store.db import Database

HEAD: Final = "0002"  # the newest migration of this program; a test holds it against the files
HERE: Final = Path(__file__).parent / "migrations"
START_LOCK: Final = 7_486_269_431  # any number that no other program takes for an advisory lock of its own


class WrongDatabase(Exception):  # noqa: N818 - what it is
    """The database cannot be used. The text is one clear line; nothing was changed."""


def up_to_date(db: Database) -> bool:
    """
    Make or migrate the tables; says whether the database was made by this call.

    Raises:
        WrongDatabase: damaged, foreign, made by a newer Tocsin, or out of reach.
    """
    if db.sqlite and not db.memory:
        _check_file(db.url.removeprefix("sqlite:///"))
    version = _version(db)
    if version == HEAD:
        return False
    if version is not None and not list(HERE.glob(f"versions/{version}_*.py")):
        raise WrongDatabase(
            f"the database is at version {version}, which this Tocsin does not know: start the newer one that made it"
        )
    _run(db)
    return version is None


@contextmanager
def alone(db: Database) -> Iterator[None]:
    """Keep other processes that start on the same database waiting: one after the other makes and fills its tables."""
    if db.memory:
        yield
    elif db.sqlite:
        folder = Path(db.url.removeprefix("sqlite:///")).parent
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)  # on the folder: a lock file of its own would be left behind
            yield
        finally:
            os.close(opened)
    else:
        with _reached(db) as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": START_LOCK})
            yield  # the lock ends with its connection, however this process ends
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": START_LOCK})


@contextmanager
def _reached(db: Database) -> Iterator[Connection]:
    try:
        connection = db.engine.connect()
    except DBAPIError as error:
        raise WrongDatabase(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from None
    with connection:
        yield connection


def _check_file(path: str) -> None:
    file = Path(path)
    if file.exists() and file.stat().st_size > 0:
        with file.open("rb") as opened:
            if opened.read(16) != b"SQLite format 3\x00":
                raise WrongDatabase(f"{path} is no SQLite database: restore a backup, or name another file")


def _version(db: Database) -> str | None:
    """The migration that the tables are at; None for a database without any table."""
    try:
        with db.engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            if "alembic_version" in tables:
                row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
                return str(row[0]) if row else None
    except DBAPIError as error:
        raise WrongDatabase(f"the database cannot be used: {str(error.orig).splitlines()[0]}") from None
    if tables:
        raise WrongDatabase(f"the database holds other tables ({', '.join(sorted(tables)[:3])}): name an empty one")
    return None


def _run(db: Database) -> None:
    from alembic import command  # noqa: PLC0415 - slow to load, and needed only when something changes
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if connection.in_transaction():
            connection.commit()
