"""Copy the database while it is used, and put a copy in its place. What stands under its final name is whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from tocsin.points import passing
from tocsin.store import migrate, portable
from tocsin.store.db import APPLICATION, Database
from tocsin.store.schema import WORDS_INDEX_SQLITE, metadata
from tocsin.store.sound import MAGIC, WrongDatabase, check_file, full_check, is_there, path_of

RESTORED: Final = "restored"  # in meta: this is a copy. A copy is marked when it is made, however it is put in place
NOT_STARTED: Final = "waits for a start"
DATABASE_END, PORTABLE_END = ".db", ".jsonl.gz"
LEFT_OVER: Final = timedelta(days=1)  # after that a part that was never renamed is a dead process's
GONE_LOOKS: Final = 20  # a tenth of a second apart
SHARED_LOCK: Final = (0x4000_0002, 510)  # first byte and count: what SQLite locks while a database is open


def name_at(now: datetime, end: str) -> str:
    """The name of a copy begun at *now*; names sort by age."""
    return f"tocsin-{now:%Y%m%dT%H%M%SZ}{end}"


def ends_as_backup(target: str) -> bool:
    """Say whether a target names the file itself; anything else names the folder for it."""
    return target.endswith((DATABASE_END, PORTABLE_END))


def write_copy(db: Database, folder: Path, name: str, publish: Callable[[Path], None]) -> None:
    """
    Copy the database as it is now into *folder*, check the copy, and give the finished file to *publish*.

    The ending of *name* says which format it has. The copy says of itself that it is one: it starts in restored mode,
    however it is put in place. Writers are not held up.

    Raises:
        WrongDatabase: the database cannot be read, or the copy is damaged. OSError: the folder cannot take it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))  # it holds what the database holds
    try:
        if name.endswith(DATABASE_END):
            _copy_file(path_of(db.url), part)
        else:
            _copy_rows(db, part)
        _sync(part)
        passing("B2")
        publish(part)
        passing("B3")
    finally:
        part.unlink(missing_ok=True)


def into_place(target: Path) -> Callable[[Path], None]:
    """Return what gives a finished copy its final name, so that a power cut leaves it whole or not there."""

    def rename(part: Path) -> None:
        part.replace(target)
        _sync(target.parent)

    return rename


def remove_old(folder: Path, keep: int, now: datetime) -> list[str]:
    """Remove all but the newest *keep* copies of a folder, and what dead processes left; returns the copies' names."""
    for part in folder.glob(".tocsin-*.part"):
        if now.timestamp() - part.stat().st_mtime > LEFT_OVER.total_seconds():
            part.unlink(missing_ok=True)
    copies = sorted(
        file for end in (DATABASE_END, PORTABLE_END) for file in folder.glob(f"tocsin-????????T??????Z{end}")
    )
    for file in copies[:-keep]:
        file.unlink(missing_ok=True)
    return [file.name for file in copies[:-keep]]


def _copy_file(source: Path, part: Path) -> None:
    """SQLite's own online copy, from one snapshot. The log is folded in, so that the copy is one file."""
    original, copy = sqlite3.connect(source, isolation_level=None), sqlite3.connect(part, isolation_level=None)
    try:
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        passing("B1")
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (RESTORED, NOT_STARTED))
    except sqlite3.DatabaseError as error:
        raise WrongDatabase(f"{source} cannot be copied: {error}") from None
    finally:
        original.close()
        copy.close()
    if why := full_check(part):
        raise WrongDatabase(f"the copy of {source} is damaged ({why}), as the database must be: restore an older one")


def _copy_rows(db: Database, part: Path) -> None:
    """The portable form, from one snapshot."""
    with db.engine.connect() as connection, part.open("wb") as file:
        if db.sqlite:
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        version = migrate.version_of(connection) or ""
        passing("B1")
        keys = [column["name"] for column in inspect(connection).get_columns("meta")]
        own: dict[str, Any] = {"key": RESTORED, "value": NOT_STARTED}

        def keep(table: str, row: Sequence[Any]) -> bool:
            return table != "meta" or row[keys.index("key")] != RESTORED

        portable.dump(connection, version, file, keep, [("meta", [own.get(name) for name in keys])])
        if db.sqlite:
            connection.exec_driver_sql("ROLLBACK")
    portable.check(part)


