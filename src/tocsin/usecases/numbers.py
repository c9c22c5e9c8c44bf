"""The numbers of a span; the monthly report; counting what was there before anybody counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from tocsin.core import insights, likeness, load, report
from tocsin.core.delivery import Route
from tocsin.core.incident import born
from tocsin.core.insights import OnTime, Summary
from tocsin.core.load import Load, Span
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused
from tocsin.store import figures, incidents, looks, postmortems, search
from tocsin.store.db import Busy, Tx
from tocsin.store.figures import Noise, Which
from tocsin.usecases import rescue
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.save import channel_routes

REPORT: Final = "report"  # the look that sends the month's numbers
RECOUNT: Final = "recount"  # the look that counts and indexes what is missing
HOUR: Final = 9  # of the first of a month, in the organization's time zone
AGAIN: Final = timedelta(days=1)

log = structlog.get_logger("tocsin.worker")


@dataclass(frozen=True, slots=True)
class Numbers:
    """All numbers of a span. `part` is the word for the parts of the trend; `counting`: old incidents are missing."""

    span: Span
    which: Which
    zone: str
    part: str
    summary: Summary
    pages: int
    loads: tuple[Load, ...]
    uneven: tuple[float, float]  # load.shares
    noisy: tuple[Noise, ...]
    idle: tuple[Noise, ...]
    reviews: OnTime
    items: OnTime
    counting: bool


def read(tx: Tx, setup: Setup, span: Span, severity: str = "", service: str = "") -> Numbers:
    """Read and sum up the numbers of a span, of one severity or service if they are named."""
    _, runbook = in_force(tx, setup)
    zone = runbook.organization.timezone
    which = Which(span.start, span.end, severity or None, service or None)
    start, end = _bounds(tx, span)
    part, starts = load.parts(start, end, zone)
    marks = [(insights.micros(at), day) for at, day in starts]
    summary = insights.summarize(figures.columns(tx, which), list(runbook.severities), marks)
    zones = {id_: person.timezone for id_, person in runbook.people.items() if person.timezone}
    quarters = load.quarter_of(start), load.quarter_of(end) + 1
    paged = figures.paged(tx, which, load.steady(*quarters, {zone, *zones.values()}))
    loads = load.loads(paged, zones, zone)
    noisy, idle = figures.noise(tx, which)
    return Numbers(
        span, which, zone, part, summary, sum(each.pages for each in loads), loads,
        load.shares(loads, runbook.people), tuple(noisy), tuple(idle),
        insights.on_time(((row.review_at, row.published_at) for row in figures.reviews(tx, which)), tx.now),
        _items(tx, runbook, which, start, end), _is_counting(tx),
    )  # fmt: skip


def _bounds(tx: Tx, span: Span) -> tuple[datetime, datetime]:
    end = min(span.end, tx.now) if span.end else tx.now
    start = span.start or figures.first_at(tx) or end
    return min(start, end), end


def _items(tx: Tx, runbook: Runbook, which: Which, start: datetime, end: datetime) -> OnTime:
    """Action items by their due day: done on that day, in their owner's time zone, is in time."""
    zone = runbook.organization.timezone
    first = f"{start.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
    last = f"{((which.end or end) if which.end else end + timedelta(days=1)).astimezone(ZoneInfo(zone)):%Y-%m-%d}"
    owners = {id_: person.timezone or zone for id_, person in runbook.people.items()}

    def day(at: datetime | None, owner: str) -> str | None:
        return f"{at.astimezone(ZoneInfo(owners.get(owner, zone))):%Y-%m-%d}" if at else None

    rows = figures.items(tx, which, (first, last))
    return insights.on_time(((row.due, day(row.closed_at, row.owner)) for row in rows), day(tx.now, ""))


def _is_counting(tx: Tx) -> bool:
    row = looks.get(tx, RECOUNT)
    return row is not None and bool(row.due <= row.at)


def span_for(tx: Tx, setup: Setup, text: str, since: str, until: str) -> Span:
    """The span that somebody asks for, in the organization's days. Raises Refused: 422."""
    _, runbook = in_force(tx, setup)
    try:
        return load.span_of(text, since, until, runbook.organization.timezone, tx.now)
    except ValueError as error:
        raise Refused(str(error), 422) from None


