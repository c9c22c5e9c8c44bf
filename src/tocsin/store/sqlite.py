"""What only SQLite has: a file, with a log beside it that is on disk when a commit returns."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

STATEMENTS_KEPT: Final = 512  # prepared by the driver; we have some two hundred


def engine(url: str, *, memory: bool, patience: float) -> Engine:
    """Open or make the file of *url*; a lock of another process is waited for *patience* seconds."""
    options: dict[str, Any] = {
        "connect_args": {"timeout": patience, "check_same_thread": False, "cached_statements": STATEMENTS_KEPT}
    }
    if memory:
        options["poolclass"] = StaticPool
    else:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(url, **options)
    event.listen(made, "connect", _connected)
    return made


def _connected(connection: sqlite3.Connection, _record: Any) -> None:
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