# --------------------------------------------------------------------------------------------- putting it back


def restore(file: Path, db: Database, now: datetime, *, force: bool = False, new_key: bool = False) -> Path | None:
    """
    Put a copy in the place of the database; it is then in restored mode.

    Args:
        force: Replace a database that has incidents, or that cannot be read.
        new_key: Forget which secret key the database belongs to: the key of old is lost.

    Returns:
        Where the SQLite file that was there before is kept, if there was one.

    Raises:
        WrongDatabase: the copy is damaged, foreign or newer; the database is used, or has incidents and *force* is
            not given. Nothing was changed.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(len(MAGIC))
    except OSError as error:
        raise WrongDatabase(f"{file} cannot be read: {error.strerror}") from None
    is_portable = start.startswith(portable.MAGIC)
    if not is_portable and start != MAGIC:
        raise WrongDatabase(f"{file} is no backup of Tocsin")
    if db.sqlite:
        with migrate.alone(db):
            return _restore_file(file, path_of(db.url), now, is_portable=is_portable, force=force, new_key=new_key)
    if not is_portable:
        raise WrongDatabase(f"{file} is a SQLite file: PostgreSQL takes a backup that was made with --portable")
    _restore_rows(file, db, force=force, new_key=new_key)
    return None


def _restore_file(
    file: Path, target: Path, now: datetime, *, is_portable: bool, force: bool, new_key: bool
) -> Path | None:
    if target.exists() and file.exists() and file.samefile(target):
        raise WrongDatabase(f"{file} is the database itself")
    target.parent.mkdir(parents=True, exist_ok=True)
    there = target.exists()
    if there:
        _may_go(target, _count(target), force)
    part = target.with_name(f".{target.name}.restored")
    _remove(part)
    try:
        if is_portable:
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT, 0o600))
        else:
            _take(file, part)
        engine = create_engine(f"sqlite:///{part}")
        try:
            with engine.begin() as connection:
                if is_portable:
                    _fill(connection, file)
                _make_ours(connection, file, new_key)
        except DBAPIError as error:
            raise WrongDatabase(f"{file} cannot be used: {error.orig}") from None
        finally:
            engine.dispose()
        _give(part, target if there else target.parent)
        _sync(part)
        return _swap(part, target, now)
    finally:
        _remove(part)


def _take(file: Path, part: Path) -> None:
    """Copy a SQLite file, with its log if it has one, and look at the copy: the original is not touched."""
    for end in ("", "-wal"):
        if (source := file.with_name(file.name + end)).exists():
            shutil.copyfile(source, part.with_name(part.name + end))
            part.with_name(part.name + end).chmod(0o600)
    try:
        check_file(part)
        _fold(part)
    except (WrongDatabase, sqlite3.DatabaseError):
        raise WrongDatabase(f"{file} is damaged: use another backup") from None
    if full_check(part):
        raise WrongDatabase(f"{file} is damaged: use another backup")


def _fill(connection: Connection, file: Path) -> None:
    """Make the tables as they were when the copy was made, and put its rows in; a start brings them up to date."""
    header = portable.check(file)
    if not migrate.is_known(header.version):
        raise WrongDatabase(f"{file} is at version {header.version}, which this Tocsin does not know: use a newer one")
    migrate.step(connection, header.version)
    portable.load(connection, file, header)


def _make_ours(connection: Connection, file: Path, new_key: bool) -> None:
    """See that it is a copy of ours and nothing else; mark it; nobody is signed in any more."""
    version = migrate.version_of(connection)
    if version is None or not migrate.is_known(version):
        raise WrongDatabase(f"{file} is at version {version}, which this Tocsin does not know: use a newer one")
    if connection.dialect.name == "sqlite":
        runs = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type NOT IN ('table', 'index')"))
        if row := next((row for row in runs if row.sql not in WORDS_INDEX_SQLITE), None):
            raise WrongDatabase(f"{file} holds {row.name}, which no Tocsin made")
    run = connection.execute
    run(text("DELETE FROM meta WHERE key = :key"), {"key": RESTORED})
    run(text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": RESTORED, "value": NOT_STARTED})
    run(text("DELETE FROM sessions"))
    run(text("DELETE FROM credentials WHERE kind = 'sign_in'"))
    if new_key:
        run(text("DELETE FROM meta WHERE key = 'secret_key'"))


def _give(part: Path, like: Path) -> None:
    """Whoever owns what is there owns the new file too: a restore may be run by root."""
    owner = like.stat()
    with contextlib.suppress(PermissionError):
        os.chown(part, owner.st_uid, owner.st_gid)


def _count(target: Path) -> int | None:
    """How many incidents a SQLite file has; None when it cannot be said."""
    if not is_there(target):
        return 0
    if not _is_sqlite(target):  # not opened: SQLite would remove a log beside it
        return None
    try:
        connection = sqlite3.connect(target, isolation_level=None)
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if not tables:
                return 0
            return int(connection.execute("SELECT count(*) FROM incidents").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return None


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _may_go(target: Path | str, count: int | None, force: bool) -> None:
    if count == 0 or force:
        return
    what = "cannot be read" if count is None else f"has {count} incident{'s' if count > 1 else ''}"
    raise WrongDatabase(f"{target} {what}; --force puts the backup in its place all the same")


def _fold(path: Path) -> None:
    """Take the log into the file. Raises sqlite3.DatabaseError: damaged, or open in another process."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    finally:
        connection.close()


