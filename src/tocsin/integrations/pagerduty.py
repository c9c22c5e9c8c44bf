"""PagerDuty Events API v2, served.   Source: PagerDuty/developer-docs docs/events-API-v2; api-schema events-v2"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from tocsin.sdk import (
    CHECK_LABELS,
    SERVICE_LABELS,
    Alert,
    AlertSeverity,
    Answer,
    BadPayload,
    Inbound,
    Refusal,
    Signal,
    SignalAction,
    Source,
    clip,
    first_label,
    parse_instant,
    text_of,
)

ENQUEUE, CHANGE = "/v2/enqueue", "/v2/change/enqueue"
BODY_LIMIT: Final = 512 * 1024  # bytes
KEY_LIMIT, SUMMARY_LIMIT, TEXT_LIMIT, LABEL_LIMIT, LINK_LIMIT = 255, 1024, 10_000, 8_192, 2048  # characters
ACTIONS: Final[dict[str, SignalAction]] = {"trigger": "trigger", "acknowledge": "acknowledge", "resolve": "resolve"}
SEVERITIES: Final[dict[str, AlertSeverity]] = {
    "critical": "critical", "error": "error", "warning": "warning", "info": "info"
}  # fmt: skip


def credential(inbound: Inbound) -> str:
    """The routing key in the body; a body that is no object has none."""
    body = inbound.json
    key = body.get("routing_key") if isinstance(body, dict) else None
    if not isinstance(key, str) or not key.strip():
        raise BadPayload("'routing_key' is missing or blank")
    return key


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the one signal of an event. Raises BadPayload with every sentence of what is missing."""
    body = inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the event is not a JSON object")
    if inbound.path == CHANGE:
        return [_change(inbound, body)]
    action = ACTIONS.get(str(body.get("event_action")))
    errors = [] if action else ["'event_action' must be trigger, acknowledge or resolve"]
    payload: dict[str, Any] = body["payload"] if isinstance(body.get("payload"), dict) else {}
    if action == "trigger":
        errors += _missing(payload, ("summary", "source", "severity"))
        if payload.get("severity") and str(payload["severity"]).lower() not in SEVERITIES:
            errors.append("'payload.severity' must be critical, error, warning or info")
    key = text_of(body.get("dedup_key"), KEY_LIMIT)
    if action in ("acknowledge", "resolve") and not key:
        errors.append("'dedup_key' is missing or blank")
    if errors or action is None:
        raise BadPayload(*errors)
    return [Signal(action, _alert(inbound, body, payload, key or _minted(inbound)))]


def _missing(payload: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [f"'payload.{name}' is missing or blank" for name in names if not text_of(payload.get(name)).strip()]


def _minted(inbound: Inbound) -> str:
    """A key for an event that brought none: 32 hex digits, another one for every event."""
    return hashlib.sha256(f"{inbound.received_at.isoformat()}\n".encode() + inbound.body).hexdigest()[:32]


def _change(inbound: Inbound, body: dict[str, Any]) -> Signal:
    payload: dict[str, Any] = body["payload"] if isinstance(body.get("payload"), dict) else {}
    if errors := _missing(payload, ("summary",)):
        raise BadPayload(*errors)
    return Signal("change", _alert(inbound, body, payload, _minted(inbound)))


def _alert(inbound: Inbound, body: dict[str, Any], payload: dict[str, Any], key: str) -> Alert:
    details = payload.get("custom_details")
    labels = {name: text_of(payload.get(name), LABEL_LIMIT) for name in ("source", "component", "group", "class")}
    if isinstance(details, dict):
        labels.update({clip(str(name), 200): text_of(value, LABEL_LIMIT) for name, value in details.items()})
    labels = {name: value for name, value in labels.items() if value}
    text = text_of(details, TEXT_LIMIT) or "\n".join(f"{name}: {value}" for name, value in labels.items())
    return Alert(
        source=inbound.source, key=key, title=text_of(payload.get("summary"), SUMMARY_LIMIT) or key,
        started_at=parse_instant(payload.get("timestamp"), inbound.received_at), text=clip(text, TEXT_LIMIT),
        service=first_label(labels, SERVICE_LABELS), check=first_label(labels, CHECK_LABELS),
        severity=SEVERITIES.get(str(payload.get("severity")).lower(), "info"), labels=labels, links=_links(body),
    )  # fmt: skip


def _links(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The links, the images and the client's own page, as (text, address); only http addresses."""
    found = [(link.get("text") or "Link", link.get("href")) for link in _objects(body.get("links"))]
    for image in _objects(body.get("images")):
        found.append((image.get("alt") or "Image", image.get("src")))
        found.append((image.get("alt") or "Image", image.get("href")))
    found.append((body.get("client") or "Client", body.get("client_url")))
    return tuple(
        (text_of(text, 200) or "Link", clip(href, LINK_LIMIT))
        for text, href in found
        if isinstance(href, str) and href.startswith(("http://", "https://"))
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:50] if isinstance(item, dict)] if isinstance(value, list) else []


def accepted(signals: Sequence[Signal]) -> Answer:
    """202, with the key of the alert: clients keep it to acknowledge and resolve."""
    body: dict[str, Any] = {"status": "success", "message": "Event processed"}
    if signals and signals[0].action != "change":
        body["dedup_key"] = signals[0].alert.key
    return Answer(202, body)


def refused(refusal: Refusal) -> Answer:
    """Status, message and errors; 429 and 5xx are tried again by PagerDuty's clients, other 4xx are not."""
    if refusal.reason == "payload":
        status, message = "invalid event", "Event object is invalid"
    elif refusal.reason == "key":
        status, message = "invalid event", "Event object is invalid: unknown routing key"
    else:
        status, message = refusal.reason.replace("_", " "), "; ".join(refusal.errors)
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    return Answer(refusal.status, {"status": status, "message": message, "errors": list(refusal.errors)}, headers)


SOURCE = Source(
    "pagerduty", "PagerDuty Events API v2", parse=parse, accepted=accepted, refused=refused,
    paths=(ENQUEUE, CHANGE), credential=credential, body_limit=BODY_LIMIT,
)  # fmt: skip
