"""What a drill looks like: marked, within the width, each thing told once, and a score that a newcomer can read."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from tocsin.simulate import drill_view, score
from tocsin.simulate.drill_view import View, picture, report

from .seen import BEGUN, duty, entry, page, seen

NOW = BEGUN + timedelta(minutes=7)


def shown(width, what):
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(what)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_picture_fits_the_terminal_and_is_marked(width):
    text = shown(width, picture(seen(duties=[duty("ack", title="Acknowledge " * 20)]), NOW, (), width))
    assert max(map(len, text.splitlines())) <= width
    assert "DRILL" in text
    assert "T+07:00" in text


def test_the_picture_says_who_was_paged_by_what_and_what_is_left():
    text = shown(120, picture(seen(pages=[page("ana", ("telegram", "retry"), ("sms", "delivered"))],
                                   duties=[duty("ack")]), NOW, (), 120))  # fmt: skip
    assert "T+00:00 Ana" in text
    assert "telegram ✗, sms" in text
    assert "8:00" in text  # of fifteen minutes seven are gone


def test_a_line_is_told_once_and_what_goes_without_saying_is_not():
    console = Console(width=120, file=io.StringIO())
    view = View(console, plain=True)
    for _ in range(2):
        view.looked(seen(timeline=[entry(1, "acknowledged", "ana"), entry(2, "duty_done", "ana", duty="ack")]), NOW)
    assert "DRILL T+00:01  Ana acknowledged\n" == console.file.getvalue()


def test_the_score_says_what_was_kept_and_missed_and_what_to_change():
    late = duty("ack", done_at=BEGUN + timedelta(minutes=20), late=True)
    text = "\n".join(line.plain for line in report(score.score(seen(duties=[late, duty("fix", done_at=BEGUN)]), None)))
    assert "1 of 2 duties kept" in text
    assert "✗ The ack  done, but 5 minutes too late" in text
    assert "(protocols.critical.duties.ack)" in text
    assert "acknowledged: by nobody" in text


def test_minutes_go_on_past_an_hour():
    assert ["T+00:00", "T+61:01"] == [drill_view.clocked(timedelta(seconds=s)) for s in (-3, 3661)]
    assert datetime(2026, 11, 23, tzinfo=UTC).date() == BEGUN.date()
