"""
What people's calendars answer to an invitation: a REPLY or a COUNTER of RFC 5546, read within limits.

Zones that a calendar brings along are kept out of the library: it would keep them for the whole process, under a name
that the sender chose.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

from tocsin.core.attendance import CalendarAnswer, Word
from tocsin.sdk.reading import BadPayload, clean, clip, one_line

SIZE_LIMIT: Final = 64_000  # bytes: an answer is one event
LINES_LIMIT: Final = 2_000
PARTS_LIMIT: Final = 50  # BEGINs in it
DEPTH_LIMIT: Final = 4  # calendar, event, alarm, and one that nobody knows
COMMENT_LIMIT, NAME_LIMIT = 500, 300  # characters
SEQUENCE_LIMIT: Final = 2**31 - 1
NEAR: Final = timedelta(days=366)  # of a time that is proposed: further away it is no time for this meeting
ANSWERS: Final = ("REPLY", "COUNTER")
QUIET: Final = ("REFRESH", "DECLINECOUNTER")  # they ask for what nobody sends here, and mean no alert

_METHOD = re.compile(r"^METHOD(?:;[^:\r\n]*)?:([A-Z-]+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]")
_ZONE = re.compile(r"^BEGIN:VTIMEZONE\n.*?^END:VTIMEZONE\n", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"^RRULE(?:;[^:\n]*)?:(.*)$", re.IGNORECASE | re.MULTILINE)
_YEARLY = re.compile(
    r"(?:(?:FREQ=YEARLY|INTERVAL=1|BYMONTH=\d{1,2}|BYDAY=[+-]?\d?[A-Z]{2}|WKST=[A-Z]{2}|UNTIL=[\dTZ]+)(?:;|$))+"
)
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")
_SAYS: Final = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_RAISED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError, RecursionError)


def method_of(body: bytes) -> str:
    """The METHOD of an iCalendar object in upper case; empty where it says none."""
    found = _METHOD.search(_FOLD.sub("", body[:SIZE_LIMIT].decode("utf-8", "replace")))
    return found[1].upper() if found else ""


def read_answer(body: bytes, sender: str, received_at: datetime) -> CalendarAnswer:
    """
    Read what a calendar answers. Of several attendees it speaks for the one who sent it.

    Args:
        sender: The mail's address.
        received_at: A time that is proposed must be within a year of it.

    Raises:
        BadPayload: it is too large, damaged, or says no answer. The text says why.
    """
    text, zones = _within_limits(body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(text, zones, sender.lower(), received_at)
        except BadPayload:
            raise
        except _RAISED as error:
            why = one_line(clean(str(error)), 200)
            raise BadPayload(f"the calendar's answer cannot be read: {type(error).__name__}: {why}") from None


def _within_limits(body: bytes) -> tuple[str, Sequence[str]]:
    """The text without its zones and with its folded lines joined, and the zones."""
    if len(body) > SIZE_LIMIT:
        raise BadPayload(f"the calendar's answer is over {SIZE_LIMIT} bytes")
    text = _FOLD.sub("", body.decode("utf-8-sig", "replace")).replace("\r\n", "\n").replace("\r", "\n") + "\n"
    if text.count("\n") > LINES_LIMIT:
        raise BadPayload(f"the calendar's answer has over {LINES_LIMIT} lines")
    depth = parts = 0
    for line in text.upper().split("\n"):
        depth += line.startswith("BEGIN:") - line.startswith("END:")
        parts += line.startswith("BEGIN:")
        if depth > DEPTH_LIMIT or parts > PARTS_LIMIT:
            raise BadPayload("the calendar's answer has too many parts in each other")
    return _ZONE.sub("", text), _ZONE.findall(text)


def _read(text: str, zones: Sequence[str], sender: str, received_at: datetime) -> CalendarAnswer:
    import icalendar  # noqa: PLC0415 - slow to load, and few mails are answers

    calendar = cast("Any", icalendar.Calendar.from_ical(text))
    method = str(calendar.get("METHOD", "")).upper()
    event = next(iter(calendar.walk("VEVENT")), None)
    if method not in ANSWERS or event is None:
        raise BadPayload("the calendar's answer has no REPLY or COUNTER with an event in it")
    attendee, address = _attendee(event, sender)
    said = str(attendee.params.get("PARTSTAT", "")).upper()
    answer = cast("Word", _SAYS.get(said, ""))
    proposed = _proposed(event, zones, received_at) if method == "COUNTER" else None
    if not answer and proposed is None:
        raise BadPayload(f"the calendar's answer says neither yes, no nor perhaps: PARTSTAT {one_line(said, 40)!r}")
    return CalendarAnswer(
        one_line(str(event.get("UID", "")), NAME_LIMIT), address, answer, _comment(event, attendee),
        _sequence(event), _stamp(event), proposed, sender,
    )  # fmt: skip


def _attendee(event: Any, sender: str) -> tuple[Any, str]:
    """Whose answer it is, and the address. A COUNTER may name everybody: then it is the sender's."""
    found = event.get("ATTENDEE", [])
    all_ = [(one, _address(one)) for one in (found if isinstance(found, list) else [found])]
    mine = all_ if len(all_) == 1 else [one for one in all_ if one[1] == sender]
    if len(mine) != 1 or not mine[0][1]:
        raise BadPayload(f"the calendar's answer names {len(all_)} attendees, and none by the address that sent it")
    return mine[0]


