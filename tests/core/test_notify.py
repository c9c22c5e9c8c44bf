"""Who hears which text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tocsin import runbook_file
from tocsin.core import decide, notify
from tocsin.core.events import Around, Declared
from tocsin.core.incident import Room

NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {"TELEGRAM_BOT_TOKEN": "1:x"}).runbook
STATE = decide.declare(
    1, "v", Declared("Down", "P0", "ana"), BOOK, NOW, Around(who=lambda target: frozenset())
).state  # fmt: skip


def heard(template, room):
    tells = notify.announce(template, replace(STATE, room=room), BOOK, NOW, "http://x")
    return [(tell.channel, tell.room) for tell in tells]


def test_each_text_goes_where_the_runbook_sends_it():
    room = Room("#r", "alerts", "77")

    assert [("alerts", False), ("alerts", True)] == heard("initial_alert", room)
    assert [("stakeholders", False), ("alerts", True)] == heard("status_update", room)


def test_a_room_that_is_the_group_itself_hears_no_text_twice():
    assert [("alerts", False)] == heard("initial_alert", Room("#r", "alerts"))
    assert [("stakeholders", False), ("alerts", True)] == heard("status_update", Room("#r", "alerts"))


def test_a_room_on_the_page_alone_gets_no_messages():
    assert [("stakeholders", False)] == heard("status_update", Room("#r"))


def test_a_template_that_the_runbook_does_not_have_sends_nothing():
    quiet = BOOK.model_copy(update={"templates": {}})

    assert [] == list(notify.announce("all_clear", STATE, quiet, NOW, ""))


def test_rooms_are_named_by_the_local_date():
    there = BOOK.organization.model_copy(update={"timezone": "Europe/Amsterdam"})

    assert "2026-11-24" == notify.local_date(NOW, BOOK.model_copy(update={"organization": there}))


def test_what_is_not_known_reads_unassigned_or_unknown():
    words = notify.template_words(STATE, BOOK, NOW, "http://x")

    assert ("unassigned", None, "15 minutes") == (words["commander"], words["impact"], words["update_interval"])


def test_a_postmortem_that_is_not_planned_yet_is_not_said_to_be_needless():
    def said(**changes):
        return notify.template_words(replace(STATE, **changes), BOOK, NOW, "http://x")["postmortem"]

    assert "Required" == said()
    assert "Not required" == said(severity="P2")
    assert "Not required" == said(drill=True)
    assert "Scheduled for 2026-11-23" == said(review_at=NOW)
