"""Datadog: monitors, by the webhook's own template or the recommended one.
Source: docs.datadoghq.com/integrations/webhooks"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.sdk import (
    CHECK_LABELS,
    SERVICE_LABELS,
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
    key_of,
    links_of,
    one_line,
    refused_plainly,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
TRANSITIONS: Final[Mapping[str, SignalAction]] = {
    "triggered": "trigger", "re-triggered": "trigger", "warn": "trigger", "re-warn": "trigger", "no data": "trigger",
    "re-no data": "trigger", "renotify": "trigger", "recovered": "resolve",
}  # fmt: skip
PRIORITIES: Final[Mapping[str, AlertSeverity]] = {
    "p1": "critical", "p2": "error", "p3": "warning", "p4": "info", "p5": "info"
}  # fmt: skip
PRODUCTION: Final = ("prod", "production", "live")
UNSET: Final = ("", "null", "none", "n/a")  # how a variable without a value is rendered
_TITLE = re.compile(
    r"^(?:\[(P[1-5])\]\s*)?"
    r"\[(Re-Triggered|Triggered|Re-Warn|Warn|Re-No Data|No Data|Recovered|Renotify)\b\s*(.*?)\]\s*",
    re.IGNORECASE,
)
KEPT: Final = ("alert_id", "alert_metric", "alert_scope", "alert_priority", "alert_transition", "hostname", "org_name")


def verify(inbound: Inbound) -> None:
    """Datadog signs nothing; a custom header may carry the secret. Raises Untrusted."""
    check_secret(inbound)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """Give the signal of a monitor's event; [] for one that tells of no transition. Raises BadPayload."""
    body = inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    word = {name: text for name, value in body.items() if (text := text_of(value).strip()).lower() not in UNSET}
    title = word.get("title", "")
    found = _TITLE.match(title)
    transition = word.get("alert_transition") or (found[2] if found else "")
    action = TRANSITIONS.get(transition.lower())
    if action is None:
        if not word:
            raise BadPayload("nothing in the body names an event")
        return []
    return [Signal(action, _alert(inbound, word, body, transition.lower(), found))]


def _alert(
    inbound: Inbound, word: Mapping[str, str], body: dict[str, Any], transition: str, found: re.Match[str] | None
) -> Alert:
    title = word.get("title", "")
    bare = title[found.end() :] if found else title
    about = f"{found[3]} {bare}".strip() if found else title  # of both a trigger and its recovery the same
    scope = word.get("alert_scope", "")
    known = word.get("alert_cycle_key") or word.get("aggreg_key") or f"{word['alert_id']}:{scope}" if (
        "alert_id" in word or "aggreg_key" in word or "alert_cycle_key" in word
    ) else about  # fmt: skip
    key = key_of(known)
    if not key:
        raise BadPayload("nothing identifies the monitor: give alert_cycle_key, aggreg_key, alert_id or a title")
    tags = _tags(word.get("tags", "") or scope or (found[3].removeprefix("on ").strip("{}") if found else ""))
    labels = tags | {name: clip(word[name], 1000) for name in KEPT if name in word}
    if organization := text_of(at(body, "org", "name")):
        labels["org_name"] = one_line(organization, NAME_LIMIT)
    text = word.get("body", "").removeprefix("%%%").removesuffix("%%%").strip()
    return Alert(
        inbound.source, key, one_line(bare, TITLE_LIMIT) or key, _instant(word, inbound.received_at),
        clip(text or word.get("alert_status", ""), TEXT_LIMIT),
        first_label(tags, SERVICE_LABELS) or inbound.config.get("service"),
        first_label(tags, CHECK_LABELS) or one_line(word.get("alert_metric", ""), NAME_LIMIT) or None,
        _severity(word, tags, transition, found), labels, links_of(("Monitor", word.get("link"))),
    )  # fmt: skip


def _severity(
    word: Mapping[str, str], tags: Mapping[str, str], transition: str, found: re.Match[str] | None
) -> AlertSeverity:
    """The monitor's priority; without one an error is critical in production, and a warning a warning."""
    priority = word.get("alert_priority") or (found[1] if found else None) or ""
    if priority.lower() in PRIORITIES:
        return PRIORITIES[priority.lower()]
    if "warn" in transition or word.get("alert_type") == "warning":
        return "warning"
    return "critical" if tags.get("env", "").lower() in PRODUCTION else "error"


def _tags(said: str) -> dict[str, str]:
    pairs = (tag.strip().partition(":") for tag in said.split(",")[:200])
    return {clip(name, NAME_LIMIT): clip(value, 1000) for name, _, value in pairs if name and value}


def _instant(word: Mapping[str, str], otherwise: datetime) -> datetime:
    """Seconds, or milliseconds, since 1970; *otherwise* for what is neither."""
    said = word.get("date_posix") or word.get("date") or ""
    if not said.isascii() or not said.isdecimal() or not 9 <= len(said) <= 13:
        return otherwise
    return datetime.fromtimestamp(int(said) / (1000 if len(said) > 11 else 1), UTC)


SOURCE = Source("datadog", "Datadog", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify)
