"""Calendars that others wrote: what RFC 5545 lets them say, and what is refused."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from tocsin import calendar_in
from tocsin.calendar_in import Unusable
from tocsin.rota import unfold
from tocsin.usecases.rota import ToRead

START, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
AMSTERDAM = "DTSTART;TZID=Europe/Amsterdam:{}\nDTEND;TZID=Europe/Amsterdam:{}"
DAYS = AMSTERDAM.format("20260327T090000", "20260328T090000")
AN_HOUR = "DTSTART:20260105T090000Z\nDURATION:PT1H\n"


def event(lines, uid="1", summary="Ana"):
    return f"BEGIN:VEVENT\nUID:{uid}\nSUMMARY:{summary}\n{lines}\nEND:VEVENT\n"


def calendar(*events, head=""):
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{''.join(events)}END:VCALENDAR\n".replace(
        "\n", "\r\n"
    ).encode()


def read(*events, head="", zone="Europe/Amsterdam"):
    found = calendar_in.read(calendar(*events, head=head), zone, START, UNTIL)
    return [f"{e.start:%m-%dT%H:%M} {e.until:%m-%dT%H:%M}" for e in found]


@pytest.mark.parametrize(
    ("lines", "spans"),
    [
        (f"{DAYS}\nRRULE:FREQ=DAILY;COUNT=3", ["03-27T08:00 03-28T08:00", "03-28T08:00 03-29T07:00", "03-29T07:00 03-30T07:00"]),
        (f"{DAYS}\nRRULE:FREQ=DAILY;UNTIL=20260328T080000Z", ["03-27T08:00 03-28T08:00", "03-28T08:00 03-29T07:00"]),
        (f"{DAYS}\nRRULE:FREQ=DAILY;UNTIL=20260328T090000", ["03-27T08:00 03-28T08:00", "03-28T08:00 03-29T07:00"]),
        ("DTSTART:20260106T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU;COUNT=3",
         ["01-06T09:00 01-06T10:00", "01-18T09:00 01-18T10:00", "01-20T09:00 01-20T10:00"]),
        ("DTSTART:20260106T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=TU,SU;COUNT=3",
         ["01-06T09:00 01-06T10:00", "01-11T09:00 01-11T10:00", "01-20T09:00 01-20T10:00"]),
        ("DTSTART:20260130T090000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
         ["01-30T09:00 01-30T10:00", "02-27T09:00 02-27T10:00"]),
        ("DTSTART;TZID=Europe/Amsterdam:20260228T023000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2",
         ["02-28T01:30 02-28T02:30", "03-31T00:30 03-31T01:30"]),
        (f"{AN_HOUR}RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260106T090000Z\nRDATE:20260110T090000Z",
         ["01-05T09:00 01-05T10:00", "01-07T09:00 01-07T10:00", "01-10T09:00 01-10T10:00"]),
        ("DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330", ["03-28T23:00 03-29T22:00"]),  # 23 hours
        ("DTSTART;VALUE=DATE:20260329", ["03-28T23:00 03-29T22:00"]),  # a day without an end is one day
        ("DTSTART:20260329T090000\nDTEND:20260329T170000", ["03-29T07:00 03-29T15:00"]),  # floating
        ("DTSTART;TZID=Europe/Amsterdam:20260328T090000\nDURATION:P1D", ["03-28T08:00 03-29T07:00"]),
        ("DTSTART;TZID=Europe/Amsterdam:20260328T090000\nDURATION:PT24H", ["03-28T08:00 03-29T08:00"]),
        ("DTSTART;TZID=Europe/Amsterdam:20260328T090000\nDURATION:P1DT1H", ["03-28T08:00 03-29T08:00"]),
        ("DTSTART;TZID=Europe/Amsterdam:20260328T090000", []),  # ends as it begins
        ("DTSTART;TZID=W. Europe Standard Time:20260328T090000\nDURATION:PT1H", ["03-28T08:00 03-28T09:00"]),
        ("DTSTART;TZID=/vendor.example/Europe/Amsterdam:20260328T090000\nDURATION:PT1H", ["03-28T08:00 03-28T09:00"]),
        ("DTSTART;TZID=US/Pacific:20260328T090000\nDURATION:PT1H", ["03-28T16:00 03-28T17:00"]),  # an old name
        (f"{AN_HOUR}STATUS:CANCELLED", []),
        ("DTSTART:20200101T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", ["12-28T09:00 12-28T10:00"]),
        ("DTSTART:20240229T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY", []),  # 2026 has no 29 February
        ("DTSTART;TZID=Europe/Madrid:20260329T023000\nDURATION:PT1H", ["03-29T01:30 03-29T02:30"]),  # a gap
        ("DTSTART;TZID=Europe/Madrid:20261025T023000\nDURATION:PT1H", ["10-25T00:30 10-25T01:30"]),  # an overlap
    ],
)  # fmt: skip
def test_what_an_event_may_say(lines, spans):
    assert spans == read(event(lines))


def test_a_calendars_own_zone_is_what_its_floating_times_are_meant_in():
    floating = event("DTSTART:20260329T090000\nDTEND:20260329T170000")

    assert ["03-29T13:00 03-29T21:00"] == read(floating, head="X-WR-TIMEZONE:America/New_York\n")


def test_a_private_zone_is_read_from_the_calendar():
    zone = "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0330\nEND:STANDARD\nEND:VTIMEZONE\n"

    assert ["01-05T05:30 01-05T06:30"] == read(zone, event("DTSTART;TZID=Ours:20260105T090000\nDURATION:PT1H"))


FOUR = event(f"{AN_HOUR}RRULE:FREQ=DAILY;COUNT=4", "a")


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ("RECURRENCE-ID:20260106T090000Z\nDTSTART:20260106T120000Z\nDTEND:20260106T130000Z",
         ["05T09 Ana", "06T12 Bo", "07T09 Ana", "08T09 Ana"]),
        ("RECURRENCE-ID:20260106T090000Z\nSTATUS:CANCELLED\nDTSTART:20260106T090000Z\nDTEND:20260106T100000Z",
         ["05T09 Ana", "07T09 Ana", "08T09 Ana"]),
        ("RECURRENCE-ID;RANGE=THISANDFUTURE:20260107T090000Z\nDTSTART:20260107T120000Z\nDTEND:20260107T130000Z",
         ["05T09 Ana", "06T09 Ana", "07T12 Bo", "08T12 Bo"]),
        ("DTSTART:20260109T090000Z\nDURATION:PT1H", ["05T09 Ana", "06T09 Ana", "07T09 Ana", "08T09 Ana", "09T09 Bo"]),
    ],
    ids=["moved", "cancelled", "this and future", "the same id again"],
)  # fmt: skip
def test_one_occurrence_may_be_changed(change, days):
    found = calendar_in.read(calendar(FOUR, event(change, "a", "Bo")), "UTC", START, UNTIL)

    assert days == [f"{e.start:%dT%H} {e.names[0]}" for e in found]


def test_attendees_who_declined_are_not_named():
    people = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ana@example.org\nATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.org"
    (found,) = calendar_in.read(calendar(event(AN_HOUR + people)), "UTC", START, UNTIL)

    assert ("Ana", "mailto:ana@example.org") == found.names


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>", "no BEGIN:VCALENDAR"), (b"\xff\xfe", "not in UTF-8"), (b"", "no BEGIN:VCALENDAR"),
        (calendar(FOUR)[:-40], "not whole"), (b"x" * 1_000_001, "over 1000000 bytes"),
        (calendar("BEGIN:VEVENT\nEND:VEVENT\n" * 10_001), "over 10000 events"),
        (calendar(event("DTSTART;TZID=Mars/Olympus:20260328T090000")), "unknown time zone 'Mars/Olympus'"),
        (calendar(event("DESCRIPTION:x")), "without DTSTART"),
        (calendar(event(f"{AN_HOUR}RRULE:FREQ=NEVER")), "cannot be read"),
        (calendar(event("DTSTART:20260101T000000Z\nDURATION:PT1M\nRRULE:FREQ=MINUTELY;INTERVAL=30")), "unfolds to over"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_reason(body, why):
    with pytest.raises(Unusable, match=why):
        calendar_in.read(body, "UTC", START, UNTIL)


def job():
    return ToRead("primary", "", "x.ics", None, None, "UTC", START, UNTIL)


def test_a_rule_that_never_ends_in_its_own_process_is_ended_after_two_seconds_of_work():
    began = time.monotonic()
    why, found = asyncio.run(
        unfold(job(), calendar(event("DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY")))
    )

    assert ("takes over 2 s of work to read", None) == (why, found)
    assert time.monotonic() - began < 25


def test_a_good_one_comes_back_from_its_process():
    why, found = asyncio.run(unfold(job(), calendar(FOUR)))

    assert ("", 4, ("Ana",)) == (why, len(found), found[0].names)
    assert ("not in UTF-8", None) == asyncio.run(unfold(job(), b"\xff"))
