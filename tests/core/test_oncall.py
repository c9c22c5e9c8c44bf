"""Who is on call: every instant covered once, held against an evaluator of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import oncall
from tocsin.core.oncall import Override
from tocsin.core.runbook import Runbook

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEVERITY = {"title": "x", "respond_within": "1h", "resolve_within": "1d", "page": ["everyone"], "protocol": "p"}


def book(zone="Europe/Amsterdam", people=("ana", "bo", "cy"), every="1w", hand_off="mon 09:00", starts="2026-01-05"):
    rotation = {"people": list(people), "every": every, "hand_off": hand_off, "starts": starts}
    return Runbook.model_validate({
        "version": 1, "people": {p: {"name": p.title()} for p in ("ana", "bo", "cy")},
        "teams": {"core": {"lead": "cy", "members": ["ana", "cy"]}},
        "schedules": {"primary": {"timezone": zone, "rotation": rotation},
                      "empty": {"rotation": {**rotation, "starts": "2099-01-01"}}},
        "escalation_policies": {"default": {"steps": [
            {"page": ["schedule:primary"]}, {"page": ["bo", "on_call"], "after": "5m"}]}},
        "services": {"api": {"team": "core"}},
        "severities": {"P0": SEVERITY}, "protocols": {"p": {"duties": []}},
    })  # fmt: skip


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def people(runbook, instant, overrides=()):
    return oncall.on_call_at(runbook, "primary", instant, overrides).people


def test_the_hand_over_is_at_the_exact_instant():
    runbook = book()

    assert ("ana",) == people(runbook, at(2026, 1, 12, 7, 59, 59))
    assert ("bo",) == people(runbook, at(2026, 1, 12, 8))


@pytest.mark.parametrize(
    ("instant", "who"),
    [
        ((2026, 3, 30, 6, 59), "cy"), ((2026, 3, 30, 7, 0), "ana"),  # 09:00 in summer time
        ((2026, 10, 26, 7, 59), "cy"), ((2026, 10, 26, 8, 0), "ana"),  # 09:00 in winter time again
    ],
)  # fmt: skip
def test_the_hand_over_keeps_its_local_hour_through_both_changes_of_the_clock(instant, who):
    assert (who,) == people(book(), at(*instant))


def test_the_shift_of_a_change_is_23_or_25_hours():
    runbook = book(every="1d", hand_off="09:00")
    spring = oncall.on_call_at(runbook, "primary", at(2026, 3, 28, 12))
    autumn = oncall.on_call_at(runbook, "primary", at(2026, 10, 24, 12))

    assert (23 * HOUR, 25 * HOUR) == (spring.until - spring.start, autumn.until - autumn.start)


def test_before_it_starts_and_where_it_is_unknown_nobody_is_on_call():
    runbook = book()

    assert () == people(runbook, at(2026, 1, 5, 7, 59))
    assert ("ana",) == people(runbook, at(2026, 1, 5, 8))
    assert () == oncall.on_call_at(runbook, "no such", at(2026, 1, 5)).people
    assert () == oncall.on_call_at(runbook, "empty", at(2026, 1, 5)).people


def override(person, start, until, reason="a flight"):
    return Override(f"{person}{start}", "primary", person, start, until, reason)


def test_an_override_cuts_the_shift_and_the_later_made_wins():
    day = at(2026, 1, 6)
    first = override("bo", day, day + 6 * HOUR)
    second = override("cy", day + 2 * HOUR, day + 4 * HOUR, "a train")
    other = Override("x", "secondary", "ana", day, day + DAY, "elsewhere")
    pieces = oncall.shifts(book(), "primary", day - HOUR, day + 7 * HOUR, (first, second, other))

    assert [
        (("ana",), None, 1), (("bo",), "a flight", 2), (("cy",), "a train", 2), (("bo",), "a flight", 2), (("ana",), None, 1)
    ] == [(s.people, s.override, (s.until - s.start) // HOUR) for s in pieces]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "who"),
    [
        ("everyone", {"ana", "bo", "cy"}), ("on_call", {"ana"}), ("team_lead", {"cy"}), ("schedule:primary", {"ana"}),
        ("team:core", {"ana", "cy"}), ("bo", {"bo"}), ("team:none", set()), ("schedule:none", set()), ("nobody", set()),
    ],
)  # fmt: skip
def test_whom_a_target_stands_for(target, who):
    assert who == oncall.targets(book(), target, at(2026, 1, 6), "api")


def test_a_service_without_a_team_has_no_lead_and_the_second_step_is_second_in_line():
    assert frozenset() == oncall.targets(book(), "team_lead", at(2026, 1, 6), "unknown")
    assert {"bo"} == oncall.secondary(book(), "api", at(2026, 1, 6))


def evaluate(zone, names, days, weekday, hour, starts, instant):
    """Another way to the same answer: walk from hand-over to hand-over by the calendar, in local time."""
    day = starts
    while weekday is not None and day.weekday() != weekday:
        day += DAY
    turn = -1
    while True:
        naive = datetime.combine(day, time(hour))
        there = naive.replace(tzinfo=ZoneInfo(zone))
        if there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive:  # in a gap
            there = (naive - there.utcoffset()).replace(tzinfo=UTC)
        if there.astimezone(UTC) > instant:
            return (names[turn % len(names)],) if turn >= 0 else ()
        turn += 1
        day += days * DAY


ZONES = ["Europe/Amsterdam", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Antarctica/Troll",
         "Africa/Casablanca", "Atlantic/Azores", "America/Vancouver", "UTC"]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_the_resolver_agrees_with_another_evaluator_around_every_change_of_the_clock(zone):
    """Each hour of three days around every change of 2026 and 2027, and each minute of the hours next to it."""
    starts, looked = date(2026, 1, 1), 0
    for every, weekday, hour, hand_off in ((7, 0, 9, "mon 09:00"), (1, None, 2, "02:00"), (3, None, 0, "00:00")):
        runbook = book(zone, every=f"{every}d", hand_off=hand_off, starts=starts.isoformat())
        for change in _changes(zone):
            spots = [change + n * HOUR for n in range(-36, 37)] + [
                change + timedelta(minutes=n) for n in range(-130, 131, 10)
            ]
            for instant in spots:
                expected = evaluate(zone, ("ana", "bo", "cy"), every, weekday, hour, starts, instant)
                assert expected == people(runbook, instant), (zone, hand_off, instant)
                looked += 1
    assert looked >= 300


def _changes(zone):
    there, found = ZoneInfo(zone), []
    instant = at(2026, 1, 1)
    while instant < at(2028, 1, 1):
        if (instant + HOUR).astimezone(there).utcoffset() != instant.astimezone(there).utcoffset():
            found.append(instant + HOUR)
        instant += HOUR
    return found or [at(2026, 7, 1)]


@given(
    st.sampled_from(ZONES), st.sampled_from(["1d", "2d", "1w", "8h", "12h"]), st.integers(0, 700),
    st.lists(st.tuples(st.sampled_from(["ana", "bo"]), st.integers(0, 200), st.integers(1, 100)), max_size=4),
)  # fmt: skip
def test_shifts_cover_every_instant_exactly_once(zone, every, day, stand_ins):
    start = at(2026, 1, 10) + day * DAY
    overrides = tuple(
        override(who, start + begin * HOUR, start + (begin + span) * HOUR) for who, begin, span in stand_ins
    )
    pieces = oncall.shifts(book(zone, every=every, hand_off="09:00"), "primary", start, start + 14 * DAY, overrides)

    assert (start, start + 14 * DAY) == (pieces[0].start, pieces[-1].until)
    assert all(one.until == other.start for one, other in pairwise(pieces))
    for piece in pieces:
        middle = piece.start + (piece.until - piece.start) / 2
        for instant in (piece.start, middle, piece.until - timedelta(microseconds=1)):
            shift = oncall.on_call_at(book(zone, every=every, hand_off="09:00"), "primary", instant, overrides)
            assert (piece.people, piece.override) == (shift.people, shift.override)
