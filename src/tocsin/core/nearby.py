"""What Tocsin's own records say about an incident: changes, alerts, probes, what it depends on, what was before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from tocsin.core.calendar import words
from tocsin.core.changes import LOOK_BACK, Beside, apart
from tocsin.core.diagnosis import Finding
from tocsin.core.runbook import Runbook

SIMILAR_WITHIN: Final = timedelta(days=90)
NAMED: Final = 3  # of many alike
# How strongly each sign speaks, from 0 to 1: none is a proof.
PRODUCTION, ELSEWHERE = 1.0, 0.15  # a change of production, as its source says; of another environment
BROKEN_NEED: Final = 0.75  # an open incident on what the service depends on
FAILING_PROBE: Final = 0.7  # of what it depends on, or of the service where that is a store itself
BEFORE: Final = 0.2  # the same broke before, by such a cause
_KINDS: Final = (  # the kind of cause that words speak of, the first that fits
    ("deployment", re.compile(r"\b(deploy\w*|releases?|roll(ed)?[ -]?back|rollout|regression|migration)\b", re.I)),
    ("database", re.compile(r"\b(database|postgres\w*|mysql|mariadb|mongo\w*|redis|deadlock|db)\b", re.I)),
    ("storage", re.compile(r"\b(storage|stores?|buckets?|s3|cdn|ddc|cluster|disk|volume)\b", re.I)),
    ("traffic", re.compile(r"\b(traffic|load|ddos|rate limit\w*|crawlers?|bots?)\b", re.I)),
)  # fmt: skip


class Seen(Protocol):
    """What a probe saw last. `since` is when that began; `why` says what is wrong. Instants are aware UTC."""

    @property
    def ok(self) -> bool: ...
    @property
    def check(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def why(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Open:
    """An incident that is open on another service."""

    name: str
    severity: str
    service: str
    title: str
    declared_at: datetime
    link: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """An incident of the same service and check that is over, with how it ended."""

    name: str
    declared_at: datetime
    root_cause: str = ""
    resolution: str = ""
    link: str = ""


def kind_of_words(text: str) -> str:
    """The kind of cause that a sentence about one speaks of; empty for none."""
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), "")


def kind_of(runbook: Runbook, service: str) -> str:
    """The kind of cause that trouble of a service is for others: of a store, by its name or component, or of any."""
    kind = kind_of_words(f"{service} {runbook.component_of(service) or ''}".replace("-", " ").replace("_", " "))
    return kind if kind in ("storage", "database") else "dependency"


def of_changes(beside: Iterable[Beside], began: datetime) -> list[Finding]:
    """The newest changes before the incident, of its service and of what that needs."""
    before = [b for b in beside if b.related and b.change.at <= began]
    found = [_change(b) for b in before[:NAMED]]
    hours = LOOK_BACK // timedelta(hours=1)
    return found or [Finding("changes", f"No change of the service, or of what it depends on, in {hours} hours before")]


def _change(beside: Beside) -> Finding:
    change = beside.change
    said = change.labels.get("target") or change.labels.get("environment") or "production"
    about = next(iter(change.text.splitlines()), "")[:80] if change.text else ""
    return Finding(
        "changes", f"{change.title}, {beside.when}{f' ({about})' if about else ''}", at=change.at,
        link=next((href for _, href in change.links), ""), suspect="deployment",
        target=change.labels.get("deployment", ""), service=change.service or "",
        weight=PRODUCTION if said.lower().startswith("prod") else ELSEWHERE,
    )  # fmt: skip


def of_alerts(count: int, titles: Sequence[str]) -> Finding:
    """What fires now for the incident. Alerts are what is wrong, not why."""
    if not count:
        return Finding("alerts", "No alert of this incident fires")
    named = list(dict.fromkeys(titles))[:NAMED]
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return Finding("alerts", f"{count} alert{'' if count == 1 else 's'} firing: {', '.join(named)}{more}", ok=False)


def of_probes(runbook: Runbook, service: str | None, needs: frozenset[str], seen: Mapping[str, Seen]) -> list[Finding]:
    """
    How the probes of the service and of what it needs stand; nothing where none has looked yet.

    A failing probe of the service itself is the trouble, not its cause, unless the service is a store.
    """
    of = {name: probe.service for name, probe in runbook.probes.items() if probe.service in needs}
    known = [name for name in of if name in seen]
    bad = [name for name in known if not seen[name].ok]
    found = [_probe(runbook, service, name, of[name], seen[name]) for name in bad]
    if known and not bad:
        many = f"All {len(known)} probes" if len(known) > 1 else f"The probe {known[0]}"
        found.append(Finding("probes", f"{many} of the service and of what it depends on see{'s' * (len(known) == 1)} "
                                       "nothing wrong"))  # fmt: skip
    return found


def _probe(runbook: Runbook, own: str | None, name: str, service: str, seen: Seen) -> Finding:
    kind = kind_of(runbook, service)
    suspect = kind if service != own or kind != "dependency" else ""
    since = f" since {seen.since:%H:%M} UTC" if seen.since else ""
    why = seen.why or seen.check.replace("_", " ")
    return Finding(
        "probes", f"The probe {name} of {service} fails{since}: {why}", ok=False, at=seen.since or seen.at,
        suspect=suspect, target=service if suspect else "", weight=FAILING_PROBE if suspect else 0.0, service=service,
    )  # fmt: skip


def of_needs(runbook: Runbook, service: str | None, open_: Sequence[Open], began: datetime) -> list[Finding]:
    """The open incidents on what the service depends on; one that began after this one did not cause it."""
    if not service or not runbook.depends_on(service):
        return [Finding("dependencies", "Nothing is known that it depends on")]
    found = [_need(runbook, service, one, began) for one in open_[:NAMED]]
    named = ", ".join(runbook.depends_on(service))
    return found or [Finding("dependencies", f"No incident is open on what {service} depends on: {named}")]


def _need(runbook: Runbook, service: str, one: Open, began: datetime) -> Finding:
    before = one.declared_at <= began
    when = apart(one.declared_at, began)
    return Finding(
        "dependencies", f"{one.name} [{one.severity}] is open on {one.service}, which {service} needs, since {when}: "
        f"{' '.join(one.title.split())}", ok=False, link=one.link, at=one.declared_at,
        suspect=kind_of(runbook, one.service), target=one.service,
        weight=BROKEN_NEED if before else BROKEN_NEED / 2, service=one.service,
    )  # fmt: skip


def of_dependents(runbook: Runbook, service: str | None) -> Finding:
    """Whom it hits beside the service itself."""
    hit = sorted(runbook.dependents(service)) if service else []
    text = f"Depends on {service}: {', '.join(hit)}" if hit else "Nothing else is known to depend on it"
    return Finding("blast_radius", text)


def of_past(past: Sequence[Past], now: datetime) -> list[Finding]:
    """The last incidents of the same service and check, with what they were; a sign as weak as it sounds."""
    days = SIMILAR_WITHIN // timedelta(days=1)
    return [_past(one, now) for one in past[:NAMED]] or [Finding("similar", f"No incident like it in {days} days")]


def _past(one: Past, now: datetime) -> Finding:
    what = ": ".join(filter(None, (one.root_cause, one.resolution))) or "how it ended was not noted"
    kind = kind_of_words(f"{one.root_cause} {one.resolution}")
    return Finding(
        "similar", f"{one.name} was like it, {words(now - one.declared_at)} ago: {' '.join(what.split())}",
        link=one.link, at=one.declared_at if not kind else None, suspect=kind, weight=BEFORE if kind else 0.0,
    )  # fmt: skip
