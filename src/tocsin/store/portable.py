"""
A whole database as one file that either dialect reads: gzip over lines of JSON.

The first line is the header, then one line for each row, `["table", [values]]`, bytes as `{"b64": text}`; the last line
names the count of rows and the SHA-256 of all lines before it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from sqlalchemy import Boolean, Connection, column, delete, insert, inspect, select, table

from tocsin.store.schema import WORDS_INDEX
from tocsin.store.sound import WrongDatabase

FORMAT: Final = "tocsin backup"
LAYOUT: Final = 1
MAGIC: Final = b"\x1f\x8b"
ROWS_AT_ONCE: Final = 500
LINE_LIMIT: Final = 64_000_000  # bytes
VERSION_TABLE: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: the migration its tables are at, and the columns of each table."""

    version: str
    tables: dict[str, list[str]]
    rows: int


def dump(
    connection: Connection, version: str, file: BinaryIO, keep: Callable[[str, Sequence[Any]], bool],
    more: Sequence[tuple[str, list[Any]]] = (),
) -> int:  # fmt: skip
    """
    Write every table to *file*, read over *connection*, whose transaction is the snapshot; returns the count of rows.

    *keep* says which rows go in, by table and values; *more* are rows put in beside them.
    """
    digest, rows = hashlib.sha256(), 0
    looked = inspect(connection)
    columns = {name: looked.get_columns(name) for name in sorted(looked.get_table_names()) if _is_data(name)}
    with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:

        def write(line: Any) -> None:
            text = orjson.dumps(line) + b"\n"
            digest.update(text)
            packed.write(text)

        names = {name: [str(c["name"]) for c in found] for name, found in columns.items()}
        write({"format": FORMAT, "layout": LAYOUT, "version": version, "tables": names})
        for name, found in columns.items():
            flags = {place for place, c in enumerate(found) if isinstance(c["type"], Boolean)}
            for row in _rows(connection, name, names[name]):
                if keep(name, row):
                    write([name, [_told(value, place in flags) for place, value in enumerate(row)]])
                    rows += 1
        for name, values in more:
            write([name, values])
            rows += 1
        packed.write(orjson.dumps({"rows": rows, "sha256": digest.hexdigest()}) + b"\n")
    return rows


def _is_data(name: str) -> bool:
    """Say whether a table holds what cannot be made from others; SQLite keeps its full-text index in tables."""
    return name != VERSION_TABLE and not name.startswith(WORDS_INDEX)


def _rows(connection: Connection, name: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    found: Any = connection.execution_options(stream_results=True).execute(
        select(*(column(c) for c in columns)).select_from(table(name))
    )
    for part in found.partitions(ROWS_AT_ONCE):
        yield from part


def _told(value: Any, is_flag: bool) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return {"b64": base64.b64encode(value).decode()}
    return bool(value) if is_flag and value is not None else value


def check(path: Path) -> Header:
    """
    Read a file to its end and return its header.

    Raises:
        WrongDatabase: it is none of ours, or not whole.
    """
    digest, rows, header, last = hashlib.sha256(), 0, b"", b""
    for line in _lines(path):
        if last:
            digest.update(last)
            header = header or last
            rows += 1
        last = line
    said, told = _json(header, path), _json(last, path)
    if not isinstance(said, dict) or said.get("format") != FORMAT or said.get("layout") != LAYOUT:
        raise WrongDatabase(f"{path} is no backup that this Tocsin reads")
    if not isinstance(told, dict) or (told.get("rows"), told.get("sha256")) != (rows - 1, digest.hexdigest()):
        raise WrongDatabase(f"{path} is damaged: its SHA-256 does not hold; use another backup")
    return Header(str(said["version"]), said["tables"], rows - 1)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(LINE_LIMIT):
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise WrongDatabase(f"{path} is damaged: {error}; use another backup") from None


def _json(line: bytes, path: Path) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        raise WrongDatabase(f"{path} is damaged: not whole; use another backup") from None


def load(connection: Connection, path: Path, header: Header) -> None:
    """
    Put the rows of a checked file into tables that are at its version, in the place of what migrations put there.

    Raises:
        WrongDatabase: it names a table or a column that there is not.
    """
    looked = inspect(connection)
    known = {name: {c["name"] for c in looked.get_columns(name)} for name in looked.get_table_names()}
    for name, columns in header.tables.items():
        if name == VERSION_TABLE or name not in known or not set(columns) <= known[name]:
            raise WrongDatabase(f"{path} names the table {name} otherwise than version {header.version} has it")
    for name in header.tables:
        connection.execute(delete(table(name)))
    lines = _lines(path)
    next(lines)
    waiting: list[dict[str, Any]] = []
    current = ""
    for _ in range(header.rows):
        name, values = orjson.loads(next(lines))
        if name != current or len(waiting) >= ROWS_AT_ONCE:
            _insert(connection, header, current, waiting)
            current, waiting = name, []
        waiting.append(dict(zip(header.tables[name], map(_taken, values), strict=True)))
    _insert(connection, header, current, waiting)


def _insert(connection: Connection, header: Header, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table(name, *(column(c) for c in header.tables[name]))), rows)


def _taken(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value
