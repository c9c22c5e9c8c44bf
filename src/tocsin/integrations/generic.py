"""Generic JSON: the formatted webhook, GoAlert's, and any other with the paths that the runbook names.
Sources: grafana/oncall formatted_webhook.py, webhook.py; target/goalert genericapi/handler.go"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from tocsin.sdk import (
    CHECK_LABELS,
    SERVICE_LABELS,
    Alert,
    Answer,
    BadPayload,
    Inbound,
    Refusal,
    Signal,
    Source,
    clip,
    first_label,
    parse_instant,
    severity_of,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, KEY_LIMIT, LABEL_LIMIT, LINK_LIMIT = 1024, 10_000, 512, 8_192, 2048  # characters
# Where each word is looked for, unless the runbook's mapping names a path of its own.
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "key": ("alert_uid", "dedup", "dedup_key", "id", "key"),
    "title": ("title", "summary", "message", "subject", "text", "name"),
    "text": ("message", "details", "description", "text"),
    "severity": ("severity", "level", "priority"),
    "service": ("service",),
    "check": ("check",),
    "state": ("state", "status", "action"),
    "link": ("link_to_upstream_details", "link", "url"),
}
RESOLVED: Final = ("ok", "resolved", "close", "closed")


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the one signal of a body. Raises BadPayload where nothing names the event."""
    body = dict(_form(inbound.body)) if inbound.json is None else inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    mapping = inbound.config.get("fields") or {}
    word = {name: _find(body, mapping, name) for name in PATHS}
    title = text_of(word["title"], TITLE_LIMIT)
    key = text_of(word["key"], KEY_LIMIT)
    if not (title or key):
        raise BadPayload("nothing names the event: give a title, summary or message, or a key")
    labels = _labels(body)
    resolved = {str(value).lower() for value in inbound.config.get("resolved_values") or RESOLVED}
    ended = text_of(word["state"]).lower() in resolved
    alert = Alert(
        source=inbound.source, key=key or _key_of(inbound.source, title), title=title or key,
        started_at=parse_instant(body.get("started_at"), inbound.received_at),
        text=text_of(word["text"], TEXT_LIMIT), service=text_of(word["service"]) or first_label(labels, SERVICE_LABELS),
        check=text_of(word["check"]) or first_label(labels, CHECK_LABELS), severity=severity_of(word["severity"]),
        labels=labels, links=_links(body, word["link"]),
    )  # fmt: skip
    return [Signal("resolve" if ended else "trigger", alert)]


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), max_num_fields=100)
    except ValueError as error:
        raise BadPayload(f"the form cannot be read: {error}") from None


def _find(body: dict[str, Any], mapping: Mapping[str, str], name: str) -> Any:
    if name in mapping:
        return _at(body, mapping[name])
    return next((body[path] for path in PATHS[name] if body.get(path) not in (None, "")), None)


def _at(value: Any, path: str) -> Any:
    """Follow a dotted path; a number picks from a list."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _labels(body: dict[str, Any]) -> dict[str, str]:
    """What stands flat in the body, in `labels` and in GoAlert's `meta`, as texts."""
    nested = [body[name] for name in ("labels", "meta") if isinstance(body.get(name), dict)]
    pairs = [pair for part in (body, *nested) for pair in part.items()]
    labels = {clip(str(name), 200): text_of(value, LABEL_LIMIT) for name, value in pairs}
    return {name: value for name, value in labels.items() if value}


def _links(body: dict[str, Any], link: Any) -> tuple[tuple[str, str], ...]:
    found = (("Details", link), ("Image", body.get("image_url")))
    return tuple((t, clip(a, LINK_LIMIT)) for t, a in found if isinstance(a, str) and a.startswith("http"))


def _key_of(source: str, title: str) -> str:
    return hashlib.sha256(f"{source}\n{title}".encode()).hexdigest()[:32]


def accepted(signals: Sequence[Signal]) -> Answer:
    """202, with the key under which the alert is known."""
    return Answer(202, {"status": "accepted", "key": signals[0].alert.key if signals else None})


def refused(refusal: Refusal) -> Answer:
    """A small JSON object that says what is wrong."""
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
    return Answer(refusal.status, {"status": "error", "errors": list(refusal.errors)}, headers)


SOURCE = Source("generic", "Generic JSON", parse=parse, accepted=accepted, refused=refused)
