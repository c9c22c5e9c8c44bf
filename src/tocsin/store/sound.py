"""Whether a SQLite file can be used: there, ours to read and write, whole. Looked at before anything opens it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from time import monotonic
from typing import Final

MAGIC: Final = b"SQLite format 3\x00"
CHECK_SECONDS: Final = 0.5  # a start waits no longer; 100 MB take about a tenth of a second
STEPS_BETWEEN_LOOKS: Final = 10_000  # of SQLite's virtual machine


class WrongDatabase(Exception):  # noqa: N818 - what it is
    """The database cannot be used. The text is one clear line; nothing was changed."""


def path_of(url: str) -> Path:
    """The file that a `sqlite:///` URL names."""
    return Path(url.removeprefix("sqlite:///"))


def log_bytes(url: str) -> int:
    """How long the write-ahead log of a SQLite file is; 0 for any other database."""
    path = path_of(url)
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size if url.startswith("sqlite:///") else 0
    except (OSError, ValueError):
        return 0


def is_there(path: Path) -> bool:
    """Say whether the file holds anything. An empty one is what SQLite makes of no file at all."""
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise WrongDatabase(f"{path} cannot be read: {error.strerror}") from None


def check_file(path: Path) -> None:
    """
    Look at a file before it is opened as a database.

    A file too large to be looked at whole within half a second is looked at as far as that goes. What cannot be seen:
    a byte changed inside a text, which SQLite keeps no checksum of, and a log that was removed together with its index.

    Raises:
        WrongDatabase: unreadable, no SQLite database, without the log that it needs, or damaged.
    """
    if not is_there(path):
        return
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    for file in (path, log):
        if file.exists() and not (file.is_file() and os.access(file, os.R_OK | os.W_OK)):
            raise WrongDatabase(f"{file} cannot be read and written: give it to the user that runs Tocsin")
    with path.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise WrongDatabase(f"{path} is no SQLite database: restore a backup, or name another file")
    if index.exists() and not log.exists():  # SQLite makes the log first and removes it last
        raise WrongDatabase(
            f"{path} has lost its newest changes ({log.name} is gone): put that file back, restore a backup, "
            f"or remove {index.name} to go on without them"
        )
    if why := quick_check(path):
        raise WrongDatabase(f"{path} is damaged ({why}): restore a backup with `tocsin restore FILE --force`")


def quick_check(path: Path, seconds: float = CHECK_SECONDS) -> str:
    """Say what is wrong with the pages of a database; empty when nothing was found in the time."""
    return _pragma(path, "quick_check", seconds)


def full_check(path: Path) -> str:
    """Say what is wrong with pages and indexes, however long that takes; empty when all is well."""
    return _pragma(path, "integrity_check", None)


def _pragma(path: Path, name: str, seconds: float | None) -> str:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        if seconds is not None:
            end = monotonic() + seconds
            connection.set_progress_handler(lambda: monotonic() > end, STEPS_BETWEEN_LOOKS)
        found = str(connection.execute(f"PRAGMA {name}(1)").fetchone()[0])
        return "" if found == "ok" else found.splitlines()[-1]
    except sqlite3.DatabaseError as error:
        in_time = str(error) in ("interrupted", "database is locked")  # another process has it: it was looked at there
        return "" if in_time else str(error)
    finally:
        connection.close()
