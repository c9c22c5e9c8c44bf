"""What an action item may be, when it is late, who is told of it and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import action_items as core
from tocsin.core.action_items import ActionItem
from tocsin.core.types import Refused

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
DUE = date(2026, 12, 1)
ITEM = ActionItem("a1", 42, "Rotate the key", "backup1", DUE, NOW, "martijn", service="api")
ZONE = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


def book(old, new):
    assert old in TEXT
    reading = runbook_file.read(TEXT.replace(old, new), {})
    assert () == reading.errors
    return reading.runbook


def at(day, hour=8):
    return datetime(2026, 12, day, hour, tzinfo=UTC)


# --------------------------------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize("title", ["", "  \n\t", "x" * 301])
def test_a_title_says_what_is_to_be_done(title):
    with pytest.raises(Refused, match="title"):
        core.title_of(title)
    assert "a b" == core.title_of(" a \n b ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no date"), ("soon", "no date"), ("2026-02-30", "no date"), ("2026-11-22", "in the past; today is 2026-11-23"),
        ("9999-12-31", "ten years"),
    ],
)  # fmt: skip
def test_a_due_day_that_cannot_be(text, why):
    with pytest.raises(Refused, match=why) as refused:
        core.due_of(BOOK, text, "backup1", NOW)
    assert 422 == refused.value.status


def test_today_is_the_owners_today():
    """At half past eleven in the evening UTC it is tomorrow in Amsterdam."""
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert date(2026, 11, 24) == core.due_of(BOOK, "2026-11-24", "backup1", late)
    with pytest.raises(Refused, match="today is 2026-11-24"):
        core.due_of(BOOK, "2026-11-23", "backup1", late)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://", "ftp://x.org", "https://a b", "//x.org", "https://x.org/\0", "x" * 9]
)
def test_only_an_address_of_the_web_is_a_link(link):
    with pytest.raises(Refused, match="link must be"):
        core.link_of(link)


@pytest.mark.parametrize(
    "link", ["", "https://github.com/acme/app/issues/7?a=b#c", "http://10.0.0.1:8080", "http://[::1]/x"]
)
def test_a_link_is_kept(link):
    assert link == core.link_of(f" {link} ")


def test_the_owner_is_of_the_runbook():
    assert "backup1" == core.owner_of(BOOK, "backup1")
    with pytest.raises(Refused, match="no person 'eve'; the runbook has martijn, backup1"):
        core.owner_of(BOOK, "eve")


# --------------------------------------------------------------------------------------------- when


def test_words_come_the_day_before_on_the_day_the_day_after_and_weekly():
    moments, found = NOW, []
    while len(found) < 5:
        _, moments = core.look(ITEM, BOOK, moments)
        found.append(moments)
    local = [moment.astimezone(ZONE) for moment in found]
    assert ["11-30", "12-01", "12-02", "12-09", "12-16"] == [f"{moment:%m-%d}" for moment in local]
    assert {"09:00"} == {f"{moment:%H:%M}" for moment in local}


def test_before_the_hour_it_is_still_the_word_before():
    assert (None, at(1) - DAY) == core.look(ITEM, BOOK, at(1) - DAY - timedelta(microseconds=1))
    assert (DUE - DAY, at(1)) == core.look(ITEM, BOOK, at(1) - timedelta(microseconds=1))
    assert (DUE, at(2)) == core.look(ITEM, BOOK, at(1))


@given(st.integers(0, 90 * 24 * 60), st.integers(0, 90 * 24 * 60))
def test_no_word_is_passed_over_and_none_comes_twice(first, span):
    """From any instant, also across a change of clocks: the next word's instant gives that word, and nothing before."""
    item = replace(ITEM, due=date(2027, 3, 27))
    begins = datetime(2027, 2, 20, tzinfo=UTC) + timedelta(minutes=first)
    last, following = core.look(item, BOOK, begins)
    assert following > begins
    between = begins + min(timedelta(minutes=span), following - begins - timedelta(microseconds=1))
    assert (last, following) == core.look(item, BOOK, between)
    day, after = core.look(item, BOOK, following)
    assert day == following.astimezone(ZONE).date() != last and after > following
    assert core.key_of(item, day) != (core.key_of(item, last) if last else "")


