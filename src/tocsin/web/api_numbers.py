"""The JSON API of the numbers: a span summed up, every incident of it as a file, and what was like an incident."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tocsin.core.insights import Group, OnTime, Sla, Times
from tocsin.core.load import Load, Span
from tocsin.core.types import Json, Refused, incident_name, incident_number, instant_text
from tocsin.store import figures, incidents
from tocsin.store.db import Tx
from tocsin.store.figures import Noise, Which
from tocsin.usecases import numbers
from tocsin.usecases.configure import Setup, incident_link
from tocsin.usecases.numbers import Numbers
from tocsin.usecases.seen import Seen, seen_before
from tocsin.web.api import Reads

router = APIRouter(prefix="/api/v1")
ROWS_AT_ONCE: Final = 500  # of an export: what is held in memory, and how long one read lasts
COLUMNS: Final = (
    "id", "title", "severity", "service", "check", "status", "declared_at", "seconds_to_acknowledge",
    "seconds_to_resolve", "seconds_to_first_update", "response", "resolution", "root_cause",
)  # fmt: skip


def span_of(since: str, until: str) -> Span:
    """Two instants in RFC 3339, or days in UTC; empty: open there. Raises Refused: 422."""
    start, end = (_instant(text, name) for text, name in ((since, "from"), (until, "until")))
    if start and end and end <= start:
        raise Refused("from must come before until", 422)
    return Span(start, end, f"{since or 'the beginning'} to {until or 'now'}")


def _instant(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not escaped in a query
    except ValueError:
        raise Refused(f"{name} is an instant such as 2026-11-01T00:00:00Z, or a day", 422) from None
    if not 1971 <= at.year <= 9000:
        raise Refused(f"{name} lies in a year from 1971 to 9000", 422)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@router.get("/metrics/response")
async def response(request: Request, _: Reads, until: str = "", severity: str = "", service: str = "") -> Json:
    """
    The numbers of the incidents that were declared in [from, until); without either, of all.

    Drills, test pages and merged incidents are not counted.
    """
    span = span_of(request.query_params.get("from", ""), until)
    found = await request.app.state.db.read(numbers.read, request.app.state.setup, span, severity, service)
    return numbers_json(found)


def numbers_json(n: Numbers) -> Json:
    """The numbers of a span, as the API and `--json` show them."""
    s = n.summary
    return {
        "from": instant_text(n.span.start), "until": instant_text(n.span.end), "timezone": n.zone,
        "incidents": {name: group.incidents for name, group in s.by_severity.items()},
        **_group(s.all), "sla": {name: _sla(each) for name, each in s.sla.items()}, "pages": n.pages,
        "by_severity": {name: _group(group) for name, group in s.by_severity.items()},
        "part": n.part,
        "trend": [
            {"from": bucket.day.isoformat(), "incidents": {k: bucket.by_severity.get(k, 0) for k in s.by_severity},
             **_group(bucket.all)}
            for bucket in s.trend
        ],
        "services": [{"service": name, "incidents": count} for name, count in s.services],
        "root_causes": [{"root_cause": name, "incidents": count} for name, count in s.causes],
        "people": [_load(each) for each in n.loads],
        "noisiest_alerts": [_noise(each) for each in n.noisy],
        "alerts_never_acted_on": [_noise(each) for each in n.idle],
        "postmortems": _on_time(n.reviews), "action_items": _on_time(n.items), "still_counting": n.counting,
    }  # fmt: skip


def _times(times: Times) -> Json:
    return {"p50": times.p50, "p90": times.p90, "count": times.n}


def _group(group: Group) -> Json:
    return {
        "seconds_to_acknowledge": _times(group.acknowledge), "seconds_to_resolve": _times(group.resolve),
        "seconds_to_first_update": _times(group.update), "unacknowledged": group.unanswered, "open": group.open_,
    }  # fmt: skip


def _sla(sla: Sla) -> Json:
    clocks = {"response": sla.response, "resolution": sla.resolution}
    each = {name: {"kept": kept, "breached": breached} for name, (kept, breached) in clocks.items()}
    return {"kept": sla.kept, "breached": sla.breached, **each}


def _load(each: Load) -> Json:
    return {
        "person": each.person, "timezone": each.zone, "pages": each.pages, "night": each.night,
        "weekend": each.weekend, "hours": list(each.hours),
    }  # fmt: skip


def _noise(noise: Noise) -> Json:
    return {
        "key": noise.key, "source": noise.source, "title": noise.title, "service": noise.service, "rule": noise.rule,
        "times": noise.times, "episodes": noise.episodes, "incidents": noise.incidents, "acted_on": noise.worked,
    }  # fmt: skip


def _on_time(each: OnTime) -> Json:
    return {"on_time": each.kept, "late": each.late, "overdue": each.missing, "not_due_yet": each.waiting}


# --------------------------------------------------------------------------------------------- files


@router.get("/metrics/incidents.csv")
async def as_csv(
    request: Request, _: Reads, until: str = "", severity: str = "", service: str = ""
) -> StreamingResponse:  # fmt: skip
    """Every incident of a span as CSV (RFC 4180, UTF-8). A text that a spreadsheet could run is quoted by a `'`."""
    which = _which(request, until, severity, service)
    lines = _parts(request, which, lambda rows: csv_of(map(_cells, rows)), csv_of([COLUMNS]), "")
    return _file(lines, "text/csv; charset=utf-8", "incidents.csv")


@router.get("/metrics/incidents.json")
async def as_json(
    request: Request, _: Reads, until: str = "", severity: str = "", service: str = ""
) -> StreamingResponse:  # fmt: skip
    """The same as one JSON array, an incident on each line."""
    which = _which(request, until, severity, service)
    first = [True]

    def lines(rows: Sequence[Any]) -> str:
        told = ",\n".join(orjson.dumps(dict(zip(COLUMNS, _cells(row), strict=True))).decode() for row in rows)
        begun, first[0] = first[0], False
        return told if begun else f",\n{told}"

    return _file(_parts(request, which, lines, "[", "]\n"), "application/json", "incidents.json")


def _which(request: Request, until: str, severity: str, service: str) -> Which:
    span = span_of(request.query_params.get("from", ""), until)
    return Which(span.start, span.end, severity or None, service or None)


async def _parts(
    request: Request, which: Which, told: Callable[[Sequence[Any]], str], head: str, foot: str
) -> AsyncIterator[str]:  # fmt: skip
    """Read a part, send it, read the next: however long the history is, one part is all that is held."""
    yield head
    after = 0
    while rows := await request.app.state.db.read(figures.part, which, after, ROWS_AT_ONCE):
        yield told(rows)
        after = rows[-1].incident
    yield foot


def _cells(row: Any) -> tuple[Any, ...]:
    return (
        incident_name(row.incident), row.title, row.severity, row.service, row.check, row.status,
        instant_text(row.declared_at), row.to_acknowledge, row.to_resolve, row.to_update, row.response or None,
        row.resolution or None, row.cause,
    )  # fmt: skip


FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # OWASP, CSV injection


def csv_of(rows: Any) -> str:
    """Lines of CSV, in which no text begins as a formula of a spreadsheet does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _harmless(text: str) -> str:
    """A spreadsheet also runs what begins so after spaces."""
    text = text.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _file(lines: AsyncIterator[str], kind: str, name: str) -> StreamingResponse:
    return StreamingResponse(lines, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


# --------------------------------------------------------------------------------------------- seen before


@router.get("/incidents/{id}/similar")
async def similar(request: Request, id: str, _: Reads) -> Json:
    """Up to three incidents that are over and were like this one: why, when, and what helped then."""
    db, setup = request.app.state.db, request.app.state.setup
    return {"items": await db.read(_similar, setup, incident_number(id)), "next": None}


def _similar(tx: Tx, setup: Setup, number: int) -> list[Json]:
    return [seen_json(seen, setup) for seen in seen_before(tx, incidents.load(tx, number).state)]


def seen_json(seen: Seen, setup: Setup) -> Json:
    """An incident that was like another."""
    return {
        "id": seen.name, "title": seen.title, "severity": seen.severity, "declared_at": instant_text(seen.declared_at),
        "resolved_at": instant_text(seen.resolved_at), "root_cause": seen.cause or None,
        "resolution": seen.resolution or None, "actions": list(seen.actions), "why": list(seen.why),
        "score": seen.score, "link": incident_link(setup, seen.number),
    }  # fmt: skip
