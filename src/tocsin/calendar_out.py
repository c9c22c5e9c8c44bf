"""Writes shifts as an iCalendar feed (RFC 5545): one event for each shift, in UTC, with an id that stays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tocsin.core.oncall import Shift
from tocsin.core.runbook import Runbook

if TYPE_CHECKING:
    from icalendar import Event

REFRESH: Final = timedelta(hours=1)  # how often a calendar is asked to look again


def feed(name: str, shifts: Iterable[tuple[Shift, bool]], runbook: Runbook, stamp: datetime, link: str) -> bytes:
    """
    Write a feed.

    Args:
        shifts: Each with whether it begins before the feed does: such a one has no beginning of its own.
        stamp: What the events say of when they were written; the same stamp gives the same bytes.
        link: Where the schedule is shown.
    """
    from icalendar import Calendar  # noqa: PLC0415 - slow to load

    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for shift, is_cut in shifts:
        calendar.add_component(_event(shift, is_cut, runbook, stamp, link))
    return bytes(calendar.to_ical())


def _event(shift: Shift, is_cut: bool, runbook: Runbook, stamp: datetime, link: str) -> Event:
    from icalendar import Event  # noqa: PLC0415

    event = Event()
    event.add("uid", uid(shift, is_cut))
    event.add("dtstamp", stamp)
    event.add("dtstart", shift.start)
    event.add("dtend", shift.until)
    event.add("summary", title(shift, runbook))
    event.add("description", "\n".join([*why(shift, runbook), link]))
    event.add("transp", "TRANSPARENT")
    return event


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
