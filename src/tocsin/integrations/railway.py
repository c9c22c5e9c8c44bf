"""Railway: deployments, monitors and volumes.   Source: docs.railway.com/observability/webhooks"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    key_of,
    links_of,
    of_projects,
    one_line,
    parse_instant,
    refused_plainly,
    severity_of,
    taken_plainly,
    text_of,
)

NAME_LIMIT, TEXT_LIMIT = 200, 10_000  # characters
# The vendor's own case varies, and the status inside a failed event may read SUCCESS: only the type decides.
ACTIONS: Final[Mapping[str, SignalAction]] = {
    "deployment.failed": "trigger", "deployment.crashed": "trigger", "deployment.oomkilled": "trigger",
    "deployment.deployed": "resolve", "deployment.redeployed": "resolve", "deployment.resumed": "resolve",
    "monitor.triggered": "trigger", "monitor.resolved": "resolve", "monitor.deleted": "resolve",
    "volumealert.triggered": "trigger", "volumealert.resolved": "resolve",
}  # fmt: skip
CHANGES: Final[Mapping[str, str]] = {
    "deployment.deploying": "begun", "deployment.deployed": "live", "deployment.redeployed": "live",
    "deployment.failed": "failed", "deployment.crashed": "crashed", "deployment.oomkilled": "ran out of memory",
    "deployment.restarted": "restarted", "deployment.removed": "removed",
}  # fmt: skip
CHECKS: Final[Mapping[str, str]] = {"deployment": "deployment", "monitor": "monitor", "volumealert": "volume"}
WORDS: Final[Mapping[str, str]] = {
    "failed": "failed", "crashed": "crashed", "oomkilled": "ran out of memory", "triggered": "is over its limit",
}  # fmt: skip


def verify(inbound: Inbound) -> None:
    """Railway signs nothing; a rule made through its API may carry the secret in a header. Raises Untrusted."""
    check_secret(inbound)


def parse(inbound: Inbound) -> Sequence[Signal]:
    """
    Give what an event says: of the alert of its service and environment, and of the change that a deployment is.

    Raises:
        BadPayload: no object, or an event that names neither service nor environment.
        Untrusted: 403, for a project that the connection does not name.
    """
    body = inbound.json
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise BadPayload("the body is not a JSON object with a 'type'")
    kind = body["type"].lower()
    if kind not in ACTIONS and kind not in CHANGES:
        return []
    resource = body.get("resource")
    project = [_text(at(resource, "project", name)) for name in ("id", "name")]
    of_projects(inbound.config, [inbound.config.get("project")], project)
    ids = [_text(at(resource, part, "id")) for part in ("service", "environment")]
    if not any(ids):
        raise BadPayload("'resource' names neither a service nor an environment")
    return _signals(inbound, body, kind, project, ids)


def _signals(inbound: Inbound, body: dict[str, Any], kind: str, project: list[str], ids: list[str]) -> list[Signal]:
    resource, details = body.get("resource"), body.get("details")
    family, _, event = kind.partition(".")
    environment = _text(at(resource, "environment", "name"))
    passing_by = at(resource, "environment", "isEphemeral") is True
    name = _text(at(resource, "service", "name")) or project[1] or project[0]
    deployment = _text(at(resource, "deployment", "id") or at(details, "id"))
    common: dict[str, Any] = {
        "source": inbound.source, "started_at": parse_instant(body.get("timestamp"), inbound.received_at),
        "text": _words(details), "service": _service(inbound, ids[0]) or name, "check": CHECKS[family],
        "labels": _labels(details, body, project, environment, name, deployment),
        "links": links_of(("Railway", _page(project[0], ids))),
    }  # fmt: skip
    signals = []
    if action := ACTIONS.get(kind):
        what = f"{name} in {environment}" if environment else name
        subject = {"deployment": "Deployment of", "monitor": _metric(details), "volumealert": "Volume of"}[family]
        key = key_of(":".join((*ids, family)))
        title = one_line(f"{subject} {what} {WORDS.get(event, 'is well again')}", 1024)
        severity: AlertSeverity = "info" if passing_by else severity_of(body.get("severity"))
        signals.append(Signal(action, Alert(key=key, title=title, severity=severity, **common)))
    if kind in CHANGES and not passing_by:
        title = one_line(f"{environment.capitalize() or 'A'} deployment of {name}: {CHANGES[kind]}", 1024)
        signals.append(Signal("change", Alert(key=key_of(deployment or ":".join(ids)), title=title, **common)))
    return signals


def _service(inbound: Inbound, service: str) -> str:
    """The connection's service, for the service of Railway that it names, or for all where it names none."""
    own = inbound.config.get("service_id")
    return inbound.config.get("service") or "" if not own or not service or own == service else ""


def _labels(
    details: Any, body: dict[str, Any], project: list[str], environment: str, name: str, deployment: str
) -> dict[str, str]:
    labels = {
        "project": project[1] or project[0], "environment": environment, "railway_service": name, "event": body["type"],
        "deployment": deployment, "branch": at(details, "branch"), "commit": at(details, "commitHash"),
        "author": at(details, "commitAuthor"), "metric": at(details, "metric"), "value": at(details, "value"),
        "threshold": at(details, "threshold"),
    }  # fmt: skip
    return {label: text for label, value in labels.items() if (text := _text(value))}


def _metric(details: Any) -> str:
    return (_text(at(details, "metric")) or "A monitor").replace("_", " ").capitalize() + " of"


def _words(details: Any) -> str:
    """The commit's message, or what was measured."""
    if message := text_of(at(details, "commitMessage")):
        return clip(message, TEXT_LIMIT)
    value, condition, limit = (_text(at(details, name)) for name in ("value", "condition", "threshold"))
    return f"{value} is {condition or 'past'} {limit}" if value and limit else ""


def _page(project: str, ids: list[str]) -> str:
    if not project:
        return ""
    service = f"/service/{ids[0]}" if ids[0] else ""
    return f"https://railway.com/project/{project}{service}" + (f"?environmentId={ids[1]}" if ids[1] else "")


def _text(value: object) -> str:
    return one_line(text_of(value), NAME_LIMIT)


SOURCE = Source(
    "railway", "Railway", parse=parse, accepted=taken_plainly, refused=refused_plainly, verify=verify, browser=True
)
