"""A postmortem's file that is edited by hand is noticed though nobody opens the document; what did not change is not read."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta

import pytest

from tocsin.net import Network
from tocsin.store import postmortems
from tocsin.store.db import Database
from tocsin.usecases import postmortems as documents
from tocsin.usecases import publish
from tocsin.usecases.handwritten import Files
from tocsin.watchman import DeadMan, Watchman

from .test_reviews import ended, write  # noqa: F401 - a fixture


def watchman(db, setup):
    return Watchman(
        db, setup, Network(console=print, now=db.clock), "test", DeadMan(), lambda: (timedelta(0), timedelta(0))
    )


@pytest.fixture
def watching(house, setup, ended):  # noqa: F811
    return watchman(house, setup), setup.data / house.read_now(postmortems.get, ended).path


def look(man):
    asyncio.run(man.read_files())


def test_an_edit_by_hand_is_shown_beside_though_nobody_opens_it(house, setup, ended, watching):  # noqa: F811
    man, file = watching
    look(man)
    assert None is house.read_now(postmortems.get, ended).found
    before = house.read_now(postmortems.get, ended).text
    file.write_text("# By hand\n", encoding="utf-8")
    look(man)
    row = house.read_now(postmortems.get, ended)
    assert ("# By hand\n", "file", before) == (row.found, row.found_in, row.text)
    file.write_text("# By hand, more\n", encoding="utf-8")
    look(man)
    assert "# By hand, more\n" == house.read_now(postmortems.get, ended).found
    joins = postmortems.sha256_of("# By hand, more\n")
    house.write_now(documents.edit, setup, ended, "martijn", "# Both\n", row.version, joins)
    write(house, setup)
    for _ in range(3):
        look(man)
    assert None is house.read_now(postmortems.get, ended).found
    assert "# Both\n" == file.read_text(encoding="utf-8")


def test_what_was_edited_while_tocsin_was_down_is_noticed_at_the_first_look(house, setup, ended, watching):  # noqa: F811
    _, file = watching
    file.write_text("# While it was down\n", encoding="utf-8")
    look(watchman(house, setup))
    assert "# While it was down\n" == house.read_now(postmortems.get, ended).found


def test_an_edit_of_a_published_document_is_noticed_too(house, setup, ended, watching):  # noqa: F811
    man, file = watching
    house.write_now(documents.publish, setup, ended, "martijn", 1, anyway=True)
    write(house, setup)
    look(man)
    assert None is house.read_now(postmortems.get, ended).found
    file.write_text(file.read_text(encoding="utf-8") + "One more thing.\n", encoding="utf-8")
    look(man)
    assert "One more thing." in house.read_now(postmortems.get, ended).found


def test_two_nodes_with_their_own_files_find_only_their_own(house, setup, ended, watching, time, tmp_path):  # noqa: F811
    man, _ = watching
    other = Database(house.url, time) if house.url.startswith("postgresql") else house
    elsewhere = watchman(other, replace(setup, data=tmp_path / "elsewhere"))
    look(elsewhere)  # it has none
    look(man)
    assert (0, None) == (elsewhere.files.reads, house.read_now(postmortems.get, ended).found)
    if other is not house:
        other.close()


class Row:
    def __init__(self, incident, path, on_disk):
        self.incident, self.path, self.on_disk = incident, path, on_disk


@pytest.fixture
def three(tmp_path):
    rows = []
    for number, text in enumerate(("# One\n", "# Two\n", "# Three\n"), 1):
        (tmp_path / f"{number}.md").write_text(text, encoding="utf-8")
        rows.append(Row(number, f"{number}.md", postmortems.sha256_of(text)))
    return rows


def test_what_did_not_change_is_read_twice_and_never_again(tmp_path, three):
    files = Files()
    for reads in (3, 6, 6, 6):
        assert [] == files.look(tmp_path, three)
        assert reads == files.reads
    (tmp_path / "2.md").write_text("# Tow\n", encoding="utf-8")  # as many bytes
    assert [(2, "# Tow\n")] == files.look(tmp_path, three) == files.look(tmp_path, three)
    assert [] == files.look(tmp_path, three) and 8 == files.reads


def test_a_file_that_is_put_in_the_place_of_another_with_its_time_is_read(tmp_path, three):
    files = Files()
    for _ in range(3):
        files.look(tmp_path, three)
    target, beside = tmp_path / "1.md", tmp_path / "new"
    beside.write_text("# Eno\n", encoding="utf-8")
    seen = target.stat()
    os.utime(beside, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    beside.replace(target)
    assert [(1, "# Eno\n")] == files.look(tmp_path, three)


def test_a_write_within_the_same_tick_is_found_at_the_next_look(tmp_path, three):
    files = Files()
    files.look(tmp_path, three)
    target = tmp_path / "1.md"
    seen = target.stat()
    target.write_text("# Eno\n", encoding="utf-8")
    os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert [(1, "# Eno\n")] == files.look(tmp_path, three)


def test_what_is_no_file_or_too_large_is_left_alone(tmp_path, three):
    files = Files()
    (tmp_path / "1.md").unlink()
    (tmp_path / "2.md").unlink()
    os.mkfifo(tmp_path / "2.md")  # whoever opened it would wait for ever
    (tmp_path / "3.md").write_bytes(b"x" * (publish.FILE_LIMIT + 1))
    assert [] == files.look(tmp_path, [*three, Row(4, "a\x00b", ""), Row(5, ".", "")])
    (tmp_path / "1.md").write_text("# Back\n", encoding="utf-8")
    assert [(1, "# Back\n")] == files.look(tmp_path, three)
