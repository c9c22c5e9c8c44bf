"""Copies that are whole or not there, and a restore that wakes nobody before somebody looked."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tocsin.store import backup, migrate
from tocsin.store.db import Database
from tocsin.store.schema import meta

AT = datetime(2026, 11, 24, 9, 2, tzinfo=UTC)


@pytest.fixture
def house(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/tocsin.db", lambda: AT)
    migrate.up_to_date(db)
    yield db
    db.close()


def put(tx, key, value="1"):
    tx.run(meta.insert().values(key=key, value=value))


def keys(file):
    with closing(sqlite3.connect(file)) as db:
        return {row[0] for row in db.execute("SELECT key FROM meta")}


def test_a_copy_has_everything_that_was_committed(house, tmp_path):
    house.write_now(put, "kept")
    file = backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT)

    assert "tocsin-20261124T090200Z.db" == file.name
    assert {"kept"} <= keys(file)
    assert "" == backup.damage_of(file)
    assert [file] == list((tmp_path / "copies").iterdir()), "nothing else is left"


def test_a_copy_is_made_while_others_write(house, tmp_path):
    """Writers are not kept waiting for the whole copy, and the copy is one moment of the database."""
    for n in range(200):
        house.write_now(put, f"before-{n}", "x" * 5_000)
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            house.write_now(put, f"during-{len(written)}")
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    file = backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT)
    stop.set()
    thread.join()
    copied = keys(file)
    during = sorted(int(key.removeprefix("during-")) for key in copied if key.startswith("during-"))
    assert 200 == len([key for key in copied if key.startswith("before-")])
    assert during == list(range(len(during))), "in the order of their commits, without a hole"


def test_only_the_newest_copies_are_kept(house, tmp_path):
    for minute in range(5):
        backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT.replace(minute=minute), keep=2)
    assert ["tocsin-20261124T090300Z.db", "tocsin-20261124T090400Z.db"] == sorted(
        path.name for path in (tmp_path / "copies").iterdir()
    )


@pytest.mark.parametrize(("point", "there"), [("B1", False), ("B2", False), ("B3", True)])
def test_a_backup_that_is_killed_leaves_a_whole_copy_or_none(house, tmp_path, point, there):
    house.write_now(put, "kept")
    code = (
        "import os, signal, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from tocsin import points; from tocsin.store import backup\n"
        "points.arm(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[1] else None)\n"
        "backup.backup(Path(sys.argv[2]), Path(sys.argv[3]), datetime(2026, 11, 24, 9, 2, tzinfo=UTC))"
    )
    arguments = [sys.executable, "-c", code, point, f"{tmp_path}/tocsin.db", f"{tmp_path}/copies"]
    died = subprocess.run(arguments, check=False, env=dict(os.environ), timeout=60)
    assert -signal.SIGKILL == died.returncode
    copies = list((tmp_path / "copies").glob("tocsin-*.db"))
    assert there == bool(copies)
    assert all("" == backup.damage_of(copy) and {"kept"} <= keys(copy) for copy in copies)
    assert backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT), "and the next one is made"


def test_a_restore_puts_the_copy_in_place_and_keeps_what_was_there(house, tmp_path):
    house.write_now(put, "old")
    file = backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT)
    house.write_now(put, "since")
    house.close()

    backup.restore(file, tmp_path / "tocsin.db")
    assert {"old", "restored"} <= keys(tmp_path / "tocsin.db")
    assert "since" not in keys(tmp_path / "tocsin.db")
    assert {"old", "since"} <= keys(tmp_path / "tocsin.db.before-restore")


def test_what_cannot_be_restored_is_refused_and_nothing_is_changed(house, tmp_path):
    file = backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT)
    rubbish = tmp_path / "rubbish.db"
    rubbish.write_bytes(b"SQLite format 3\x00" + b"x" * 9_000)
    flipped = tmp_path / "flipped.db"
    flipped.write_bytes(file.read_bytes()[:8_192] + b"\xff" * 4_096 + file.read_bytes()[12_288:])
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE other (x)")
    for bad, words in ((rubbish, "damaged"), (flipped, "damaged"), (foreign, "no backup of a Tocsin"),
                       (tmp_path / "none.db", "there is no backup")):  # fmt: skip
        with pytest.raises(migrate.WrongDatabase, match=words):
            backup.restore(bad, tmp_path / "elsewhere.db")
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_database_in_use_is_not_replaced(house, tmp_path):
    file = backup.backup(tmp_path / "tocsin.db", tmp_path / "copies", AT)
    house.write_now(put, "in use")
    with pytest.raises(migrate.WrongDatabase, match="in use"):
        backup.restore(file, tmp_path / "tocsin.db")
    assert {"in use"} <= keys(tmp_path / "tocsin.db")
