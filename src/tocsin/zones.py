"""Which time zone data is used: always the wheel's, never the system's, which may be years old; and how old it is."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final

import tzdata

OLD: Final = timedelta(days=183)  # reliability.md section 5: warn after half a year
_UPDATED = re.compile(r"^#updated +([0-9]+)", re.MULTILINE)


def use_wheel() -> None:
    """Let every zone come from the tzdata wheel from now on. Called once, before anything asks for a zone."""
    if zoneinfo.TZPATH:
        zoneinfo.reset_tzpath(())
        zoneinfo.ZoneInfo.clear_cache()


def version() -> str:
    """The IANA version of the rules in use, such as 2026f."""
    return str(tzdata.IANA_VERSION)


@cache
def dated() -> datetime | None:
    """
    The latest date that the wheel carries: that of its list of leap seconds, which is renewed each half year.

    The rules themselves are as old or younger, by less than half a year.
    """
    try:
        text = resources.files("tzdata").joinpath("zoneinfo", "leapseconds").read_text(encoding="utf-8")
    except OSError:
        return None
    found = _UPDATED.search(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def age(now: datetime) -> str:
    """The version with its date and age, as `2026f of 2026-07-06, 140 days old`; without a date the version alone."""
    date = dated()
    return f"{version()} of {date:%Y-%m-%d}, {max((now - date).days, 0)} days old" if date else version()


def warning(now: datetime) -> str:
    """What to say of rules older than half a year; empty when they are not."""
    date = dated()
    if date is None or now - date <= OLD:
        return ""
    return (
        f"the time zone rules (tzdata {version()}) carry no date after {date:%Y-%m-%d}: install a newer tzdata, "
        "or hand-overs may be off by an hour where a country changed its clocks"
    )
