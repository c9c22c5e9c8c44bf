"""Incidents beside an incident: open ones on other services, and earlier ones like it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tocsin.core.incident import Incident, from_json
from tocsin.store.db import Tx
from tocsin.store.schema import incidents

_c = incidents.c


def open_on(tx: Tx, services: Collection[str], limit: int) -> list[Any]:
    """
    The open incidents on these services, the oldest first: rows of `number`, `severity`, `service`, `title`,
    `declared_at`. Those that are only watched, and drills, do not count.
    """
    broken = _c.status.in_(("triggered", "acknowledged", "investigating", "identified"))
    columns = _c.number, _c.severity, _c.service, _c.title, _c.declared_at
    where = broken, _c.service.in_(list(services)), _c.drill.is_(False)
    return list(tx.all(select(*columns).where(*where).order_by(_c.number).limit(limit))) if services else []


def alike(tx: Tx, of: Incident, since: datetime, limit: int) -> list[Incident]:
    """Incidents of the same service and check that were declared since then and are over, the newest first."""
    if of.service is None:
        return []
    same = _c.service == of.service, _c.check.is_(None) if of.check is None else _c.check == of.check
    real = _c.drill.is_(False), _c.merged_into.is_(None), _c.status == "resolved", _c.number != of.number
    statement = select(_c.state).where(*same, *real, _c.declared_at >= since).order_by(_c.number.desc()).limit(limit)
    return [state for row in tx.all(statement) if (state := _read(row.state))]


def _read(text: str) -> Incident | None:
    """A stored state; None for one that cannot be read: it must not be in the way of another incident."""
    try:
        return from_json(text)
    except ValueError:
        return None
