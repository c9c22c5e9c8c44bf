"""Uptime Kuma: monitors that are down or up.   Source: louislam/uptime-kuma server/notification-providers/webhook.js"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Any, Final

from tocsin.sdk import (
    Alert,
    AlertSeverity,
    BadPayload,
    Inbound,
    Signal,
    SignalAction,
    Source,
    at,
    check_secret,
    clip,
    first_label,
    items_of,
    key_of,
    links_of,
    one_line,
    parse_instant,
    read_json,
    refused_plainly,
    severity_of,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
STATUSES: Final[Mapping[str, SignalAction]] = {"0": "trigger", "1": "resolve"}  # 2 is pending, 3 maintenance
_FIVE = re.compile(r"status code 5\d\d|^5\d\d\b")


def verify(inbound: Inbound) -> None:
    """Uptime Kuma signs nothing; its additional headers may carry the secret. Raises Untrusted."""
    check_secret(inbound)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the signal of a monitor; [] for the test, notices of expiry and other states. Raises BadPayload."""
    body = _body(inbound)
    beat, monitor = body.get("heartbeat"), body.get("monitor")
    if "heartbeat" not in body and "msg" not in body:
        raise BadPayload("neither 'heartbeat' nor 'msg' is in the body")
    action = STATUSES.get(text_of(at(beat, "status")))
    if action is None or not isinstance(beat, dict):
        return []
    key = key_of(at(monitor, "id")) or key_of(beat.get("monitorID"))
    if not key:
        raise BadPayload("nothing names the monitor: 'monitor.id' and 'heartbeat.monitorID' are missing")
    return [Signal(action, _alert(inbound, key, beat, monitor, text_of(body.get("msg"))))]


def _body(inbound: Inbound) -> dict[str, Any]:
    """The body in any of the vendor's forms: JSON, a form with JSON in `data`, or parameters of the address."""
    body = inbound.json
    kind = inbound.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        body = read_json(_field(inbound.body, kind))
    elif body is None and inbound.query:
        texts = ("heartbeat", "monitor")
        body = {name: read_json(value.encode()) if name in texts else value for name, value in inbound.query.items()}
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    return body


def _field(body: bytes, kind: str) -> bytes:
    head = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        parts = BytesParser().parsebytes(head + body).get_payload()
    except RecursionError:
        raise BadPayload("the parts of the form are nested too deep") from None
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Message) and part.get_param("name", header="content-disposition") == "data":
            found = part.get_payload(decode=True)
            return found if isinstance(found, bytes) else b""
    raise BadPayload("the form has no field 'data'")


def _alert(inbound: Inbound, key: str, beat: dict[str, Any], monitor: Any, message: str) -> Alert:
    name = _text(at(monitor, "name")) or f"monitor {key}"
    said = text_of(beat.get("msg"), TEXT_LIMIT) or clip(message, TEXT_LIMIT)
    tags = {_text(at(tag, "name")): _text(at(tag, "value")) for tag in items_of(at(monitor, "tags"))}
    tags = {tag: value for tag, value in tags.items() if tag and value}
    labels = {**tags, "monitor": _text(at(monitor, "pathName")) or name, "type": _text(at(monitor, "type"))}
    severity: AlertSeverity = severity_of(tags["severity"]) if "severity" in tags else "critical"
    began = text_of(beat.get("time")).replace(" ", "T")
    state = "up" if text_of(beat.get("status")) == "1" else "down"
    host = at(monitor, "hostname")
    labels["host"] = f"{_text(host)}:{_text(at(monitor, 'port'))}".strip(":")
    return Alert(
        inbound.source, key, one_line(f"{name} is {state}", TITLE_LIMIT),
        parse_instant(began and f"{began}Z", inbound.received_at), said,
        first_label(tags, ("service",)) or inbound.config.get("service") or name,
        first_label(tags, ("check",)) or ("http_5xx" if _FIVE.search(said) else "unreachable"), severity,
        {label: value for label, value in labels.items() if value}, links_of(("Monitored", at(monitor, "url"))),
    )  # fmt: skip


def _text(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


SOURCE = Source(
    "uptime-kuma", "Uptime Kuma", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify,
    methods=("POST", "GET"),
)  # fmt: skip
