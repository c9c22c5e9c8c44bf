"""The week after an incident: when its review is, what is due when, who hears that it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin import runbook_file
from tocsin.core import review
from tocsin.core.calendar import in_business_hours
from tocsin.core.incident import Incident
from tocsin.core.types import Refused

TEXT = (Path(__file__).parents[2] / "examples/proofi/runbook.yaml").read_text(encoding="utf-8")
BOOK = runbook_file.read(TEXT, {}).runbook
END = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)  # a Monday
PEOPLE = {
    "commander": frozenset({"ana"}),
    "secondary": frozenset({"bo"}),
    "team_lead": frozenset({"ana"}),
    "everyone": frozenset({"ana", "bo", "cy"}),
}


def book(**postmortems):
    data = yaml.load(TEXT, yaml.BaseLoader)
    data["version"] = 1
    data["postmortems"].update(postmortems)
    return runbook_file.read(yaml.dump(data, allow_unicode=True), {}).runbook


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("resolved", "meeting"),
    [
        ("2026-11-23T10:30", "2026-11-25T10:00"),  # the meeting's hour, two days on
        ("2026-11-23T09:47", "2026-11-25T09:45"),  # that hour would be beyond 48 hours
        ("2026-11-23T23:59", "2026-11-25T10:00"),
        ("2026-11-24T03:00", "2026-11-25T10:00"),  # 48 hours end at night: the day before, in business hours
        ("2026-11-26T12:00", "2026-11-27T10:00"),  # the second day is a Saturday
        ("2026-11-27T12:00", "2026-11-30T10:00"),  # nobody works within 48 hours: the first business day after
        ("2026-11-28T12:00", "2026-11-30T10:00"),
        ("2026-12-23T12:00", "2026-12-24T10:00"),  # the second day is Christmas in the Netherlands
        ("2026-12-24T12:00", "2026-12-28T10:00"),  # Christmas, Boxing Day, a Sunday
        ("2026-03-27T12:00", "2026-03-30T10:00"),  # the clocks go forward in between
    ],
)
def test_the_review_is_in_business_hours_within_48_hours_where_somebody_works(resolved, meeting):
    assert at(meeting) == review.meeting_time(at(resolved), BOOK)


def test_that_it_is_later_than_wanted_is_known():
    friday = at("2026-11-27T12:00")
    assert review.is_late(review.meeting_time(friday, BOOK), friday, BOOK)
    assert not review.is_late(review.meeting_time(END, BOOK), END, BOOK)


@given(st.integers(0, 60 * 24 * 400))
def test_whenever_it_ends_people_work_at_the_review_and_have_notice(minutes):
    resolved = END + timedelta(minutes=minutes)
    found = review.meeting_time(resolved, BOOK)
    last = found + BOOK.postmortems.meeting.length - timedelta(minutes=1)
    hours = BOOK.organization.business_hours
    assert in_business_hours(found, hours) and in_business_hours(last, hours)
    assert review.NOTICE <= found - resolved <= timedelta(days=6)


def test_an_hour_outside_business_hours_moves_into_them():
    early, late = (book(meeting={"length": "1h", "at": hour}) for hour in ("05:00", "20:00"))
    assert at("2026-11-25T08:00") == review.meeting_time(at("2026-11-23T12:00"), early)
    assert at("2026-11-25T15:00") == review.meeting_time(at("2026-11-23T22:00"), late)


def test_a_meeting_longer_than_any_day_and_a_calendar_without_days_still_give_a_time():
    assert review.meeting_time(END, book(meeting={"length": "9h", "at": "10:00"})) == at("2026-11-25T10:00")
    hours = BOOK.organization.business_hours.model_copy(update={"days": ()})
    never = BOOK.model_copy(update={"organization": BOOK.organization.model_copy(update={"business_hours": hours})})
    assert at("2026-11-25T10:30") == review.meeting_time(END, never)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Collect all logs, metrics, chat logs", "evidence"), ("Post-mortem meeting (1 hour)", "meeting"),
        ("Document published", "publish"), ("Action items reviewed", "actions"), ("Review with the vendor", "meeting"),
        ("Send flowers", "other"),
    ],
)  # fmt: skip
def test_a_line_of_the_schedule_is_known_by_its_words(line, kind):
    assert kind == review.kind_of(line)


def plan(runbook=BOOK, end=END):
    return review.begin(runbook, end, review.meeting_time(end, runbook))


def test_the_week_is_that_of_the_runbook():
    assert [
        ("evidence", at("2026-11-24T10:30")), ("meeting", at("2026-11-25T16:00")), ("publish", at("2026-11-26T16:00")),
        ("actions", at("2026-11-30T16:00")),
    ] == [(step.id, step.due) for step in plan().steps]  # fmt: skip


def test_over_a_weekend_what_follows_waits_for_the_review():
    friday = plan(end=at("2026-11-27T12:00"))
    assert [at("2026-11-28T12:00"), at("2026-11-30T16:00"), at("2026-12-01T16:00"), at("2026-12-04T16:00")] == [
        step.due for step in friday.steps
    ]


def test_lines_of_ones_own_are_steps_too_and_two_of_a_kind_have_two_names():
    lines = [{"day": "0", "do": "Incident resolved"}, {"day": "2", "do": "Send flowers"},
             {"day": "2", "do": "Review with the vendor"}, {"day": "4", "do": "Review among us"},
             {"day": "4", "do": "Drink coffee"}, {"day": "4", "do": "Drink tea"}]  # fmt: skip
    found = plan(book(schedule=lines))
    assert ["day-2", "meeting", "day-4", "day-4b", "day-4bb"] == [step.id for step in found.steps]
    assert () == plan(book(schedule=[])).steps


def test_stored_and_read_it_is_the_same():
    assert plan() == review.from_json(review.to_json(plan()))


def looked(found, now, people=PEOPLE):
    after, words = review.look(found, BOOK, at(now), lambda role: people[role])
    assert (after, []) == review.look(after, BOOK, at(now), lambda role: people[role])  # again: nothing
    return after, [(word.step.id, word.what, sorted(word.people), word.role) for word in words]


def test_an_owner_is_reminded_on_the_day_told_when_it_is_late_and_it_climbs_day_by_day():
    found = plan()
    assert at("2026-11-24T10:30") == review.wake_at(found, BOOK)
    found, words = looked(found, "2026-11-25T07:59")
    assert [] == words
    found, words = looked(found, "2026-11-25T08:00")
    assert [("meeting", "remind", ["ana"], "")] == words
    found, words = looked(found, "2026-11-25T16:00")
    assert [("meeting", "late", ["ana"], ""), ("meeting", "handed", ["bo"], "secondary")] == words
    found, words = looked(found, "2026-11-26T16:00")
    assert ("meeting", "handed", ["ana"], "team_lead") in words
    found, words = looked(found, "2026-11-27T16:00")
    assert ("meeting", "handed", ["cy", "bo"][::-1], "everyone") in words
    found, words = looked(found, "2026-11-29T16:00")
    assert [] == [word for word in words if word[0] == "meeting"]


def test_after_a_downtime_it_is_late_at_once_and_not_reminded_of():
    _, words = looked(plan(), "2026-11-27T03:00")
    assert ["late", "handed", "late", "handed"] == [what for _, what, _, _ in words]


def test_where_nobody_new_is_left_everyone_has_it():
    alone = dict.fromkeys(PEOPLE, frozenset({"ana"}))
    found, words = looked(plan(), "2026-11-25T16:00", alone)
    assert ("meeting", "handed", ["ana"], "everyone") in words
    assert None is found.step("meeting").hand_on_at
    last = replace(found.step("meeting"), hand_on_at=END)
    assert [] == review.look(replace(found, steps=(last,)), BOOK, END, lambda _: frozenset())[1]


def test_what_is_done_is_not_spoken_of():
    found = review.tick(plan(), "meeting", "ana", at("2026-11-25T11:00"))
    assert found == review.tick(found, "meeting", "bo", at("2026-11-25T12:00"))
    _, words = looked(found, "2026-11-26T07:00")
    assert [] == words
    with pytest.raises(Refused, match="no step 'party'"):
        review.tick(found, "party", "ana", END)
    with pytest.raises(Refused, match="move it first"):
        review.tick(plan(), "meeting", "ana", END)


def test_evidence_is_due_a_day_after_the_end_and_never_late():
    assert None is review.due_evidence(plan(), at("2026-11-24T10:29"))
    step = review.due_evidence(plan(), at("2026-11-24T10:30"))
    assert step and step.kind == "evidence"
    found = review.collected(plan(), step, END)
    assert None is review.due_evidence(found, at("2026-12-24T10:30"))
    assert [] == looked(plan(), "2026-11-24T23:00")[1]


def test_a_move_takes_what_follows_with_it_and_calendars_see_a_new_number():
    late, _ = looked(plan(), "2026-11-26T17:00")
    found = review.move(late, BOOK, at("2026-12-01T14:00"), at("2026-11-26T17:00"))
    assert (1, at("2026-12-01T14:00")) == (found.sequence, found.meeting_at)
    assert [at("2026-12-01T16:00"), at("2026-12-02T16:00"), at("2026-12-02T16:00")] == [
        step.due for step in found.steps[1:]
    ]
    assert {(None, -1, None)} == {(step.missed_at, step.holder, step.hand_on_at) for step in found.steps[1:]}
    assert found == review.move(found, BOOK, at("2026-12-01T14:00"), at("2026-11-26T18:00"))


@pytest.mark.parametrize(
    ("to", "why"), [("2026-11-23T10:30", "in the past"), ("2027-11-23T10:30", "more than 90 days")]
)
def test_a_review_cannot_be_moved_into_the_past_or_out_of_sight(to, why):
    with pytest.raises(Refused, match=why):
        review.move(plan(), BOOK, at(to), END)


def test_what_was_held_is_neither_moved_nor_dropped():
    held = review.tick(plan(), "meeting", "ana", at("2026-11-25T11:00"))
    with pytest.raises(Refused, match="it was held"):
        review.move(held, BOOK, at("2026-12-01T14:00"), END)
    with pytest.raises(Refused, match="it was held"):
        review.drop(held, "ana", END)
    assert None is held.step("meeting").hand_on_at
    assert 0 == review.end(held, "reopened").sequence  # calendars keep what was held


def test_a_review_that_is_dropped_is_over_and_the_rest_goes_on():
    found = review.drop(plan(), "ana", END)
    assert (None, 1, "ana") == (found.meeting_at, found.sequence, found.step("meeting").done_by)
    assert found == review.drop(found, "bo", END)
    assert [("publish", "remind", ["ana"], "")] == looked(found, "2026-11-26T08:00")[1]
    assert None is review.drop(plan(book(schedule=[])), "ana", END).meeting_at


def test_an_incident_that_goes_on_ends_it_and_another_end_begins_anew_with_higher_numbers():
    over = review.end(plan(), "INC-1 was reopened")
    assert (None, 1) == (over.meeting_at, over.sequence)
    assert over == review.end(over, "again")
    assert [] == looked(over, "2027-01-01T00:00")[1] and None is review.wake_at(over, BOOK)
    for refused in (lambda: review.move(over, BOOK, at("2026-12-01T14:00"), END), lambda: review.tick(over, "publish", "a", END)):  # fmt: skip
        with pytest.raises(Refused, match="INC-1 was reopened"):
            refused()
    with pytest.raises(Refused):
        review.drop(replace(over, meeting_at=END), "ana", END)
    again = review.again(replace(over, told=1, invited=("ana",), last_at=END), plan())
    assert (2, 1, ("ana",), "") == (again.sequence, again.told, again.invited, again.over)


def test_the_guests_are_who_worked_on_it_and_the_lead_each_once_and_nobody_who_left():
    state = Incident(1, "Down", "P0", END, "x", "v", service="api", roles={"commander": "backup1", "scribe": "gone"},
                     acknowledged_by="backup1", have_it=("backup1",))  # fmt: skip
    assert ("backup1", "martijn") == review.guests(state, BOOK)
