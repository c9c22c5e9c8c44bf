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

from . import oncall_oracle

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


def test_an_instant_told_in_another_zone_is_the_same_instant():
    there = at(2026, 1, 12, 8, 30).astimezone(ZoneInfo("Pacific/Auckland"))

    assert oncall.on_call_at(book(), "primary", at(2026, 1, 12, 8, 30)) == oncall.on_call_at(book(), "primary", there)
    assert oncall.shifts(book(), "primary", at(2026, 1, 12, 8, 30), at(2026, 2, 1)) == oncall.shifts(
        book(), "primary", there, at(2026, 2, 1)
    )


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


# --------------------------------------------------------------------------------------------- layers and hours


def schedule_of(**keys):
    base = book().model_dump(by_alias=True, exclude={"schedules"})
    return Runbook.model_validate({**base, "schedules": {"primary": keys}})


def rotation(*who, every="1d", hand_off="00:00", starts="2026-01-01", **more):
    return {"people": list(who), "every": every, "hand_off": hand_off, "starts": starts, **more}


def test_follow_the_sun_hands_over_where_the_day_ends():
    """Two teams by their own days; what neither covers falls to the rotation below."""
    day = [{"days": "mon-fri", "from": "09:00", "to": "17:00"}]
    runbook = schedule_of(
        timezone="UTC", rotation=rotation("cy"),
        layers=[
            {"name": "Amsterdam", "timezone": "Europe/Amsterdam", "rotation": rotation("ana"), "restrictions": day},
            {"name": "Vancouver", "timezone": "America/Vancouver", "rotation": rotation("bo"), "restrictions": day},
        ],
    )  # fmt: skip
    pieces = oncall.shifts(runbook, "primary", at(2026, 7, 6), at(2026, 7, 7))

    assert [("cy", 0, 7), ("ana", 7, 15), ("cy", 15, 16), ("bo", 16, 24)] == [
        (*s.people, s.start.hour, s.until.hour or 24) for s in pieces
    ]
    assert {"cy"} == {
        p for s in oncall.shifts(runbook, "primary", at(2026, 7, 11, 12), at(2026, 7, 12)) for p in s.people
    }


def test_hours_that_cross_midnight_belong_to_the_day_on_which_they_begin():
    runbook = schedule_of(
        timezone="UTC", rotation=rotation("ana"), restrictions=[{"days": ["fri"], "from": "22:00", "to": "06:00"}]
    )
    shift = oncall.on_call_at(runbook, "primary", at(2026, 7, 4, 5, 59))

    assert (("ana",), at(2026, 7, 4), at(2026, 7, 4, 6)) == (shift.people, shift.start, shift.until)
    nobody = oncall.on_call_at(runbook, "primary", at(2026, 7, 4, 6))
    assert ((), at(2026, 7, 4, 6), at(2026, 7, 10, 22)) == (nobody.people, nobody.start, nobody.until)


def test_a_shift_ends_where_a_layer_above_will_have_somebody():
    runbook = schedule_of(
        timezone="UTC", rotation=rotation("ana", every="1w"),
        layers=[{"rotation": rotation("bo"), "restrictions": [{"days": "wed"}]}],
    )  # fmt: skip
    shift = oncall.on_call_at(runbook, "primary", at(2026, 7, 6))

    assert (("ana",), at(2026, 7, 8)) == (shift.people, shift.until)


@pytest.mark.parametrize(
    ("every", "starts", "turns"),
    [
        ("1mo", "2026-01-31", ["01-31", "02-28", "03-31", "04-30"]),  # the month's last day
        ("1mo", "2028-01-29", ["01-29", "02-29", "03-29", "04-29"]),
        ("1mo", "2026-01-29", ["01-29", "02-28", "03-29", "04-29"]),
        ("3 months", "2025-11-30", ["11-30", "02-28", "05-30", "08-30"]),
    ],
)  # fmt: skip
def test_a_monthly_rotation_keeps_its_day_or_takes_the_months_last(every, starts, turns):
    runbook = schedule_of(timezone="UTC", rotation=rotation("ana", "bo", "cy", every=every, starts=starts))
    begins = date.fromisoformat(starts)
    start = datetime(begins.year, begins.month, begins.day, tzinfo=UTC)
    pieces = oncall.shifts(runbook, "primary", start, start + 340 * DAY)

    assert turns == [f"{s.start:%m-%d}" for s in pieces][:4]