# --------------------------------------------------------------------------------------------- looks


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the looks need: the month's report (month, title, text), and incidents to be counted."""

    report: tuple[str, str, str] | None = None
    uncounted: tuple[int, ...] = ()


def gather(tx: Tx, setup: Setup) -> Gathered:
    """Read what is due of both looks: apart from `run`, so that nobody's write waits for it."""
    due = {row.name: row for row in looks.due(tx)}
    uncounted = tuple(figures.uncounted(tx, due[RECOUNT].data.get("after", 0))) if RECOUNT in due else ()
    return Gathered(_written(tx, setup) if REPORT in due else None, uncounted)


def _written(tx: Tx, setup: Setup) -> tuple[str, str, str] | None:
    _, runbook = in_force(tx, setup)
    zone = runbook.organization.timezone
    month = load.month_due(tx.now, zone, HOUR)
    if not runbook.numbers.report or _told(tx, month) >= month:
        return None
    found = read(tx, setup, load.span_of(month, "", "", zone, tx.now))
    names = {id_: person.name for id_, person in runbook.people.items()}
    noisy = [(noise.title, noise.source, noise.times) for noise in found.idle[:5]]
    text = report.text(found.summary, found.loads, names, noisy, found.reviews, found.items)
    return month, report.title(runbook.organization.name, f"{found.span.start:%B %Y}", found.summary), text


def _told(tx: Tx, otherwise: str) -> str:
    """The month that was told last; a Tocsin that never looked begins with the next one."""
    row = looks.get(tx, REPORT)
    return str(row.data["told"]) if row else otherwise


def run(tx: Tx, setup: Setup, gathered: Gathered) -> None:
    """Take both looks, where they are due."""
    due = {row.name for row in looks.due(tx)}
    if REPORT in due or looks.get(tx, REPORT) is None:
        _report(tx, setup, gathered)
    if RECOUNT in due:
        _recount(tx, setup, gathered.uncounted)
    elif looks.get(tx, RECOUNT) is None:
        looks.put(tx, RECOUNT, tx.now + AGAIN, {})


def _report(tx: Tx, setup: Setup, gathered: Gathered) -> None:
    """Send the report of the last month that was due, once: after a long silence not one for each month."""
    _, runbook = in_force(tx, setup)
    zone = runbook.organization.timezone
    month = load.month_due(tx.now, zone, HOUR)
    told = _told(tx, month)
    if gathered.report and gathered.report[0] == month and told < month:
        _, title, text = gathered.report
        link = f"{setup.public_url}/numbers?span={month}"
        for name in runbook.numbers.report:
            for place, route in enumerate(_routes(setup, runbook, name)):
                rescue.alarm(tx, f"report:{month}:{name}:{place}", route, title, text, link=link, urgent=False)
    looks.put(tx, REPORT, load.next_first(tx.now, zone, HOUR), {"told": max(told, month)})


def _routes(setup: Setup, runbook: Runbook, name: str) -> Iterable[Route]:
    """The ways to a channel, or to a mail address through the first channel that sends mail."""
    if name in runbook.channels:
        return channel_routes(setup, runbook, name)
    for via in runbook.channels:
        mail = runbook.channel(via)
        if mail and mail.kind == "smtp" and f"channels.{via}.smtp" not in runbook.left_out:
            return [Route(via, "smtp", name, config=mail.settings)]
    return channel_routes(setup, runbook, rescue.ALERTS)


def _recount(tx: Tx, setup: Setup, numbers: Iterable[int]) -> None:
    """Count and index incidents from their timelines: some now, the rest at once after it; when none is left, daily."""
    last = 0
    for last in numbers:
        try:
            with tx.apart():
                recount(tx, last)
        except Busy:
            raise
        except Exception:
            log.exception("not_counted", incident=last)
    if last:
        looks.put(tx, RECOUNT, tx.now, {"after": last})
    else:
        looks.put(tx, RECOUNT, tx.now + AGAIN, {})


def recount(tx: Tx, number: int) -> None:
    """Count one incident and index its words, from its timeline."""
    facts = incidents.facts_of(tx, number)
    bare = incidents.bare(tx, number)
    if not facts or bare is None:
        return
    figures.put(tx, insights.recount(born(number, bare.runbook_version, facts[0]), facts))
    search.add(tx, number, likeness.of_facts(facts))
    if row := postmortems.get(tx, number):
        search.add(tx, number, likeness.of_postmortem(row.text))
