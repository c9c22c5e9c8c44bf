"""The tables: made from zero they are the tables of the schema; a wrong database is refused."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.store.schema import metadata


def test_migrations_make_the_tables_of_the_schema(db):
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata)

    assert [] == [d for d in differences if d[0] not in ("modify_default",)]


def test_a_second_start_changes_nothing(db):
    assert False is migrate.up_to_date(db)


def test_the_head_is_the_newest_file():
    assert migrate.HEAD == max(path.name.split("_")[0] for path in (migrate.HERE / "versions").glob("[0-9]*.py"))


def test_a_newer_database_is_refused(db):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit() if db.sqlite else None
    with pytest.raises(migrate.WrongDatabase, match="newer"):
        migrate.up_to_date(db)


def test_a_foreign_database_is_refused(url, time):
    db = Database(url, time)
    with db.engine.connect() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
        connection.commit()
    with pytest.raises(migrate.WrongDatabase, match="theirs"):
        migrate.up_to_date(db)
    db.close()


def test_a_file_that_is_no_database_is_refused(tmp_path, time):
    (tmp_path / "t.db").write_bytes(b"rubbish" * 1000)
    db = Database(f"sqlite:///{tmp_path}/t.db", time)
    with pytest.raises(migrate.WrongDatabase, match="no SQLite database"):
        migrate.up_to_date(db)
    db.close()


def test_a_database_out_of_reach_is_refused(time):
    db = Database("postgresql://nobody@127.0.0.1:1/none", time)
    with pytest.raises(migrate.WrongDatabase, match="cannot be used"):
        migrate.up_to_date(db)
    db.close()


def test_nodes_that_start_at_once_make_the_tables_once(url, tmp_path):
    """One waits for the other; both find a database that is whole."""
    import subprocess
    import sys

    code = (
        "import sys; from datetime import datetime, UTC; from tocsin.store import migrate; from tocsin.store.db import Database\n"
        "db = Database(sys.argv[1], lambda: datetime.now(UTC))\n"
        "with migrate.alone(db): print(migrate.up_to_date(db))\n"
        "db.close()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(3)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert ["False", "False", "True"] == said
