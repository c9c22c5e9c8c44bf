"""The page of the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.core.insights import Times
from tocsin.core.load import NAMES, NIGHT, Load
from tocsin.core.runbook import Runbook
from tocsin.core.types import Refused, instant_text
from tocsin.store.db import Tx
from tocsin.usecases import numbers
from tocsin.usecases.configure import Setup, in_force
from tocsin.usecases.numbers import Numbers
from tocsin.web import charts
from tocsin.web.auth import require, viewer_of
from tocsin.web.charts import Series
from tocsin.web.render import render

DEFAULT: Final = "90d"
MONTHS, QUARTERS = 12, 4  # that can be picked from the list


@dataclass(frozen=True, slots=True)
class LoadView:
    """What one person was paged, with the picture of their hours."""

    load: Load
    name: str
    share: str
    hours: Markup


@dataclass(frozen=True, slots=True)
class NumbersView:
    """All that the page shows beside the numbers themselves."""

    n: Numbers
    counts: Markup
    counts_key: Markup
    spans: Markup
    spans_key: Markup
    loads: tuple[LoadView, ...]
    fairness: str
    kept: tuple[int, int]


def span_words(seconds: float | None) -> str:
    """A time in its two largest units, short enough for a table: 4 min 42 s; a dash for none."""
    return "–" if seconds is None else _units(round(seconds), (" d ", " h ", " min ", " s "))


def short_words(seconds: float) -> str:
    """The same for an axis: 1h15m."""
    return _units(round(seconds), ("d", "h", "m", "s"))


def _units(seconds: int, names: tuple[str, ...]) -> str:
    parts, left = [], seconds
    for name, size in zip(names, (86_400, 3_600, 60, 1), strict=True):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{name}")
        elif parts:
            break
    return "".join(parts[:2]).strip() or f"0{names[-1]}".strip()


def view(n: Numbers, runbook: Runbook) -> NumbersView:
    """Build the page. Nothing is read here."""
    s = n.summary
    form = "%d %b" if n.part == "week" else "%b %Y"
    labels = [f"{bucket.day:{form}}" for bucket in s.trend]
    counts = [
        Series(name, kind(name), [bucket.by_severity.get(name, 0) for bucket in s.trend])
        for name, group in s.by_severity.items()
        if group.incidents
    ]
    spans = [
        Series("acknowledged, median", "ack", [bucket.all.acknowledge.p50 for bucket in s.trend]),
        Series("resolved, median", "end", [bucket.all.resolve.p50 for bucket in s.trend]),
    ]
    most = max((max(each.hours) for each in n.loads), default=0)
    kept = sum(each.kept for each in s.sla.values())
    return NumbersView(
        n, charts.columns(f"Incidents for each {n.part}, by severity", labels, counts, lambda v: f"{v:g}"),
        charts.legend(counts), charts.lines(f"Median times for each {n.part}", labels, spans, short_words),
        charts.legend(spans),
        tuple(_load(each, n, runbook, most) for each in n.loads), fairness(n, runbook),
        (kept, kept + sum(each.breached for each in s.sla.values())),
    )  # fmt: skip


def kind(severity: str) -> str:
    """The class of a severity's colour: the runbook may call it anything."""
    return severity.lower() if severity.lower() in ("p0", "p1", "p2", "p3") else "other"


def _load(each: Load, n: Numbers, runbook: Runbook, most: int) -> LoadView:
    name = name_of(each.person, runbook)
    said = f"Pages of {name} by hour of day: " + ", ".join(
        f"{hour:02d}:00 {count}" for hour, count in enumerate(each.hours) if count
    )
    return LoadView(each, name, percent(each.pages / n.pages), charts.hours(said, each.hours, NIGHT, most))


def name_of(person: str, runbook: Runbook) -> str:
    """The name that people say; of somebody who left, what the runbook called them."""
    return runbook.people[person].name if person in runbook.people else person


def percent(share: float) -> str:
    """A share of 1 in whole percent."""
    return f"{share * 100:.0f} %"


def fairness(n: Numbers, runbook: Runbook) -> str:
    """Say whether the nights and weekends fall evenly on people."""
    hard = {each.person: each.night + each.weekend for each in n.loads}
    total = sum(hard.values())
    if not total:
        return "Nobody was paged at night or on a weekend."
    worst = max(hard, key=lambda person: (hard[person], person))
    share, equal = n.uneven
    count = f"{total} page{'' if total == 1 else 's'} at night or on a weekend"
    return f"{count}. {name_of(worst, runbook)} had {percent(share)} of them; an equal share would be {percent(equal)}."


def times_words(times: Times) -> str:
    """Both percentiles in one cell."""
    return "–" if not times.n else f"{span_words(times.p50)} / {span_words(times.p90)}"


def choices(now: datetime) -> list[tuple[str, str]]:
    """The spans that can be picked: value and words."""
    found = list(NAMES.items())
    place = now.year * 12 + now.month - 1
    for back in range(MONTHS):
        year, month = divmod(place - back, 12)
        found.append((f"{year}-{month + 1:02d}", f"{datetime(year, month + 1, 1, tzinfo=now.tzinfo):%B %Y}"))
    for back in range(QUARTERS):
        year, quarter = divmod(place // 3 - back, 4)
        found.append((f"{year}-Q{quarter + 1}", f"quarter {quarter + 1} of {year}"))
    return found


def _read(tx: Tx, setup: Setup, query: Mapping[str, str]) -> tuple[NumbersView, Runbook, str]:
    """Read the page; a span that cannot be read is told, and the usual one shown."""
    _, runbook = in_force(tx, setup)
    said = ""
    asked = query.get("span") or DEFAULT, query.get("from", ""), query.get("until", "")
    try:
        span = numbers.span_for(tx, setup, *asked)
    except Refused as error:
        said, span = f"This span cannot be used: {error}", numbers.span_for(tx, setup, DEFAULT, "", "")
    found = numbers.read(tx, setup, span, query.get("severity", ""), query.get("service", ""))
    return view(found, runbook), runbook, said


async def show(request: Request) -> Response:
    """Show the numbers of a span."""
    require(await viewer_of(request), "viewer")
    query = dict(request.query_params)
    found, runbook, message = await request.app.state.db.read(_read, request.app.state.setup, query)
    span = found.n.span
    files = {"from": instant_text(span.start), "until": instant_text(span.end)}
    files |= {name: query.get(name) for name in ("severity", "service")}
    return render(
        request, "numbers/show.html", status=422 if message else 200, v=found, message=message, query=query,
        severities=runbook.severities, services=sorted(runbook.services), choices=choices(request.app.state.db.clock()),
        chosen=query.get("span") or DEFAULT, span_words=span_words, times_words=times_words, percent=percent,
        share=charts.share, files=urlencode({k: v for k, v in files.items() if v}),
    )  # fmt: skip


ROUTES = [Route("/numbers", show, methods=["GET"])]