def test_it_is_late_once_its_day_is_over_where_its_owner_is():
    midnight = datetime(2026, 12, 1, 23, 0, tzinfo=UTC)
    assert not core.is_overdue(ITEM, BOOK, midnight - timedelta(seconds=1))
    assert core.is_overdue(ITEM, BOOK, midnight)
    assert not core.is_overdue(replace(ITEM, state="done"), BOOK, midnight)
    assert ("1 day late", "8 days late") == (core.late_words(ITEM, DUE + DAY), core.late_words(ITEM, DUE + 8 * DAY))


def test_the_owners_own_clock_counts():
    there = book("backup1:\n    name: Backup One\n", "backup1:\n    name: Backup One\n    timezone: America/New_York\n")
    assert (None, datetime(2026, 11, 30, 14, 0, tzinfo=UTC)) == core.look(ITEM, there, NOW)


# --------------------------------------------------------------------------------------------- who


ALONE = "teams:\n  core:     {lead: martijn, members: [martijn, backup1]}\n  frontend: {lead: backup1, members: [backup1]}\n"
TEAMS = TEXT[TEXT.index("teams:\n") : TEXT.index("schedules:\n")]


def test_the_lead_hears_only_what_is_late():
    one = book(TEAMS, ALONE.replace("lead: backup1, members: [backup1]", "lead: martijn, members: [martijn]"))
    assert {"backup1"} == core.told(ITEM, one, DUE - DAY) == core.told(ITEM, one, DUE)
    assert {"backup1", "martijn"} == core.told(ITEM, one, DUE + DAY)


def test_of_whoever_has_left_the_lead_of_the_service_hears_else_the_admins():
    gone = replace(ITEM, owner="eve")
    assert {"martijn"} == core.told(gone, BOOK, DUE - DAY)
    assert {"backup1"} == core.told(replace(gone, service="proofi.ai"), BOOK, DUE)
    assert {"martijn"} == core.told(replace(gone, service=None), BOOK, DUE)
    assert "eve (not in the runbook any more)" in core.text(gone, BOOK, DUE)
    assert "Move it to somebody else" in core.left_text(gone, BOOK)


def test_the_people_of_a_schedule_and_of_its_teams():
    assert {"martijn", "backup1"} == core.of_schedules(BOOK, ["primary"])
    assert frozenset() == core.of_schedules(BOOK, ["none"])
    with pytest.raises(Refused, match="no team 'x'; the runbook has core, frontend"):
        core.of_team(BOOK, "x")


# --------------------------------------------------------------------------------------------- in words


def test_a_message_says_all_that_is_known():
    item = replace(ITEM, link="https://github.com/acme/app/issues/7", verify="The old key is refused")
    assert (
        "Rotate the key\nOwner: Backup One\nDue: 2026-12-01, 1 day late\nFrom: INC-42\n"
        "Issue: https://github.com/acme/app/issues/7\nHow it is verified: The old key is refused\n"
        "Mark it as done, move its date, or drop it with a reason."
    ) == core.text(item, BOOK, DUE + DAY)
    subjects = [core.subject(ITEM, DUE + DAY * days) for days in (-1, 0, 1)]
    assert ["due Tue 2026-12-01", "due Tue 2026-12-01", "late"] == [text[12 : text.index(":")] for text in subjects]


def test_a_hand_off_names_five_and_counts_the_rest():
    items = [replace(ITEM, id=str(n), title=f"T{n}", due=DUE - DAY * n) for n in range(7)]
    both, now = frozenset({"backup1", "martijn"}), at(2)
    lines = core.overdue_lines(items, BOOK, now, both)
    assert ["T6: Backup One, 7 days late (INC-42)", "and 2 more"] == [lines[0], lines[-1]] and 6 == len(lines)
    assert [] == core.overdue_lines(items, BOOK, now, frozenset({"martijn"}))
    assert [] == core.overdue_lines(items, BOOK, at(1) - DAY * 9, both)


def test_late_ones_stand_first_and_what_is_over_last():
    items = [
        replace(ITEM, id="over", state="done", closed_at=NOW), replace(ITEM, id="soon", due=DUE + DAY * 5),
        replace(ITEM, id="older", state="dropped", closed_at=NOW - DAY), replace(ITEM, id="late"),
    ]  # fmt: skip
    assert ["late", "soon", "over", "older"] == [one.id for one in core.in_order(items, BOOK, at(3))]
