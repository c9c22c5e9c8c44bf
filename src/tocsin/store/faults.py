"""What an error of the database means: it passes by itself, asks to do it all again, or is a bug and stays loud."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError


class Busy(Exception):  # noqa: N818 - what the store says of itself
    """The store cannot write now: locked by another process, full, or too many writes wait. Nothing was stored."""


class Again(Busy):
    """Another node was faster, or the connection ended before COMMIT was sent: done again it sees what is there."""


class Unsure(Busy):
    """The answer to COMMIT was lost, and so was its outcome: it may be stored or not. Repeating is harmless."""


PASSING_WORDS = ("locked", "busy", "disk is full", "disk i/o", "timeout", "connection", "server closed")
# SQLSTATE classes and codes of PostgreSQL; a standby, or a primary that was made one, says 25006 or 55000.
PASSING_STATES = ("08", "40", "53", "57P", "25006", "25P03", "55000", "55P03")
COLLISIONS = ("40001", "40P01")  # serialization, deadlock
ROW_EXISTS = "23505"


def named(error: BaseException) -> BaseException:
    """Name the faults of the store that pass by themselves; a wrong statement stays what it is."""
    if not isinstance(error, DBAPIError):
        return error
    state = _state(error)
    if cut(error) or state in COLLISIONS:
        return Again(_said(error))
    words = str(error.orig).lower()
    passing = state.startswith(PASSING_STATES) or any(word in words for word in PASSING_WORDS)
    return Busy(_said(error)) if passing else error


def _said(error: DBAPIError) -> str:
    """What the database says, without the statement: people read it."""
    return str(error.orig).partition("\n")[0]


def named_whole(error: BaseException) -> BaseException:
    """The same for a whole transaction: a row that another node has made meanwhile is a reason to do it all again."""
    return Again(str(error)) if isinstance(error, DBAPIError) and _state(error) == ROW_EXISTS else named(error)


def _state(error: DBAPIError) -> str:
    """The SQLSTATE of PostgreSQL, else empty."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def cut(error: BaseException) -> bool:
    """Say whether the connection ended: of an open transaction nothing is left."""
    return isinstance(error, DBAPIError) and error.connection_invalidated
