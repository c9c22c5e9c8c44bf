"""What new time zone rules change: the offsets that zones were said to have, beside those that they have now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from tocsin.core import oncall
from tocsin.core.calendar import utc_words, words
from tocsin.core.runbook import Runbook
from tocsin.core.runbook_check import Finding
from tocsin.core.runbook_schedules import Schedule
from tocsin.core.stand_ins import Absence, Override

AHEAD: Final = timedelta(days=120)  # how far offsets are written down: past the next change of most clocks
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)

Offsets: TypeAlias = tuple[tuple[datetime, timedelta], ...]  # each with the instant from which on it holds, in order


def zones_of(book: Runbook) -> tuple[str, ...]:
    """The zones in which a runbook's schedules hand over."""
    return tuple(sorted({zone for schedule in book.schedules.values() for zone in _zones(schedule, book)}))


def _zones(schedule: Schedule, book: Runbook) -> set[str]:
    own = schedule.timezone or book.organization.timezone
    return {own, *(layer.timezone or own for layer in schedule.all_layers)}


def offsets(zone: str, start: datetime, until: datetime) -> Offsets:
    """The offsets of a zone over `[start, until)`, to the second at which each begins."""
    there = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        return at.astimezone(there).utcoffset() or timedelta(0)

    found, at = [(start, offset(start))], start
    while at < until:
        low, high = at, at + DAY
        if offset(high) != found[-1][1]:
            while high - low > SECOND:
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
            found.append((high.replace(microsecond=0), offset(high)))
        at += DAY
    return tuple(found)


def _differ(zone: str, before: Offsets, now: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """The spans still to come in which a zone has another offset than was said, with how much more it is."""
    until = before[0][0] + AHEAD
    if until <= now:
        return []
    present = offsets(zone, now, until)
    edges = sorted({now, until, *(at for at, _ in (*before, *present) if now < at < until)})
    spans: list[tuple[datetime, datetime, timedelta]] = []
    for begins, ends in pairwise(edges):
        more = _at(present, begins) - _at(before, begins)
        if spans and spans[-1][1:] == (begins, more):
            spans[-1] = spans[-1][0], ends, more
        elif more:
            spans.append((begins, ends, more))
    return spans


def _at(known: Offsets, at: datetime) -> timedelta:
    return next((offset for begins, offset in reversed(known) if begins <= at), known[0][1])


def changed(
    book: Runbook, before: Mapping[str, Offsets], names: tuple[str, str], now: datetime,
    overrides: Iterable[Override], absences: Iterable[Absence],
) -> tuple[Finding, ...]:  # fmt: skip
    """
    Say which hand-overs to come are at another instant than the rules before said, and which stand-ins are not.

    A hand-over is a local time, and moves with the rules. A stand-in is a span of instants, and stays.

    Args:
        before: The offsets that were written down with the rules before, by zone.
        names: The versions of the rules before, and of those now.
    """
    differ = {zone: spans for zone, known in before.items() if (spans := _differ(zone, known, now))}
    overrides, absences, found = tuple(overrides), tuple(absences), []
    for name, schedule in book.schedules.items():
        for zone in sorted(_zones(schedule, book) & set(differ)):
            begins, ends, more = differ[zone][0]
            moved = [at for at in oncall.hand_overs(book, name, begins, ends) if at[1] == zone]
            if not moved:
                continue
            local = moved[0][0].astimezone(ZoneInfo(zone))
            staying: list[Override | Absence] = [
                one for one in overrides if one.schedule == name and _touches(one, begins, ends)
            ]
            staying += [one for one in absences if one.person in schedule.people and _touches(one, begins, ends)]
            text = (
                f"by tzdata {names[1]} the hand-over of {local:%a %Y-%m-%d %H:%M} ({zone}) is at "
                f"{utc_words(moved[0][0])}; by {names[0]} it was at {utc_words(moved[0][0] + more)}. Until "
                f"{utc_words(ends)} all are {words(abs(more))} {'earlier' if more > timedelta(0) else 'later'}"
            )
            if staying:
                text += f"; {len(staying)} of the overrides and absences of that time stay at their instants"
            found.append(Finding("zone_rules_changed", name, text))
    return tuple(found)


def _touches(one: Override | Absence, begins: datetime, ends: datetime) -> bool:
    return any(begins <= at.astimezone(UTC) < ends for at in (one.start, one.until))
