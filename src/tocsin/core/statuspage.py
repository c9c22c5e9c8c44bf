"""The status page: what of an incident is said in public, the state of components, and their uptime."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from tocsin.core.calendar import local_to_utc, utc_words, words
from tocsin.core.incident import PUBLIC_STATUSES, Incident
from tocsin.core.notify import template_words, written
from tocsin.core.runbook import Runbook
from tocsin.core.types import Fact, Publish, Spoiled

T = TypeVar("T")
State = Literal["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]
Impact = Literal["none", "minor", "major", "critical"]

# By the place of a severity in the runbook, worst first: P0, P1, P2 (CONTRACT, point 8); the rest harms no component.
STATES: Final[tuple[State, ...]] = ("major_outage", "partial_outage", "degraded_performance")
IMPACTS: Final[tuple[Impact, ...]] = ("critical", "major", "minor")
OPENS_BY_ITSELF: Final = 2  # so many of the worst severities open a public incident without being asked
BADNESS: Final[Mapping[str, int]] = {
    "operational": 0, "under_maintenance": 1, "degraded_performance": 2, "partial_outage": 3, "major_outage": 4,
}  # fmt: skip
STATE_WORDS: Final[Mapping[str, str]] = {
    "operational": "Operational", "degraded_performance": "Degraded performance", "partial_outage": "Partial outage",
    "major_outage": "Major outage", "under_maintenance": "Under maintenance",
}  # fmt: skip
OVERALL: Final[Mapping[str, tuple[str, str]]] = {  # indicator and description as Statuspage says them
    "operational": ("none", "All Systems Operational"),
    "under_maintenance": ("maintenance", "Service Under Maintenance"),
    "degraded_performance": ("minor", "Partially Degraded Service"),
    "partial_outage": ("major", "Partial System Outage"),
    "major_outage": ("critical", "Major Service Outage"),
}
UPTIME_DAYS: Final = 90
PARTIAL_SHARE: Final = 0.3  # of a partial outage that counts as down, as Statuspage counts it
HANDED_OVER: Final = "We are handling this together with another issue that we are working on."
BY_ITSELF: Final = "We are looking at this by itself again."
DOWN: Final[Mapping[str, float]] = {"major_outage": 1.0, "partial_outage": PARTIAL_SHARE}


# --------------------------------------------------------------------------------------------- what is said


def opens(runbook: Runbook, severity: str) -> bool:
    """Say whether an incident of that severity is public from its beginning."""
    return _place(runbook, severity) < OPENS_BY_ITSELF


def _place(runbook: Runbook, severity: str) -> int:
    known = list(runbook.severities)
    return known.index(severity) if severity in known else len(known)


def state_of(runbook: Runbook, severity: str) -> State:
    """The state of a component while an incident of that severity is open."""
    place = _place(runbook, severity)
    return STATES[place] if place < len(STATES) else "operational"


def impact_of(runbook: Runbook, severity: str) -> Impact:
    """How bad an incident of that severity is, in Statuspage's words."""
    place = _place(runbook, severity)
    return IMPACTS[place] if place < len(IMPACTS) else "none"


def status_of(state: Incident) -> str:
    """The public status: whoever has not said more is investigating."""
    return state.status if state.status in PUBLIC_STATUSES else "investigating"


def feature_of(state: Incident, runbook: Runbook) -> str:
    """What is affected, in words for the public: a component, else the organization as a whole. Never a service."""
    return runbook.component_of(state.service) or runbook.organization.name


def title_of(state: Incident, runbook: Runbook) -> str:
    """The public title. The incident's own is for those who work on it, and never shown."""
    return f"Issues with {feature_of(state, runbook)}"


def follows(
    before: Incident | None, after: Incident, facts: Sequence[Fact], runbook: Runbook, now: datetime
) -> tuple[Publish | Spoiled, ...]:
    """
    Say what the public hears of a decision: nothing, or one update, with what there is to tell of a spoiled template.

    Args:
        before: The state that was decided on; None for an incident that begins.
        facts: What was decided, in order; *after* is the state with them.
    """
    if not after.public or after.drill:
        return ()
    opened = before is None or not before.public
    spoiled: list[Spoiled] = []
    body = _body(after, facts, runbook, now, spoiled, opened=opened)
    if body is None:
        return ()
    severity = after.severity
    return (
        Publish(
            key=now.isoformat(), title=title_of(after, runbook), status=status_of(after), body=body,
            component=runbook.component_of(after.service),
            state="operational" if not after.is_open else state_of(runbook, severity),
            impact=impact_of(runbook, severity), started_at=after.declared_at,
        ),
        *spoiled,
    )  # fmt: skip


