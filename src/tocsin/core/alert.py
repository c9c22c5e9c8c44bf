"""An alert: one condition that a source reports. It has a dedup key; an episode lasts from firing to resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

AlertSeverity = Literal["critical", "error", "warning", "info"]
# probe: Tocsin's own test of itself; confirm: the vendor asks for an answer before it sends
# ticket: what became of a ticket in its tracker; attendance: what a calendar answers to an invitation
SignalAction = Literal["trigger", "resolve", "acknowledge", "change", "probe", "confirm", "ticket", "attendance"]

NO_LABELS: Mapping[str, str] = MappingProxyType({})
SERVICE_LABELS = ("service", "job", "component", "source")  # where a source has no word of its own, in this order
CHECK_LABELS = ("check", "alertname", "class")
# The words that vendors use; what is not here reads as info.
SEVERITY_WORDS: Mapping[str, AlertSeverity] = MappingProxyType(
    {
        "critical": "critical", "fatal": "critical", "p1": "critical", "page": "critical", "emergency": "critical",
        "error": "error", "p2": "error", "major": "error", "high": "error",
        "warning": "warning", "warn": "warning", "p3": "warning", "notice": "warning", "minor": "warning",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    """
    One report of a condition, as triage reads it.

    `key` is the sender's own dedup key, at most 512 characters, unique within `source` (the name of the ingest key's
    source). `links` are (text, address) pairs. `started_at` is aware UTC: the sender's word, or when it was received.
    """

    source: str
    key: str
    title: str
    started_at: datetime
    text: str = ""
    service: str | None = None
    check: str | None = None
    severity: AlertSeverity = "info"
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """
    What a sender says of an alert. A change tells of a deployment and the like: it is kept and never pages.

    `once` is the vendor's own id of the delivery, the same on all signals of one: it is taken once in 24 hours.
    """

    action: SignalAction
    alert: Alert
    once: str = ""


def severity_of(word: object) -> AlertSeverity:
    """Read a vendor's severity word, in any case. What is unknown reads `info`; triage decides what that means."""
    return SEVERITY_WORDS.get(word.strip().lower(), "info") if isinstance(word, str) else "info"


def first_label(labels: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Return the first of *names* that has a text in *labels*, or None."""
    for name in names:
        if value := labels.get(name):
            return value
    return None
