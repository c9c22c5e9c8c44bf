"""
Writes shifts as an iCalendar feed (RFC 5545): one event for each shift, in UTC, with an id that stays.

By hand: every event has the same eight properties, and a feed has hundreds of them. Tests read
it with the icalendar library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from tocsin.core.oncall import Shift
from tocsin.core.runbook import Runbook

REFRESH: Final = "PT1H"  # how often a calendar is asked to look again
OCTETS: Final = 75  # of a line, its end not counted


def feed(name: str, shifts: Iterable[tuple[Shift, bool]], runbook: Runbook, stamp: datetime, link: str) -> bytes:
    """
    Write a feed.

    Args:
        shifts: Each with whether it begins before the feed does: such a one has no beginning of its own.
        stamp: What the events say of when they were written; the same stamp gives the same bytes.
        link: Where the schedule is shown.
    """
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//On call//EN", "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(name)}", f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
    ]  # fmt: skip
    for shift, is_cut in shifts:
        lines += [
            "BEGIN:VEVENT", f"UID:{uid(shift, is_cut)}", f"DTSTAMP:{_utc(stamp)}", f"DTSTART:{_utc(shift.start)}",
            f"DTEND:{_utc(shift.until)}", f"SUMMARY:{_text(title(shift, runbook))}",
            f"DESCRIPTION:{_text(chr(10).join([*why(shift, runbook), link]))}", "TRANSP:TRANSPARENT", "END:VEVENT",
        ]  # fmt: skip
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Escape a text: RFC 5545, section 3.3.11. Control characters are taken out."""
    plain = "".join(c for c in text if c == "\n" or c.isprintable())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Fold a line: at most 75 octets each, the next ones behind a blank, and no character is cut (section 3.1)."""
    octets, folded, room = line.encode(), b"", OCTETS
    while len(octets) > room:
        cut = room
        while octets[cut] & 0xC0 == 0x80:  # inside of a character
            cut -= 1
        folded += octets[:cut] + b"\r\n "
        octets, room = octets[cut:], OCTETS - 1
    return folded + octets + b"\r\n"


def uid(shift: Shift, is_cut: bool) -> str:
    """The same for the same turn of the same people, whenever it is asked for."""
    start = "" if is_cut else shift.start.isoformat()
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
