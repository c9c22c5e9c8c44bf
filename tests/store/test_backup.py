"""Copies that are whole or not there, of both databases; and what a restore refuses, replaces and keeps."""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from tocsin.store import access, backup, migrate, portable
from tocsin.store.db import Database
from tocsin.store.schema import incidents, metadata
from tocsin.store.schema import meta as meta_table
from tocsin.store.sound import WrongDatabase, full_check
from tocsin.usecases import configure, respond
from tocsin.usecases.configure import Setup

from .conftest import empty
from .test_whole import EXAMPLE, house, setup, story  # noqa: F401 - fixtures

AT = datetime(2026, 11, 24, 9, 2, tzinfo=UTC)


def put(tx, key, value="1"):
    tx.run(insert(meta_table).values(key=key, value=value))


def keys(file):
    with closing(sqlite3.connect(file)) as db:
        return {row[0] for row in db.execute("SELECT key FROM meta")}


def everything(db):
    """Every row of every table, and the version."""

    def read(tx):
        rows = {name: sorted(map(repr, tx.all(select(table)))) for name, table in metadata.tables.items()}
        return {**rows, "version": tx.first(text("SELECT version_num FROM alembic_version"))[0]}

    return db.read_now(read)


def but(found, table, *words):
    """The same without the rows that hold one of *words*."""
    return {**found, table: [row for row in found[table] if not any(word in row for word in words)]}


def copy(db, folder, name=None):
    name = name or backup.name_at(AT, backup.DATABASE_END if db.sqlite else backup.PORTABLE_END)
    backup.write_copy(db, folder, name, backup.into_place(folder / name))
    return folder / name


def other(tmp_path, name="other.db"):
    return Database(f"sqlite:///{tmp_path}/{name}", lambda: AT)


def test_a_copy_is_put_back_whole(house, setup, time, tmp_path):  # noqa: F811
    """Everything that was committed is there again, and nobody is signed in any more."""
    story(house, setup, time)
    house.write_now(access.put_session, "cookie", "martijn", "admin", "csrf")
    before = everything(house)
    file = copy(house, tmp_path / "copies")
    assert [file] == list((tmp_path / "copies").iterdir()), "nothing else is left"
    assert 0o600 == file.stat().st_mode & 0o777
    house.write_now(respond.declare, setup, respond.Declared("since", "P3", "admin"))
    house._writer.close()
    house.engine.dispose()

    backup.restore(file, house, AT, force=True)
    after = everything(house)
    assert [] == after["sessions"]
    assert {**before, "sessions": []} == but(after, "meta", "'restored'")
    assert 1 == len([row for row in after["meta"] if "'restored'" in row])


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_a_portable_copy_moves_to_the_other_database(house, setup, time, tmp_path, postgres, to):  # noqa: F811
    """The same rows, the same bytes, and hash chains that hold."""
    from tocsin.store import audit

    story(house, setup, time)
    before = everything(house)
    file = copy(house, tmp_path, "moved.jsonl.gz")
    house.close()
    if to == "postgresql":
        empty(postgres)
    moved = Database(postgres, lambda: AT) if to == "postgresql" else other(tmp_path)
    backup.restore(file, moved, AT)

    assert before == but(everything(moved), "meta", "'restored'")
    assert moved.read_now(audit.verify)["ok"]
    moved.close()


def test_a_copy_of_an_older_version_is_brought_up_to_date(tmp_path, time):
    """A file that the first version wrote is restored, and migrated at the next start."""
    old = other(tmp_path, "old.db")
    with old.engine.begin() as connection:
        migrate.step(connection, "0001")
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('kept', '1')"))
        connection.commit()
    for name in ("old-copy.db", "old-copy.jsonl.gz"):
        file = copy(old, tmp_path, name)
        restored = other(tmp_path, f"from-{name}")
        backup.restore(file, restored, AT)
        assert "0001" == migrate.held_by(restored)
        migrate.up_to_date(restored)
        assert {"kept", "restored"} <= {row.key for row in restored.read_now(lambda tx: tx.all(select(meta_table)))}
        restored.close()
    old.close()


