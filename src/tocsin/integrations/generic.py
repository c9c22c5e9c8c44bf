"""Generic JSON: the formatted webhook, GoAlert's, and any other with the paths that the runbook names.
Sources: grafana/oncall formatted_webhook.py, webhook.py; target/goalert genericapi/handler.go"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from tocsin.sdk import (
    CHECK_LABELS,
    LABEL_LIMIT,
    SERVICE_LABELS,
    Alert,
    Answer,
    BadPayload,
    Config,
    Inbound,
    Refusal,
    Signal,
    Source,
    clean,
    clip,
    first_label,
    key_of,
    one_line,
    parse_instant,
    severity_of,
    text_of,
)

FORM: Final = "application/x-www-form-urlencoded"
FORM_FIELDS: Final = 200
TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT, LINK_LIMIT = 1024, 10_000, 200, 2048  # characters
# Where each word is looked for, unless the runbook's mapping names a path of its own.
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "key": ("alert_uid", "dedup", "dedup_key", "id", "key"),
    "title": ("title", "summary", "message", "text", "subject"),
    "text": ("message", "details", "description", "text"),
    "severity": ("severity", "level", "priority"),
    "service": ("service",),
    "check": ("check",),
    "state": ("state", "status", "action"),
    "link": ("link_to_upstream_details", "link", "url"),
}
STARTED: Final = ("started_at", "timestamp")
RESOLVED: Final = ("ok", "resolved", "close", "closed")


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the one signal of a body. Raises BadPayload where nothing names the event."""
    body = _form(inbound) if inbound.headers.get("content-type", "").lower().startswith(FORM) else inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    word = _words(body, inbound.config)
    title, key = one_line(word["title"], TITLE_LIMIT), key_of(word["key"])
    if not (title or key):
        raise BadPayload("nothing names the event: give a title, summary or message, or a key")
    labels = _labels(body)
    resolved = {str(value).lower() for value in inbound.config.get("resolved_values") or RESOLVED}
    started = next((body[name] for name in STARTED if name in body), None)
    alert = Alert(
        source=inbound.source, key=key or _key_of(inbound.source, title), title=title or key,
        started_at=parse_instant(started, inbound.received_at), text=clip(word["text"], TEXT_LIMIT),
        service=one_line(word["service"], NAME_LIMIT) or first_label(labels, SERVICE_LABELS),
        check=one_line(word["check"], NAME_LIMIT) or first_label(labels, CHECK_LABELS),
        severity=severity_of(word["severity"]), labels=labels, links=_links(body, word["link"]),
    )  # fmt: skip
    return [Signal("resolve" if word["state"].strip().lower() in resolved else "trigger", alert)]


def _form(inbound: Inbound) -> dict[str, Any]:
    """Read a form as GoAlert does: fields of the address count too, and `meta=name=value` may come many times."""
    try:
        pairs = parse_qsl(inbound.body.decode(), max_num_fields=FORM_FIELDS)
    except ValueError as error:
        raise BadPayload(f"the form cannot be read: {error}") from None
    body: dict[str, Any] = {**inbound.query, **dict(pairs)}
    metas = [value for name, value in (*inbound.query.items(), *pairs) if name == "meta"]
    if metas:
        body["meta"] = {name: value for name, _, value in (meta.partition("=") for meta in metas)}
    return body


def _words(body: dict[str, Any], config: Config) -> dict[str, str]:
    """Find every word as a text, empty where there is none: at the runbook's path, else under the known names."""
    paths = config.get("fields") or {}
    return {
        name: _word(_at(body, str(paths[name])))
        if name in paths
        else next((word for known in names if (word := _word(body.get(known))).strip()), "")
        for name, names in PATHS.items()
    }


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else text_of(value)


def _at(value: Any, path: str) -> Any:
    """Follow a dotted path; a number picks from a list."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and len(part) < 6:
            value = next(iter(value[int(part) : int(part) + 1]), None)
        else:
            return None
    return value


def _labels(body: dict[str, Any]) -> dict[str, str]:
    """What stands flat in the body, clipped; and what stands in `labels` and in GoAlert's `meta`, refused over 8 KB."""
    labels = {clip(name, NAME_LIMIT): text_of(value, LABEL_LIMIT) for name, value in body.items()}
    for part in ("labels", "meta"):
        nested = body.get(part)
        for name, value in nested.items() if isinstance(nested, dict) else ():
            text = text_of(value)
            if len(text) > LABEL_LIMIT // 4 and len(text.encode()) > LABEL_LIMIT:
                raise BadPayload(f"{part}.{clip(name, 100)} is over {LABEL_LIMIT} bytes")
            labels[clip(name, NAME_LIMIT)] = text
    return {name: value for name, value in labels.items() if value}


def _links(body: dict[str, Any], link: str) -> tuple[tuple[str, str], ...]:
    found = (("Details", link), ("Image", text_of(body.get("image_url"))))
    return tuple((t, clean(a)) for t, a in found if a.startswith(("http://", "https://")) and len(a) <= LINK_LIMIT)


def _key_of(source: str, title: str) -> str:
    """Without a key the title is one: repeats of it are one alert."""
    return hashlib.sha256(f"{source}\n{title}".encode()).hexdigest()[:32]


def accepted(signals: Sequence[Signal]) -> Answer:
    """202, with the key under which the alert is known."""
    return Answer(202, {"status": "accepted", "key": signals[0].alert.key if signals else None})


def refused(refusal: Refusal) -> Answer:
    """A small JSON object that says what is wrong; a limit is told as 503, never as 429."""
    status = 503 if refusal.status == 429 else refusal.status
    headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds is not None else {}
    return Answer(status, {"status": "error", "errors": list(refusal.errors)}, headers)


SOURCE = Source("generic", "Generic JSON", parse=parse, accepted=accepted, refused=refused)
