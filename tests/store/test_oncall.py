"""Stand-ins in the database: found by the span that is asked for, on both databases."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.stand_ins import Booking
from tocsin.core.swap import Swap
from tocsin.store import calendars
from tocsin.store import oncall as store

HOUR = timedelta(hours=1)


def test_only_what_touches_the_span_is_read(db, time):
    now = time.now

    def add(tx):
        kept = [
            store.add_override(
                tx,
                schedule="primary",
                person="ana",
                start=now + n * HOUR,
                until=now + (n + 1) * HOUR,
                reason=str(n),
                by="x",
            )
            for n in range(5)
        ]
        store.add_absence(tx, person="bo", start=now, until=now + HOUR, reason="ill", by="x")
        calendars.know(tx, "primary", "mark")
        calendars.keep(tx, "primary", b"x", None, [Booking("primary", now, now + HOUR, ("Ana", "é"))], now)
        return kept

    kept = db.write_now(add)
    at = db.read_now(lambda tx: store.stand_ins_at(tx, now + HOUR))
    both = db.read_now(lambda tx: store.stand_ins(tx, now, now + 2 * HOUR))

    assert ["1"] == [o.reason for o in at.overrides("primary").at(now + HOUR)[2]]
    assert ({}, {}) == (at.by_person, at.booked)
    assert ["0", "1"] == [o.reason for o in both.overrides("primary").within(now, now + 9 * HOUR)]
    assert ("Ana", "é") == both.bookings("primary").at(now)[2][0].names
    assert ["ill"] == [a.reason for a in both.absences("bo").at(now)[2]]
    assert 5 == len(db.read_now(store.overrides))
    assert (True, False) == (
        db.write_now(store.delete_override, kept[1].id),
        db.write_now(store.delete_override, kept[1].id),
    )
    assert () == db.read_now(lambda tx: store.stand_ins_at(tx, now + HOUR)).overrides("primary").at(now + HOUR)[2]


def test_a_swap_is_ended_once(db, time):
    now = time.now
    swap = Swap(
        "1", "primary", "ana", "bo", now + HOUR, now + 2 * HOUR, now + 3 * HOUR, now + 4 * HOUR, "", "asked", now
    )
    db.write_now(store.put_swap, swap)
    ended = Swap(*(getattr(swap, name) if name != "state" else "declined" for name in Swap.__slots__))

    assert now + HOUR == db.read_now(store.next_expiry)
    assert [swap] == list(db.read_now(store.all_swaps, state="asked"))
    assert (True, False) == (db.write_now(store.close_swap, ended), db.write_now(store.close_swap, ended))
    assert (ended, None) == (db.read_now(store.swap, "1"), db.read_now(store.next_expiry))


def test_a_calendar_is_claimed_by_one_and_its_trouble_is_news_once(db, time):
    now = time.now
    db.write_now(calendars.know, "primary", "mark")

    assert ["primary"] == [row.schedule for row in db.write_now(calendars.claim, now + HOUR)]
    assert [] == list(db.write_now(calendars.claim, now + HOUR))
    assert (True, False) == tuple(db.write_now(calendars.fail, "primary", "gone", now + HOUR) for _ in range(2))
    db.write_now(calendars.keep, "primary", b"\x00\xff", '"1"', [], now + HOUR)
    row = db.read_now(calendars.calendar, "primary")
    assert (b"\x00\xff", '"1"', None, now) == (bytes(row.body), row.etag, row.why, row.read_at)
    db.write_now(calendars.know, "primary", "another")
    assert (now, None) == (db.read_now(calendars.next_due), db.read_now(calendars.calendar, "primary").etag)
    db.write_now(calendars.forget_others, [])
    assert db.read_now(calendars.calendar, "primary") is None
