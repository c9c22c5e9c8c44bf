"""The kinds of value that the runbook's keys take: durations, zones, times of day, lists of words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tocsin.core.calendar import NEXT_BUSINESS_DAY, Duration, parse_duration

SECOND: Final = timedelta(seconds=1)
Urgency = Literal["high", "low", "none"]


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("a duration such as 90s, 15m, 4h, 1d or 1w")
    return parse_duration(value)


def _positive(value: Any) -> Any:
    span = _span(value)
    if span < SECOND:
        raise ValueError("a duration of at least 1s")
    return span


def _within(value: Any) -> Any:
    return value if value == NEXT_BUSINESS_DAY else _positive(value)


def _listed(value: Any) -> Any:
    """One word stands for a list of one."""
    return (value,) if isinstance(value, (str, dict)) else value


def _zone(value: Any) -> Any:
    try:
        ZoneInfo(str(value))
    except (ValueError, OSError, KeyError):
        raise ValueError("a time zone such as Europe/Amsterdam or UTC") from None
    return str(value)


def clock_time(value: Any) -> Any:
    parts = str(value).split(":")
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or int(parts[0]) > 23 or int(parts[1]) > 59:
        raise ValueError('a time of day such as "09:00"')
    return f"{int(parts[0]):02d}:{int(parts[1]):02d}"


def _phone(value: Any) -> Any:
    """Take out what people put between the digits; `runbook_check` asks whether a number is left."""
    return PHONE_FILLING.sub("", value) if isinstance(value, str) else value


def _mail_address(value: Any) -> Any:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not MAIL_ADDRESS.fullmatch(value.strip()):
        raise ValueError("one mail address such as reviews@example.org")
    return value.strip()


MAIL_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}", re.ASCII)  # as the mail is written
PHONE_FILLING: Final = re.compile(r"[\s().\-/]")
Phone = Annotated[str, BeforeValidator(_phone)]
MailAddress = Annotated[str | None, BeforeValidator(_mail_address)]
Offset = Annotated[timedelta, BeforeValidator(_span)]
Span = Annotated[timedelta, BeforeValidator(_positive)]
Within = Annotated[Duration, BeforeValidator(_within)]
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Zone = Annotated[str, BeforeValidator(_zone)]
ClockTime = Annotated[str, BeforeValidator(clock_time)]
Text = Annotated[str, Field(min_length=1, max_length=100_000)]


class Part(BaseModel):
    """A mapping of the file: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, hide_input_in_errors=True)