ODD_HOURS = [
    ("Europe/Madrid", "02:30", "2026-03-29", at(2026, 3, 29, 1, 30)),  # a gap: by the offset before it
    ("Europe/Madrid", "02:30", "2026-10-25", at(2026, 10, 25, 0, 30)),  # an overlap: the first
    ("Africa/Cairo", "00:00", "2026-04-24", at(2026, 4, 23, 22)),  # no midnight
    ("Asia/Beirut", "00:00", "2026-03-29", at(2026, 3, 28, 22)),
    ("America/Santiago", "00:00", "2026-09-06", at(2026, 9, 6, 4)),
    ("Atlantic/Azores", "00:30", "2026-10-25", at(2026, 10, 25, 0, 30)),  # the midnight hour twice
    ("America/Santiago", "23:00", "2026-04-04", at(2026, 4, 5, 2)),  # 23:00 twice
    ("Australia/Lord_Howe", "02:15", "2026-10-04", at(2026, 10, 3, 15, 45)),  # half an hour
    ("Antarctica/Troll", "01:30", "2026-03-29", at(2026, 3, 29, 1, 30)),  # two hours
    ("Europe/Dublin", "01:30", "2026-03-29", at(2026, 3, 29, 1, 30)),  # winter time is the exception there
    ("Africa/Casablanca", "03:00", "2026-03-22", at(2026, 3, 22, 2)),  # the end of Ramadan
    ("Pacific/Apia", "09:00", "2011-12-30", at(2011, 12, 30, 19)),  # a day that never was
    ("America/Vancouver", "09:00", "2026-11-02", at(2026, 11, 2, 16)),  # summer time for good
    ("America/Edmonton", "09:00", "2026-11-02", at(2026, 11, 2, 15)),
    ("America/Winnipeg", "09:00", "2026-11-02", at(2026, 11, 2, 14)),
    ("Africa/Casablanca", "09:00", "2026-09-21", at(2026, 9, 21, 9)),  # and the end of its summer time
]


def daily_from(zone, hand_off, day):
    """A daily rotation of three that began ten days before."""
    starts = (date.fromisoformat(day) - timedelta(days=10)).isoformat()
    return schedule_of(timezone=zone, rotation=rotation("ana", "bo", "cy", hand_off=hand_off, starts=starts))


@pytest.mark.parametrize(("zone", "hand_off", "day", "begins"), ODD_HOURS)
def test_when_a_daily_hand_over_is_at_the_odd_hours_of_the_world(zone, hand_off, day, begins):
    runbook = daily_from(zone, hand_off, day)

    assert begins == oncall.on_call_at(runbook, "primary", begins).start
    assert people(runbook, begins - timedelta(seconds=1)) != people(runbook, begins)


