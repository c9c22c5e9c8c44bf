"""PagerDuty Events API v2, served.   Source: PagerDuty/developer-docs docs/events-API-v2; api-schema events-v2"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
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
    clean,
    clip,
    first_label,
    key_of,
    one_line,
    parse_instant,
    text_of,
)

ENQUEUE, CHANGE = "/v2/enqueue", "/v2/change/enqueue"
BODY_LIMIT: Final = 512 * 1024  # bytes
KEY_LIMIT, SUMMARY_LIMIT, TEXT_LIMIT, LABEL_LIMIT, LINK_LIMIT = 255, 1024, 10_000, 8_192, 2048  # characters
LABELS_KEPT, LINKS_KEPT = 200, 50
ACTIONS: Final[dict[str, SignalAction]] = {"trigger": "trigger", "acknowledge": "acknowledge", "resolve": "resolve"}
SEVERITIES: Final[dict[str, AlertSeverity]] = {
    "critical": "critical", "error": "error", "warning": "warning", "info": "info"
}  # fmt: skip
PARTS: Final = ("source", "component", "group", "class")  # of the payload, kept as labels
INVALID: Final = ("invalid event", "Event object is invalid")


def credential(inbound: Inbound) -> str:
    """The routing key in the body. Raises BadPayload, with all else that is wrong, when there is none."""
    body = _body(inbound)
    key = body.get("routing_key")
    if isinstance(key, str) and key.strip():
        return key.strip()
    raise BadPayload("'routing_key' is missing or blank", *_faults(inbound.path, body))


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the one signal of an event. Raises BadPayload with every sentence of what is missing."""
    body = _body(inbound)
    if faults := _faults(inbound.path, body):
        raise BadPayload(*faults)
    if inbound.path == CHANGE:
        return [Signal("change", _alert(inbound, body, _minted(inbound)))]
    key = key_of(body.get("dedup_key"), KEY_LIMIT) or _minted(inbound)
    return [Signal(ACTIONS[body["event_action"]], _alert(inbound, body, key))]


def _body(inbound: Inbound) -> dict[str, Any]:
    if not isinstance(inbound.json, dict):
        raise BadPayload("the event is not a JSON object")
    return inbound.json


def _payload(body: dict[str, Any]) -> dict[str, Any]:
    payload = body.get("payload")
    return payload if isinstance(payload, dict) else {}


def _faults(path: str, body: dict[str, Any]) -> list[str]:
    """Say what an event lacks, one sentence each."""
    payload = _payload(body)
    if path == CHANGE:
        return _missing(payload, "summary")
    action = body.get("event_action")
    if not text_of(action).strip():
        return ["'event_action' is missing or blank"]
    if not isinstance(action, str) or action not in ACTIONS:
        return [f"'event_action' must be trigger, acknowledge or resolve, not {text_of(action, 50)}"]
    if action != "trigger":
        return [] if key_of(body.get("dedup_key")) else ["'dedup_key' is missing or blank"]
    faults = _missing(payload, "summary", "source", "severity")
    said = text_of(payload.get("severity"), 50).strip()
    if said and said.lower() not in SEVERITIES:
        faults.append(f"'payload.severity' must be critical, error, warning or info, not {said}")
    return faults


def _missing(payload: dict[str, Any], *names: str) -> list[str]:
    return [f"'payload.{name}' is missing or blank" for name in names if not text_of(payload.get(name)).strip()]


def _minted(inbound: Inbound) -> str:
    """A key in the shape of a UUID for an event that brought none: another one for every event."""
    digest = hashlib.sha256(inbound.body).hexdigest()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{inbound.source}\n{inbound.received_at.isoformat()}\n{digest}"))


def _alert(inbound: Inbound, body: dict[str, Any], key: str) -> Alert:
    payload = _payload(body)
    details = payload.get("custom_details")
    found = dict(islice(_flat(details), LABELS_KEPT)) if isinstance(details, dict) else {}
    labels = found | {name: text for name in PARTS if (text := text_of(payload.get(name), LABEL_LIMIT))}
    text = text_of(details, TEXT_LIMIT) or "\n".join(f"{name}: {value}" for name, value in (found or labels).items())
    return Alert(
        source=inbound.source, key=key, title=one_line(text_of(payload.get("summary")), SUMMARY_LIMIT) or key,
        started_at=parse_instant(payload.get("timestamp"), inbound.received_at), text=clip(text, TEXT_LIMIT),
        service=first_label(labels, SERVICE_LABELS), check=first_label(labels, CHECK_LABELS),
        severity=SEVERITIES.get(text_of(payload.get("severity")).strip().lower(), "info"), labels=labels,
        links=_links(body),
    )  # fmt: skip


def _flat(details: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give what stands in custom details as (dotted name, text); what is empty is left out."""
    if isinstance(details, (dict, list)):
        for name, value in details.items() if isinstance(details, dict) else enumerate(details):
            yield from _flat(value, f"{path}.{name}" if path else str(name))
    elif text := str(details).lower() if isinstance(details, bool) else text_of(details, LABEL_LIMIT):
        yield clip(path, 200), text


def _links(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The links, the images and the client's own page, as (text, address); only http addresses."""
    found = [(link.get("text") or "Link", link.get("href")) for link in _objects(body.get("links"))]
    for image in _objects(body.get("images")):
        found.append((image.get("alt") or "Image", image.get("src")))
        found.append((image.get("alt") or "Image", image.get("href")))
    found.append((body.get("client") or "Client", body.get("client_url")))
    return tuple(
        (one_line(text_of(text), 200) or "Link", clean(href))
        for text, href in found
        if isinstance(href, str) and len(href) <= LINK_LIMIT and href.startswith(("http://", "https://"))
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:LINKS_KEPT] if isinstance(item, dict)] if isinstance(value, list) else []


def accepted(signals: Sequence[Signal]) -> Answer:
    """202, with the key of the alert: clients keep it to acknowledge and resolve."""
    body: dict[str, Any] = {"status": "success", "message": "Event processed"}
    if signals and signals[0].action != "change":
        body["dedup_key"] = signals[0].alert.key
    return Answer(202, body)


def refused(refusal: Refusal) -> Answer:
    """Status, message and errors; 429 and 5xx are tried again by PagerDuty's clients, other 4xx are not."""
    status, message = INVALID
    if refusal.reason == "key":
        message += ": unknown routing key"
    elif refusal.reason == "rate":
        status, message = "throttle exceeded", "Request Limit Exceeded"
    elif refusal.reason != "payload":
        status, message = refusal.reason.replace("_", " "), "; ".join(refusal.errors)
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds is not None else {}
    return Answer(refusal.status, {"status": status, "message": message, "errors": list(refusal.errors)}, headers)


SOURCE = Source(
    "pagerduty", "PagerDuty Events API v2", parse=parse, accepted=accepted, refused=refused,
    paths=(ENQUEUE, CHANGE), credential=credential, body_limit=BODY_LIMIT,
)  # fmt: skip
