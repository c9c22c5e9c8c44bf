"""The tables: made from zero they are the tables of the schema; a wrong database is refused."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from tocsin.store import migrate
from tocsin.store.db import Database
from tocsin.store.schema import WORDS_INDEX, WORDS_INDEX_POSTGRESQL, WORDS_INDEX_SQLITE, metadata
from tocsin.usecases import configure


def test_migrations_make_the_tables_of_the_schema(db):
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata)

    differences = [d for d in differences if d[0] not in ("modify_default",)]
    assert [] == [d for d in differences if not getattr(d[1], "name", "").startswith(WORDS_INDEX)]


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


# --------------------------------------------------------------------------------------------- killed, and beside


def rows_of(db, table="meta"):
    return {row[0] for row in db.read_now(lambda tx: tx.all(text(f"SELECT * FROM {table}")))}


@pytest.mark.parametrize("at", ["0", "1", "6"])  # steps taken before: on its first, second and seventh pass
@pytest.mark.parametrize("point", ["M1", "M2", "M3"])
def test_a_migration_that_is_killed_is_taken_up_again(url, time, point, at):
    """Whole steps or none: the next start completes it, and what was there stays."""
    import signal
    import subprocess
    import sys

    code = (
        "import os, signal, sys; from tocsin import points; from tocsin.store import migrate\n"
        "from tocsin.store.db import Database\n"
        "passes = [0]\n"
        "def hook(name):\n"
        "    passes[0] += name == sys.argv[2]\n"
        "    if name == sys.argv[2] and passes[0] > int(sys.argv[3]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "points.arm(hook)\n"
        "migrate.up_to_date(Database(sys.argv[1], lambda: None))"
    )
    died = subprocess.run([sys.executable, "-c", code, url, point, at], timeout=60, check=False)
    assert -signal.SIGKILL == died.returncode
    db = Database(url, time)
    done = int(at) + (point == "M3")
    assert (f"{done:04d}" if done else None) == migrate.held_by(db)
    if done:
        db.write_now(lambda tx: tx.run(text("INSERT INTO meta (key, value) VALUES ('kept', '1')")))
    assert (done == 0) == migrate.up_to_date(db)
    assert migrate.HEAD == migrate.held_by(db)
    assert done == 0 or "kept" in rows_of(db)
    test_migrations_make_the_tables_of_the_schema(db)
    db.close()


def test_processes_that_migrate_at_once_take_each_step_once(url, tmp_path):
    """Also without the lock of a start: the lock of the tables alone keeps them apart."""
    import subprocess
    import sys

    code = (
        "import sys; from tocsin.store import migrate; from tocsin.store.db import Database\n"
        "db = Database(sys.argv[1], lambda: None); input(); migrate.up_to_date(db); print(migrate.held_by(db)); db.close()"
    )
    words = [sys.executable, "-c", code, url]
    running = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(4)
    ]
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [f"{migrate.HEAD}\n"] * 4 == [process.communicate(timeout=60)[0] for process in running]


ADDS = {"create_table", "create_index", "add_column", "execute"}  # execute: only what fills what was added


def test_migrations_only_add():
    """The previous version works on beside the next one: nothing that it reads or writes goes away or changes."""
    import ast

    for path in (migrate.HERE / "versions").glob("[0-9]*.py"):
        upgrade = next(n for n in ast.parse(path.read_text()).body if getattr(n, "name", "") == "upgrade")
        for call in [node for node in ast.walk(upgrade) if isinstance(node, ast.Call)]:
            if not (isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "op"):
                continue
            if call.func.attr == "get_context":  # it only asks which database this is
                continue
            assert call.func.attr in ADDS, f"{path.name}: op.{call.func.attr}"
            words = ast.unparse(call)
            if call.func.attr == "execute":
                filled = call.args[0].value.startswith(("UPDATE ", "INSERT INTO looks "))
                index = call.args[0].value in (*WORDS_INDEX_SQLITE, *WORDS_INDEX_POSTGRESQL)
                assert filled or index, f"{path.name}: {words}"
            if call.func.attr == "add_column":
                assert "nullable=True" in words or "server_default" in words, f"{path.name}: {words}"


def test_the_previous_version_still_writes_after_the_migration(url, time):
    """What version 0001 inserts, with the columns that it knows, is taken by the tables of today."""
    from sqlalchemy import inspect

    db = Database(url, time)
    with db.engine.connect() as connection:
        migrate._begin(connection, sqlite=db.sqlite)
        migrate.step(connection, "0001")
        migrate._end(connection, "COMMIT", sqlite=db.sqlite)
        looked = inspect(connection)
        known = {table: {c["name"] for c in looked.get_columns(table)} for table in looked.get_table_names()}
    migrate.up_to_date(db)
    with db.engine.connect() as connection:
        looked = inspect(connection)
        for table, columns in known.items():
            new = [c for c in looked.get_columns(table) if c["name"] not in columns]
            assert columns <= {c["name"] for c in looked.get_columns(table)}
            assert [] == [c["name"] for c in new if not c["nullable"] and c["default"] is None], table
    db.close()


def test_a_newer_database_that_lets_the_previous_version_work_is_used(db):
    """An upgrade may be taken back by one version: the newer migration says for whom."""
    db.write_now(lambda tx: tx.run(text("UPDATE alembic_version SET version_num = '9999'")))
    db.write_now(configure.put_meta, migrate.LEAST, migrate.HEAD)
    assert False is migrate.up_to_date(db)
    assert "9999" == migrate.held_by(db)

    db.write_now(configure.put_meta, migrate.LEAST, "9998")
    with pytest.raises(migrate.WrongDatabase, match="newer"):
        migrate.up_to_date(db)


def test_a_database_that_is_gone_is_not_made_anew_when_it_was_there(url, time):
    db = Database(url, time)
    with pytest.raises(migrate.WrongDatabase, match="it is gone"):
        migrate.up_to_date(db, missing="it is gone")
    assert None is migrate.held_by(db)
    assert True is migrate.up_to_date(db)
    assert False is migrate.up_to_date(db, missing="it is gone")
    db.close()


def test_a_database_of_another_program_that_migrates_the_same_way_is_refused(url, time):
    db = Database(url, time)
    with db.engine.connect() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
        connection.commit()
    with pytest.raises(migrate.WrongDatabase, match="theirs"):
        migrate.up_to_date(db)
    db.close()