def test_hours_are_counted_on_the_local_clock_too():
    """Twelve-hour shifts hand over at 09:00 and 21:00, in winter and in summer."""
    runbook = schedule_of(timezone="Europe/Amsterdam", rotation=rotation("ana", "bo", every="12h", hand_off="09:00"))
    pieces = oncall.shifts(runbook, "primary", at(2026, 3, 28, 8), at(2026, 3, 30, 7))

    assert [12, 11, 12, 12] == [(s.until - s.start) // HOUR for s in pieces]


# --------------------------------------------------------------------------------------------- who is away


def away(person, start, until, reason="holidays"):
    return oncall.Absence(person, person, start, until, reason)


def test_the_turn_of_somebody_absent_goes_to_the_next_who_is_there_and_the_shift_says_so():
    day = at(2026, 1, 6)
    stand_ins = oncall.gather(absences=[away("ana", day, day + DAY), away("bo", day, day + 12 * HOUR)])
    pieces = oncall.shifts(book(), "primary", day - HOUR, day + 2 * DAY, stand_ins)

    assert [("ana", None, 1), ("cy", "ana", 12), ("bo", "ana", 12), ("ana", None, 24)] == [
        (*s.people, s.instead[0].of if s.instead else None, (s.until - s.start) // HOUR) for s in pieces
    ]
    assert "holidays" == pieces[1].instead[0].reason


def test_nobody_is_left_when_all_are_away_and_then_the_layer_below_has_it():
    day = at(2026, 1, 6)
    alone = oncall.gather(absences=[away(p, day, day + DAY) for p in ("ana", "bo")])
    runbook = schedule_of(rotation=rotation("cy"), layers=[{"rotation": rotation("ana", "bo")}])

    assert ("cy",) == people(runbook, day, alone)
    assert () == people(schedule_of(rotation=rotation("ana", "bo")), day, alone)


def test_in_a_shift_of_two_nobody_stands_in_for_themselves():
    runbook = schedule_of(timezone="UTC", rotation=rotation("ana", "bo", "cy", people_per_shift=2))
    day = at(2026, 1, 1)

    assert ("ana", "bo") == people(runbook, day)
    assert ("cy", "bo") == people(runbook, day, oncall.gather(absences=[away("ana", day, day + DAY)]))
    assert ("bo",) == people(runbook, day, oncall.gather(absences=[away(p, day, day + DAY) for p in ("ana", "cy")]))


def test_an_override_of_one_person_takes_their_place_alone_and_only_where_they_are():
    day = at(2026, 1, 1)
    runbook = schedule_of(timezone="UTC", rotation=rotation("ana", "bo", "cy", people_per_shift=2))
    swap = Override("1", "primary", "cy", day, day + 3 * DAY, "swapped", "bo")
    pieces = oncall.shifts(runbook, "primary", day, day + 3 * DAY, (swap,))

    assert [(("ana", "cy"), "swapped"), (("cy", "ana"), None), (("cy",), "swapped")] == [
        (s.people, s.override) for s in pieces
    ]


# --------------------------------------------------------------------------------------------- calendars


def test_a_calendar_names_who_is_on_call_and_where_it_names_nobody_the_rotation_holds():
    runbook = schedule_of(
        timezone="UTC", rotation=rotation("cy"),
        ical={"file": "x.ics", "people": {"On call: Ana": "ana", "bo@example.org": "bo"}},
    )  # fmt: skip
    day = at(2026, 1, 6)

    def event(begin, end, *names):
        return oncall.Booking("primary", day + begin * HOUR, day + end * HOUR, names)

    booked = [event(1, 3, "on call:  ANA"), event(2, 4, "Mail", "mailto:Bo@example.org"), event(5, 6, "somebody else")]
    stand_ins = oncall.gather(bookings=booked, absences=[away("bo", day + 3 * HOUR, day + 4 * HOUR)])
    pieces = oncall.shifts(runbook, "primary", day, day + 6 * HOUR, stand_ins)

    assert [(("cy",), 1), (("ana",), 1), (("ana", "bo"), 1), (("cy",), 3)] == [
        (s.people, (s.until - s.start) // HOUR) for s in pieces
    ]


# --------------------------------------------------------------------------------------------- the oracle


def test_a_second_evaluator_of_its_own_agrees_minute_by_minute():
    """A slice of `python -m tests.core.oncall_oracle`: every fifteenth zone, every change of its clock."""
    answers, windows, different = oncall_oracle.hold(7, 40_000, share=15)

    assert [] == different[:5]
    assert (True, True) == (answers >= 40_000, windows > 100)
