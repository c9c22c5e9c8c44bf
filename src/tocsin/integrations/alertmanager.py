"""Prometheus Alertmanager's webhook, version 4.   Source: prometheus/alertmanager docs/configuration.md, template.go"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from tocsin.sdk import (
    CHECK_LABELS,
    LABEL_LIMIT,
    SERVICE_LABELS,
    Alert,
    Answer,
    BadPayload,
    Inbound,
    Refusal,
    Signal,
    SignalAction,
    Source,
    clean,
    clip,
    first_label,
    key_of,
    one_line,
    parse_instant,
    severity_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT, LINK_LIMIT = 1024, 10_000, 1024, 2048  # characters
ACTIONS: Final[dict[str, SignalAction]] = {"firing": "trigger", "resolved": "resolve"}
LINKS: Final = (("runbook_url", "Runbook"), ("dashboard_url", "Dashboard"), ("dashboard", "Dashboard"))


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give one signal for each alert of the group, firing or resolved. Raises BadPayload, naming the alert."""
    body = inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    alerts = body.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise BadPayload("'alerts' is missing, empty or not a list")
    source, received, group, sender = inbound.source, inbound.received_at, body.get("status"), body.get("externalURL")
    return [_signal(i, alert, source, received, group, sender) for i, alert in enumerate(alerts)]


def _signal(i: int, alert: Any, source: str, received: datetime, group: Any, sender: Any) -> Signal:
    if not isinstance(alert, dict):
        raise BadPayload(f"alerts[{i}] is not an object")
    labels = _labels(i, alert.get("labels"))
    key = key_of(alert.get("fingerprint"))
    if not key:
        if not labels:
            raise BadPayload(f"alerts[{i}] has neither a fingerprint nor labels")
        key = fingerprint(labels)
    status = alert.get("status", group)
    action = ACTIONS.get(status) if isinstance(status, str) else None
    if action is None:
        raise BadPayload(f"alerts[{i}].status is neither firing nor resolved")
    notes = alert.get("annotations")
    if not isinstance(notes, dict):
        notes = {}
    title = _first(notes, "summary", "title") or labels.get("alertname") or ", ".join(labels.values())
    return Signal(
        action,
        Alert(
            source, key, one_line(title, TITLE_LIMIT) or key, parse_instant(alert.get("startsAt"), received),
            clip(_first(notes, "description", "message"), TEXT_LIMIT), first_label(labels, SERVICE_LABELS),
            first_label(labels, CHECK_LABELS), severity_of(labels.get("severity")), labels,
            _links(alert, notes, sender),
        ),
    )  # fmt: skip


def _labels(i: int, labels: Any) -> dict[str, str]:
    """The labels as texts; numbers are written out, other types left out. Over 8 KB a value is refused."""
    if labels is None:
        return {}
    if not isinstance(labels, dict):
        raise BadPayload(f"alerts[{i}].labels is not an object")
    texts = {}
    for name, said in labels.items():
        if type(said) not in (str, int, float):
            continue
        value = said if type(said) is str else str(said)
        if len(name) > NAME_LIMIT or (len(value) > LABEL_LIMIT // 4 and len(value.encode()) > LABEL_LIMIT):
            raise BadPayload(f"alerts[{i}].labels.{clip(name, 100)} is over {LABEL_LIMIT} bytes, or its name too long")
        texts[name if name.isascii() and name.isprintable() else clean(name)] = (
            value if value.isascii() and value.isprintable() else clean(value)
        )
    return texts


def _first(notes: dict[str, Any], *names: str) -> str:
    for name in names:
        value = notes.get(name)
        if isinstance(value, str) and value and not value.isspace():
            return value
    return ""


def _links(alert: dict[str, Any], notes: dict[str, Any], sender: Any) -> tuple[tuple[str, str], ...]:
    """The query, the runbook, the dashboard and Alertmanager itself, as (text, address); only http addresses."""
    found = [("Source", alert.get("generatorURL"))]
    found += [(title, notes[name]) for name, title in LINKS if name in notes]
    found.append(("Alertmanager", sender))
    return tuple(
        (title, link if link.isascii() and link.isprintable() else clean(link))
        for title, link in found
        if isinstance(link, str) and link.startswith(("http://", "https://")) and len(link) <= LINK_LIMIT
    )


def fingerprint(labels: dict[str, str]) -> str:
    """Compute Prometheus' own fingerprint of a label set: 64-bit FNV-1a, 16 hex digits (integrations.md 5.4)."""
    value = 14695981039346656037
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            value = (value ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def accepted(signals: Sequence[Signal]) -> Answer:
    """Any 2xx is success to Alertmanager."""
    return Answer(200, {"status": "ok", "alerts": len(signals)})


def refused(refusal: Refusal) -> Answer:
    """Alertmanager gives up on 4xx for this flush, and tries again on 5xx: a limit is told as 503, never as 429."""
    status = 503 if refusal.status == 429 else refusal.status
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds is not None else {}
    return Answer(status, {"status": "error", "error": "; ".join(refusal.errors)}, headers)


SOURCE = Source("alertmanager", "Prometheus Alertmanager", parse=parse, accepted=accepted, refused=refused)
