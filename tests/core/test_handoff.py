"""Who takes over from whom, and what follows until it is confirmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin import runbook_file
from tocsin.core import handoff
from tocsin.core.handoff import Asked, Change
from tocsin.core.oncall import Override

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # Monday, 09:00 in Amsterdam: the hand-over
WEEK, MINUTE = timedelta(days=7), timedelta(minutes=1)
LATER = NOW + WEEK


def book(old, new):
    assert old in TEXT
    reading = runbook_file.read(TEXT.replace(old, new, 1), {})
    assert () == reading.errors
    return reading.runbook


def latest(had, since=NOW - WEEK, due=NOW, now=NOW, overrides=()):
    return handoff.latest(BOOK, "primary", had, since, due, now, overrides)


def change(schedule, at=NOW, outgoing=("martijn",), incoming=("backup1",), **more):
    return Change(schedule, at, outgoing, incoming, LATER, **more)


def test_at_the_very_instant_it_changes_and_a_moment_before_it_does_not():
    assert (change("primary"), LATER) == latest(["martijn"])
    assert (None, NOW) == latest(["martijn"], now=NOW - timedelta(microseconds=1))


@pytest.mark.parametrize(("weeks", "missed", "outgoing", "incoming"), [
    (0, 0, "martijn", "backup1"), (1, 1, "backup1", "martijn"), (2, 2, "martijn", "backup1"),
    (52, 4, "martijn", "backup1"),  # no more than 31 days are counted
])  # fmt: skip
def test_late_the_last_change_counts(weeks, missed, outgoing, incoming):
    found, until = latest(["martijn"], now=NOW + weeks * WEEK + MINUTE)

    at = NOW + weeks * WEEK
    assert Change("primary", at, (outgoing,), (incoming,), at + WEEK, None, missed) == found
    assert at + WEEK == until


def test_what_was_edited_changes_hands_when_it_is_looked_at():
    """Somebody had it whom neither the runbook nor an override names any more."""
    noon = NOW + timedelta(hours=3)
    found, _ = latest(["gone"], since=NOW + MINUTE, due=noon, now=noon)

    assert (("gone",), ("backup1",), noon, 0) == (found.outgoing, found.incoming, found.at, found.missed)


def test_a_stand_in_for_oneself_is_no_change():
    override = Override("o", "primary", "backup1", NOW + MINUTE, LATER, "again")

    assert None is latest(["backup1"], since=NOW, due=NOW + MINUTE, now=NOW + MINUTE, overrides=(override,))[0]


def test_two_schedules_at_one_instant_are_one_note_for_each_person():
    swap = (change("primary"), change("secondary", outgoing=("backup1",), incoming=("martijn",)))
    notes = handoff.notes((*swap, change("third", at=NOW + MINUTE)))

    assert [
        ("backup1", ["primary"], ["secondary"]), ("martijn", ["secondary"], ["primary"]),
        ("backup1", ["third"], []), ("martijn", [], ["third"]),
    ] == [(n.person, [c.schedule for c in n.takes], [c.schedule for c in n.gives]) for n in notes]  # fmt: skip


def test_who_stays_takes_and_gives_nothing_and_a_gap_makes_no_note():
    stays = change("primary", outgoing=("martijn", "backup1"), incoming=("martijn",))

    assert ["backup1"] == [note.person for note in handoff.notes((stays,))]
    assert () == handoff.notes((change("primary", incoming=()),))


def test_it_is_reminded_at_each_third_and_goes_to_others_at_the_end():
    asked, told = handoff.ask("martijn", 30 * MINUTE, NOW), []
    for minute in range(60):
        for _ in range(2):  # a second look at the same instant does nothing
            asked, what = handoff.step(asked, NOW + minute * MINUTE)
            told += [(minute, what)] if what else []

    assert [(10, "remind"), (20, "remind"), (30, "unconfirmed")] == told
    assert ("unconfirmed", None) == (asked.state, asked.due)
    assert "confirmed" == handoff.confirmed(asked).state


def test_a_late_step_skips_the_reminders():
    asked = handoff.ask("martijn", 30 * MINUTE, NOW)

    assert "unconfirmed" == handoff.step(asked, NOW + timedelta(hours=6))[1]


@pytest.mark.parametrize("state", ["superseded", "nobody", "confirmed"])
def test_what_is_over_is_neither_asked_nor_confirmed(state):
    asked = Asked(state, "martijn", NOW, None)

    assert (asked, None) == handoff.step(asked, LATER)
    assert asked.state == handoff.confirmed(asked).state or state == "confirmed"
    assert (asked, None) == handoff.step(Asked(state, "martijn", NOW, None), NOW)


@pytest.mark.parametrize(
    ("old", "new", "without", "expected"),
    [
        ("repeat: 3", "repeat: 3", "martijn", {"backup1"}),  # the next step, and the lead of frontend
        ("repeat: 3", "repeat: 3", "backup1", {"martijn"}),  # the leads
        (
            "  secondary:\n    timezone",
            "  secondary:\n    hand_off: {to: [backup1]}\n    timezone",
            "martijn",
            {"backup1"},
        ),
        ("organization:\n", "organization:\n  hand_off: {to: [martijn]}\n", "backup1", {"martijn"}),
        (
            "organization:\n",
            "organization:\n  hand_off: {to: [backup1]}\n",
            "backup1",
            {"martijn"},
        ),  # nobody: the admins
        ("organization:\n", "organization:\n  hand_off: {to: [martijn]}\n", "martijn", {"backup1"}),  # nor an admin
    ],
)
def test_who_hears_that_nobody_confirmed(old, new, without, expected):
    assert expected == handoff.others(book(old, new), ["primary", "secondary"], NOW, (), without)


def test_a_schedule_that_no_policy_names_has_no_second_and_no_lead():
    assert frozenset() == handoff.leads(BOOK, "elsewhere")
    assert {"martijn"} == handoff.others(BOOK, ["elsewhere"], NOW, (), "backup1")


def test_the_second_is_never_everyone():
    """Else a forgotten press would wake the whole house."""
    runbook = book("- {page: [schedule:secondary], after: 5m}\n      - {page: [team_lead], after: 10m}\n      ", "")

    assert frozenset() == handoff._second(runbook, "primary", NOW, ())


def test_words_without_an_end_a_taker_or_a_confirmation():
    forever = Change("primary", NOW, (), ("backup1",), datetime.max.replace(tzinfo=UTC), "dentist", 1)
    note = handoff.Note("backup1", NOW, (forever,), ())

    text = handoff.text(note, BOOK, (), None)
    assert "You take primary from nobody. You stand in: dentist.\n1 earlier shift change passed" in text
    assert "Confirm" not in text
    assert "Hand-off: you give primary" == handoff.title(handoff.Note("martijn", NOW, (), (change("primary"),)))
    assert "Nobody is on call on primary until Mon 2026-12-07 09:00" in handoff.nobody(
        change("primary", incoming=()), BOOK
    )
    assert "UTC" in handoff.until_words(BOOK, "elsewhere", LATER)


@pytest.mark.parametrize(("new", "key"), [
    ("hand_off: {to: [martin]}", "organization.hand_off.to[0]"), ("hand_off: {confirm_within: 0s}", "organization.hand_off.confirm_within"),
    ("hand_off: {notify: [both]}", "organization.hand_off.notify[0]"), ("hand_of: {}", "organization.hand_of"),
])  # fmt: skip
def test_a_wrong_hand_off_is_named(new, key):
    reading = runbook_file.read(TEXT.replace("organization:\n", f"organization:\n  {new}\n", 1), {})

    assert key in [error.key for error in reading.errors]


def test_the_runbook_names_the_duties_on_call():
    runbook = book("teams:\n", "on_call: {duties: [Feed the cat]}\nteams:\n")
    text = handoff.text(handoff.Note("backup1", NOW, (change("primary"),), ()), runbook, (), 30 * MINUTE)

    assert "Your duties on call\n- Feed the cat\n\nConfirm within 30 minutes" in text
    assert "on call" not in handoff.text(handoff.Note("martijn", NOW, (), (change("primary"),)), runbook, (), None)
