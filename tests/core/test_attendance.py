"""Who comes to a review: which of two answers is newer, which counts, and when nobody has said yes in time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import attendance, review
from tocsin.core.attendance import Attendance, CalendarAnswer
from tocsin.core.incident import Incident
from tocsin.core.review import Plan, Step

from .test_review import BOOK, PEOPLE, at

MEETING = at("2026-11-25T10:00")  # a Wednesday
NOW = at("2026-11-24T12:00")
MEETS = Step("meeting", "meeting", 2, "Review", at("2026-11-25T16:00"))
PLAN = Plan(at("2026-11-23T10:30"), (MEETS,), MEETING, sequence=2, asked=("ana", "bo"),
            asked_at=at("2026-11-23T10:31"))  # fmt: skip
OTHER = at("2026-11-26T13:00")


def heard(answer="accepted", minutes=0, sequence=2, **more):
    stamp = NOW - timedelta(hours=1) + timedelta(minutes=minutes)
    return CalendarAnswer("u", "bo@x.example", answer, sequence=sequence, stamp=stamp, **more)


def take(*answers, plan=PLAN):
    known = None
    for one in answers:
        known = attendance.take(known, one, "bo", plan, NOW)
    return known


def test_an_answer_as_a_signal_carries_it_is_read_again_whole():
    for one in (heard(comment="x", proposed=OTHER, sender="a@x.example"), CalendarAnswer("u", "a@x.example")):
        assert one == attendance.from_labels(one.labels)


def test_a_later_answer_takes_the_place_of_an_earlier_one_in_whatever_order_they_come():
    first, second, third = heard("accepted", 0), heard("declined", 1, comment="On leave"), heard("tentative", 2)
    for order in itertools.permutations((first, second, third)):
        assert ("tentative", third.stamp) == (take(*order).answer, take(*order).stamp)
    assert "On leave" == take(first, second).comment
    assert "" == take(second, third).comment  # what was said of another answer


def test_the_same_answer_twice_changes_nothing():
    once = take(heard("declined"))
    assert once == take(heard("declined"), heard("declined")) == take(heard("declined"), heard("accepted"))


def test_an_answer_about_a_later_invitation_wins_over_a_later_answer_about_an_earlier_one():
    known = take(heard("accepted", 0, sequence=2), heard("declined", 5, sequence=1))
    assert ("accepted", True) == (known.answer, known.counts(PLAN))
    earlier = take(heard("declined", 5, sequence=1))
    assert ("declined", False) == (earlier.answer, earlier.counts(PLAN))


def test_a_wrong_clock_or_number_locks_no_later_answer_out():
    wrong = replace(heard("accepted"), stamp=at("2099-01-01T00:00"), sequence=999)
    known = attendance.take(None, wrong, "bo", PLAN, NOW)
    assert (2, NOW) == (known.sequence, known.stamp)
    after = attendance.take(known, replace(heard("declined"), stamp=None), "bo", PLAN, NOW + timedelta(minutes=1))
    assert "declined" == after.answer


def test_another_time_stays_beside_the_answer_until_a_yes():
    counter, no = heard("tentative", 0, proposed=OTHER, comment="Later?"), heard("declined", 1)
    known = take(counter, no)
    assert ("declined", OTHER, True) == (known.answer, known.proposed, known.proposes(PLAN))
    yes = heard("accepted", 2)
    assert None is take(counter, yes).proposed
    assert None is take(yes, counter).proposed  # it came late: the yes was written after it
    assert None is take(yes, heard("", 1, proposed=OTHER)).proposed
    assert OTHER == take(yes, heard("", 3, proposed=OTHER)).proposed
    assert OTHER == take(counter, heard("", -1, proposed=MEETING)).proposed
    assert "Later?" == take(counter, heard("tentative", 1)).comment


def test_another_time_that_the_review_has_by_now_is_no_proposal():
    known = take(heard("", proposed=OTHER))
    assert known.proposes(PLAN) and not known.counts(PLAN)
    assert not known.proposes(replace(PLAN, meeting_at=OTHER))
    assert not known.proposes(replace(PLAN, sequence=3))


def test_only_what_is_new_is_said():
    no = take(heard("declined"))
    assert attendance.news(None, no, PLAN)
    assert not attendance.news(no, no, PLAN)
    assert not attendance.news(no, replace(no, comment="x"), PLAN)
    assert attendance.news(no, replace(no, answer="accepted"), PLAN)
    other = replace(no, proposed=OTHER, proposed_sequence=2)
    assert attendance.news(no, other, PLAN) and not attendance.news(other, other, PLAN)
    earlier = replace(no, sequence=1)
    assert not attendance.news(None, earlier, PLAN) and attendance.news(earlier, no, PLAN)


def test_what_came_is_said_in_a_sentence_without_what_was_written_beside():
    known = take(heard("declined", comment="<b>x</b>", proposed=OTHER, sender="pa@x.example"))
    assert (
        "Bo declines the review of 2026-11-25 10:00 UTC, and proposes 2026-11-26 13:00 UTC (a mail from pa@x.example)"
        == attendance.sentence(known, "Bo", PLAN)
    )
    alone = take(heard("", proposed=OTHER))
    assert "Bo answers about the review, and proposes 2026-11-26 13:00 UTC" == attendance.sentence(
        alone, "Bo", replace(PLAN, meeting_at=None)
    )
    assert not take(heard(sender="bo@x.example")).is_for_another


def test_an_address_is_a_person_s_in_any_case():
    assert "martijn" == attendance.person_of("martijn@proofi.ai", BOOK)
    assert None is attendance.person_of("nobody@proofi.ai", BOOK)
    assert None is attendance.person_of("", BOOK)


@pytest.mark.parametrize(
    ("meeting", "asked", "due"),
    [
        ("2026-11-25T15:00", "2026-11-23T10:31", "2026-11-25T11:00"),  # four hours before
        ("2026-11-25T10:00", "2026-11-23T10:31", "2026-11-24T14:00"),  # two of them on the day before
        ("2026-11-30T10:00", "2026-11-27T08:00", "2026-11-27T14:00"),  # over a weekend
        ("2026-11-30T10:00", "2026-11-27T13:00", "2026-11-27T15:30"),  # five hours of work: half of them
        ("2026-11-25T10:00", "2026-11-25T06:00", "2026-11-25T09:00"),
    ],
)
def test_nobody_has_accepted_is_said_while_people_still_work(meeting, asked, due):
    plan = replace(PLAN, meeting_at=at(meeting), asked_at=at(asked))
    assert at(due) == attendance.doubt_at(plan, BOOK)


def test_a_house_that_never_works_is_told_four_hours_before():
    never = BOOK.model_copy(update={"organization": BOOK.organization.model_copy(update={
        "business_hours": BOOK.organization.business_hours.model_copy(update={"days": ()})})})  # fmt: skip
    assert MEETING - attendance.BEFORE == attendance.doubt_at(PLAN, never)
    late = replace(PLAN, asked_at=MEETING - timedelta(hours=2))
    assert MEETING - timedelta(hours=1) == attendance.doubt_at(late, never)


@pytest.mark.parametrize(
    "change", [{"asked": ()}, {"asked_at": None}, {"meeting_at": None}, {"over": "x"}, {"doubted": 2},
               {"steps": (replace(MEETS, done_at=NOW),)}]
)  # fmt: skip
def test_where_nobody_can_answer_or_nothing_is_awaited_nobody_is_missed(change):
    plan = replace(PLAN, **change)
    assert None is attendance.doubt_at(plan, BOOK)
    assert (plan, False) == attendance.doubt(plan, BOOK, (), MEETING)


def test_that_nobody_has_accepted_is_said_once_for_each_time():
    due = attendance.doubt_at(PLAN, BOOK)
    assert (PLAN, False) == attendance.doubt(PLAN, BOOK, (), due - timedelta(microseconds=1))
    looked, said = attendance.doubt(PLAN, BOOK, (), due)
    assert said and None is attendance.doubt_at(looked, BOOK)
    moved = replace(looked, sequence=3, meeting_at=OTHER)
    assert attendance.doubt_at(moved, BOOK)
    assert not attendance.doubt(PLAN, BOOK, (), MEETING)[1]  # a late look: it is too late to move it
    no, yes = take(heard("declined")), take(heard("accepted"))
    assert attendance.doubt(PLAN, BOOK, (no, replace(yes, sequence=1)), due)[1]
    assert not attendance.doubt(PLAN, BOOK, (no, yes), due)[1]


def test_who_declines_alone_is_heard_by_whoever_would_be_next():
    holders = PEOPLE["commander"]
    assert {"ana", "bo"} == attendance.who_hears("ana", holders, PEOPLE.__getitem__)
    assert {"ana", "cy"} == attendance.who_hears("ana", frozenset({"ana", "cy"}), PEOPLE.__getitem__)
    alone = dict.fromkeys(PEOPLE, frozenset({"ana"}))
    assert {"ana"} == attendance.who_hears("ana", holders, alone.__getitem__)


@given(st.permutations([("accepted", 0, 1), ("declined", 1, 1), ("tentative", 0, 2), ("declined", 3, 2)]))
def test_any_order_of_arrival_ends_the_same(order):
    known = take(*(heard(answer, minutes, sequence) for answer, minutes, sequence in order))
    assert ("declined", 2) == (known.answer, known.sequence)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)), st.integers(1, 10**6))
def test_the_id_of_a_review_tells_when_its_incident_was_declared(declared, number):
    state = Incident(number, "x", "P0", declared.replace(tzinfo=UTC), "ana", "v")
    found = review.declared_ms(review.uid(state))
    assert abs(found - state.declared_at.timestamp() * 1000) <= 1


@pytest.mark.parametrize(
    "uid", ["", "x@tocsin", "postmortem-x@tocsin", "postmortem-01938a6e-0000-4000-8000-000000000000@tocsin"]
)
def test_another_id_is_none_of_ours(uid):
    assert None is review.declared_ms(uid)


def test_a_plan_of_before_is_read_without_who_was_asked():
    old = review.from_json('{"begun_at": "2026-11-23T10:30:00Z"}')
    assert ((), None, -1) == (old.asked, old.asked_at, old.doubted)
    assert PLAN == review.from_json(review.to_json(PLAN))
    assert None is review.meeting_step(old)
    assert isinstance(Attendance("x", None), Attendance)
