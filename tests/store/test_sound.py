"""What a start looks at before it opens a file: each fault is one line, and the file stays as it was."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from tocsin.store import migrate, sound
from tocsin.store.db import Database
from tocsin.store.schema import meta
from tocsin.store.sound import WrongDatabase

from .conftest import START

AT = datetime(2026, 11, 24, 9, 2, tzinfo=UTC)
PAGE = 4_096


@pytest.fixture
def file(tmp_path):
    """A database of a few hundred pages, closed tidily."""
    db = Database(f"sqlite:///{tmp_path}/t.db", lambda: AT)
    migrate.up_to_date(db)
    rows = [{"key": f"k{n:05d}", "value": "x" * 500} for n in range(2_000)]
    db.write_now(lambda tx: tx.run(insert(meta), rows))
    db.close()
    return tmp_path / "t.db"


def refused(path):
    before = path.read_bytes()
    db = Database(f"sqlite:///{path}", lambda: AT)
    with pytest.raises(WrongDatabase) as error:
        migrate.up_to_date(db)
    db.close()
    assert before == path.read_bytes()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_sound_file_passes(file):
    assert "" == sound.quick_check(file) == sound.full_check(file)
    sound.check_file(file)


def test_a_file_that_is_not_there_or_empty_is_no_fault(tmp_path):
    sound.check_file(tmp_path / "none.db")
    (tmp_path / "empty.db").touch()
    sound.check_file(tmp_path / "empty.db")
    assert not sound.is_there(tmp_path / "empty.db")


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_page_is_refused(file, seed):
    """Any page of the tables, overwritten with other bytes."""
    chance, content = random.Random(seed), bytearray(file.read_bytes())
    page = chance.randrange(1, len(content) // PAGE)
    content[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    file.write_bytes(content)

    assert "damaged" in refused(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda whole: whole[: len(whole) // 2], "damaged"),
        (lambda whole: whole[:16] + b"\0" * (len(whole) - 16), "damaged|cannot be used"),
        (lambda whole: b"PK\x03\x04" + whole[4:], "no SQLite database"),
        (lambda whole: whole[:7], "no SQLite database"),
    ],
    ids=["cut", "zeros", "other", "short"],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_refused(file, content, words):
    file.write_bytes(content(file.read_bytes()))
    said = refused(file)

    assert any(word in said for word in words.split("|")), said


def test_a_database_without_its_log_is_refused(file):
    """Killed with changes in the log, and the log taken away: it must not start on what is older."""
    code = (
        "import os, signal, sys; from sqlalchemy import text; from tocsin.store.db import Database\n"
        "db = Database(sys.argv[1], lambda: None)\n"
        "db.write_now(lambda tx: tx.run(text(\"INSERT INTO meta VALUES ('newest', '1')\")))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{file}"], timeout=60, check=False)
    log = file.with_name("t.db-wal")
    kept = log.read_bytes()
    log.unlink()
    said = refused(file)
    assert "t.db-wal is gone" in said
    assert "remove t.db-shm" in said

    log.write_bytes(kept)  # put back: as it was
    db = Database(f"sqlite:///{file}", lambda: AT)
    assert False is migrate.up_to_date(db)
    assert db.read_now(lambda tx: tx.first(meta.select().where(meta.c.key == "newest")))
    db.close()


def test_a_database_that_may_not_be_read_is_refused(file):
    """Whoever runs Tocsin must own it; root reads everything, so another user looks."""
    file.chmod(0o000)
    if os.geteuid():
        assert "cannot be read" in refused(file)
        return
    at = file
    while at != at.parent:  # on the way there is nothing secret
        at = at.parent
        if at.owner() == "root" and str(at).startswith("/tmp/"):
            at.chmod(at.stat().st_mode | 0o055)
    code = (
        "import os, sys; from pathlib import Path; from tocsin.store import sound\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: sound.check_file(Path(sys.argv[1]))\n"
        "except sound.WrongDatabase as error: print(error)"
    )
    words = [sys.executable, "-c", code, str(file)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert f"{file} cannot be read and written: give it to the user that runs Tocsin\n" == said.stdout, said.stderr


def test_a_folder_is_no_database(tmp_path):
    (tmp_path / "t.db").mkdir()
    with pytest.raises(WrongDatabase, match="cannot be read"):
        sound.check_file(tmp_path / "t.db")


def test_a_check_ends_in_its_time(file):
    """A file too large to be looked at whole starts all the same."""
    assert "" == sound.quick_check(file, seconds=0)


def test_a_file_that_another_process_has_open_is_looked_at(file):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sound.check_file(file)
        other.execute("ROLLBACK")


def test_a_long_reader_makes_the_log_grow_and_its_end_makes_it_short_again(tmp_path):
    """Alerts are taken all the while; the log's length is known to whoever must tell of it."""
    url = f"sqlite:///{tmp_path}/t.db"
    db = Database(url, lambda: START)
    migrate.up_to_date(db)
    with closing(sqlite3.connect(tmp_path / "t.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM meta").fetchone()
        for n in range(90):
            db.write_now(lambda tx, n=n: tx.run(insert(meta).values(key=f"k{n}", value="x" * 1_000_000)))
        assert 80_000_000 < sound.log_bytes(url)
        reader.rollback()
    for n in range(2):  # the first starts the log over, the second cuts it
        db.write_now(lambda tx, n=n: tx.run(insert(meta).values(key=f"end{n}", value="x")))
    assert 0 < sound.log_bytes(url) <= 64 * 1024 * 1024
    db.close()
    assert 0 == sound.log_bytes(url) == sound.log_bytes("sqlite://") == sound.log_bytes("postgresql://x/y")