def _swap(part: Path, target: Path, now: datetime) -> Path | None:
    """Put *part* in the place of *target*, which is kept beside it. Nobody has it open meanwhile."""
    if not target.exists():
        for end in ("-wal", "-shm"):  # of a database that is gone: they must not be taken for the new one's
            target.with_name(target.name + end).unlink(missing_ok=True)
        part.replace(target)
        _sync(target.parent)
        return None
    if _is_sqlite(target):
        with contextlib.suppress(sqlite3.DatabaseError):  # used: the lock says so; damaged: its log is kept beside it
            _fold(target)
    with _alone(target):
        kept = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
        kept.unlink(missing_ok=True)
        os.link(target, kept)
        log = target.with_name(target.name + "-wal")
        if log.exists():
            log.replace(kept.with_name(kept.name + "-wal"))
        target.with_name(target.name + "-shm").unlink(missing_ok=True)
        part.replace(target)
        _sync(target.parent)
    return kept


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold what SQLite locks while a database is open. Raises WrongDatabase: another process has it open."""
    with target.open("r+b") as file:
        first, count = SHARED_LOCK
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, count, first)
        except OSError:
            raise WrongDatabase(f"{target} is in use: stop every Tocsin that runs on it first") from None
        yield


def _restore_rows(file: Path, db: Database, *, force: bool, new_key: bool) -> None:
    """Replace the tables of a PostgreSQL database, in one transaction."""
    try:
        with db.engine.connect() as connection, connection.begin():
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrate.LOCK})
            _nobody_else(connection)
            version = migrate.version_of(connection)
            if version is not None:
                count = connection.execute(text("SELECT count(*) FROM incidents")).scalar_one()
                _may_go("the database", int(count), force)
            for name in {*metadata.tables, portable.VERSION_TABLE}:
                connection.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
            _fill(connection, file)
            _make_ours(connection, file, new_key)
    except DBAPIError as error:
        raise WrongDatabase(f"the database cannot be replaced: {str(error.orig).splitlines()[0]}") from None


def _nobody_else(connection: Connection) -> None:
    """See that no other Tocsin is connected; one that has just ended is given a moment to be gone from the list."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = :name AND pid <> pg_backend_pid()"
    )
    for _ in range(GONE_LOOKS):
        if not connection.execute(text(others), {"name": APPLICATION}).scalar_one():
            return
        connection.execute(text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()"))
    raise WrongDatabase("the database is in use: stop every Tocsin that runs on it first")


def _remove(part: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        part.with_name(part.name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
