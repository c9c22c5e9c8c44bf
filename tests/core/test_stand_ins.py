"""Overlapping spans, found by an instant as if each of them had been looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.stand_ins import BEGINNING, END, Absence, Booking, Override, Spans, StandIns, gather, sorted_out

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def override(id_, begin, end, schedule="primary"):
    return Override(id_, schedule, "ana", START + begin * HOUR, START + end * HOUR, "x")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=25), st.integers(-2, 95))
def test_what_holds_at_an_instant_is_what_a_look_at_each_finds(drawn, hour):
    items = [override(str(n), begin, begin + length) for n, (begin, length) in enumerate(drawn)]
    at = START + hour * HOUR
    start, until, holding = Spans(items).at(at)
    edges = [edge for item in items for edge in (item.start, item.until)]

    assert tuple(item for item in items if item.start <= at < item.until) == holding
    assert max((edge for edge in edges if edge <= at), default=BEGINNING) == start
    assert min((edge for edge in edges if edge > at), default=END) == until
    assert {i for i in items if i.start < at + 5 * HOUR and i.until > at} == set(Spans(items).within(at, at + 5 * HOUR))


def test_stand_ins_are_sorted_by_what_they_are_of():
    away, booked = Absence("a", "bo", START, START + HOUR, "ill"), Booking("primary", START, START + HOUR, ("Ana",))
    found = gather([override("1", 0, 1), override("2", 0, 1, "other")], [away], [booked])

    assert ["1"] == [o.id for o in found.overrides("primary").at(START)[2]]
    assert (away,) == found.absences("bo").at(START)[2]
    assert (booked,) == found.bookings("primary").at(START)[2]
    assert ((), (), ()) == tuple(
        s.at(START)[2] for s in (found.overrides("none"), found.absences("ana"), found.bookings("other"))
    )


def test_a_plain_list_of_overrides_still_answers_one_question():
    assert StandIns() == sorted_out((), "primary")
    assert ("1",) == tuple(o.id for o in sorted_out([override("1", 0, 1)], "primary").overrides("primary").at(START)[2])