def test_a_copy_is_made_while_others_write(db, tmp_path):
    """The copy is one moment of the database: commits in their order, without a hole."""
    for n in range(50):
        db.write_now(put, f"before-{n}", "x" * 5_000)
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            db.write_now(put, f"during-{len(written)}")
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    copying = Database(db.url, lambda: AT)
    file = copy(copying, tmp_path / "copies")
    stop.set()
    thread.join()
    copying.close()
    if db.sqlite:
        copied = keys(file)
    else:
        lines = gzip.decompress(file.read_bytes()).decode().splitlines()
        copied = {line.split('"')[3] for line in lines if line.startswith('["meta"')}
    during = sorted(int(key.removeprefix("during-")) for key in copied if key.startswith("during-"))
    assert 50 == len([key for key in copied if key.startswith("before-")])
    assert during == list(range(len(during)))


def test_only_the_newest_copies_are_kept(tmp_path):
    for minute in range(5):
        (tmp_path / backup.name_at(AT.replace(minute=minute), ".db")).touch()
    (tmp_path / "notes.db").touch()
    (tmp_path / ".tocsin-20261101T000000Z.db.part").touch()
    os.utime(tmp_path / ".tocsin-20261101T000000Z.db.part", (0, 0))

    assert 3 == len(backup.remove_old(tmp_path, 2, AT))
    assert ["notes.db", "tocsin-20261124T090300Z.db", "tocsin-20261124T090400Z.db"] == sorted(
        path.name for path in tmp_path.iterdir()
    )


@pytest.mark.parametrize("form", [".db", ".jsonl.gz"])
@pytest.mark.parametrize("nth", [1, 2, 7])
@pytest.mark.parametrize(("point", "there"), [("B1", False), ("B2", False), ("B3", True)])
def test_a_backup_that_is_killed_leaves_a_whole_copy_or_none(db, tmp_path, point, there, form, nth):
    if not db.sqlite and form == ".db":
        pytest.skip("PostgreSQL has one form")
    db.write_now(put, "kept")
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tocsin import points; from tocsin.store import backup; from tocsin.store.db import Database\n"
        "passes, db, folder = [0], Database(sys.argv[2], None), Path(sys.argv[3])\n"
        "def hook(name):\n"
        "    passes[0] += name == sys.argv[1]\n"
        "    if passes[0] == int(sys.argv[5]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "points.arm(hook)\n"
        "for second in range(10, 20):\n"
        "    name = f'tocsin-20261124T0902{second}Z{sys.argv[4]}'\n"
        "    backup.write_copy(db, folder, name, backup.into_place(folder / name))"
    )
    words = [sys.executable, "-c", code, point, db.url, f"{tmp_path}/copies", form, str(nth)]
    died = subprocess.run(words, timeout=60, check=False)
    assert -signal.SIGKILL == died.returncode
    copies = sorted((tmp_path / "copies").glob("tocsin-*"))
    assert nth - (not there) == len(copies)
    for file in copies[-1:]:
        restored = other(tmp_path)
        backup.restore(file, restored, AT)
        assert {"kept", "restored"} <= keys(tmp_path / "other.db")
        restored.close()
    assert copy(db, tmp_path / "copies", f"again{form}").exists(), "and the next one is made"


# --------------------------------------------------------------------------------------------- refusals


@pytest.fixture
def file(tmp_path):
    """A copy of a small database, as a SQLite file."""
    db = other(tmp_path, "source.db")
    migrate.up_to_date(db)
    db.write_now(put, "old")
    made = copy(db, tmp_path / "copies")
    db.close()
    return made