def _body(
    state: Incident, facts: Sequence[Fact], runbook: Runbook, now: datetime, spoiled: list[Spoiled], *, opened: bool
) -> str | None:
    """The text of an update: a person's own words first, else the runbook's template, else one plain sentence."""
    kinds: dict[str, Any] = {fact.kind: fact.data for fact in facts}
    feature = feature_of(state, runbook)
    again = kinds.get("note", {}).get("template", "")
    if again in ("public_incident", "public_resolution"):  # somebody sent it again by hand
        return _filled(again, state, runbook, now, spoiled)
    if "resolved" in kinds:
        filled = _filled("public_resolution", state, runbook, now, spoiled)
        return filled or f"The issue affecting {feature} has been resolved."
    update = kinds.get("update_posted", {})
    said = update.get("summary") if update.get("public") else None
    if said and state.promised_at:
        said += f"\n\nNext update by {utc_words(state.promised_at)}."
    if said or not opened:
        return said or _sentence(state, kinds, feature, runbook)
    return _filled("public_incident", state, runbook, now, spoiled) or f"We are experiencing issues with {feature}."


def _sentence(state: Incident, kinds: Mapping[str, Any], feature: str, runbook: Runbook) -> str | None:
    """What changed since the last update, where nobody has said it in their own words."""
    if "into" in kinds.get("merged", {}):
        return HANDED_OVER
    if "out_of" in kinds.get("split", {}):
        return BY_ITSELF
    if "reopened" in kinds:
        return f"The issue affecting {feature} has returned. Our team is actively investigating."
    if "severity_changed" in kinds:
        return f"{feature} is now: {STATE_WORDS[state_of(runbook, state.severity)].lower()}."
    if kinds.get("status_changed", {}).get("status") == "monitoring":
        return f"Our monitoring no longer sees the issue affecting {feature}. We are watching it."
    return f"{feature}: {status_of(state)}." if kinds.get("update_posted", {}).get("public") else None


def _filled(template: str, state: Incident, runbook: Runbook, now: datetime, spoiled: list[Spoiled]) -> str | None:
    if template not in runbook.templates:
        return None
    public = {"title": title_of(state, runbook), "feature": feature_of(state, runbook)}
    text, told = written(template, runbook, lambda: template_words(state, runbook, now, "") | public)
    spoiled.extend(told)
    return text


# --------------------------------------------------------------------------------------------- what is shown


@dataclass(frozen=True, slots=True)
class Update:
    """One public update of an incident; *changes* are (component, state before, state after)."""

    id: str
    at: datetime
    status: str
    body: str
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PublicIncident:
    """An incident as the public sees it; updates newest first."""

    id: str
    title: str
    status: str
    impact: str
    component: str | None
    state: str
    started_at: datetime
    updated_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    updates: tuple[Update, ...]

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work on components for `[start, until)`."""

    id: str
    title: str
    text: str
    components: tuple[str, ...]
    start: datetime
    until: datetime
    created_at: datetime

    def status(self, now: datetime) -> str:
        """Statuspage's word for how far it is."""
        return "scheduled" if now < self.start else "in_progress" if now < self.until else "completed"


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a component: its worst state, the share of the known time it was up; None: nothing is known."""

    on: date
    worst: str
    up: float | None


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the product that the public knows; `days` are 90, the oldest first."""

    id: str
    name: str
    state: str
    since: datetime  # when it was first known here
    changed_at: datetime
    position: int
    days: tuple[Day, ...]
    uptime: float | None  # share of the known time in those days


@dataclass(frozen=True, slots=True)
class Site:
    """All that the status page shows, at one instant."""

    name: str
    url: str
    zone: str
    accent: str
    logo: str
    at: datetime
    components: tuple[Component, ...]
    incidents: tuple[PublicIncident, ...]  # newest first
    maintenances: tuple[Maintenance, ...]  # by their start
    notices: tuple[tuple[datetime, str], ...] = ()  # said by hand, also while Tocsin itself is down
    subscribe: bool = False  # whether the public can ask to be told
    accent_dark: str = ""  # empty: as on light screens
    subscribe_at: str = ""  # where, as the internet knows it; empty where Tocsin has no public address

    @property
    def unresolved(self) -> tuple[PublicIncident, ...]:
        return tuple(incident for incident in self.incidents if incident.is_open)

    @property
    def overall(self) -> tuple[str, str]:
        """Indicator and description of the whole, as Statuspage says them."""
        states = [component.state for component in self.components]
        states += [incident.state for incident in self.unresolved if incident.component is None]
        return OVERALL[worst(states)]


