"""
Reads iCalendar feeds (RFC 5545) that others wrote, within limits.

What a rule unfolds to cannot be told beforehand, so `python -m tocsin.calendar_in` reads one feed in a process of its
own, which the system ends after two seconds of work.
"""

from __future__ import annotations

import re
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from tocsin.core.calendar import local_to_utc
from tocsin.zones import use_wheel

SIZE_LIMIT: Final = 1_000_000  # bytes
EVENT_LIMIT: Final = 10_000  # written in the feed, and unfolded from it
SECONDS_LIMIT: Final = 2  # of work
MEMORY_LIMIT: Final = 1_000_000_000  # bytes of address space
NAME_LIMIT: Final = 200  # characters of a summary or an address
DAY: Final = timedelta(days=1)

_EVENT = re.compile(rb"^BEGIN:VEVENT\s*$", re.IGNORECASE | re.MULTILINE)
# A duration in hours is exact, one in days keeps the local time; the parser makes one number of both.
_DURATION = re.compile(r"^DURATION(?:;[^:\r\n]*)?:(\+?P[^\r\n]*)$", re.IGNORECASE | re.MULTILINE)
_PARTS = re.compile(r"\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_EXACT: Final = "X-TOCSIN-DURATION"


class Unusable(Exception):  # noqa: N818 - what the feed is
    """The feed cannot be used. The text says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event `[start, until)` in UTC, with what may name its person: the summary and the attendees' addresses."""

    start: datetime
    until: datetime
    names: tuple[str, ...]


def read(body: bytes, zone: str, start: datetime, until: datetime) -> list[Event]:
    """
    Give the events of a feed that touch `[start, until)`, recurring ones unfolded, by their start.

    Args:
        zone: What times without a zone, and whole days, are meant in, where the feed does not say.

    Raises:
        Unusable: it is no iCalendar, too large, or says what cannot be.
    """
    if len(body) > SIZE_LIMIT:
        raise Unusable(f"over {SIZE_LIMIT} bytes")
    if len(_EVENT.findall(body)) > EVENT_LIMIT:
        raise Unusable(f"over {EVENT_LIMIT} events")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones that are guessed by their vendor's name
        try:
            return _read(_marked(body), ZoneInfo(zone), start, until)
        except Unusable:
            raise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
            raise Unusable(f"cannot be read: {type(error).__name__}: {str(error)[:200]}") from None


def _marked(body: bytes) -> str:
    """The text with its folded lines joined, and beside each duration what of it is exact."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("not in UTF-8") from None
    upper = text.upper()
    if "BEGIN:VCALENDAR" not in upper:
        raise Unusable("no iCalendar: it has no BEGIN:VCALENDAR")
    if any(upper.count(f"BEGIN:{part}") != upper.count(f"END:{part}") for part in ("VCALENDAR", "VEVENT")):
        raise Unusable("not whole: something begins in it that does not end")
    text = re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n").replace("\r", "\n")
    return _DURATION.sub(_mark, text)


def _mark(found: re.Match[str]) -> str:
    parts = _PARTS.fullmatch(found[1].strip())
    if parts is None:
        return found[0]
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return f"{found[0]}\n{_EXACT}:{weeks * 7 + days} {hours * 3600 + minutes * 60 + seconds}"


def _read(text: str, zone: ZoneInfo, start: datetime, until: datetime) -> list[Event]:
    import icalendar  # noqa: PLC0415 - slow to load, and only the process that reads needs it
    import recurring_ical_events  # noqa: PLC0415

    found: list[Event] = []
    for calendar in icalendar.Calendar.from_ical(text, multiple=True):
        meant = _own_zone(calendar, zone)
        seen: set[tuple[str, str]] = set()
        for place, component in enumerate(calendar.walk("VEVENT")):
            _check(component)
            mark = str(component.get("UID", "")), str(component.get("SEQUENCE", ""))
            if "RECURRENCE-ID" not in component:
                if mark in seen:  # some programs give one id to all: each is an event, none a new version of another
                    component["UID"] = f"{mark[0]}#{place}"
                seen.add(mark)
        for component in recurring_ical_events.of(calendar).between(start - DAY, until + DAY):
            found += _events(component, meant)
            if len(found) > EVENT_LIMIT:
                raise Unusable(f"unfolds to over {EVENT_LIMIT} events")
    return sorted((e for e in found if e.start < until and e.until > start), key=lambda e: (e.start, e.until, e.names))


def _own_zone(calendar: Any, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(str(calendar.get("X-WR-TIMEZONE", "")))
    except (ValueError, OSError, KeyError):
        return otherwise


def _check(component: Any) -> None:
    """Refuse an event whose time stands in a zone that nobody knows: read as local it would page at a wrong hour."""
    begins = component.get("DTSTART")
    if begins is None:
        raise Unusable("an event without DTSTART")
    name = begins.params.get("TZID")
    if name and isinstance(begins.dt, datetime) and begins.dt.tzinfo is None:
        raise Unusable(f"an event in an unknown time zone {str(name)[:60]!r}")


def _events(component: Any, zone: ZoneInfo) -> Iterator[Event]:
    if str(component.get("STATUS", "")).upper() == "CANCELLED":
        return
    begins, ends = component["DTSTART"].dt, component["DTEND"].dt if "DTEND" in component else None
    start, until = _instant(begins, zone), None
    if _EXACT in component:
        days, seconds = map(int, str(component[_EXACT]).split())
        until = _instant(begins + days * DAY, zone) + timedelta(seconds=seconds)
    elif ends is not None:
        until = _instant(ends, zone)
    if not isinstance(begins, datetime) and (until is None or until <= start):
        until = _instant(begins + DAY, zone)
    if until is not None and until > start:
        yield Event(start, until, tuple(_names(component)))


def _instant(at: date, zone: ZoneInfo) -> datetime:
    """The instant of a day, of a local time, or of a time with a zone; in a gap by the offset before it."""
    if not isinstance(at, datetime):
        return local_to_utc(at, datetime.min.time(), zone.key)
    if at.tzinfo is None:
        return local_to_utc(at.date(), at.time(), zone.key)
    return at.astimezone(UTC)


def _names(component: Any) -> Iterator[str]:
    yield str(component.get("SUMMARY", ""))[:NAME_LIMIT]
    attendees = component.get("ATTENDEE", [])
    for one in attendees if isinstance(attendees, list) else [attendees]:
        if str(getattr(one, "params", {}).get("PARTSTAT", "")).upper() != "DECLINED":
            yield str(one)[:NAME_LIMIT]


def main() -> None:
    """Read a feed from standard input, and print its events or why it is not used, as JSON."""
    use_wheel()
    zone, start, until = sys.argv[1:4]
    body = sys.stdin.buffer.read(SIZE_LIMIT + 1)
    import recurring_ical_events  # noqa: F401, PLC0415 - loaded before its time is counted

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    signal.setitimer(signal.ITIMER_PROF, SECONDS_LIMIT)  # nobody takes the signal: it ends the process
    try:
        events = read(body, zone, datetime.fromisoformat(start), datetime.fromisoformat(until))
        said: Any = {"events": [[e.start, e.until, e.names] for e in events]}
    except Unusable as error:
        said = {"why": str(error)}
    except MemoryError:
        said = {"why": "takes too much memory"}
    sys.stdout.buffer.write(orjson.dumps(said))


if __name__ == "__main__":
    main()
