"""Grafana: alerting's webhook, and the legacy one.   Source: grafana/alerting receivers/webhook/v1, http/hmac.go"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.sdk import (
    CHECK_LABELS,
    SERVICE_LABELS,
    Alert,
    BadPayload,
    Inbound,
    Signal,
    SignalAction,
    Source,
    check_signature,
    clip,
    first_label,
    items_of,
    key_of,
    links_of,
    one_line,
    parse_instant,
    refused_plainly,
    secrets_in,
    severity_of,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT, VALUE_LIMIT = 1024, 10_000, 200, 8_192  # characters
ACTIONS: Final[Mapping[str, SignalAction]] = {"firing": "trigger", "resolved": "resolve"}
LEGACY: Final[Mapping[str, SignalAction]] = {
    "alerting": "trigger", "no_data": "trigger", "nodata": "trigger", "ok": "resolve"
}  # fmt: skip
LINKS: Final = (("Rule", "generatorURL"), ("Dashboard", "dashboardURL"), ("Panel", "panelURL"),
                ("Silence", "silenceURL"),
                ("Image", "imageURL"))  # fmt: skip


def verify(inbound: Inbound) -> None:
    """HMAC-SHA256 of the body, with the instant before it where the contact point names a header. Raises Untrusted."""
    config = inbound.config
    secrets = secrets_in(config, "webhook_secret", "signing_secret")
    stamp = str(config.get("timestamp_header") or "").lower()
    check_signature(inbound, "x-grafana-alerting-signature", secrets=secrets, stamp=stamp)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give one signal for each alert of the group; [] for the contact point's test. Raises BadPayload."""
    body = inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    if "alerts" not in body and ("ruleId" in body or "ruleName" in body):
        return _legacy(inbound, body)
    alerts = items_of(body.get("alerts"))
    if not alerts:
        raise BadPayload("'alerts' is missing, empty or not a list")
    signals = (_signal(inbound, i, alert, body) for i, alert in enumerate(alerts))
    return [signal for signal in signals if signal]


def _signal(inbound: Inbound, i: int, alert: Any, body: dict[str, Any]) -> Signal | None:
    if not isinstance(alert, dict):
        raise BadPayload(f"alerts[{i}] is not an object")
    labels, notes = _texts(alert.get("labels")), _texts(alert.get("annotations"))
    if labels.get("alertname") == "TestAlert" and labels.get("instance") == "Grafana":
        return None
    action = ACTIONS.get(text_of(alert.get("status") or body.get("status")))
    if action is None:
        raise BadPayload(f"alerts[{i}].status is neither firing nor resolved")
    key = key_of(alert.get("fingerprint")) or (_digest(labels) if labels else "")
    if not key:
        raise BadPayload(f"alerts[{i}] has neither a fingerprint nor labels")
    rule = labels.get("rulename") or labels.get("alertname", "")  # of DatasourceNoData and DatasourceError: the rule's
    title = notes.get("summary") or notes.get("title") or rule or text_of(body.get("title"))
    links = [*((name, alert.get(key)) for name, key in LINKS), ("Runbook", notes.get("runbook_url")),
             ("Grafana", body.get("externalURL"))]  # fmt: skip
    return Signal(action, Alert(
        inbound.source, key, one_line(title, TITLE_LIMIT) or key,
        parse_instant(alert.get("startsAt"), inbound.received_at),
        clip(notes.get("description") or notes.get("message") or text_of(alert.get("valueString")), TEXT_LIMIT),
        first_label(labels, SERVICE_LABELS), first_label(labels, CHECK_LABELS), severity_of(labels.get("severity")),
        labels, links_of(*links),
    ))  # fmt: skip


def _legacy(inbound: Inbound, body: dict[str, Any]) -> list[Signal]:
    """Alerting before Grafana 9: one rule, one state; what is paused or pending is no alert."""
    action = LEGACY.get(text_of(body.get("state")))
    if action is None:
        return []
    rule = key_of(body.get("ruleId")) or key_of(body.get("ruleName"))
    if not rule:
        raise BadPayload("neither 'ruleId' nor 'ruleName' names the rule")
    labels = _texts(body.get("tags"))
    name = text_of(body.get("ruleName"))
    return [Signal(action, Alert(
        inbound.source, key_of(f"rule:{text_of(body.get('orgId'))}:{rule}"),
        one_line(name or text_of(body.get("title")), TITLE_LIMIT) or rule, inbound.received_at,
        clip(text_of(body.get("message")), TEXT_LIMIT), first_label(labels, SERVICE_LABELS),
        first_label(labels, CHECK_LABELS) or one_line(name, NAME_LIMIT) or None,
        severity_of(labels.get("severity")), labels,
        links_of(("Rule", body.get("ruleUrl")), ("Image", body.get("imageUrl"))),
    ))]  # fmt: skip


def _texts(said: Any) -> dict[str, str]:
    pairs = said.items() if isinstance(said, dict) else ()
    return {clip(name, NAME_LIMIT): text for name, value in pairs if (text := text_of(value, VALUE_LIMIT))}


def _digest(labels: Mapping[str, str]) -> str:
    told = "\n".join(f"{name}={labels[name]}" for name in sorted(labels))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


SOURCE = Source(
    "grafana", "Grafana alerting", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify,
    methods=("POST", "PUT"),
)  # fmt: skip
