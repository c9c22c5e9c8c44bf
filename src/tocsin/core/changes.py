"""What was changed around the time that an incident began: deployments, pushes, releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.core.calendar import words
from tocsin.core.runbook import Runbook

LOOK_BACK: Final = timedelta(hours=24)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One change, as its source told of it. `at` is aware UTC; a deployment has its id as the label `deployment`."""

    at: datetime
    source: str
    service: str | None
    title: str
    text: str
    labels: Mapping[str, str]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A change beside an incident: how long before it began, and whether it was of what the incident needs."""

    change: Change
    when: str
    related: bool


def beside(changes: Iterable[Change], began: datetime, needed: frozenset[str]) -> tuple[Beside, ...]:
    """
    Put changes beside an incident that began then, the newest first; of one deployment the newest word alone.

    Args:
        needed: The incident's service and all that it depends on; empty where it names none: then all are related.
    """
    newest: dict[tuple[str, str], Change] = {}
    for place, change in enumerate(sorted(changes, key=lambda change: change.at)):
        newest[change.source, change.labels.get("deployment") or f"#{place}"] = change
    found = sorted(newest.values(), key=lambda change: change.at, reverse=True)
    return tuple(Beside(c, apart(c.at, began), not needed or c.service is None or c.service in needed) for c in found)


def apart(at: datetime, began: datetime) -> str:
    """Say how long before, or after, an incident began something was: `4 minutes before`."""
    span = abs(began - at)
    if span < MINUTE:
        return "less than a minute before" if at <= began else "less than a minute after"
    return f"{words(span - span % MINUTE)} {'before' if at <= began else 'after'}"


def needs_of(runbook: Runbook, service: str | None) -> frozenset[str]:
    """A service and all that it depends on, through others too; nothing without a service."""
    found: set[str] = set()
    edge = {service} if service else set()
    while edge:
        found |= edge
        known = [runbook.services[name] for name in edge if name in runbook.services]
        edge = {name for one in known for name in one.depends_on} - found
    return frozenset(found)
