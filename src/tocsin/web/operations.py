"""For whoever operates Tocsin: is it alive, is it ready, and its numbers for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin import zones
from tocsin.core.types import Refused
from tocsin.core.watch import skew_notice
from tocsin.store import probes, queue
from tocsin.store.db import Busy, Database, Tx, waits_for_standby
from tocsin.store.schema import incidents, pages
from tocsin.store.sound import log_bytes
from tocsin.usecases import site, watch
from tocsin.usecases.configure import NoRunbook, Setup, in_force
from tocsin.web.auth import require, viewer_of
from tocsin.web.render import render

READY_SECONDS: Final = 4.0  # whoever asks waits seldom longer than 5


class Meters:
    """The counters of this process, and gauges that are read from the database when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kwargs: dict[str, Any] = {"registry": self.registry}
        self.ingested = Counter("tocsin_ingest_requests", "Inbound requests", ["source", "outcome"], **kwargs)
        self.open = Gauge("tocsin_incidents_open", "Open incidents", ["severity"], **kwargs)
        self.unanswered = Gauge("tocsin_incidents_unacknowledged", "Open incidents nobody acknowledged", **kwargs)
        self.pages = Gauge("tocsin_pages", "Pages by state", ["state"], **kwargs)
        self.waiting = Gauge("tocsin_outbox_pending", "Outbox rows that wait", **kwargs)
        self.oldest = Gauge("tocsin_outbox_oldest_overdue_seconds", "How long the oldest due row waits", **kwargs)
        self.commits = Gauge("tocsin_commits", "Commits of this process", **kwargs)
        self.writes = Gauge("tocsin_writes", "Writes that shared those commits", **kwargs)
        self.log = Gauge("tocsin_store_log_bytes", "Length of SQLite's write-ahead log", **kwargs)
        self.blocked = Gauge("tocsin_cannot_page", "1 while no way to page anybody works", **kwargs)
        self.aside = Gauge("tocsin_set_aside", "Incidents and outbox rows that made a worker raise", **kwargs)
        self.probes = Gauge("tocsin_probes", "Probes by how they stand", ["state"], **kwargs)
        self.audited = Gauge("tocsin_auditor_last_run_timestamp_seconds", "When the auditor ran last", **kwargs)
        self.redriven = 0  # of all processes on the database, as they keep it
        self.registry.register(_Redriven(self))

        self._children: dict[tuple[str, str], Counter] = {}  # looked up once: this is the hot path

    def count(self, source: str, outcome: str) -> None:
        """Count one inbound request."""
        child = self._children.get((source, outcome))
        if child is None:
            child = self._children[(source, outcome)] = self.ingested.labels(source, outcome)
        child.inc()


class _Redriven(Collector):
    """A counter that the database keeps, so that it goes on over restarts and is the same from every process."""

    def __init__(self, meters: Meters) -> None:
        self.meters = meters

    def collect(self) -> Iterable[Metric]:
        text = "Incidents that had gone silent and were driven again"
        yield CounterMetricFamily("tocsin_auditor_redriven", text, value=self.meters.redriven)


async def healthy(request: Request) -> Response:
    """The process lives and its loop turns."""
    return PlainTextResponse("OK\n")


async def ready(request: Request) -> Response:
    """200 when the database answers and a runbook is in force; else 503, with the reason."""
    db, setup = request.app.state.db, request.app.state.setup
    try:
        async with asyncio.timeout(READY_SECONDS):
            return JSONResponse({"ready": True, **await db.read(_ready, setup, db)})
    except NoRunbook as error:
        why = str(error)
    except Busy as error:
        why = f"the database does not answer: {error}"
    except TimeoutError:
        why = f"the database has not answered for {READY_SECONDS:g} s"
    return JSONResponse({"ready": False, "why": why}, 503, {"Retry-After": "5"})


def _ready(tx: Tx, setup: Setup, db: Database) -> dict[str, Any]:
    in_force(tx, setup)
    return {"warnings": _warnings(tx, setup, db), "tzdata": zones.version(), "tzdata_of": _date(), **watch.report(tx)}


def _date() -> str | None:
    """The day of the time zone rules in use, as far as it is known."""
    date = zones.dated()
    return f"{date:%Y-%m-%d}" if date else None


def _warnings(tx: Tx, setup: Setup, db: Database) -> list[str]:
    return [
        *setup.plugins.problems,
        *watch.store_banner(db.trouble, log_bytes(db.url)),
        *watch.banners(tx),
        *notices(tx, db),
        *(f"the status page is not on {host.name}: {host.why}" for host in site.hosts(tx) if host.failing_since),
    ]


def notices(tx: Tx, db: Database) -> list[str]:
    """What an operator should know, though all of it works: what could be lost, whose clock is off, old time zones."""
    old = zones.warning(db.clock())
    if tx.sqlite:
        return [old] if old else []
    skew = skew_notice(db.clock(), tx.now)
    safe = "" if waits_for_standby(tx) else (
        "RPO > 0: PostgreSQL has no synchronous standby; what was answered last may be lost with its machine"
    )  # fmt: skip
    return [notice for notice in (safe, skew, old) if notice]


async def metrics(request: Request) -> Response:
    """The numbers, for loopback, a token or a session."""
    local = request.client is not None and request.client.host in ("127.0.0.1", "::1")
    if not local and await viewer_of(request) is None:
        raise Refused("metrics need a token, or a request from this machine", 401)
    meters: Meters = request.app.state.meters
    db = request.app.state.db
    await db.read(_gauge, meters)
    meters.commits.set(db.commits)
    meters.writes.set(db.writes)
    meters.log.set(log_bytes(db.url))
    return Response(generate_latest(meters.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def _gauge(tx: Tx, meters: Meters) -> None:
    meters.open.clear()
    is_open = incidents.c.status != "resolved"
    for severity, count in tx.all(select(incidents.c.severity, func.count()).where(is_open).group_by("severity")):
        meters.open.labels(severity).set(count)
    silent = select(func.count()).where(is_open, incidents.c.acknowledged_at.is_(None))
    meters.unanswered.set(tx.all(silent)[0][0])
    for state, count in tx.all(select(pages.c.state, func.count()).group_by(pages.c.state)):
        meters.pages.labels(state).set(count)
    for state, count in probes.counted(tx).items():
        meters.probes.labels(state).set(count)
    waiting = queue.backlog(tx)
    meters.waiting.set(waiting["pending"])
    oldest = waiting["oldest_due"]
    meters.oldest.set(max((tx.now - oldest).total_seconds(), 0) if oldest else 0)
    said = watch.report(tx)
    auditor = said["auditor"] or {}
    meters.redriven = int(auditor.get("redriven", 0))
    meters.audited.set(datetime.fromisoformat(auditor["at"]).timestamp() if auditor else 0)
    meters.blocked.set(said["cannot_page"] is not None)
    meters.aside.set(len(said["set_aside"]))


async def banners(request: Request) -> Response:
    """What every page must tell, alone: open pages fetch it when it changes."""
    require(await viewer_of(request), "viewer")
    return render(request, "_banners.html")


ROUTES = [
    Route("/banners", banners, methods=["GET"]),
    Route("/-/healthy", healthy, methods=["GET", "HEAD"]),
    Route("/-/ready", ready, methods=["GET", "HEAD"]),
    Route("/metrics", metrics, methods=["GET"]),
]
