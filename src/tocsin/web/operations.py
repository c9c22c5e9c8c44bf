"""For whoever operates Tocsin: is it alive, is it ready, and its numbers for Prometheus."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy import func, select, text
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin.core.types import Refused
from tocsin.store import queue
from tocsin.store.db import Busy, Tx
from tocsin.store.schema import incidents, pages
from tocsin.usecases.configure import NoRunbook, Setup, in_force
from tocsin.web.auth import viewer_of


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

        self._children: dict[tuple[str, str], Counter] = {}  # looked up once: this is the hot path

    def count(self, source: str, outcome: str) -> None:
        """Count one inbound request."""
        child = self._children.get((source, outcome))
        if child is None:
            child = self._children[(source, outcome)] = self.ingested.labels(source, outcome)
        child.inc()


async def healthy(request: Request) -> Response:
    """The process lives and its loop turns."""
    return PlainTextResponse("OK\n")


async def ready(request: Request) -> Response:
    """200 when the database answers and a runbook is in force; else 503, with the reason."""
    db, setup = request.app.state.db, request.app.state.setup
    try:
        return JSONResponse({"ready": True, "warnings": await db.read(_warnings, setup)})
    except (Busy, NoRunbook) as error:
        return JSONResponse({"ready": False, "why": str(error)}, 503, {"Retry-After": "5"})


def _warnings(tx: Tx, setup: Setup) -> list[str]:
    in_force(tx, setup)
    warnings = list(setup.plugins.problems)
    if not tx.sqlite:
        standby = text("SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")
        if not tx.connection.execute(standby).scalar_one():
            warnings.append("RPO > 0: PostgreSQL has no synchronous standby")
    return warnings


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
    waiting = queue.backlog(tx)
    meters.waiting.set(waiting["pending"])
    oldest = waiting["oldest_due"]
    meters.oldest.set(max((tx.now - oldest).total_seconds(), 0) if oldest else 0)


ROUTES = [
    Route("/-/healthy", healthy, methods=["GET", "HEAD"]),
    Route("/-/ready", ready, methods=["GET", "HEAD"]),
    Route("/metrics", metrics, methods=["GET"]),
]
