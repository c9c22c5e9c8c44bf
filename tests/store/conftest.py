"""Every store test runs twice: on SQLite, in a file, and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tocsin import plugins
from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.usecases import configure
from tocsin.usecases.configure import Setup

EXAMPLE = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
START = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def empty(url: str) -> None:
    """Take everything out of a PostgreSQL database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/t.db"
    address: str = request.getfixturevalue("postgres")
    empty(address)
    return address


@pytest.fixture
def db(url: str, time: Time) -> Iterator[Database]:
    database = Database(url, time)
    migrate.up_to_date(database)
    yield database
    database.close()


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(plugins.load(), {"TELEGRAM_BOT_TOKEN": "1:x"}, "http://tocsin.example.org", b"key", tmp_path)


@pytest.fixture
def house(db: Database, setup: Setup) -> Database:
    """A database in which the example's runbook is in force."""
    assert not db.write_now(configure.adopt, setup, EXAMPLE).errors
    return db
