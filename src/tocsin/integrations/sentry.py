"""Sentry: issue alerts, metric alerts and issues, signed.   Source: docs.sentry.io integration-platform/webhooks"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.sdk import (
    Alert,
    BadPayload,
    Inbound,
    Signal,
    SignalAction,
    Source,
    at,
    check_signature,
    clip,
    items_of,
    key_of,
    links_of,
    of_projects,
    once_of,
    one_line,
    parse_instant,
    refused_plainly,
    secrets_in,
    severity_of,
    taken_plainly,
    text_of,
)

TITLE_LIMIT, TEXT_LIMIT, NAME_LIMIT = 1024, 10_000, 200  # characters
METRIC: Final[Mapping[str, SignalAction]] = {"critical": "trigger", "warning": "trigger", "resolved": "resolve"}
ISSUE: Final[Mapping[str, SignalAction]] = {
    "created": "trigger", "unresolved": "trigger", "resolved": "resolve", "archived": "resolve", "ignored": "resolve",
}  # fmt: skip
# Where a proxy dropped the header that names the resource: the first of these keys in `data` that is there.
RESOURCES: Final = ("metric_alert", "event", "issue", "installation")


def verify(inbound: Inbound) -> None:
    """HMAC-SHA256 of the body with the integration's client secret. Raises Untrusted."""
    secrets = secrets_in(inbound.config, "client_secret", "webhook_secret")
    check_signature(inbound, "sentry-hook-signature", secrets=secrets)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give the signal of an alert or issue; [] for installations, comments and what else tells of no alert.

    Raises:
        BadPayload: no object, or nothing that identifies what it is about.
        Untrusted: 403, for another organization, or a project that is not among the connection's `projects`.
    """
    body = inbound.json
    if not isinstance(body, dict):
        raise BadPayload("the body is not a JSON object")
    data = body.get("data")
    if not isinstance(data, dict):
        return _legacy(inbound, body)
    resource = inbound.headers.get("sentry-hook-resource") or next((name for name in RESOURCES if name in data), "")
    match "event" if resource == "event_alert" else resource:
        case "event":
            return _event(inbound, data)
        case "metric_alert":
            return _metric(inbound, body, data)
        case "issue":
            return _issue(inbound, body, data)
        case "":
            raise BadPayload("neither the header sentry-hook-resource nor 'data' says what this is")
    return []


def _event(inbound: Inbound, data: dict[str, Any]) -> list[Signal]:
    event = _object(data, "event")
    tags = {name: value for name, value in map(_tag, items_of(event.get("tags"))) if name}
    project = text_of(event.get("project_slug")) or _part(event.get("url"), "projects", 2)
    fields = {**tags, "environment": event.get("environment"), "release": event.get("release"),
              "culprit": event.get("culprit"), "rule": data.get("triggered_rule")}  # fmt: skip
    return [_signal(
        inbound, "trigger", event.get("issue_id"), event.get("title"), event, project, "error", fields,
        started=event.get("datetime"), text=_stack(event), link=event.get("web_url"),
    )]  # fmt: skip


def _issue(inbound: Inbound, body: dict[str, Any], data: dict[str, Any]) -> list[Signal]:
    issue = _object(data, "issue")
    action = ISSUE.get(text_of(body.get("action")))
    if action is None:
        return []
    fields = {"short_id": issue.get("shortId"), "culprit": issue.get("culprit"), "events": issue.get("count"),
              "users": issue.get("userCount"), "substatus": issue.get("substatus")}  # fmt: skip
    return [_signal(
        inbound, action, issue.get("id"), issue.get("title"), issue, text_of(at(issue, "project", "slug")), "error",
        fields, started=issue.get("firstSeen"), text=text_of(issue.get("culprit")),
        link=issue.get("web_url") or issue.get("permalink"),
    )]  # fmt: skip


def _metric(inbound: Inbound, body: dict[str, Any], data: dict[str, Any]) -> list[Signal]:
    metric, word = _object(data, "metric_alert"), text_of(body.get("action"))
    action = METRIC.get(word)
    if action is None:
        return []
    project = text_of(next(iter(items_of(metric.get("projects"))), ""))
    rule = at(metric, "alert_rule")
    fields = {"rule": at(rule, "name"), "query": at(rule, "query"), "aggregate": at(rule, "aggregate"),
              "environment": at(rule, "environment")}  # fmt: skip
    number = text_of(metric.get("identifier")) or text_of(metric.get("id"))
    level = {"level": word if word != "resolved" else "critical"}
    return [_signal(
        inbound, action, number and f"metric:{number}", metric.get("title") or data.get("description_title"), level,
        project, "metric", fields, started=metric.get("date_started"), text=text_of(data.get("description_text")),
        link=data.get("web_url"),
    )]  # fmt: skip


def _legacy(inbound: Inbound, body: dict[str, Any]) -> list[Signal]:
    """The old webhooks plugin: flat, and never signed."""
    event = body.get("event") if isinstance(body.get("event"), dict) else {}
    title = at(event, "title") or body.get("message")
    fields = {"culprit": body.get("culprit"), "environment": at(event, "environment")}
    return [_signal(
        inbound, "trigger", body.get("id"), title, body, text_of(body.get("project_slug")), "error", fields,
        started=None, text=text_of(body.get("message")), link=body.get("url"),
    )]  # fmt: skip


def _signal(
    inbound: Inbound, action: SignalAction, key: object, title: object, rated: Mapping[str, Any], project: str,
    check: str, fields: Mapping[str, object], *, started: object, text: str, link: object,
) -> Signal:  # fmt: skip
    known = key_of(key)
    if not known:
        raise BadPayload("nothing identifies the issue or the alert")
    config = inbound.config
    if secrets_in(config, "client_secret", "webhook_secret"):
        organization = _part(link, "organizations", 1) or _host(link)
        if organization:
            of_projects({}, [config.get("organization")], [organization])
    of_projects(config, [], [project])
    labels = {name: value for name, said in fields.items() if (value := text_of(said, 1000))}
    labels |= {"project": project} if project else {}
    return Signal(
        action,
        Alert(
            inbound.source, known, one_line(text_of(title), TITLE_LIMIT) or known,
            parse_instant(started, inbound.received_at), clip(text, TEXT_LIMIT),
            _service(config, project), check, severity_of(rated.get("level")), labels, links_of(("Sentry", link)),
        ),
        once=once_of(inbound, inbound.headers.get("request-id")),
    )  # fmt: skip


def _service(config: Mapping[str, Any], project: str) -> str | None:
    """The connection's service for its own project, and where it names none; else the project's own name."""
    own = str(config.get("project") or "")
    service = config.get("service") if not own or not project or own == project else None
    return service or one_line(project, NAME_LIMIT) or None


def _object(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise BadPayload(f"'data.{name}' is missing or no object")
    return value


def _tag(tag: Any) -> tuple[str, str]:
    return (
        (clip(str(tag[0]), NAME_LIMIT), text_of(tag[1], 1000)) if isinstance(tag, list) and len(tag) == 2 else ("", "")
    )


def _stack(event: dict[str, Any]) -> str:
    """What was raised, and the function that raised it."""
    last = next(reversed(items_of(at(event, "exception", "values"))), None)
    what = f"{text_of(at(last, 'type'))}: {text_of(at(last, 'value'))}".strip(": ")
    return "\n".join(part for part in (what, text_of(event.get("culprit"))) if part)


def _part(link: object, after: str, step: int) -> str:
    """The part of an address that stands *step* parts behind the part *after*."""
    parts = link.split("/") if isinstance(link, str) else []
    place = parts.index(after) + step if after in parts else len(parts)
    return clip(parts[place], NAME_LIMIT) if place < len(parts) else ""


def _host(link: object) -> str:
    """The organization of an address such as https://proofi.sentry.io/issues/1/."""
    host = link.split("/")[2] if isinstance(link, str) and link.count("/") > 2 else ""
    return host.removesuffix(".sentry.io") if host.endswith(".sentry.io") else ""


SOURCE = Source("sentry", "Sentry", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify)
