"""Schedules in the file: what is read, and what is refused with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from tocsin.core.runbook_schedules import CalendarFeed, Months, Restriction, Rotation, Schedule, plain_name

ROTATION = {"people": ["ana", "bo", "cy"], "every": "1w", "hand_off": "mon 09:00", "starts": "2026-01-01"}


def rotation(**more):
    return Rotation.model_validate({**ROTATION, **more})


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("1h", timedelta(hours=1)), ("36h", timedelta(hours=36)), ("1w", timedelta(weeks=1)), ("1mo", Months(1)),
        ("3 months", Months(3)), ("1 month", Months(1)),
    ],
)  # fmt: skip
def test_periods_are_hours_days_weeks_or_months(text, period):
    assert period == rotation(every=text, hand_off="09:00").every


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"every": "30m"}, "from 1h"), ({"every": "90m"}, "whole hours"), ({"every": "11y"}, "1mo"),
        ({"every": "999999w"}, "ten years"), ({"every": 7}, "whole hours"), ({"every": "200mo"}, "1mo"),
        ({"people": []}, "at least one person"), ({"people": 5}, "a list of people"),
        ({"people": [["ana", "ana"]]}, "each person once"), ({"people": [[]]}, "at least one person"),
        ({"people_per_shift": 4}, "at most the 3 people"), ({"people_per_shift": 0}, "greater than or equal to 1"),
        ({"people": [["ana", "bo"], ["cy"]], "people_per_shift": 2}, "plain list"),
        ({"every": "1mo"}, "on the day of `starts`"), ({"hand_off": "monday 09:00"}, "mon 09:00"),
        ({"hand_off": "25:00"}, "a time of day"), ({"starts": "1066-01-01"}, "1970 to 2199"),
    ],
)  # fmt: skip
def test_a_rotation_that_cannot_be_is_refused_with_its_reason(keys, why):
    with pytest.raises(ValidationError, match=why.replace("`", ".")):
        rotation(**keys)


def test_the_first_turn_begins_on_the_first_such_day():
    assert datetime(2026, 1, 5, 9) == rotation().first
    assert datetime(2026, 1, 1, 9) == rotation(hand_off="09:00").first


def test_several_people_have_a_turn_together():
    pairs = rotation(people=[["ana", "bo"], ["cy"]])
    two = rotation(people_per_shift=2)

    assert [(), ("ana", "bo"), ("cy",), ("ana", "bo")] == [pairs.group(n) for n in (-1, 0, 1, 2)]
    assert [("ana", "bo"), ("cy", "ana"), ("bo", "cy"), ("ana", "bo")] == [two.group(n) for n in range(4)]


@pytest.mark.parametrize(
    ("written", "days"),
    [("mon-fri", "mon tue wed thu fri"), ("fri-mon", "fri sat sun mon"), (["sat", "sun"], "sat sun"), ("wed", "wed"),
     (["mon-tue", "tue"], "mon tue")],
)  # fmt: skip
def test_days_may_be_spans(written, days):
    assert tuple(days.split()) == Restriction.model_validate({"days": written}).days


@pytest.mark.parametrize(
    ("keys", "hours"),
    [
        ({"from": "09:00", "to": "17:00"}, (9, 17)), ({"from": "22:00", "to": "06:00"}, (22, 30)),
        ({"from": "09:00", "to": "09:00"}, (9, 33)), ({}, (0, 24)),
    ],
)  # fmt: skip
def test_hours_may_cross_midnight(keys, hours):
    assert tuple(timedelta(hours=h) for h in hours) == Restriction.model_validate(keys).span


@pytest.mark.parametrize("keys", [{"days": []}, {"days": ["someday"]}, {"from": "24:00"}, {"until": "09:00"}])
def test_a_restriction_that_never_holds_or_cannot_be_read_is_refused(keys):
    with pytest.raises(ValidationError):
        Restriction.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({}, "a rotation, layers or ical"), ({"timezone": "Mars/Olympus", "rotation": ROTATION}, "a time zone"),
        ({"layers": [{"rotation": ROTATION}], "restrictions": [{"days": "mon"}]}, "stand in the layer"),
        ({"layers": [{}]}, "Field required"),
        ({"ical": {"people": {"Ana": "ana"}}}, "exactly one of url and file"),
        ({"ical": {"url": "ftp://x/y.ics", "people": {"Ana": "ana"}}}, "url such as"),
        ({"ical": {"file": "y.ics", "people": {}}}, "at least 1 item"),
        ({"ical": {"file": "y.ics", "people": {"Ana": "ana"}, "every": "5s"}}, "at least 1m"),
    ],
)  # fmt: skip
def test_a_schedule_without_a_source_is_refused(keys, why):
    with pytest.raises(ValidationError, match=why):
        Schedule.model_validate(keys)


def test_the_schedules_own_rotation_is_its_lowest_layer():
    schedule = Schedule.model_validate({
        "rotation": ROTATION, "restrictions": [{"days": "mon"}], "layers": [{"name": "nights", "rotation": ROTATION}],
        "ical": {"file": "y.ics", "people": {"Di": "di"}},
    })  # fmt: skip

    assert ["", "nights"] == [layer.name for layer in schedule.all_layers]
    assert (1, 0) == tuple(len(layer.restrictions) for layer in schedule.all_layers)
    assert ("ana", "bo", "cy", "di") == schedule.people


def test_case_blanks_and_mailto_do_not_count_in_a_calendars_names():
    assert "on call: ana" == plain_name("  On call:  Ana ")
    assert {"ana@example.org": "ana"} == CalendarFeed.model_validate(
        {"file": "y", "people": {"MAILTO:Ana@Example.org": "ana"}}
    ).by_name
