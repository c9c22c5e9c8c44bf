"""Statements that the outside's PostgreSQL is given."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict

from tocsin.sdk import Response, Sql


async def run(sql: Sql) -> Response:
    """
    Run statements one by one, each committed by itself.

    Returns the rows of the last as JSON; the server's own refusal as 400 with its SQLSTATE and how many statements were
    done; a connection that failed as 0. The words of an error are the server's, and may hold secrets.

    Raises:
        TimeoutError: not within the time that *sql* allows.
    """
    try:
        async with asyncio.timeout(sql.timeout_seconds):
            return await _all(sql)
    except psycopg.Error as error:
        return Response(0, error=f"{type(error).__name__}: {error}")


async def _all(sql: Sql) -> Response:
    connection = await psycopg.AsyncConnection.connect(sql.dsn, autocommit=True)
    async with connection:
        rows: list[tuple[Any, ...]] = []
        done = 0
        try:
            for text, values in sql.statements:
                cursor = await connection.execute(text.encode(), values or None)
                rows = await cursor.fetchall() if cursor.description else []
                done += 1
        except psycopg.Error as error:
            if connection.broken or error.sqlstate is None:
                raise
            return Response(400, {"sqlstate": error.sqlstate, "statement": str(done)}, error=str(error))
    return Response(200, body=orjson.dumps(rows, default=str))


def passwords(dsn: str) -> list[str]:
    """The passwords in an address of a PostgreSQL, in either of its two forms."""
    try:
        said = conninfo_to_dict(dsn).get("password")
    except psycopg.Error:
        return []
    return [str(said)] if said else []
