"""The parts of the runbook that sort alerts and keep noise away: triage, grouping, inhibition, flapping, questions."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tocsin.core.calendar import DAYS
from tocsin.core.runbook_values import ClockTime, Part, Span, Text, Words, Zone

Match = dict[str, Words]


class During(Part):
    """A time of day, on some days: `days` are those on which it begins, in `timezone`, else the organization's."""

    from_: ClockTime = Field(alias="from")
    until: ClockTime = Field(alias="to")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = DAYS
    timezone: Zone | None = None

    @model_validator(mode="after")
    def _ends(self) -> During:
        if self.from_ == self.until:
            raise ValueError("a time of day that ends at another time than it begins")
        return self


class TriageRule(Part):
    match: Match = {}
    not_: Match = Field({}, alias="not")
    during: During | Literal["business_hours", "off_hours"] | None = None
    severity: Text
    service: str | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _asks_something(self) -> TriageRule:
        if not (self.match or self.not_ or self.during):
            raise ValueError("a rule that says what it matches: match, not or during")
        return self


class Grouping(Part):
    by: Words = ("service", "check")
    window: Span = timedelta(minutes=10)
    dependencies: bool = True  # an alert on what depends on a broken service joins that one's incident


class Inhibition(Part):
    """While an alert like `when` fires, those like `hold` are held back, where the fields of `equal` are the same."""

    when: Annotated[Match, Field(min_length=1)]
    hold: Annotated[Match, Field(min_length=1)]
    equal: Words = ()


class Flapping(Part):
    """A key that fires again so often within a span is paused."""

    times: Annotated[int, Field(ge=2, le=100)] = 4
    within: Span = timedelta(hours=1)
    pause: Span = timedelta(minutes=30)


class Answer(Part):
    text: Text
    severity: str | None = None  # none: this answer says nothing about it


class Question(Part):
    """What whoever declares is asked about the impact; the worst answer proposes the severity."""

    ask: Text
    answers: Annotated[tuple[Answer, ...], Field(min_length=2)]
