"""The JSON API of probes."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request

from tocsin.core.probes import Change, Look, Seen
from tocsin.core.runbook_probes import Probe
from tocsin.core.types import Json, instant_text
from tocsin.store import probes as store
from tocsin.store.db import Tx
from tocsin.usecases.configure import Setup, in_force
from tocsin.web.api import Limit, Reads
from tocsin.web.probes import SPANS, read_one, uptimes

router = APIRouter(prefix="/api/v1")


@router.get("/probes")
async def list_probes(
    request: Request, _: Reads, service: str | None = None, after: str = "", limit: Limit = 100
) -> Json:
    """Every probe by its name, with how it stands."""
    setup = request.app.state.setup
    items = await request.app.state.db.read(_read, setup, service, after, limit)
    follows = None
    if len(items) == limit:
        query = {**request.query_params, "limit": str(limit), "after": items[-1]["name"]}
        follows = f"{request.url.path}?{urlencode(query)}"
    return {"items": items, "next": follows}


def _read(tx: Tx, setup: Setup, service: str | None, after: str, limit: int) -> list[Json]:
    _, runbook = in_force(tx, setup)
    fit = (name for name, probe in runbook.probes.items() if name > after and service in (None, probe.service))
    names = sorted(fit)[:limit]
    known = store.known(tx, names)
    changes = store.changes(tx, [k.id for k in known.values()], tx.now - SPANS["30d"])
    return [
        probe_json(
            name, runbook.probes[name], known[name].seen if name in known else None,
            uptimes(changes[known[name].id] if name in known else (), tx.now),
        )
        for name in names
    ]  # fmt: skip


@router.get("/probes/{name:path}")
async def show_probe(request: Request, name: str, _: Reads) -> Json:
    """One probe: how it stands at each node, what changed in 30 days, its last looks and the curve of 24 hours."""
    item: Json = await request.app.state.db.read(_read_one, request.app.state.setup, name)
    return item


def _read_one(tx: Tx, setup: Setup, name: str) -> Json:
    whole = read_one(tx, setup, name)
    _, runbook = in_force(tx, setup)
    shares = uptimes([change for change, _ in reversed(whole.changes)], tx.now)
    return {
        **probe_json(name, runbook.probes[name], store.seen(tx, name), shares),
        "nodes": [
            {"node": node, "ok": mark.ok, "check": mark.check or None, "since": instant_text(mark.since),
             "last": look_json(mark.last)}
            for node, mark, _ in whole.nodes
        ],
        "changes": [change_json(change) for change, _ in whole.changes],
        "results": [{"node": node, **look_json(look)} for node, look, _ in whole.looks],
        "curve": [{"at": instant_text(p.at), "ok": p.ok, "milliseconds": p.milliseconds} for p in whole.points],
    }  # fmt: skip


def probe_json(name: str, probe: Probe, seen: Seen | None, shares: dict[str, float | None]) -> Json:
    """A probe as the API shows it; `state` is up, failing or unknown."""
    return {
        "name": name, "kind": probe.kind, "target": probe.target, "service": probe.service,
        "every_seconds": probe.every.total_seconds(),
        "state": "unknown" if seen is None else "up" if seen.ok else "failing",
        "check": seen.check or None if seen else None, "why": seen.why if seen else "",
        "at": instant_text(seen.at) if seen else None, "since": instant_text(seen.since) if seen else None,
        "milliseconds": seen.milliseconds if seen else None, "uptime": shares,
    }  # fmt: skip


def change_json(change: Change) -> Json:
    """A change of how a probe stands."""
    return {
        "at": instant_text(change.at), "state": "up" if change.ok else "failing", "check": change.check or None,
        "why": change.why,
    }  # fmt: skip


def look_json(look: Look) -> Json:
    """One look of one node."""
    return {
        "at": instant_text(look.at), "ok": not look.check, "check": look.check or None,
        "milliseconds": look.milliseconds, "why": look.why,
    }  # fmt: skip
