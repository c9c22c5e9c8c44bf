"""Statements that are built once. On SQLite they are compiled once too, and take a shorter way to the driver."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

S = TypeVar("S", Select[Any], Update, Insert, Delete)
DIALECT: Final[Dialect] = sqlite.dialect(paramstyle="qmark")
_PLANS: Final[dict[int, Plan]] = {}  # by identity of a statement, which its plan keeps


def fixed(statement: S) -> S:
    """
    Say that *statement* is built once and kept, with no list of unknown length in it; returns it.

    SQLAlchemy looks at a statement anew each time, which costs several times what SQLite takes for a short one, and a
    page takes dozens.
    """
    _PLANS[id(statement)] = Plan(statement)
    return statement


def plan_of(statement: object) -> Plan | None:
    """How a fixed statement goes to the driver of SQLite; None for any other."""
    return _PLANS.get(id(statement))


def say(connection: Connection, words: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """Give *words* to SQLite's driver itself. Raises DBAPIError, as SQLAlchemy names what the driver says."""
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    try:
        return driver.execute(words, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(words, list(values), error, sqlite3.Error) from error


class Plan:
    """A statement as SQLite's driver takes it: its text, how each parameter is written, how each column is read."""

    def __init__(self, statement: Select[Any] | Update | Insert | Delete) -> None:
        self.statement = statement
        self._texts: dict[tuple[str, ...], _Text] = {}  # by the columns that the parameters name
        self._make: Any = None  # a row of a query
        self._readers: list[tuple[int, Callable[[Any], Any]]] = []  # of the columns that are not read as they are
        if isinstance(statement, Select):
            self._learn_columns(statement)

    def all(self, connection: Connection, parameters: Mapping[str, Any] | None) -> Sequence[Any]:
        """Every row, as a named tuple."""
        return [self._read(row) for row in self._execute(connection, parameters).fetchall()]

    def first(self, connection: Connection, parameters: Mapping[str, Any] | None) -> Any:
        """The first row, or None."""
        cursor = self._execute(connection, parameters)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else self._read(row)

    def run(self, connection: Connection, parameters: Mapping[str, Any] | None) -> int:
        """How many rows it changed."""
        return self._execute(connection, parameters).rowcount

    def _execute(self, connection: Connection, parameters: Mapping[str, Any] | None) -> sqlite3.Cursor:
        given = parameters or {}
        names = () if self._make else tuple(given)
        text = self._texts.get(names) or self._compile(names)
        values = [
            write(given.get(name, default)) if write else given.get(name, default)
            for name, default, write in text.parameters
        ]
        return say(connection, text.sql, values)

    def _read(self, row: tuple[Any, ...]) -> Any:
        if not self._readers:
            return self._make(row)
        values = list(row)
        for index, read in self._readers:
            values[index] = read(values[index])
        return self._make(values)

    def _learn_columns(self, statement: Select[Any]) -> None:
        columns = statement.selected_columns
        kind = namedtuple("Row", [str(name) for name in columns.keys()], rename=True)  # type: ignore[misc]  # noqa: SIM118
        self._make = kind._make
        readers = [column.type.dialect_impl(DIALECT).result_processor(DIALECT, None) for column in columns]
        self._readers = [(index, read) for index, read in enumerate(readers) if read]

    def _compile(self, names: tuple[str, ...]) -> _Text:
        compiled: Any = self.statement.compile(dialect=DIALECT, column_keys=list(names))
        asked = {name: None for name, bound in compiled.binds.items() if bound.required}
        state = compiled.construct_expanded_state(asked)
        writers = {
            name: bound.type.dialect_impl(DIALECT).bind_processor(DIALECT) for name, bound in compiled.binds.items()
        } | dict(state.processors)  # fmt: skip
        parameters = [(name, state.parameters[name], writers.get(name)) for name in state.positiontup]
        text = self._texts[names] = _Text(state.statement, parameters)
        return text


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    parameters: list[tuple[str, Any, Callable[[Any], Any] | None]]  # name, value unless one is given, writer
