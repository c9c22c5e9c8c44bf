"""Copy a SQLite database while it is used, and put a copy back in its place: whole, or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from tocsin.points import passing
from tocsin.store.migrate import HERE, WrongDatabase

NAME: Final = "tocsin-%Y%m%dT%H%M%SZ.db"
PAGES_AT_ONCE: Final = 2_000  # copied between two looks at the lock: a writer never waits for the whole copy


def backup(database: Path, folder: Path, at: datetime, keep: int = 0) -> Path:
    """
    Copy *database* into *folder*, checked and on disk, under a name that says when; returns the new file.

    With *keep* the oldest copies beyond that many are removed.

    Raises:
        WrongDatabase: there is none, or what was copied is damaged; nothing is left in *folder* then.
    """
    if not database.exists():
        raise WrongDatabase(f"there is no database {database}")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / at.strftime(NAME)
    part = target.with_suffix(".part")
    try:
        _copy(database, part)
        damage = damage_of(part)
        if damage:
            raise WrongDatabase(f"the copy of {database} is damaged: {damage}")
        _sync(part)
        passing("B2")
        part.replace(target)
        _sync(folder)
    finally:
        part.unlink(missing_ok=True)
    passing("B3")
    if keep:
        for old in sorted(folder.glob("tocsin-*.db"))[:-keep]:
            old.unlink()
    return target


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        passing("B1")
        old.backup(new, pages=PAGES_AT_ONCE, sleep=0.01)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def damage_of(file: Path) -> str:
    """What SQLite finds wrong with a file, in its words; empty when it is sound."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found


def restore(file: Path, database: Path, *, force: bool = False) -> None:
    """
    Put the backup *file* in the place of *database*. What was there is kept beside it, as `.before-restore`.

    Raises:
        WrongDatabase: the file is no sound backup that this Tocsin knows, a server holds the database, or the database
            has incidents and *force* is not given. Nothing was changed then.
    """
    if not file.exists():
        raise WrongDatabase(f"there is no backup {file}")
    if damage := damage_of(file):
        raise WrongDatabase(f"{file} is damaged: {damage}")
    version = _one(file, "SELECT version_num FROM alembic_version")
    if version is None or not list(HERE.glob(f"versions/{version}_*.py")):
        raise WrongDatabase(f"{file} is no backup of a Tocsin that this one knows (version {version})")
    database.parent.mkdir(parents=True, exist_ok=True)
    part = database.with_name(f"{database.name}.part")
    with _held(database):
        if not force and _one(database, "SELECT COUNT(*) FROM incidents"):
            raise WrongDatabase(f"{database} has incidents: --force puts the backup in its place, and keeps it beside")
        _copy(file, part)
        _mark(part)
        _sync(part)
        if database.exists():
            database.replace(database.with_name(f"{database.name}.before-restore"))
        for beside in ("-wal", "-shm"):
            Path(f"{database}{beside}").unlink(missing_ok=True)
        part.replace(database)
        _sync(database.parent)


def _mark(file: Path) -> None:
    """The next start finds that it begins from a backup: it sends nothing before somebody looked."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("DELETE FROM meta WHERE key = 'restored'")
        db.execute("INSERT INTO meta (key, value) VALUES ('restored', 'waits for a start')")
        db.commit()


def _one(file: Path, query: str) -> object:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            row = db.execute(query).fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row else None


@contextmanager
def _held(database: Path) -> Iterator[None]:
    """Make sure that nobody uses the database; what its journal still held goes into it first."""
    if not database.exists():
        yield
        return
    try:
        with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as db:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
            db.execute("COMMIT")
            db.execute("PRAGMA journal_mode=DELETE")
            yield
    except sqlite3.OperationalError as error:
        raise WrongDatabase(f"{database} is in use ({error}): stop the server first") from None
    except sqlite3.DatabaseError:  # damaged: that is why it is replaced
        yield
