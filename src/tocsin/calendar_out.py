"""
Writes shifts as an iCalendar feed (RFC 5545): one event for each shift, in UTC, with an id that stays; and invitations
to a meeting (RFC 5546).

By hand: every event has the same eight properties, and a feed has hundreds of them. Tests read
it with the icalendar library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.core.oncall import Shift
from tocsin.core.runbook import Runbook
from tocsin.core.stand_ins import BEGINNING

REFRESH: Final = "PT1H"  # how often a calendar is asked to look again
OCTETS: Final = 75  # of a line, its end not counted


def feed(
    name: str, zone: str, shifts: Iterable[Shift], runbook: Runbook, begins: datetime, stamp: datetime, link: str
) -> bytes:  # fmt: skip
    """
    Write a feed.

    Args:
        zone: In which a program may show it; the times themselves are in UTC.
        shifts: In any order; one without a beginning of its own is shown from *begins* on.
        stamp: What the events say of when they were written; the same stamp gives the same bytes.
        link: Where the schedule is shown.
    """
    head = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//On call//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}", f"X-WR-TIMEZONE:{_text(zone)}", f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    )  # fmt: skip
    parts = [f"{_folded(line)}\r\n" for line in head]
    written, known = _utc(stamp), dict[tuple[object, ...], str]()  # few texts, for many shifts
    for shift in shifts:
        said = shift.schedule, shift.people, shift.override, shift.instead
        if (text := known.get(said)) is None:
            description = _text("\n".join([*why(shift, runbook), link]))
            text = known[said] = (
                f"{_folded(f'SUMMARY:{_text(title(shift, runbook))}')}\r\n{_folded(f'DESCRIPTION:{description}')}\r\n"
            )
        start = begins if shift.start == BEGINNING else shift.start
        parts.append(
            f"BEGIN:VEVENT\r\nUID:{uid(shift)}\r\nDTSTAMP:{written}\r\nDTSTART:{_utc(start)}\r\n"
            f"DTEND:{_utc(shift.until)}\r\n{text}TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"
        )
    parts.append("END:VCALENDAR\r\n")
    return "".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Meeting:
    """
    One meeting, as calendars know it.

    `uid` stays for ever and `sequence` rises with every change. `guests` are (name, mail address).
    """

    uid: str
    sequence: int
    start: datetime
    length: timedelta
    title: str
    text: str
    link: str
    organizer: str  # a mail address
    guests: tuple[tuple[str, str], ...]
    answers: bool = False  # whether what calendars answer to the organizer is read


def invitation(meeting: Meeting, stamp: datetime, *, cancel: bool = False) -> str:
    """
    Write an invitation, or that the meeting is off. Lines end with CRLF.

    Where nobody reads what calendars answer they are told so, by RSVP=FALSE.
    """
    lines = [
        "BEGIN:VCALENDAR", "PRODID:-//Tocsin//Review//EN", "VERSION:2.0", "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if cancel else 'REQUEST'}", "BEGIN:VEVENT", f"UID:{meeting.uid}",
        f"SEQUENCE:{meeting.sequence}", f"DTSTAMP:{_utc(stamp)}", f"DTSTART:{_utc(meeting.start)}",
        f"DTEND:{_utc(meeting.start + meeting.length)}", f"SUMMARY:{_text(meeting.title)}",
        f"DESCRIPTION:{_text(meeting.text)}", f"URL:{meeting.link}",
        f"STATUS:{'CANCELLED' if cancel else 'CONFIRMED'}", "TRANSP:OPAQUE",
        f"ORGANIZER;CN=Tocsin:mailto:{meeting.organizer}",
        *(_attendee(name, address, asked=meeting.answers) for name, address in meeting.guests),
        *(() if cancel else ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:Reminder", "END:VALARM")),
        "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _attendee(name: str, address: str, *, asked: bool) -> str:
    quoted = "".join(c for c in name if c.isprintable() and c != '"')  # section 3.2: no quote can stand in one
    is_asked = f"CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP={'TRUE' if asked else 'FALSE'}"
    return f'ATTENDEE;CN="{quoted}";{is_asked}:mailto:{address}'


def _utc(at: datetime) -> str:
    return at.isoformat()[:19].replace("-", "").replace(":", "") + "Z"


def _text(text: str) -> str:
    """Escape a text: RFC 5545, section 3.3.11. Control characters are taken out."""
    plain = "".join(c for c in text if c == "\n" or c.isprintable())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Fold a line: at most 75 octets each, the next ones behind a blank, and no character is cut (section 3.1)."""
    octets, folded, room = line.encode(), b"", OCTETS
    while len(octets) > room:
        cut = room
        while octets[cut] & 0xC0 == 0x80:  # inside of a character
            cut -= 1
        folded += octets[:cut] + b"\r\n "
        octets, room = octets[cut:], OCTETS - 1
    return (folded + octets).decode()


def uid(shift: Shift) -> str:
    """The same for the same turn of the same people, whenever it is asked for."""
    start = "" if shift.start == BEGINNING else shift.start.isoformat()
    mark = "\n".join((shift.schedule, start, *shift.people))
    return f"{hashlib.sha256(mark.encode()).hexdigest()[:32]}@tocsin"


def title(shift: Shift, runbook: Runbook) -> str:
    """Who is on call, and by what: `Ana, Bo on call (primary)`."""
    who = ", ".join(_name(person, runbook) for person in shift.people) or "Nobody"
    return f"{who} on call ({shift.schedule}){' - stands in' if shift.override or shift.instead else ''}"


def why(shift: Shift, runbook: Runbook) -> list[str]:
    """Why it is not the one whose turn it is, in sentences."""
    said = [f"Stands in: {shift.override}" if shift.override else "Stands in"] if shift.override is not None else []
    for one in shift.instead:
        reason = f" ({one.reason})" if one.reason else ""
        said.append(f"{_name(one.of, runbook)} is away{reason}: {_name(one.person, runbook)} takes the turn")
    return said


def _name(person: str, runbook: Runbook) -> str:
    return runbook.people[person].name if person in runbook.people else person