def wrong_files(tmp_path, file):
    whole, packed = file.read_bytes(), tmp_path / "copies/whole.jsonl.gz"
    source = other(tmp_path, "source.db")
    copy(source, tmp_path / "copies", packed.name)
    source.close()
    lines = gzip.decompress(packed.read_bytes())

    def made(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    def changed(name, *statements):
        made(name, whole)
        with closing(sqlite3.connect(tmp_path / name)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()
        return tmp_path / name

    newer = lines.replace(f'"version":"{migrate.HEAD}"'.encode(), b'"version":"9999"')
    foreign = lines.replace(b'"meta":["key","value"]', b'"meta":["key","sqlite_master"]')
    yield tmp_path / "none.db", "cannot be read"
    yield made("text.db", b"not a database at all"), "no backup of Tocsin"
    yield made("empty.db", b""), "no backup of Tocsin"
    yield made("rubbish.db", whole[:16] + b"x" * 9_000), "damaged"
    yield made("flipped.db", whole[:8_192] + b"\xff" * 4_096 + whole[12_288:]), "damaged"
    yield made("cut.db", whole[: len(whole) // 2]), "damaged"
    yield changed("newer.db", "UPDATE alembic_version SET version_num = '9999'"), "9999"
    yield changed("foreign.db", "DROP TABLE incidents"), "other tables"
    yield changed("trigger.db", "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM pages; END"), "no Tocsin made"
    yield made("cut.jsonl.gz", packed.read_bytes()[:-40]), "damaged"
    yield made("short.jsonl.gz", gzip.compress(b"".join(lines.splitlines(True)[:-1]))), "damaged"
    yield made("edited.jsonl.gz", gzip.compress(lines.replace(b'"old"', b'"new"'))), "SHA-256"
    yield made("newer.jsonl.gz", gzip.compress(resealed(newer))), "9999"
    yield made("foreign.jsonl.gz", gzip.compress(resealed(foreign))), "otherwise"
    yield made("strange.jsonl.gz", gzip.compress(resealed(b'{"format":"x"}\n{}\n'))), "no backup that this"


def resealed(lines):
    """Lines with the trailer that belongs to them: what somebody who can count would write."""
    import hashlib

    body = lines.splitlines(True)[:-1]
    digest = hashlib.sha256(b"".join(body)).hexdigest()
    return b"".join(body) + f'{{"rows":{len(body) - 1},"sha256":"{digest}"}}\n'.encode()


def test_what_cannot_be_restored_is_refused_in_one_line_and_nothing_is_changed(tmp_path, file):
    target = other(tmp_path, "target.db")
    migrate.up_to_date(target)
    target.write_now(put, "mine")
    target.close()
    for bad, words in wrong_files(tmp_path, file):
        with pytest.raises(WrongDatabase, match=words) as refused:
            backup.restore(bad, target, AT, force=True)
        assert "\n" not in str(refused.value)
        assert "mine" in keys(tmp_path / "target.db"), bad
    assert [] == [path for path in tmp_path.iterdir() if "restored" in path.name or "before" in path.name]


def test_postgresql_refuses_what_it_cannot_take_and_stays_as_it_was(tmp_path, file, postgres):
    empty(postgres)
    target = Database(postgres, lambda: AT)
    migrate.up_to_date(target)
    target.write_now(put, "mine")
    target._writer.close()
    target.engine.dispose()
    for bad, words in wrong_files(tmp_path, file):
        expected = (
            "PostgreSQL takes" if bad.suffix == ".db" and bad.exists() and bad.read_bytes()[:6] == b"SQLite" else words
        )
        with pytest.raises(WrongDatabase, match=expected):
            backup.restore(bad, target, AT, force=True)
    assert "mine" in {row.key for row in target.read_now(lambda tx: tx.all(select(meta_table)))}
    target.close()


def test_a_database_with_incidents_is_only_replaced_by_force(house, setup, tmp_path):  # noqa: F811
    house.write_now(respond.declare, setup, respond.Declared("one", "P3", "admin"))
    file = copy(house, tmp_path / "copies")
    house.close()
    again = Database(house.url, lambda: AT)
    with pytest.raises(WrongDatabase, match="has 1 incident; --force"):
        backup.restore(file, again, AT)
    kept = backup.restore(file, again, AT, force=True)

    assert (kept is not None) == house.sqlite
    assert kept is None or "restored" not in keys(kept)
    assert 1 == len(again.read_now(lambda tx: tx.all(select(incidents.c.number))))
    again.close()


def test_a_database_in_use_is_not_replaced(house, setup, tmp_path):  # noqa: F811
    """Also not by force; its own process has it open all the time."""
    file = copy(house, tmp_path / "copies")
    code = (
        "import sys; from tocsin.store.db import Database\n"
        "db = Database(sys.argv[1], lambda: None); db.write_now(lambda tx: None); print('open', flush=True); input()"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", code, house.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert "open\n" == user.stdout.readline()
    house.close()
    again = Database(house.url, lambda: AT)
    with pytest.raises(WrongDatabase, match="in use"):
        backup.restore(file, again, AT, force=True)
    user.communicate("\n", timeout=20)
    backup.restore(file, again, AT, force=True)
    assert again.read_now(configure.get_meta, "restored")
    again.close()


def test_a_damaged_database_is_replaced_by_force_with_its_log_kept(tmp_path, file):
    target = other(tmp_path, "target.db")
    (tmp_path / "target.db").write_bytes(b"rubbish" * 2_000)
    (tmp_path / "target.db-wal").write_bytes(b"log")
    with pytest.raises(WrongDatabase, match="cannot be read; --force"):
        backup.restore(file, target, AT)
    kept = backup.restore(file, target, AT, force=True)

    assert {"old", "restored"} <= keys(tmp_path / "target.db")
    assert "" == full_check(tmp_path / "target.db")
    assert b"rubbish" * 2_000 == kept.read_bytes()
    assert b"log" == kept.with_name(f"{kept.name}-wal").read_bytes()


def test_the_log_of_a_database_that_is_gone_is_never_taken_for_the_new_ones(tmp_path, file):
    """A log left behind would be played into the restored file."""
    for end in ("-wal", "-shm"):
        (tmp_path / f"target.db{end}").write_bytes(b"left")
    backup.restore(file, other(tmp_path, "target.db"), AT)

    assert [] == [p.name for p in tmp_path.glob("target.db-*") if p.read_bytes() == b"left"]
    assert {"old", "restored"} <= keys(tmp_path / "target.db")


def test_a_raw_copy_with_its_log_is_restored_with_what_the_log_holds(tmp_path):
    """Somebody copied the two files of a server that runs."""
    db = other(tmp_path, "live.db")
    migrate.up_to_date(db)
    db.write_now(put, "in-the-log")
    for end in ("", "-wal"):
        (tmp_path / f"raw.db{end}").write_bytes((tmp_path / f"live.db{end}").read_bytes())
    db.close()
    backup.restore(tmp_path / "raw.db", other(tmp_path, "target.db"), AT)

    assert {"in-the-log", "restored"} <= keys(tmp_path / "target.db")


def test_a_lost_secret_key_is_forgotten_on_request(tmp_path):
    source = other(tmp_path, "source.db")
    migrate.up_to_date(source)
    mine, theirs = (Setup(None, {}, "", key, tmp_path) for key in (b"old", b"new"))
    assert source.write_now(configure.claim_key, mine)
    file = copy(source, tmp_path / "copies")
    source.close()
    for new_key in (False, True):
        target = other(tmp_path, f"{new_key}.db")
        backup.restore(file, target, AT, new_key=new_key)
        assert new_key == target.write_now(configure.claim_key, theirs)
        target.close()


def test_bytes_and_empty_values_survive_the_portable_form(tmp_path):
    from tocsin.usecases import ingest

    source, target = other(tmp_path, "a.db"), other(tmp_path, "b.db")
    migrate.up_to_date(source)
    source.write_now(ingest.quarantine, "generic", b'\xff\x00\n"rubbish', "not JSON \u2028 é")
    backup.restore(copy(source, tmp_path, "x.jsonl.gz"), target, AT)

    assert everything(source)["alerts"] == everything(target)["alerts"]
    assert portable.check(tmp_path / "x.jsonl.gz").version == migrate.HEAD
    for db in (source, target):
        db.close()