@dataclass(frozen=True, slots=True)
class HostHealth:
    """
    How a host of the page does: when it last took the page, and when it was last seen at its public `url`.

    `failing_since` and `why` while it does not take the page, or shows another one.
    """

    name: str
    url: str = ""
    published_at: datetime | None = None
    seen_at: datetime | None = None
    failing_since: datetime | None = None
    why: str = ""


def names_of(runbook: Runbook) -> tuple[str, ...]:
    """The components in the order of the page: as the runbook lists them, else those of its services."""
    listed = runbook.status_page.components
    return listed or tuple(dict.fromkeys(s.component for s in runbook.services.values() if s.component))


def worst(states: Iterable[str]) -> str:
    """The worst of some states; operational when there are none."""
    return max(states, key=BADNESS.__getitem__, default="operational")


def public_id(*names: object) -> str:
    """An identifier of 12 letters and digits, the same for the same names; it tells nothing about them."""
    number = int.from_bytes(hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()[:8], "big")
    digits = []
    for _ in range(12):
        number, digit = divmod(number, 36)
        digits.append("0123456789abcdefghijklmnopqrstuvwxyz"[digit])
    return "".join(digits)


def component(
    name: str, position: int, history: Sequence[tuple[datetime, str]], work: Iterable[Maintenance], zone: str,
    now: datetime, measured: Sequence[tuple[datetime, float]] = (),
) -> Component:  # fmt: skip
    """
    Build a component from its *history*: the instants at which its state changed, oldest first, at least one.

    Args:
        work: What is planned. Where it runs now it shows, unless something is worse; it does not count as down.
        measured: The instants at which what is measured changed, oldest first, each with the share (0 to 1) that
            counts as down from then on. At each moment the worse of what was said and what was measured counts.
    """
    state = history[-1][1]
    if any(name in one.components and one.status(now) == "in_progress" for one in work):
        state = worst((state, "under_maintenance"))
    days = tuple(_days(history, measured, zone, now))
    known = [(day.up, _length(day.on, zone, now, history[0][0])) for day in days if day.up is not None]
    total = sum(seconds for _, seconds in known)
    uptime = sum(up * seconds for up, seconds in known) / total if total else None
    return Component(
        public_id("component", name), name, state, history[0][0], history[-1][0], position, days, uptime
    )  # fmt: skip


def _days(
    history: Sequence[tuple[datetime, str]], measured: Sequence[tuple[datetime, float]], zone: str, now: datetime
) -> Iterable[Day]:
    today = now.astimezone(ZoneInfo(zone)).date()
    for back in range(UPTIME_DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        start, end = _edges(day, zone, now)
        spells = tuple(_spells(history, start, end))
        length = sum((until - since).total_seconds() for since, until, _ in spells)
        if not length:
            yield Day(day, "operational", None)
            continue
        down = sum(_down(since, until, DOWN.get(state, 0.0), measured) for since, until, state in spells)
        yield Day(day, worst(state for _, _, state in spells), 1 - down / length)


def _down(since: datetime, until: datetime, said: float, measured: Sequence[tuple[datetime, float]]) -> float:
    """Seconds of a span that count as down: at each moment the worse of what was *said* and what was measured."""
    known = (until - since).total_seconds() * said
    more = ((b - a).total_seconds() * (share - said) for a, b, share in _spells(measured, since, until) if share > said)
    return known + sum(more)


def _edges(day: date, zone: str, now: datetime) -> tuple[datetime, datetime]:
    return local_to_utc(day, time(0), zone), min(local_to_utc(day + timedelta(days=1), time(0), zone), now)


def _length(day: date, zone: str, now: datetime, since: datetime) -> float:
    start, end = _edges(day, zone, now)
    return max((end - max(start, since)).total_seconds(), 0.0)


def _spells(
    history: Sequence[tuple[datetime, T]], start: datetime, end: datetime
) -> Iterable[tuple[datetime, datetime, T]]:
    """The parts of `[start, end)` with what holds in them; what lies before the first entry is not known."""
    ends = [*(at for at, _ in history[1:]), end]
    for (since, what), until in zip(history, ends, strict=True) if history else ():
        if since < end and until > start and (a := max(since, start)) < (b := min(until, end)):
            yield a, b, what


def lasted(incident: PublicIncident, now: datetime) -> str:
    """How long a public incident lasted, or has lasted so far, in words."""
    return words((incident.resolved_at or now) - incident.started_at)
