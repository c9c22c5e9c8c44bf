"""One transaction, and the statements in which SQLite and PostgreSQL differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY

from tocsin.store.faults import Again, named
from tocsin.store.fixed import fixed, plan_of, say


@dataclass(slots=True)
class Tx:
    """
    One transaction. `now` is its instant: aware UTC, from the clock that all due times are judged by.

    `touched` collects what changed (`outbox`, `incident:42`, `wake`): whoever listens is told after the commit.
    `asks_clock`: `now` is the database's own time, which all its nodes share.
    """

    connection: Connection
    now: datetime
    sqlite: bool
    touched: set[str] = field(default_factory=set)
    asks_clock: bool = False

    def all(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        if self.sqlite and (plan := plan_of(statement)):
            return plan.all(self.connection, parameters)
        return self.connection.execute(statement, parameters).all()

    def columns(self, statement: Select[Any]) -> list[list[Any]]:
        """
        The columns of *statement* as lists, in one order; of whole numbers, texts, and None.

        The database packs each into one JSON text: of tens of thousands of rows that takes half as long as rows do, and
        leaves nothing for the garbage collector to look through.
        """
        packed = func.json_group_array if self.sqlite else func.json_agg
        row = self.connection.execute(select(*[sql_cast(packed(each), Text) for each in statement.subquery().c])).one()
        return [orjson.loads(each or "[]") for each in row]

    def first(self, statement: Any, parameters: Any = None) -> Any:
        if self.sqlite and (plan := plan_of(statement)):
            return plan.first(self.connection, parameters)
        return self.connection.execute(statement, parameters).first()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """
        Undo what happens inside, and nothing else, when it raises.

        Raises:
            Busy: for a fault of the store that passes by itself. Else whatever was raised inside.
        """
        touched = set(self.touched)
        run = self.say
        run("SAVEPOINT apart")
        try:
            yield
        except Exception as error:
            known = named(error)
            if not isinstance(known, Again):  # that one ends the whole transaction
                run("ROLLBACK TO SAVEPOINT apart")
                run("RELEASE SAVEPOINT apart")
                self.touched = touched
            if known is not error:
                raise known from error
            raise
        run("RELEASE SAVEPOINT apart")

    def say(self, words: str) -> None:
        """Words without parameters, as the database takes them."""
        if self.sqlite:
            say(self.connection, words)
        else:
            self.connection.exec_driver_sql(words)

    def catch_up(self) -> None:
        """Look at the clock again after a wait for another node: what that one wrote is then never in the future."""
        if self.asks_clock:
            now: datetime = self.connection.execute(select(func.clock_timestamp())).scalar_one()
            self.now = now.astimezone(UTC)

    def run(self, statement: Any, parameters: Any = None) -> int:
        """Execute a statement that changes rows; returns how many it changed."""
        if self.sqlite and (plan := plan_of(statement)):
            return plan.run(self.connection, parameters)
        return self.connection.execute(statement, parameters).rowcount


def insert_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Insert *rows*, all with the same keys, values as stored (microseconds, JSON as text).

    On SQLite many rows go in as one statement: the driver then gives up the interpreter lock once, not once a row.
    The statements come in a few sizes, so that each is compiled once.
    """
    if not rows:
        return
    if not tx.sqlite:
        tx.connection.execute(insert(table), list(rows))
        return
    names, done = tuple(rows[0]), 0
    for size in INSERT_SIZES:
        while len(rows) - done >= size:
            values = tuple([row[name] for row in rows[done : done + size] for name in names])
            say(tx.connection, _insert(table.name, names, size), values)
            done += size


INSERT_SIZES = (256, 64, 16, 4, 1)  # rows; 256 of 22 columns stay below SQLite's 32,766 parameters


@cache
def _insert(table: str, names: tuple[str, ...], size: int) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    row = f"({', '.join('?' * len(names))})"
    return f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([row] * size)}'  # noqa: S608 - our own names


def update_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], key: str = "id") -> None:
    """Set columns of many rows: each mapping has the primary key *key* and the same columns, values as stored."""
    if not rows:
        return
    names = tuple(name for name in rows[0] if name != key)
    if not tx.sqlite:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = update(table).where(table.c[key] == bindparam("old_key")).values(values)
        tx.connection.execute(
            statement, [{"old_key": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows]
        )
        return
    sets = ", ".join(f'"{name}" = j.c{i}' for i, name in enumerate(names))
    picks = ", ".join(f"json_extract(value, '$[{i + 1}]') AS c{i}" for i in range(len(names)))
    each = f"SELECT json_extract(value, '$[0]') AS k, {picks} FROM json_each(?)"  # noqa: S608 - our own names
    body = orjson.dumps([[row[key], *(row[name] for name in names)] for row in rows]).decode()
    text_ = f'UPDATE "{table.name}" SET {sets} FROM ({each}) AS j WHERE "{table.name}"."{key}" = j.k'  # noqa: S608
    say(tx.connection, text_, (body,))


def insert_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row unless its key is there already; says whether it went in."""
    if tx.sqlite:
        return tx.run(_insert_or_ignore(table), row) > 0
    from sqlalchemy.dialects.postgresql import insert as pg_insert  # noqa: PLC0415 - only where PostgreSQL is

    new = pg_insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return tx.connection.execute(new, row).first() is not None


def insert_missing(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of *rows*, all with the same keys, whose key is not there yet."""
    if not rows:
        return
    if tx.sqlite:
        tx.connection.execute(_insert_or_ignore(table), list(rows))
        return
    from sqlalchemy.dialects.postgresql import insert as pg_insert  # noqa: PLC0415 - only where PostgreSQL is

    tx.connection.execute(pg_insert(table).on_conflict_do_nothing(), list(rows))


@cache
def _insert_or_ignore(table: Table) -> Any:
    return fixed(insert(table).prefix_with("OR IGNORE"))


def among(sqlite: bool, column: Column[Any], name: str = "values") -> ColumnElement[bool]:
    """Say that *column*, a text, is one of a list bound to *name* with `listed`: one statement for any length."""
    if sqlite:
        each = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(each.c.value))
    bound: BindParameter[Any] = bindparam(name, type_=ARRAY(Text))
    return column == func.any(sql_cast(bound, ARRAY(Text)))


def listed(tx: Tx, values: Iterable[Any]) -> Any:
    """Write the values for `among`."""
    return orjson.dumps(list(values)).decode() if tx.sqlite else list(values)


def one_at_a_time(tx: Tx, what: str) -> None:
    """Wait until no other node is in a transaction that asked for *what*, and keep it until the commit."""
    if not tx.sqlite:  # SQLite has one writer
        tx.connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"tocsin {what}",))
        tx.catch_up()


def lock_rows(tx: Tx, statement: Any) -> Any:
    """On PostgreSQL: lock what is selected and pass over what another node has locked. SQLite has one writer."""
    return statement if tx.sqlite else statement.with_for_update(skip_locked=True)


def waits_for_standby(tx: Tx) -> bool:
    """Say whether a commit of PostgreSQL is answered only when a standby has it, too."""
    return bool(tx.connection.exec_driver_sql("SELECT current_setting('synchronous_standby_names')").scalar_one())


def size_of(tx: Tx) -> int:
    """Bytes of the database as its own engine counts them."""
    if tx.sqlite:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    return int(tx.connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