def _address(attendee: Any) -> str:
    """The address in lower case, where a calendar writes its own name for a person from EMAIL; empty without one."""
    params = getattr(attendee, "params", {})
    for said in (str(attendee), str(params.get("EMAIL", ""))):
        address = said.strip().lower().removeprefix("mailto:").strip()
        if _ADDRESS.fullmatch(address) and address.isprintable():
            return address
    return ""


def _comment(event: Any, attendee: Any) -> str:
    """What somebody wrote beside: COMMENT, or Google's and Apple's own places for it."""
    found = event.get("COMMENT", [])
    said = [str(one) for one in (found if isinstance(found, list) else [found])]
    said += [
        str(attendee.params.get("X-RESPONSE-COMMENT", "")),
        str(event.get("X-CALENDARSERVER-ATTENDEE-COMMENT", "")),
    ]
    return one_line(clean(clip(next((text for text in said if text.strip()), ""), 10_000)), COMMENT_LIMIT)


def _sequence(event: Any) -> int:
    return max(0, min(int(event.get("SEQUENCE", 0)), SEQUENCE_LIMIT))


def _stamp(event: Any) -> datetime | None:
    at = getattr(event.get("DTSTAMP"), "dt", None)
    return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None


def _proposed(event: Any, zones: Sequence[str], received_at: datetime) -> datetime | None:
    begins = event.get("DTSTART")
    at: date | None = getattr(begins, "dt", None)
    if not isinstance(at, datetime):
        raise BadPayload("the other time that the calendar proposes has no hour")
    if at.tzinfo is None:
        name = str(begins.params.get("TZID", ""))
        at = at.replace(tzinfo=_zone(name, zones))
    utc = at.astimezone(UTC)
    if abs(utc - received_at) > NEAR:
        raise BadPayload("the other time that the calendar proposes is over a year away")
    return utc


def _zone(name: str, zones: Sequence[str]) -> Any:
    """A zone that only the calendar itself describes. Its rules may be yearly ones: others could go on for ever."""
    for text in zones:
        if re.search(rf"^TZID:{re.escape(name)}$", text, re.IGNORECASE | re.MULTILINE) and name:
            if not all(_YEARLY.fullmatch(rule) for rule in _RULE.findall(text.upper())):
                raise BadPayload("the calendar's time zone has rules that are not yearly")
            from dateutil.tz import tzical  # type: ignore[import-untyped]  # noqa: PLC0415

            if zone := tzical(io.StringIO(text)).get():
                return zone
    raise BadPayload(f"the other time that the calendar proposes is in no known time zone {one_line(name, 60)!r}")
